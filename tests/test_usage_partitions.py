"""The request log on PostgreSQL, day by day: made when needed, dropped whole, never in the way."""

from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, date, datetime, timedelta

import pytest
from django.db import connection, transaction

from accounts.models import LoggedCall
from accounts.usage import partitions
from accounts.usage.writing import write
from tests.support.calls import usual_call

DAY = date(2026, 3, 10)
NOON = datetime(2026, 3, 10, 12, tzinfo=UTC)


@pytest.fixture(autouse=True)
def on_postgresql(transactional_db: None) -> None:
    if not partitions.is_partitioned():
        pytest.skip("SQLite keeps one table: the other run of ./dev test has partitions")
    list(partitions.drop_before(date(9999, 1, 1)))


def in_another_session(days: set[date]) -> None:
    try:
        partitions.ensure(days)
    finally:
        connection.close()


def test_a_call_makes_the_partition_of_its_day() -> None:
    late = NOON.replace(hour=23, minute=59, second=59)
    write([usual_call(1, at=late), usual_call(1, at=late + timedelta(seconds=1), number=1)])
    assert set(partitions.attached()) == {DAY, DAY + timedelta(days=1)}
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT at FROM {partitions.day_table(DAY)}")  # noqa: S608
        assert cursor.fetchall() == [(late,)]


def test_a_partition_has_the_key_and_the_index_of_the_log() -> None:
    partitions.ensure({DAY})
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT count(*) FROM pg_inherits JOIN pg_index ON indexrelid = inhrelid "
            "WHERE indrelid = %s::regclass",
            [partitions.day_table(DAY)],
        )
        of_the_day = cursor.fetchone()
        cursor.execute(
            "SELECT count(*) FROM pg_index WHERE indrelid = %s::regclass", ["accounts_loggedcall"]
        )
        assert of_the_day == cursor.fetchone()


def test_processes_that_need_the_same_day_at_once_make_one_partition() -> None:
    with ThreadPoolExecutor(4) as pool:
        list(pool.map(in_another_session, [{DAY}] * 4))
    assert set(partitions.attached()) == {DAY}


def test_neither_readers_nor_writers_are_waited_for() -> None:
    write([usual_call(1, at=NOON)])
    with ThreadPoolExecutor(1) as pool, transaction.atomic():
        assert LoggedCall.objects.count() == 1
        LoggedCall.objects.update(agent="a transaction that goes on")
        pool.submit(in_another_session, {DAY + timedelta(days=1)}).result(timeout=5)
    assert len(partitions.attached()) == 2


def test_only_days_before_are_dropped_the_oldest_first() -> None:
    days = [DAY + timedelta(days=number) for number in range(4)]
    partitions.ensure(set(days))
    assert list(partitions.drop_before(days[2])) == days[:2]
    assert list(partitions.drop_before(days[2])) == []
    assert list(partitions.made()) == days[2:]


def test_an_interrupted_drop_is_finished() -> None:
    partitions.ensure({DAY})
    with connection.cursor() as cursor:
        cursor.execute(
            f"ALTER TABLE accounts_loggedcall DETACH PARTITION {partitions.day_table(DAY)}"
        )
    assert list(partitions.drop_before(DAY + timedelta(days=1))) == [DAY]
    assert partitions.made() == {}
