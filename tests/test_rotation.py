"""Rotation: a successor that may do the same, and an old token that ends on time."""

import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from typing import Any

import pytest
from django.db import DatabaseError, IntegrityError, connection, transaction
from django.utils import timezone

from accounts.expiry import Expiry
from accounts.models import ApiToken, Issued, Kind, NotRotatable, Status, TokenEvent
from accounts.origin import SYSTEM
from accounts.rotation import rotate_presented
from tests.support.types import Issue

IN_AN_HOUR = timedelta(hours=1)


@pytest.fixture
def rotate() -> Callable[..., Issued]:
    def rotate(issued: Issued, key: str = "", **changes: Any) -> Issued:
        options: dict[str, Any] = {
            "expiry": Expiry.NINETY_DAYS,
            "overlap": IN_AN_HOUR,
            "now": timezone.now(),
        }
        return rotate_presented(
            issued.token, issued.plaintext, key=key, origin=SYSTEM, **options | changes
        )

    return rotate


def test_a_successor_may_do_what_the_old_token_may(issue: Callable[..., Issued]) -> None:
    old = issue(name="Production API", environment="staging").token
    ApiToken.objects.filter(pk=old.pk).update(minute_limit=7)
    new = ApiToken.objects.get(pk=old.pk).rotate(expiry=Expiry.ONE_YEAR).token
    assert (new.name, new.environment, new.minute_limit) == ("Production API", "staging", 7)
    assert (new.family, new.rotated_from_id) == (old.family, old.pk)
    assert new.expires_at == Expiry.ONE_YEAR.counted_from(new.created_at)


def test_the_old_token_ends_after_the_overlap(issue: Callable[..., Issued]) -> None:
    old, now = issue().token, timezone.now()
    old.rotate(expiry=Expiry.NINETY_DAYS, overlap=IN_AN_HOUR, now=now)
    old.refresh_from_db()
    assert old.status_at(now) == Status.EXPIRING
    assert old.status_at(now + IN_AN_HOUR) == Status.EXPIRED


def test_the_old_token_never_lives_longer_for_being_rotated(issue: Callable[..., Issued]) -> None:
    old = issue().token
    almost_over = old.expires_at - timedelta(minutes=5)
    old.rotate(expiry=Expiry.NINETY_DAYS, overlap=timedelta(days=7), now=almost_over)
    ends = old.expires_at
    old.refresh_from_db()
    assert old.expires_at == ends == almost_over + timedelta(minutes=5)


def test_a_token_is_rotated_once(issue: Callable[..., Issued]) -> None:
    old = issue().token
    old.rotate(expiry=Expiry.NINETY_DAYS)
    with pytest.raises(NotRotatable) as refused:
        old.rotate(expiry=Expiry.NINETY_DAYS)
    assert refused.value.code == "rotated"


def test_a_revoked_token_has_no_successor(issue: Callable[..., Issued]) -> None:
    old = issue().token
    old.revoke()
    with pytest.raises(NotRotatable):
        old.rotate(expiry=Expiry.NINETY_DAYS)
    assert ApiToken.objects.count() == 1


@pytest.mark.parametrize("fails", ["insert", "record"])
def test_when_any_part_fails_the_old_token_lives_on_as_it_was(
    issue: Callable[..., Issued], monkeypatch: pytest.MonkeyPatch, fails: str
) -> None:
    old = issue().token
    managers: dict[str, Any] = {"insert": ApiToken.objects, "record": TokenEvent.objects}

    def fail(*_: object, **__: object) -> None:
        raise DatabaseError("the disk is full")

    monkeypatch.setattr(type(managers[fails]), fails, fail)
    with pytest.raises(DatabaseError):
        old.rotate(expiry=Expiry.NINETY_DAYS)
    kept = ApiToken.objects.get()
    assert (kept.rotated_at, kept.expires_at) == (None, old.expires_at)
    assert (old.rotated_at, old.status) == (None, Status.ACTIVE)
    assert old.events.count() == 1


def test_a_repeated_call_gets_the_same_successor(
    issue: Callable[..., Issued], rotate: Callable[..., Issued]
) -> None:
    old = issue()
    first, again = rotate(old, "key-1"), rotate(old, "key-1")
    assert first.plaintext == again.plaintext
    assert ApiToken.objects.count() == 2


def test_another_key_or_other_settings_get_nothing(
    issue: Callable[..., Issued], rotate: Callable[..., Issued]
) -> None:
    old = issue()
    rotate(old, "key-1")
    for changes in ({"key": "key-2"}, {"key": "key-1", "expiry": Expiry.ONE_YEAR}):
        with pytest.raises(NotRotatable):
            rotate(old, **changes)


