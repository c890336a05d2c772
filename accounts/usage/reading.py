"""What pages and the API tell of the calls. Tokens are named by the ids of their rows; who asks
must have taken those from what the person owns."""

from collections import Counter
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Literal, NamedTuple
from zoneinfo import ZoneInfo

from django.db import connection

from accounts.models import HourlyUsage, LoggedCall
from accounts.usage import latency
from accounts.usage.calls import TURNED_AWAY, Outcome
from accounts.usage.periods import LENGTHS, View, hourly_sums, latest, sums
from accounts.usage.request_log import CallFilters, log_csv, log_page

__all__ = [
    "LATEST",
    "AddressCount",
    "Busy",
    "CallFilters",
    "Daily",
    "PathCount",
    "Point",
    "Summary",
    "View",
    "daily_calls",
    "leaders",
    "log_csv",
    "log_page",
    "series",
    "summary",
]

# How many calls the addresses and paths of a summary are counted from, so that a busy token's page
# costs no more than a quiet one's.
LATEST = 10_000
TOP = 5
OUTCOMES = tuple(outcome.value for outcome in Outcome)

NOTHING = (0,) * (len(OUTCOMES) + len(latency.COLUMNS))

type Order = Literal["calls", "refused", "limited"]
ORDERS: tuple[Order, ...] = ("calls", "refused", "limited")


class Point(NamedTuple):
    """The calls of one period by outcome; p50 and p95 in milliseconds, None without calls."""

    start: datetime
    ok: int
    client_error: int
    refused: int
    limited: int
    server_error: int
    p50: float | None
    p95: float | None

    @property
    def calls(self) -> int:
        return self.ok + self.client_error + self.refused + self.limited + self.server_error


class Daily(NamedTuple):
    """The calls of one day: those that were let in, and those that were refused or limited."""

    used: int = 0
    refused: int = 0


class PathCount(NamedTuple):
    method: str
    path: str
    calls: int


class AddressCount(NamedTuple):
    address: str
    calls: int


@dataclass(frozen=True, slots=True)
class Summary:
    """`calls`, `errors` (everything but ok) and the latencies (milliseconds) are of the whole time;
    `addresses` (how many), the most frequent of them and of the paths are of its latest 10,000
    calls."""

    calls: int
    errors: int
    p50: float | None
    p95: float | None
    addresses: int
    top_addresses: list[AddressCount]
    paths: list[PathCount]


class Busy(NamedTuple):
    token_id: int
    calls: int
    refused: int
    limited: int
    server_error: int


def daily_calls(
    token_ids: Collection[int], *, days: int = 30, now: datetime, zone: ZoneInfo
) -> dict[int, list[Daily]]:
    """Calls of each token on each of the latest `days` days, today last; one query for all."""
    periods = latest("day", count=days, now=now, zone=zone)
    counts = {token_id: [Daily()] * days for token_id in token_ids}
    for number, token_id, *calls in sums(token_ids, periods, OUTCOMES, by_token=True):
        refused = sum(calls[OUTCOMES.index(outcome)] for outcome in TURNED_AWAY)
        counts[token_id][number] = Daily(sum(calls) - refused, refused)
    return counts


def series(
    token_ids: Collection[int],
    *,
    view: View,
    now: datetime,
    zone: ZoneInfo,
    count: int | None = None,
) -> list[Point]:
    """The latest hours (48), days (30) or months (13), or `count` of them, oldest first, empty ones
    too; one query."""
    periods = latest(view, count=count or LENGTHS[view], now=now, zone=zone)
    points = [Point(period.start, 0, 0, 0, 0, 0, None, None) for period in periods]
    for number, *counts in sums(token_ids, periods, (*OUTCOMES, *latency.COLUMNS)):
        points[number] = point(periods[number].start, counts)
    return points


def point(start: datetime, counts: Sequence[int]) -> Point:
    """From one sum for each outcome, and then one for each latency bucket."""
    ok, client_error, refused, limited, server_error, *buckets = counts
    p50, p95 = (latency.percentile(buckets, share) for share in (0.5, 0.95))
    return Point(start, ok, client_error, refused, limited, server_error, p50, p95)


def summary(
    token_ids: Collection[int], *, days: int = 30, now: datetime, zone: ZoneInfo
) -> Summary:
    """Of the latest `days` days; two queries."""
    since = latest("day", count=days, now=now, zone=zone)[0].start
    hours = hourly_sums(token_ids, (*OUTCOMES, *latency.COLUMNS), since=since)
    columns = zip(NOTHING, *(counts for _, counts in hours), strict=True)
    total = point(since, [sum(column) for column in columns])
    paths: Counter[tuple[str, str]] = Counter()
    addresses: Counter[str] = Counter()
    newest = newest_calls(token_ids, since=latest_since(hours, since)) if hours else []
    for method, path, address, calls in newest:
        paths[method, path] += calls
        addresses[address] += calls
    return Summary(
        calls=total.calls,
        errors=total.calls - total.ok,
        p50=total.p50,
        p95=total.p95,
        addresses=len(addresses),
        top_addresses=[AddressCount(*each) for each in addresses.most_common(TOP)],
        paths=[PathCount(*pair, calls) for pair, calls in paths.most_common(TOP)],
    )


def latest_since(hours: Iterable[tuple[datetime, list[int]]], otherwise: datetime) -> datetime:
    """The hour from which on there are 10,000 calls: a database that knows it sorts only those."""
    found = 0
    for hour, counts in hours:
        found += sum(counts[: len(OUTCOMES)])
        if found >= LATEST:
            return hour
    return otherwise


def newest_calls(token_ids: Collection[int], *, since: datetime) -> list[tuple[str, str, str, int]]:
    """The latest calls, counted by method, path and address; one query."""
    newest = LoggedCall.objects.filter(token_id__in=token_ids, at__gte=since).order_by("-at")
    sql, parameters = newest.values("method", "path", "address")[:LATEST].query.sql_with_params()
    with connection.cursor() as cursor:
        cursor.execute(
            f"SELECT method, path, address, COUNT(*) FROM ({sql}) newest "  # noqa: S608
            "GROUP BY method, path, address",
            parameters,
        )
        return [(method, path, str(address), n) for method, path, address, n in cursor.fetchall()]


def leaders(*, now: datetime, hours: int = 24, limit: int = 10) -> dict[Order, list[Busy]]:
    """The tokens with most calls, refusals and 429s in the latest hours, for operators; one query.
    None that had none."""
    since = connection.ops.adapt_datetimefield_value(now - timedelta(hours=hours))
    boards = " UNION ALL ".join(
        f"SELECT * FROM (SELECT '{order}', token_id, calls, refused, limited, server_error "  # noqa: S608
        f"FROM totals WHERE {order} > 0 ORDER BY {order} DESC, token_id LIMIT %s) {order}_first"
        for order in ORDERS
    )
    with connection.cursor() as cursor:
        cursor.execute(
            f"WITH totals AS (SELECT token_id, SUM({' + '.join(OUTCOMES)}) AS calls, "  # noqa: S608
            "SUM(refused) AS refused, SUM(limited) AS limited, SUM(server_error) AS server_error "
            f"FROM {HourlyUsage._meta.db_table} WHERE hour > %s GROUP BY token_id) {boards}",
            [since, *[limit] * len(ORDERS)],
        )
        rows = cursor.fetchall()
    return {
        order: sorted(
            (Busy(*map(int, row)) for name, *row in rows if name == order),
            key=lambda busy: (-getattr(busy, order), busy.token_id),
        )
        for order in ORDERS
    }
