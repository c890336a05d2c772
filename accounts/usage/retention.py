"""How long calls are kept, and how they go: in small steps beside the traffic, on any number of
hosts at once. A run that was interrupted leaves nothing that the next one would miss."""

import time
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta

from dateutil.relativedelta import relativedelta
from django.db import connection

from accounts.models import HourlyUsage, LoggedCall
from accounts.usage import partitions
from accounts.usage.partitions import midnight

LOG_DAYS = 30
COUNTER_MONTHS = 13
# So that a day finds its partition there, also when a run or two were missed.
DAYS_AHEAD = 3
ROWS = 5_000
# SQLite lets one write at a time, and those who wait for it look only now and then.
PAUSE = 0.05  # seconds


def first_day_kept(now: datetime) -> date:
    """Of the log, which goes by whole UTC days."""
    return (now.astimezone(UTC) - timedelta(days=LOG_DAYS)).date()


def first_hour_kept(now: datetime) -> datetime:
    """Of the counters."""
    day = now.astimezone(UTC) - relativedelta(months=COUNTER_MONTHS)
    return day.replace(hour=0, minute=0, second=0, microsecond=0)


def make_days_ahead(now: datetime) -> None:
    today = now.astimezone(UTC).date()
    partitions.ensure({today + timedelta(days=number) for number in range(DAYS_AHEAD + 1)})


def old_days(now: datetime) -> list[date]:
    """Of which the log still has something to remove, the oldest first."""
    bound = first_day_kept(now)
    if partitions.is_partitioned():
        return sorted(day for day in partitions.made() if day < bound)
    old = LoggedCall.objects.filter(at__lt=midnight(bound))
    return [at.date() for at in old.datetimes("at", "day", tzinfo=UTC)]


def old_hours(now: datetime) -> int:
    """How many counters there are to remove."""
    return HourlyUsage.objects.filter(hour__lt=first_hour_kept(now)).count()


def prune_log(now: datetime) -> Iterator[date]:
    """The day that each step worked on: on PostgreSQL one step a day, on SQLite many."""
    bound = first_day_kept(now)
    if partitions.is_partitioned():
        yield from partitions.drop_before(bound)
        return
    old = LoggedCall.objects.filter(at__lt=midnight(bound)).order_by("at")
    while first := old.values_list("at", flat=True).first():
        delete_calls_before(midnight(first.date() + timedelta(days=1)))
        yield first.date()
        time.sleep(PAUSE)


def delete_calls_before(instant: datetime) -> None:
    """The oldest of them, as many as SQLite removes in a moment."""
    table = LoggedCall._meta.db_table
    with connection.cursor() as cursor:
        cursor.execute(
            f"DELETE FROM {table} WHERE rowid IN "  # noqa: S608
            f"(SELECT rowid FROM {table} WHERE at < %s ORDER BY at LIMIT {ROWS})",
            [connection.ops.adapt_datetimefield_value(instant)],
        )


def prune_counters(now: datetime) -> Iterator[int]:
    """How many went at each step: those of an hour."""
    old = HourlyUsage.objects.filter(hour__lt=first_hour_kept(now)).order_by("hour")
    while hour := old.values_list("hour", flat=True).first():
        deleted, _ = HourlyUsage.objects.filter(hour=hour).delete()
        yield deleted
        if connection.vendor == "sqlite":
            time.sleep(PAUSE)