def test_a_repetition_works_after_the_old_token_has_ended(
    issue: Callable[..., Issued], rotate: Callable[..., Issued]
) -> None:
    old, now = issue(), timezone.now()
    first = rotate(old, "key-1", overlap=timedelta(0), now=now)
    again = rotate(old, "key-1", overlap=timedelta(0), now=now + timedelta(hours=23))
    assert first.plaintext == again.plaintext
    assert not TokenEvent.objects.filter(kind=Kind.REUSED).exists()


def test_rotating_with_an_ended_token_revokes_its_living_family(
    issue: Callable[..., Issued], rotate: Callable[..., Issued], mailoutbox: list[object]
) -> None:
    old, now = issue(), timezone.now()
    successor = rotate(old, "key-1", overlap=timedelta(0), now=now).token
    with pytest.raises(NotRotatable):
        rotate(old, "other", overlap=timedelta(0), now=now + timedelta(seconds=1))
    successor.refresh_from_db()
    assert successor.status == Status.REVOKED
    assert TokenEvent.objects.filter(kind=Kind.REUSED, token=old.token).count() == 1
    assert len(mailoutbox) == 1


def test_a_successor_that_is_just_being_made_dies_with_its_family(
    transactional_db: None, issue: Issue, rotate: Callable[..., Issued]
) -> None:
    if not connection.features.has_select_for_update:
        pytest.skip("SQLite lets one write at a time: there is no such moment")
    old, now = issue(), timezone.now()
    successor = rotate(old, overlap=timedelta(0), now=now).token
    with ThreadPoolExecutor(1) as pool:
        with transaction.atomic():
            youngest = successor.rotate(expiry=Expiry.NINETY_DAYS).token
            thief = pool.submit(in_another_session, rotate, old, now=now + IN_AN_HOUR)
            wait_until_somebody_waits()
        with pytest.raises(NotRotatable):
            thief.result(timeout=5)
    for token in (successor, youngest):
        token.refresh_from_db()
        assert token.status == Status.REVOKED


def in_another_session(act: Callable[..., Any], *arguments: Any, **options: Any) -> Any:
    try:
        return act(*arguments, **options)
    finally:
        connection.close()


def wait_until_somebody_waits() -> None:
    """For a row that another session holds."""
    with connection.cursor() as cursor:
        for _ in range(500):
            cursor.execute("SELECT count(*) FROM pg_locks WHERE NOT granted")
            if cursor.fetchone()[0]:
                return
            time.sleep(0.01)
    pytest.fail("nobody waited")


def at_once(times: int, act: Callable[[int], Any]) -> list[Exception]:
    """What went wrong in so many threads, apart from what may."""
    start, failures = threading.Barrier(times), list[Exception]()

    def turn(number: int) -> None:
        start.wait()
        try:
            in_another_session(act, number)
        except NotRotatable:
            pass
        except Exception as problem:
            failures.append(problem)

    with ThreadPoolExecutor(times) as pool:
        list(pool.map(turn, range(times)))
    return failures


def test_many_rotations_and_revocations_at_once_leave_at_most_one_successor(
    transactional_db: None, issue: Issue
) -> None:
    old = issue().token

    def act(number: int) -> None:
        fresh = ApiToken.objects.get(pk=old.pk)
        fresh.revoke() if number % 4 == 3 else fresh.rotate(expiry=Expiry.NINETY_DAYS)

    assert at_once(8, act) == []
    assert ApiToken.objects.exclude(pk=old.pk).count() <= 1


def test_revoking_several_while_they_are_rotated_deadlocks_nobody(
    transactional_db: None, issue: Issue
) -> None:
    tokens = [issue().token for _ in range(4)]
    owned = ApiToken.objects.filter(owner=tokens[0].owner)

    def act(number: int) -> None:
        owned.revoke() if number % 2 else tokens[number // 2].rotate(expiry=Expiry.ONE_YEAR)

    assert at_once(8, act) == []
    assert all(owned.filter(rotated_from=token).count() <= 1 for token in tokens)
    assert not ApiToken.objects.filter(pk__in=[token.pk for token in tokens], revoked_at=None)


def test_what_happened_stays_as_it_was_written(issue: Callable[..., Issued]) -> None:
    token = issue().token
    event = token.events.get()
    assert event.kind == Kind.CREATED
    for change in (lambda: TokenEvent.objects.update(detail="x"), event.delete):
        with pytest.raises(IntegrityError), transaction.atomic():
            change()
