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

    A range of the primary key is read for each token and period, and nothing else.
    """
    from accounts.models import HourlyUsage

    if not token_ids:
        return []
    instant = connection.ops.adapt_datetimefield_value
    ids = ", ".join(["%s"] * len(token_ids))
    rows = ", ".join(["(%s, %s, %s)"] * len(periods))
    group = "period.number, counted.token_id" if by_token else "period.number"
    totals = ", ".join(f"SUM({column})" for column in columns)
    parameters: list[Any] = []
    for number, period in enumerate(periods):
        parameters += [number, *(instant(at.astimezone(UTC)) for at in period)]
    with connection.cursor() as cursor:
        cursor.execute(
            f"WITH period (number, starts, ends) AS (VALUES {rows}) "  # noqa: S608
            f"SELECT {group}, {totals} FROM period JOIN {HourlyUsage._meta.db_table} counted "
            f"ON counted.token_id IN ({ids}) "
            "AND counted.hour >= period.starts AND counted.hour < period.ends "
            f"GROUP BY {group} ORDER BY {group}",
            [*parameters, *token_ids],
        )
        return [tuple(int(value) for value in row) for row in cursor.fetchall()]
