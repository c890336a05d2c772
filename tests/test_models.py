"""People and tokens: what they do, and what the database itself refuses."""

import time
import uuid
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from threading import Barrier, Event
from typing import Any

import pytest
import time_machine
from django.core.exceptions import ValidationError
from django.core.mail import EmailMessage
from django.db import DataError, IntegrityError, connection, transaction
from django.db.models import F
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from accounts import tokens
from accounts.expiry import Expiry
from accounts.models import ApiToken, Bearer, FormAlreadyUsed, Status, User
from accounts.models.api_token import Environment
from tests.support.types import Issue

NOW = datetime(2026, 5, 1, 12, tzinfo=UTC)
MICROSECOND = timedelta(microseconds=1)
WEEK = timedelta(days=7)


# -- Issuing ---------------------------------------------------------------------------------------


def test_an_issued_token_is_found_by_its_plaintext(issue: Issue, alice: User) -> None:
    issued = issue(name="Billing export", environment=Environment.STAGING, now=NOW)
    bearer = Bearer.find(issued.plaintext)
    assert bearer is not None
    assert (bearer.identifier, bearer.name) == (issued.token.identifier, "Billing export")
    assert (bearer.environment, bearer.owner_email) == ("staging", alice.email)
    assert (bearer.created_at, bearer.expires_at) == (NOW, Expiry.NINETY_DAYS.counted_from(NOW))


def test_neither_secret_nor_plaintext_is_in_the_row(issue: Issue) -> None:
    issued = issue()
    row = ApiToken.objects.filter(pk=issued.token.pk).values().get()
    kept = " ".join(map(repr, row.values()))
    assert issued.token.identifier in kept
    assert issued.plaintext[tokens.IDENTIFIER_LENGTH :] not in kept
    assert len(row["digest"]) == 32


def test_nothing_shows_secrets_by_accident(issue: Issue) -> None:
    issued = issue()
    token = ApiToken.objects.get()
    digest = bytes(token.digest)
    used = FormAlreadyUsed(token)
    for shown in (issued, token, used, Bearer.find(issued.plaintext), ApiToken.objects.all()):
        for text in (repr(shown), str(shown)):
            assert issued.plaintext not in text
            assert repr(digest) not in text
            assert digest.hex() not in text


def test_a_wrong_secret_and_an_unknown_identifier_find_nothing(issue: Issue) -> None:
    right = issue().plaintext
    assert Bearer.find(right)
    wrong = tokens.identifier_of(right) + tokens.generate()[tokens.IDENTIFIER_LENGTH : 60]
    assert Bearer.find(wrong + tokens.checksum(wrong)) is None
    assert Bearer.find(tokens.generate()) is None


def test_finding_is_one_query_and_so_is_not_finding(issue: Issue) -> None:
    for plaintext in (issue().plaintext, tokens.generate()):
        with CaptureQueriesContext(connection) as queries:
            Bearer.find(plaintext)
        assert len(queries) == 1


# -- One opened form, one token --------------------------------------------------------------------


def test_a_form_sent_twice_makes_one_token(issue: Issue) -> None:
    key = uuid.uuid4()
    first = issue(form_key=key)
    with pytest.raises(FormAlreadyUsed) as used:
        issue(form_key=key, name="The same form again")
    assert used.value.token == first.token
    assert ApiToken.objects.count() == 1


def test_two_forms_or_two_people_make_two_tokens(issue: Issue, bob: User) -> None:
    key = uuid.uuid4()
    assert issue(form_key=key).token != issue(form_key=uuid.uuid4()).token
    issue(form_key=key, owner=bob)
    assert ApiToken.objects.count() == 3


@pytest.mark.django_db(transaction=True)
def test_twenty_posts_at_once_of_one_form_make_one_token(issue: Issue) -> None:
    key, gate = uuid.uuid4(), Barrier(20)

    def post(_: int) -> bool:
        try:
            gate.wait()
            issue(form_key=key)
        except FormAlreadyUsed:
            return False
        finally:
            connection.close()
        return True

    with ThreadPoolExecutor(20) as pool:
        made = list(pool.map(post, range(20)))
    assert made.count(True) == 1
    assert ApiToken.objects.count() == 1


# -- Status ----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("left", "status"),
    [
        (WEEK + MICROSECOND, Status.ACTIVE),
        (WEEK, Status.EXPIRING),
        (MICROSECOND, Status.EXPIRING),
        (timedelta(0), Status.EXPIRED),
        (-MICROSECOND, Status.EXPIRED),
    ],
)
def test_the_status_follows_the_life_that_is_left(
    issue: Issue, left: timedelta, status: Status
) -> None:
    token = issue(now=NOW).token
    at = token.expires_at - left
    assert token.status_at(at) == status
    assert [s for s in Status if ApiToken.objects.having_status(s, at).exists()] == [status]
    assert ApiToken.objects.living(at).exists() == (status in {Status.ACTIVE, Status.EXPIRING})


