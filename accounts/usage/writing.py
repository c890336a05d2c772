"""From a batch of calls to rows, in one transaction: the request log and the hourly counters.

All processes write rows in the same order, so that none waits for another in a circle.
"""

import logging
from collections import Counter, defaultdict
from collections.abc import Iterable
from datetime import datetime

from django.db import DataError, IntegrityError, connection, transaction

from accounts.origin import printable
from accounts.usage import addresses, latency, partitions, paths
from accounts.usage.calls import Call, Outcome
from meetzy_tokens import database

logger = logging.getLogger(__name__)

COUNTERS = (*(outcome.value for outcome in Outcome), *latency.COLUMNS)
LOG_COLUMNS = ", ".join(Call._fields)
# Because of a row, and for as long as it is in the batch.
REFUSALS = (DataError, IntegrityError, ValueError, OverflowError)
LONGEST = 2**31 - 1  # microseconds that every column takes


def write(calls: list[Call]) -> list[Call]:
    """Those of them that the database refuses for good; all others are written.

    Raises django.db.Error, and then the whole batch may be given again: calls that were written all
    the same, because only the answer to the commit was lost, are neither written nor counted twice.
    """
    try:
        write_all(calls)
    except REFUSALS as refusal:
        missing = unlogged(calls)
        if len(missing) < len(calls):
            return write(missing)
        if len(calls) == 1:
            logger.error("call %s can't be written: %s", calls[0].request_id, type(refusal))  # noqa: TRY400
            return calls
        middle = len(calls) // 2
        return write(calls[:middle]) + write(calls[middle:])
    return []


def write_all(calls: list[Call]) -> None:
    partitions.ensure({call.at.date() for call in calls})
    with transaction.atomic():
        log(calls)
        add_to_counters(calls)
        addresses.note(calls)


def unlogged(calls: list[Call]) -> list[Call]:
    from accounts.models import LoggedCall

    instants = [call.at for call in calls]
    there = LoggedCall.objects.filter(at__gte=min(instants), at__lte=max(instants))
    named = there.filter(request_id__in=[call.request_id for call in calls])
    logged = set(named.values_list("request_id", flat=True))
    return [call for call in calls if call.request_id not in logged]


# -- The log ---------------------------------------------------------------------------------------


def log(calls: Iterable[Call]) -> None:
    """Their days must have partitions."""
    rows = map(storable, calls)
    if connection.vendor == "postgresql":
        copy(rows)
    else:
        insert(rows)


def copy(rows: Iterable[Call]) -> None:
    from accounts.models import LoggedCall

    with (
        connection.cursor() as cursor,
        connection.wrap_database_errors,
        cursor.copy(f"COPY {LoggedCall._meta.db_table} ({LOG_COLUMNS}) FROM STDIN") as stream,
    ):
        for row in rows:
            stream.write_row(row)


def insert(rows: Iterable[Call]) -> None:
    from accounts.models import LoggedCall

    instant = connection.ops.adapt_datetimefield_value
    with connection.cursor() as cursor:
        cursor.executemany(
            f"INSERT INTO {LoggedCall._meta.db_table} ({LOG_COLUMNS}) "  # noqa: S608
            f"VALUES ({', '.join(['%s'] * len(Call._fields))})",
            [(row.token_id, instant(row.at), *row[2:]) for row in rows],
        )


def storable(call: Call) -> Call:
    """What every column takes, and no secret: somebody may have put a token into a path."""
    return call._replace(
        method=printable(call.method)[:8],
        path=paths.template(call.path),
        agent=printable(call.agent),
        microseconds=min(call.microseconds, LONGEST),
    )


# -- The counters ----------------------------------------------------------------------------------


def add_to_counters(calls: Iterable[Call]) -> None:
    """Add to what is there, whoever wrote it: exact over all processes."""
    from accounts.models import HourlyUsage

    table = HourlyUsage._meta.db_table
    names = ("token_id", "hour", *COUNTERS)
    sums = ", ".join(f"{name} = {table}.{name} + excluded.{name}" for name in COUNTERS)
    instant = connection.ops.adapt_datetimefield_value
    with database.cursor() as cursor:
        cursor.executemany(
            f"INSERT INTO {table} ({', '.join(names)}) "  # noqa: S608
            f"VALUES ({', '.join(['%s'] * len(names))}) "
            f"ON CONFLICT (token_id, hour) DO UPDATE SET {sums}",
            [
                (token_id, instant(hour), *(counted[name] for name in COUNTERS))
                for (token_id, hour), counted in sorted(count(calls).items())
            ],
        )


def count(calls: Iterable[Call]) -> dict[tuple[int, datetime], Counter[str]]:
    counts: dict[tuple[int, datetime], Counter[str]] = defaultdict(Counter)
    for call in calls:
        hour = call.at.replace(minute=0, second=0, microsecond=0)
        counts[call.token_id, hour].update((call.outcome.value, latency.column(call.microseconds)))
    return counts
