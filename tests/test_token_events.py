"""The log of tokens: the database keeps each row as it was written."""

from collections.abc import Iterator
from typing import Any

import pytest
from django.core.management import call_command
from django.db import DatabaseError, connection, transaction
from django.db.models import F

from accounts import append_only
from accounts.models import Kind, TokenEvent
from accounts.origin import AGENT_LENGTH, Origin, Way
from tests.support.types import Issue

TABLE = "accounts_tokenevent"


@pytest.fixture
def event(issue: Issue) -> TokenEvent:
    written: TokenEvent = issue().token.events.get()
    return written


CHANGES: dict[str, Any] = {
    "update": lambda event: TokenEvent.objects.update(detail="x"),
    "update of one": lambda event: event.save(),
    "bulk update": lambda event: TokenEvent.objects.bulk_update([event], ["detail"]),
    "delete": lambda event: event.delete(),
    "delete of all": lambda event: TokenEvent.objects.all().delete(),
    "expression": lambda event: TokenEvent.objects.update(at=F("at")),
}
STATEMENTS = (
    "UPDATE accounts_tokenevent SET detail = 'x'",
    "UPDATE accounts_tokenevent SET detail = detail WHERE kind = 'created'",
    "DELETE FROM accounts_tokenevent",
    "INSERT INTO accounts_tokenevent SELECT * FROM accounts_tokenevent WHERE true "
    "ON CONFLICT (id) DO UPDATE SET detail = 'x'",
)
OF_SQLITE = (
    "INSERT OR REPLACE INTO accounts_tokenevent SELECT * FROM accounts_tokenevent",
    "REPLACE INTO accounts_tokenevent SELECT * FROM accounts_tokenevent",
    "UPDATE OR REPLACE accounts_tokenevent SET detail = 'x'",
)


def refuses(statement: str) -> None:
    before = list(TokenEvent.objects.values())
    with pytest.raises(DatabaseError), transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(statement)
    assert list(TokenEvent.objects.values()) == before


@pytest.mark.parametrize("change", CHANGES.values(), ids=CHANGES)
def test_no_row_is_changed_or_deleted(event: TokenEvent, change: Any) -> None:
    before = list(TokenEvent.objects.values())
    with pytest.raises(DatabaseError, match="append-only"), transaction.atomic():
        change(event)
    assert list(TokenEvent.objects.values()) == before


@pytest.mark.parametrize("statement", STATEMENTS)
def test_nor_by_a_statement_past_our_code(event: TokenEvent, statement: str) -> None:
    refuses(statement)


@pytest.mark.parametrize("statement", OF_SQLITE)
def test_nor_by_what_sqlite_calls_replacing(event: TokenEvent, statement: str) -> None:
    if connection.vendor != "sqlite":
        pytest.skip("PostgreSQL knows no such statement")
    refuses(statement)


def triggers() -> set[str]:
    queries = {
        "sqlite": "SELECT name FROM sqlite_master WHERE type = 'trigger' AND tbl_name = %s",
        "postgresql": "SELECT tgname FROM pg_trigger JOIN pg_class ON pg_class.oid = tgrelid "
        "WHERE relname = %s AND NOT tgisinternal AND tgenabled = 'O'",
    }
    with connection.cursor() as cursor:
        cursor.execute(queries[connection.vendor], [TABLE])
        return {name for (name,) in cursor.fetchall()}


EXPECTED = {
    "sqlite": {f"append_only_{TABLE}_{verb}" for verb in ("update", "delete", "replace")},
    "postgresql": {f"append_only_{TABLE}"},
}


@pytest.mark.django_db
def test_the_guards_are_there_after_migrating() -> None:
    """A later migration that builds the table anew would lose them without a word."""
    assert triggers() == EXPECTED[connection.vendor]


@pytest.fixture
def unguarded(transactional_db: None) -> Iterator[None]:
    append_only.unprotect(connection, TABLE)
    yield
    append_only.protect(connection, TABLE)


def test_guards_are_taken_away_whole_and_put_back(unguarded: None, issue: Issue) -> None:
    assert triggers() == set()
    issue()
    assert TokenEvent.objects.update(detail="x") == 1
    append_only.protect(connection, TABLE)
    refuses(STATEMENTS[2])
    append_only.unprotect(connection, TABLE)


@pytest.mark.django_db
def test_migrating_again_changes_nothing() -> None:
    call_command("migrate", verbosity=0)
    assert triggers() == EXPECTED[connection.vendor]


# -- What is written -------------------------------------------------------------------------------


def test_an_event_says_who_did_what_by_which_way_from_where(issue: Issue, alice: Any) -> None:
    token = issue().token
    origin = Origin(Way.PAGE, alice, "203.0.113.7", "Firefox")
    token.revoke(reason="Old", origin=origin)
    event = token.events.latest("pk")
    assert (event.kind, event.way, event.who, event.detail) == ("revoked", "page", "Alice", "Old")
    assert (event.address, event.agent, event.owner) == ("203.0.113.7", "Firefox", alice)


def test_long_texts_are_cut_to_what_the_database_takes(issue: Issue) -> None:
    token = issue().token
    TokenEvent.objects.record(Kind.RENAMED, [token], detail="ß" * 1000)
    assert token.events.latest("pk").detail == "ß" * 300
    assert TokenEvent._meta.get_field("agent").max_length == AGENT_LENGTH
