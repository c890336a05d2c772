"""What owners are told of a token in use where, or when, it should not be."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from accounts.alerts import rotated_token_was_reused
from accounts.expiry import Expiry
from accounts.models import ApiToken, Kind, KnownAddress, TokenEvent, User
from accounts.origin import Origin, Way
from accounts.rotation import revoke_family
from accounts.usage import Call
from accounts.usage.addresses import note, place, seen_pairs
from tests.support.types import Issue

MADE = datetime(2026, 1, 15, 12, tzinfo=UTC)
HOUR, DAY = timedelta(hours=1), timedelta(days=1)
LATER = MADE + 3 * DAY

type Use = Callable[..., list[str]]


@pytest.fixture
def token(issue: Issue) -> ApiToken:
    token: ApiToken = issue(now=MADE).token
    return token


@pytest.fixture
def use(token: ApiToken, django_capture_on_commit_callbacks: Any, mailoutbox: list[Any]) -> Use:
    """Use the token from that address: the subjects of the mails that went out."""
    seen_pairs.clear()

    def use(address: str, at: datetime = LATER, **fields: Any) -> list[str]:
        usual: dict[str, Any] = {"token_id": token.pk, "method": "GET", "path": "/", "status": 200}
        usual |= {"code": "", "microseconds": 1, "agent": "curl/8.5", "request_id": "0"}
        with django_capture_on_commit_callbacks(execute=True):
            note([Call(**usual | {"address": address, "at": at} | fields)])
        subjects = [mail.subject for mail in mailoutbox]
        mailoutbox.clear()
        return subjects

    return use


def told(address: str) -> list[str]:
    return [f"“Billing export” was used from a new address: {address}"]


def events() -> int:
    return TokenEvent.objects.filter(kind=Kind.NEW_ADDRESS).count()


def test_the_first_use_from_an_address_is_told_once(use: Use) -> None:
    assert use("203.0.113.7") == told("203.0.113.7")
    seen_pairs.clear()
    assert use("203.0.113.7", LATER + 2 * DAY) == []
    assert events() == 1


def test_the_first_day_is_quiet_up_to_its_last_moment(use: Use) -> None:
    assert use("203.0.113.1", MADE + DAY - timedelta(microseconds=1)) == []
    assert use("203.0.113.2", MADE + DAY) == told("203.0.113.2")
    assert events() == 2


def test_a_token_gets_its_owner_one_mail_a_day_and_not_fewer(use: Use) -> None:
    """Addresses that change every hour must not make it silent either."""
    mails = [use(f"203.0.113.{hour}", LATER + hour * HOUR) for hour in range(50)]
    assert [hour for hour, subjects in enumerate(mails) if subjects] == [0, 24, 48]
    assert events() == 50


def test_another_token_has_a_day_of_its_own(use: Use, issue: Issue) -> None:
    other = issue(name="Other", now=MADE).token
    use("203.0.113.1")
    assert len(use("203.0.113.1", token_id=other.pk)) == 1


def test_switched_off_it_is_recorded_and_not_mailed(use: Use, alice: User) -> None:
    User.objects.update(new_address_mails=False)
    assert use("203.0.113.7") == []
    assert events() == 1
    User.objects.update(new_address_mails=True)
    assert use("203.0.113.8") == told("203.0.113.8")


def test_a_refused_call_is_no_use(use: Use) -> None:
    assert use("203.0.113.7", status=401, code="token_expired") == []
    assert events() == 0


def test_a_program_that_was_given_the_successor_has_not_moved(use: Use, token: ApiToken) -> None:
    use("203.0.113.7")
    successor = token.rotate(expiry=Expiry.ONE_YEAR, now=LATER).token
    later = LATER + 5 * DAY
    assert use("203.0.113.7", later, token_id=successor.pk) == []
    assert use("203.0.113.8", later, token_id=successor.pk) == told("203.0.113.8")
    assert events() == 3


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        ("203.0.113.7", "203.0.113.7", True),
        ("203.0.113.7", "203.0.113.8", False),
        ("2001:db8:1:2::1", "2001:db8:1:2:ffff:ffff:ffff:ffff", True),
        ("2001:db8:1:2::1", "2001:db8:1:3::1", False),
        ("::1", "::2", True),
    ],
)
def test_addresses_of_one_ipv6_network_are_one_place(one: str, other: str, same: bool) -> None:
    assert (place(one) == place(other)) is same


def test_an_ipv6_address_that_changes_daily_is_told_once(use: Use) -> None:
    assert use("2001:db8:1:2::1") == told("2001:db8:1:2::1")
    assert use("2001:db8:1:2:a:b:c:d", LATER + 2 * DAY) == []
    assert use("2001:db8:9::1", LATER + 4 * DAY) == told("2001:db8:9::1")
    assert TokenEvent.objects.filter(address="2001:db8:1:2::1").exists()
    assert KnownAddress.objects.filter(address="2001:db8:1:2::").count() == 1


def test_what_a_stranger_calls_itself_is_short_and_text(
    token: ApiToken, mailoutbox: list[Any], django_capture_on_commit_callbacks: Any
) -> None:
    agent = "<a href=x>Click</a>\r\nBcc: eve@example.com " + "x" * 300
    call = Call(token.pk, LATER, "GET", "/", 401, "token_expired", 1, "203.0.113.7", agent, "0")
    with django_capture_on_commit_callbacks(execute=True):
        rotated_token_was_reused(token, call)
    (mail,) = mailoutbox
    assert "calls itself “<a href=x>Click</a>  Bcc: eve@example.com xxx" in mail.body
    assert "&lt;a href=x&gt;Click" in mail.alternatives[0].content
    assert "x" * 80 not in mail.body
    assert mail.bcc == []


def test_owners_are_told_when_a_family_was_revoked(issue: Issue, mailoutbox: list[Any]) -> None:
    issued = issue()
    successor = issued.token.rotate(expiry=Expiry.ONE_YEAR, overlap=timedelta(0)).token
    origin = Origin(Way.API, None, "203.0.113.7", "curl/8.5")
    issued.token.refresh_from_db()
    revoke_family(issued.token, origin=origin, now=successor.created_at + HOUR)
    (mail,) = mailoutbox
    assert successor.identifier in mail.body
    assert "203.0.113.7" in mail.body
    assert "List-Unsubscribe" not in mail.extra_headers
    assert issued.plaintext[24:] not in mail.body
