"""What `prune_usage` removes and keeps, beside traffic and beside itself."""

import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, date, datetime, timedelta

import pytest
import time_machine
from django.db import connection, transaction

from accounts.models import HourlyUsage, LoggedCall
from accounts.usage import partitions, retention
from accounts.usage.writing import write
from tests.support.calls import usual_call
from tests.test_commands import output

NOW = datetime(2026, 3, 31, 4, tzinfo=UTC)
FIRST_DAY = datetime(2026, 3, 1, tzinfo=UTC)
FIRST_HOUR = datetime(2025, 2, 28, tzinfo=UTC)  # February has no 31st
MOMENT = timedelta(microseconds=1)


@pytest.fixture(autouse=True)
def from_nothing(transactional_db: None, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Partitions outlive what tests truncate."""
    monkeypatch.setattr(retention, "PAUSE", 0.001)
    if partitions.is_partitioned():
        list(partitions.drop_before(date(9999, 1, 1)))
    with time_machine.travel(NOW, tick=False):
        yield


def calls_at(*instants: datetime) -> None:
    write([usual_call(1, at=at, number=number) for number, at in enumerate(instants)])


def logged() -> list[datetime]:
    return sorted(LoggedCall.objects.values_list("at", flat=True))


def test_calls_are_kept_for_thirty_days_and_counters_for_thirteen_months() -> None:
    calls_at(FIRST_HOUR - MOMENT, FIRST_HOUR, FIRST_DAY - MOMENT, FIRST_DAY, NOW)
    output("prune_usage")
    assert logged() == [FIRST_DAY, NOW]
    hours = HourlyUsage.objects.order_by("hour").values_list("hour", flat=True)
    assert list(hours)[:2] == [FIRST_HOUR, FIRST_DAY - timedelta(hours=1)]
    assert len(hours) == 4


def test_progress_is_told_and_a_second_run_finds_nothing() -> None:
    calls_at(FIRST_DAY - timedelta(days=2), FIRST_DAY - timedelta(days=1), FIRST_HOUR - MOMENT)
    assert output("prune_usage").splitlines() == [
        "Removing the log of 2025-02-27",
        "Removing the log of 2026-02-27",
        "Removing the log of 2026-02-28",
        "Days of the log removed: 3",
        "Counters removed: 1",
    ]
    assert output("prune_usage").splitlines() == [
        "Days of the log removed: 0",
        "Counters removed: 0",
    ]


def test_a_dry_run_tells_and_keeps() -> None:
    calls_at(FIRST_HOUR - MOMENT, FIRST_DAY - MOMENT, NOW)
    told = output("prune_usage", "--dry-run")
    assert told == "Days of the log to remove: 2; counters: 1\n"
    assert (len(logged()), HourlyUsage.objects.count()) == (3, 3)


def test_more_than_a_step_takes_is_removed_in_steps(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(retention, "ROWS", 2)
    calls_at(*(FIRST_DAY - MOMENT * number for number in range(1, 6)), NOW)
    steps = list(retention.prune_log(NOW))
    assert len(steps) == (1 if partitions.is_partitioned() else 3)
    assert logged() == [NOW]


def test_days_to_come_are_made_ahead() -> None:
    output("prune_usage")
    days = {NOW.date() + timedelta(days=number) for number in range(4)}
    if partitions.is_partitioned():
        assert set(partitions.attached()) == days


def run_and_hang_up() -> str:
    try:
        return output("prune_usage")
    finally:
        connection.close()


def test_several_runs_at_once_remove_everything_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(retention, "ROWS", 10)
    old = [FIRST_HOUR - timedelta(hours=number) for number in range(1, 60)]
    calls_at(*old, NOW)
    with ThreadPoolExecutor(3) as pool:
        told = [run.result() for run in [pool.submit(run_and_hang_up) for _ in range(3)]]
    assert logged() == [NOW]
    assert HourlyUsage.objects.count() == 1
    removed = [int(line.split()[-1]) for text in told for line in text.splitlines()[-1:]]
    assert sum(removed) == 59


def test_calls_are_written_meanwhile(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(retention, "ROWS", 10)
    calls_at(*(FIRST_DAY - timedelta(hours=number) for number in range(1, 300)))
    with ThreadPoolExecutor(1) as pool:
        pruning = pool.submit(run_and_hang_up)
        for number in range(20):
            write([usual_call(2, at=NOW, number=1000 + number)])
        pruning.result()
    assert len(logged()) == 20


def test_a_long_read_holds_up_the_removal_and_nobody_else() -> None:
    if not partitions.is_partitioned():
        pytest.skip("SQLite reads a snapshot: the other run of ./dev test has partitions")
    calls_at(FIRST_DAY - MOMENT, NOW)
    with ThreadPoolExecutor(2) as pool, transaction.atomic():
        assert len(logged()) == 2
        pruning = pool.submit(run_and_hang_up)
        detaching = wait_until_detaching()
        written = pool.submit(write_and_hang_up).result(timeout=5)
        assert (detaching, written, pruning.done()) == (True, True, False)
    assert len(logged()) == 2


def wait_until_detaching() -> bool:
    for _ in range(100):
        with connection.cursor() as cursor:
            cursor.execute("SELECT EXISTS (SELECT FROM pg_inherits WHERE inhdetachpending)")
            if cursor.fetchone()[0]:
                return True
        threading.Event().wait(0.05)
    return False


def write_and_hang_up() -> bool:
    try:
        write([usual_call(3, at=NOW, number=77)])
        return LoggedCall.objects.filter(token_id=3).exists()
    finally:
        connection.close()