def test_a_revoked_token_is_revoked_whatever_its_age(issue: Issue) -> None:
    token = issue(now=NOW).token
    token.revoke()
    for at in (NOW, token.expires_at, token.expires_at + WEEK):
        assert token.status_at(at) == Status.REVOKED
        assert [s for s in Status if ApiToken.objects.having_status(s, at)] == [Status.REVOKED]


def test_a_token_is_dead_at_the_instant_of_its_expiry(issue: Issue) -> None:
    issued = issue(now=NOW)
    bearer = Bearer.find(issued.plaintext)
    assert bearer is not None
    assert bearer.refusal(issued.token.expires_at - MICROSECOND) is None
    assert bearer.refusal(issued.token.expires_at) == "token_expired"


@pytest.mark.parametrize(
    ("part", "percent"),
    [(-0.1, 100), (0, 100), (0.25, 75), (0.999, 0), (1, 0), (1.5, 0)],
)
def test_the_life_that_is_left_is_a_percentage(issue: Issue, part: float, percent: int) -> None:
    token = issue(now=NOW).token
    with time_machine.travel(NOW + timedelta(days=90) * part, tick=False):
        assert token.life_left == percent
    token.revoke()
    assert token.life_left == 0


# -- Revoking and renaming -------------------------------------------------------------------------


def test_revoking_kills_at_once_and_keeps_its_reason(issue: Issue) -> None:
    issued = issue()
    assert issued.token.revoke(reason="Laptop stolen")
    assert (issued.token.status, issued.token.revoked_reason) == (Status.REVOKED, "Laptop stolen")
    bearer = Bearer.find(issued.plaintext)
    assert bearer is not None
    assert bearer.refusal(timezone.now()) == "token_revoked"


def test_revoking_twice_changes_nothing(issue: Issue) -> None:
    token = issue().token
    token.revoke(reason="Laptop stolen")
    instant = token.revoked_at
    assert not token.revoke(reason="Second thoughts")
    assert (token.revoked_at, token.revoked_reason) == (instant, "Laptop stolen")


def test_revoking_several_spares_the_others(issue: Issue, bob: User) -> None:
    for owner in (issue().token.owner, bob, bob):
        issue(owner=owner)
    assert [token.owner for token in bob.tokens.revoke()] == [bob, bob]
    assert not bob.tokens.living().exists()
    assert bob.tokens.revoke() == []
    assert ApiToken.objects.living().count() == 2


@pytest.mark.django_db(transaction=True)
def test_revoking_several_waits_for_last_uses_without_a_deadlock(issue: Issue) -> None:
    first, second = issue().token, issue().token
    first.rename("Stored behind the other from now on")
    first_is_written = Event()

    def write_last_uses() -> None:
        with transaction.atomic():
            for token in (first, second):
                ApiToken.objects.filter(pk=token.pk).update(last_used_at=NOW)
                first_is_written.set()
                time.sleep(0.2)  # long enough for the other to get as far as it can
        connection.close()

    with ThreadPoolExecutor(1) as pool:
        written = pool.submit(write_last_uses)
        first_is_written.wait()
        assert len(ApiToken.objects.all().revoke()) == 2
        written.result()
    assert ApiToken.objects.filter(last_used_at=NOW).count() == 2


def test_a_clock_that_lags_behind_can_still_revoke(issue: Issue) -> None:
    token = issue(now=timezone.now() + timedelta(seconds=90)).token
    assert token.revoke()
    assert token.revoked_at == token.created_at


def test_renaming_touches_nothing_else(issue: Issue) -> None:
    issued = issue()
    stale = ApiToken.objects.get()
    issued.token.revoke()
    stale.rename("Invoices")
    fresh = ApiToken.objects.get()
    assert (fresh.name, fresh.status) == ("Invoices", Status.REVOKED)


# -- What the database refuses ---------------------------------------------------------------------


