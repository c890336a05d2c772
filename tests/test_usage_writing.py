"""From calls to rows: the log, the counters, last use, attempts with dead tokens, new addresses."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone

from accounts.expiry import Expiry
from accounts.models import HourlyUsage, Issued, Kind, LoggedCall, TokenEvent, User
from accounts.tokens import generate
from accounts.usage import Call, CallBuffer, writing
from accounts.usage.addresses import seen_pairs
from accounts.usage.writing import LONGEST
from tests.support.calls import usual_call

NOW = timezone.now()

type Write = Callable[[list[Call]], None]


@pytest.fixture(autouse=True)
def a_new_process() -> None:
    seen_pairs.clear()


@pytest.fixture
def token(issue: Callable[..., Issued]) -> Any:
    return issue(now=NOW - timedelta(days=3)).token


@pytest.fixture
def write(django_capture_on_commit_callbacks: Any) -> Callable[[list[Call]], None]:
    """Write a batch, and do what waits for its commit."""

    def write(calls: list[Call]) -> None:
        buffer = CallBuffer()
        for item in calls:
            buffer.record(item)
        with django_capture_on_commit_callbacks(execute=True):
            buffer.flush()

    return write


def call(token_id: int, number: int = 0, **fields: Any) -> Call:
    at = NOW + timedelta(milliseconds=number)
    return usual_call(token_id, at=at, number=number, **fields)


def test_each_call_is_a_row_and_a_count(token: Any, write: Write) -> None:
    write([call(token.pk, number) for number in range(3)])
    write([call(token.pk, 3, status=429, code="rate_limited", microseconds=300)])
    assert LoggedCall.objects.filter(token_id=token.pk).count() == 4
    hour = HourlyUsage.objects.get()
    assert (hour.ok, hour.limited, hour.within_2ms, hour.within_1ms) == (3, 1, 3, 1)


def test_a_use_is_remembered_with_its_address_and_agent(token: Any, write: Write) -> None:
    write([call(token.pk, 1), call(token.pk, 2, address="198.51.100.1", agent="x\x00y")])
    token.refresh_from_db()
    assert (token.last_used_ip, token.last_used_agent) == ("198.51.100.1", "x y")
    assert token.last_used_at == NOW + timedelta(milliseconds=2)


def test_a_use_is_never_set_back(token: Any, write: Write) -> None:
    write([call(token.pk, 5)])
    write([call(token.pk, 1)])
    token.refresh_from_db()
    assert token.last_used_at == NOW + timedelta(milliseconds=5)


def test_a_refused_call_is_no_use(token: Any, write: Write) -> None:
    write([call(token.pk, status=429, code="rate_limited")])
    token.refresh_from_db()
    assert token.last_used_at is None


def test_attempts_after_revocation_are_counted(token: Any, write: Write) -> None:
    token.revoke()
    write([call(token.pk, number, status=401, code="token_revoked") for number in range(14)])
    token.refresh_from_db()
    assert (token.refused_count, token.refused_ip) == (14, "203.0.113.7")


def test_the_last_attempt_is_the_latest_whichever_host_writes_first(
    token: Any, write: Write
) -> None:
    token.revoke()
    write([call(token.pk, 5, status=401, code="token_revoked", address="198.51.100.1")])
    write([call(token.pk, 1, status=401, code="token_revoked")])
    token.refresh_from_db()
    assert (token.refused_count, token.refused_ip) == (2, "198.51.100.1")
    assert token.refused_at == NOW + timedelta(milliseconds=5)


def test_a_new_address_is_an_event_and_a_mail_once(
    token: Any, write: Write, mailoutbox: list[Any]
) -> None:
    write([call(token.pk, 1), call(token.pk, 2)])
    seen_pairs.clear()
    write([call(token.pk, 3)])
    assert TokenEvent.objects.filter(kind=Kind.NEW_ADDRESS).count() == 1
    assert [mail.to for mail in mailoutbox] == [["alice@example.com"]]
    assert "203.0.113.7" in mailoutbox[0].subject


def test_a_tokens_first_day_is_quiet(
    issue: Callable[..., Issued], write: Write, mailoutbox: list[Any]
) -> None:
    write([call(issue(now=NOW).token.pk)])
    assert TokenEvent.objects.filter(kind=Kind.NEW_ADDRESS).count() == 1
    assert mailoutbox == []


def test_switched_off_nobody_is_mailed(
    token: Any, write: Write, alice: User, mailoutbox: list[Any]
) -> None:
    User.objects.filter(pk=alice.pk).update(new_address_mails=False)
    write([call(token.pk)])
    assert mailoutbox == []


def test_an_ended_rotated_token_in_use_is_recorded_and_told_once(
    token: Any, write: Write, mailoutbox: list[Any]
) -> None:
    token.rotate(expiry=Expiry.NINETY_DAYS, overlap=timedelta(0))
    for number in range(2):
        write([call(token.pk, number, status=401, code="token_expired")])
    assert TokenEvent.objects.filter(kind=Kind.REUSED).count() == 1
    assert len(mailoutbox) == 1


def test_a_token_in_a_path_or_an_agent_is_masked(token: Any, write: Write) -> None:
    plaintext, identifier = (secret := generate()), secret[:24]
    write([call(token.pk, path=f"/api/v1/{plaintext}", agent=f"curl {plaintext}")])
    logged = LoggedCall.objects.get()
    assert (logged.path, logged.agent) == (f"/api/v1/{identifier}", f"curl {identifier}")
    token.refresh_from_db()
    assert token.last_used_agent == f"curl {identifier}"


def test_a_path_is_kept_as_the_pattern_that_answers_it(token: Any, write: Write) -> None:
    identifiers = ["mtz_4fKx7GmQ2vRt9LpWc3Zs", "mtz_0000000000000000000"]
    write(
        [
            call(token.pk, n, path=f"/account/tokens/{name}/revoke/")
            for n, name in enumerate(identifiers)
        ]
    )
    assert set(LoggedCall.objects.values_list("path", flat=True)) == {
        "/account/tokens/<slug:identifier>/revoke/"
    }


def test_a_call_that_took_for_ever_is_written(token: Any, write: Write) -> None:
    write([call(token.pk, microseconds=10**12)])
    assert LoggedCall.objects.get().microseconds == LONGEST
    assert HourlyUsage.objects.get().slower == 1


# -- What comes again, and what no database takes --------------------------------------------------


def logged() -> list[int]:
    ids = LoggedCall.objects.order_by("request_id").values_list("request_id", flat=True)
    return [int(name, 16) for name in ids]


def counted() -> int:
    return sum(HourlyUsage.objects.values_list("ok", flat=True))


def test_a_batch_whose_commit_was_not_answered_is_written_once(token: Any, write: Write) -> None:
    batch = [call(token.pk, number) for number in range(3)]
    write(batch)
    assert writing.write(batch) == []
    assert (logged(), counted()) == ([0, 1, 2], 3)


def test_beside_calls_that_are_written_already_new_ones_are_written(
    token: Any, write: Write
) -> None:
    write([call(token.pk, 1)])
    write([call(token.pk, number) for number in range(4)])
    assert (logged(), counted()) == ([0, 1, 2, 3], 4)


@pytest.mark.parametrize("place", [0, 3, 6])
def test_a_call_that_no_database_takes_keeps_no_other_out(token: Any, place: int) -> None:
    batch = [call(token.pk, number) for number in range(7)]
    batch[place] = batch[place]._replace(token_id=2**70)
    assert writing.write(batch) == [batch[place]]
    assert len(logged()) == counted() == 6


def test_it_is_counted_as_dropped(token: Any) -> None:
    buffer = CallBuffer()
    for each in (call(token.pk), call(2**70, 1)):
        buffer.record(each)
    buffer.flush()
    assert (len(buffer), buffer.dropped, logged()) == (0, 1, [0])


def test_a_full_buffer_drops_the_oldest_and_counts_them(token: Any) -> None:
    buffer = CallBuffer(capacity=3)
    for number in range(5):
        buffer.record(call(token.pk, number))
    buffer.flush()
    assert buffer.dropped == 2
    assert LoggedCall.objects.count() == 3
