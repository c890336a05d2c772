"""From a batch of calls to rows, in one transaction: the request log and the hourly counters.

All processes write rows in the same order, so that none waits for another in a circle.
"""

from collections import Counter, defaultdict
from datetime import date, datetime

from django.db import connection, transaction

from accounts.origin import printable
from accounts.tokens import redact
from accounts.usage import addresses, latency, partitions
from accounts.usage.calls import Call, Outcome

COUNTERS = (*(outcome.value for outcome in Outcome), *latency.COLUMNS)


def write(calls: list[Call]) -> None:
    """Raises django.db.Error, and then nothing of the batch is written."""
    with transaction.atomic():
        log(calls)
        add_to_counters(calls)
        addresses.note(calls)


def log(calls: list[Call]) -> None:
    from accounts.models import LoggedCall

    ensure_days({call.at.date() for call in calls})
    LoggedCall.objects.bulk_create(LoggedCall(**storable(call)._asdict()) for call in calls)


def storable(call: Call) -> Call:
    """What every column takes, and no secret: somebody may have put a token into a path."""
    return call._replace(
        method=printable(call.method)[:8],
        path=printable(redact(call.path)),
        agent=printable(call.agent),
    )


# The days whose partitions this process has seen; grows by one a day.
known_days: set[date] = set()


def ensure_days(days: set[date]) -> None:
    if days - known_days:
        partitions.ensure(days)
        transaction.on_commit(lambda: known_days.update(days))


def add_to_counters(calls: list[Call]) -> None:
    """Add to what is there, whoever wrote it: exact over all processes."""
    from accounts.models import HourlyUsage

    table = HourlyUsage._meta.db_table
    names = ("token_id", "hour", *COUNTERS)
    sums = ", ".join(f"{name} = {table}.{name} + excluded.{name}" for name in COUNTERS)
    instant = connection.ops.adapt_datetimefield_value
    with connection.cursor() as cursor:
        cursor.executemany(
            f"INSERT INTO {table} ({', '.join(names)}) "  # noqa: S608
            f"VALUES ({', '.join(['%s'] * len(names))}) "
            f"ON CONFLICT (token_id, hour) DO UPDATE SET {sums}",
            [
                (token_id, instant(hour), *(counted[name] for name in COUNTERS))
                for (token_id, hour), counted in sorted(count(calls).items())
            ],
        )


def count(calls: list[Call]) -> dict[tuple[int, datetime], Counter[str]]:
    counts: dict[tuple[int, datetime], Counter[str]] = defaultdict(Counter)
    for call in calls:
        hour = call.at.replace(minute=0, second=0, microsecond=0)
        counts[call.token_id, hour].update((call.outcome.value, latency.column(call.microseconds)))
    return counts