@pytest.mark.parametrize(
    ("constraint", "possible", "impossible"),
    [
        ("token_name_has_1_to_100", {"name": "n"}, {"name": ""}),
        ("token_name_has_1_to_100|varying.100", {"name": "ü" * 100}, {"name": "n" * 101}),
        ("token_identifier_has", {"identifier": "mtz_" + "z" * 20}, {"identifier": "mtz_z"}),
        ("token_identifier_has", {}, {"identifier": "z" * 24}),
        ("token_identifier_has", {}, {"identifier": "MTZ_" + "z" * 20}),
        ("token_identifier_has", {}, {"identifier": "mtzz" + "z" * 20}),
        ("token_digest_has_32_bytes", {"digest": b"\0" * 32}, {"digest": b"\0" * 31}),
        ("token_digest_has_32_bytes", {}, {"digest": b"\0" * 33}),
        ("token_pepper_is_numbered", {"pepper": 1}, {"pepper": 0}),
        ("token_environment_is_known", {"environment": "staging"}, {"environment": "Staging"}),
        (
            "token_expires_after_creation",
            {"expires_at": F("created_at") + MICROSECOND},
            {"expires_at": F("created_at")},
        ),
        (
            "token_revoked_after_creation",
            {"revoked_at": F("created_at"), "revoked_reason": "why"},
            {"revoked_at": F("created_at") - MICROSECOND},
        ),
        ("token_revoked_after_creation", {"revoked_at": None}, {"revoked_reason": "why"}),
        ("token_limits_let_a_call_pass", {"minute_limit": 1}, {"minute_limit": 0}),
        ("token_limits_let_a_call_pass", {"burst_limit": None}, {"burst_limit": 0}),
    ],
)
def test_the_database_refuses_an_impossible_token(
    issue: Issue, constraint: str, possible: dict[str, Any], impossible: dict[str, Any]
) -> None:
    mine = ApiToken.objects.filter(pk=issue().token.pk)
    if possible:
        mine.update(**possible)
    with refused(constraint):
        mine.update(**impossible)


def test_the_database_knows_an_identifier_once(issue: Issue) -> None:
    twin = issue().token
    with refused("identifier"):
        ApiToken.objects.filter(pk=issue().token.pk).update(identifier=twin.identifier)


def test_the_database_gives_one_form_one_token(issue: Issue) -> None:
    twin = issue().token
    with refused("form_key"):
        ApiToken.objects.filter(pk=issue().token.pk).update(form_key=twin.form_key)


def test_the_database_refuses_a_token_of_nobody(issue: Issue) -> None:
    with refused("owner"):
        ApiToken.objects.filter(pk=issue().token.pk).update(owner=None)


@pytest.mark.parametrize(
    ("constraint", "email"),
    [("user_email_is_lower_case", "Alice@example.com"), ("user_has_an_email", "")],
)
def test_the_database_refuses_an_impossible_account(
    alice: User, constraint: str, email: str
) -> None:
    with refused(constraint):
        User.objects.filter(pk=alice.pk).update(email=email)


def test_the_database_knows_an_email_once(alice: User, bob: User) -> None:
    with refused("email"):
        User.objects.filter(pk=bob.pk).update(email=alice.email)


@contextmanager
def refused(by: str) -> Iterator[None]:
    """By this constraint; SQLite names the column of a unique one, PostgreSQL a type's length."""
    with pytest.raises((IntegrityError, DataError), match=by), transaction.atomic():
        yield


# -- People ----------------------------------------------------------------------------------------


@pytest.mark.django_db
def test_an_email_is_kept_and_found_without_regard_to_capitals() -> None:
    user = User.objects.create_user("  Dora@Example.COM ", "a password")
    assert user.email == "dora@example.com"
    assert User.objects.get_by_natural_key("DORA@example.com") == user
    assert user.check_password("a password")


@pytest.mark.django_db
@pytest.mark.parametrize("email", ["", "   ", None])
def test_nobody_goes_without_an_email(email: str) -> None:
    with pytest.raises(ValueError, match="e-mail"):
        User.objects.create_user(email, "a password")


def test_a_second_account_in_other_capitals_is_explained(alice: User) -> None:
    with pytest.raises(ValidationError, match="There is an account"):
        User(email="ALICE@example.com", password="x").full_clean()


def test_only_known_time_zones_are_chosen(alice: User) -> None:
    alice.time_zone = "Europe/Berlin"
    alice.full_clean()
    alice.time_zone = "Europe/Atlantis"
    with pytest.raises(ValidationError, match="time zone"):
        alice.full_clean()


@pytest.mark.parametrize("key", ["Europe/Atlantis", "", "../../etc/passwd", "\0"], ids=ascii)
def test_a_time_zone_that_went_away_is_read_as_utc(key: str) -> None:
    assert User(time_zone="Europe/Berlin").zone.key == "Europe/Berlin"
    assert User(time_zone=key).zone.key == "UTC"


def test_people_are_called_by_name_or_email() -> None:
    assert User(email="a@example.com", name="Ada").get_short_name() == "Ada"
    assert User(email="a@example.com").get_full_name() == "a@example.com"
    assert str(User(email="a@example.com", name="Ada")) == "a@example.com"


def test_an_account_switched_off_kills_its_tokens_until_it_is_on_again(
    issue: Issue, alice: User
) -> None:
    plaintext = issue().plaintext
    for active, refusal in ((True, None), (False, "account_inactive"), (True, None)):
        User.objects.filter(pk=alice.pk).update(is_active=active)
        bearer = Bearer.find(plaintext)
        assert bearer is not None
        assert bearer.refusal(timezone.now()) == refusal


def test_mail_goes_to_the_persons_address(alice: User, mailoutbox: list[EmailMessage]) -> None:
    alice.email_user("Hello", "World")
    assert [mail.to for mail in mailoutbox] == [["alice@example.com"]]
