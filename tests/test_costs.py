"""What a call may ask of the stores. Counts, never times: those are `./dev bench`."""

from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from django.conf import settings
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from pytest_django import DjangoAssertNumQueries
from redis.connection import Connection

from accounts.tokens import checksum, generate
from tests.support.types import Api, Issue

ME = "/api/v1/me"
TOKENS = "/account/tokens/"
JUNK = [None, "", "junk", "mtz_" + "0" * 62, generate()[:-1]]


@contextmanager
def round_trips() -> Iterator[list[object]]:
    """What is sent to Redis: a script that runs many commands inside it is one round trip."""
    sent: list[object] = []
    send = Connection.send_packed_command

    def counted(self: Connection, command: object, check_health: bool = True) -> None:
        sent.append(command)
        send(self, command, check_health)  # type: ignore[no-untyped-call]

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Connection, "send_packed_command", counted)
        yield sent


@pytest.fixture
def token(api: Api, issue: Issue) -> str:
    """One that has been used, so that connections are open and the script is known to Redis."""
    plaintext = issue().plaintext
    assert api(ME, plaintext).status_code == 200
    return plaintext


def test_a_limited_call_costs_one_query_and_at_most_one_round_trip(api: Api, token: str) -> None:
    with CaptureQueriesContext(connection) as queries, round_trips() as trips:
        response = api(ME, token)
    assert (response.status_code, "RateLimit" in response.headers) == (200, True)
    assert len(queries) == 1
    assert len(trips) == (1 if settings.REDIS_URL else 0)


def test_an_exhausted_budget_costs_no_more(api: Api, token: str) -> None:
    for _ in range(9):
        api(ME, token)
    with CaptureQueriesContext(connection) as queries, round_trips() as trips:
        assert api(ME, token).status_code == 429
    assert len(queries) == 1
    assert len(trips) == (1 if settings.REDIS_URL else 0)


@pytest.mark.parametrize("junk", JUNK)
def test_junk_costs_neither(api: Api, token: str, junk: str | None) -> None:
    with CaptureQueriesContext(connection) as queries, round_trips() as trips:
        assert api(ME, junk).status_code == 401
    assert (len(queries), len(trips)) == (0, 0)


def test_a_forged_token_costs_one_query_and_nobody_a_budget(api: Api, token: str) -> None:
    body = token[:24] + "0" * 36  # somebody's identifier, an invented secret
    with CaptureQueriesContext(connection) as queries, round_trips() as trips:
        assert api(ME, body + checksum(body)).status_code == 401
    assert (len(queries), len(trips)) == (1, 0)


@pytest.mark.parametrize("owned", [1, 120])
def test_the_list_costs_the_same_however_many_tokens_there_are(
    as_alice: Client,
    issue: Issue,
    owned: int,
    django_assert_max_num_queries: DjangoAssertNumQueries,
) -> None:
    for _ in range(owned):
        issue()
    with django_assert_max_num_queries(6):  # session, person, counts, ids, tokens, calls
        assert as_alice.get(TOKENS).status_code == 200
