"""Hours, days and months as a person's calendar counts them, and sums of the counters over each.

Counters are kept by UTC hour. Where a zone is not whole hours from UTC, an hour belongs to the
period in which it begins.
"""

from collections.abc import Collection, Sequence
from datetime import UTC, datetime, time, timedelta
from itertools import pairwise
from typing import Any, Literal, NamedTuple
from zoneinfo import ZoneInfo

from dateutil.relativedelta import relativedelta
from django.db import connection
from django.db.models import Sum

type View = Literal["hour", "day", "month"]

# How far each view reaches back, the running period included.
LENGTHS: dict[View, int] = {"hour": 48, "day": 30, "month": 13}


class Period(NamedTuple):
    """From `start` until just before `end`."""

    start: datetime
    end: datetime


def latest(view: View, *, count: int, now: datetime, zone: ZoneInfo) -> list[Period]:
    """The `count` latest periods, oldest first; the last one holds `now`."""
    local = now.astimezone(zone)
    if view == "hour":
        last = now.astimezone(UTC).replace(minute=0, second=0, microsecond=0)
        starts = [(last + timedelta(hours=back)).astimezone(zone) for back in range(1 - count, 2)]
    else:
        first = local.date() if view == "day" else local.date().replace(day=1)
        step = relativedelta(days=1) if view == "day" else relativedelta(months=1)
        days = [first + step * back for back in range(1 - count, 2)]
        starts = [datetime.combine(day, time.min, zone) for day in days]
    return [Period(start, end) for start, end in pairwise(starts)]


def sums(
    token_ids: Collection[int],
    periods: Sequence[Period],
    columns: Sequence[str],
    *,
    by_token: bool = False,
) -> list[tuple[int, ...]]:
    """(number of the period, [token,] a sum for each column) where anything was counted; one query.

    `periods` follow each other without a gap. A range of the primary key is read for each token.
    """
    from accounts.models import HourlyUsage

    if not token_ids:
        return []
    ids = ", ".join(["%s"] * len(token_ids))
    ends = [utc(period.end) for period in periods]
    number = " ".join(f"WHEN hour < %s THEN {number}" for number in range(len(periods)))
    group = "number, token_id" if by_token else "number"
    totals = ", ".join(f"SUM({column})" for column in columns)
    with connection.cursor() as cursor:
        cursor.execute(
            f"SELECT {group}, {totals} FROM (SELECT counted.*, CASE {number} END AS number "  # noqa: S608
            f"FROM {HourlyUsage._meta.db_table} counted "
            f"WHERE token_id IN ({ids}) AND hour >= %s AND hour < %s) numbered "
            f"GROUP BY {group} ORDER BY {group}",
            [*ends, *token_ids, utc(periods[0].start), ends[-1]],
        )
        return [tuple(int(value) for value in row) for row in cursor.fetchall()]


def hourly_sums(
    token_ids: Collection[int], columns: Sequence[str], *, since: datetime
) -> list[tuple[datetime, list[int]]]:
    """Each hour in which anything was counted, the newest first, with a sum for each column; one
    query, none without tokens."""
    from accounts.models import HourlyUsage

    counted = HourlyUsage.objects.filter(token_id__in=token_ids, hour__gte=since).values("hour")
    totals = {f"sum_{column}": Sum(column) for column in columns}
    rows = counted.annotate(**totals).order_by("-hour").values_list("hour", *totals)
    return [(hour, [int(value) for value in values]) for hour, *values in rows]


def utc(instant: datetime) -> Any:
    return connection.ops.adapt_datetimefield_value(instant.astimezone(UTC))
