"""The request log on PostgreSQL: a partition for each UTC day, made ahead and dropped whole.

Deleting the rows of a day one by one would be dearer than writing them was; dropping a partition
removes files. Nothing here keeps readers or writers of the log waiting. There is no default
partition: it would have to be searched whenever a day is added, and PostgreSQL detaches nothing
concurrently beside one. A call on a day without a partition makes it instead. SQLite keeps one
table.
"""

import re
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, date, datetime, timedelta

from django.db import connection, transaction

TABLE = "accounts_loggedcall"
DAY_TABLE = re.compile(rf"{TABLE}_([0-9]{{8}})")
# Any number will do; it serialises the processes that make or drop partitions.
LOCK = 0x6D74_7A31


def day_table(day: date) -> str:
    return f"{TABLE}_{day:%Y%m%d}"


def is_partitioned() -> bool:
    return connection.vendor == "postgresql"


def ensure(days: set[date]) -> None:
    """Make the partitions of `days`; does nothing for those that exist."""
    if not is_partitioned() or not days - attached().keys():
        return
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(%s)", [LOCK])
        for day in sorted(days - attached().keys()):
            table = day_table(day)
            # Made beside the log and attached: PARTITION OF would wait for all who read the log,
            # and everyone else for it.
            cursor.execute(f"CREATE TABLE IF NOT EXISTS {table} (LIKE {TABLE} INCLUDING ALL)")
            cursor.execute(
                f"ALTER TABLE {TABLE} ATTACH PARTITION {table} "
                f"FOR VALUES FROM ('{midnight(day)}') TO ('{midnight(day + timedelta(days=1))}')"
            )


def midnight(day: date) -> datetime:
    return datetime(day.year, day.month, day.day, tzinfo=UTC)


def attached() -> dict[date, str]:
    """The days that have a partition, and its table."""
    return tables_of_days(
        "SELECT inhrelid::regclass::text FROM pg_inherits WHERE inhparent = %s::regclass "
        "AND NOT inhdetachpending",
        [TABLE],
    )


def made() -> dict[date, str]:
    """The days that have a table, also one that is no part of the log any more because somebody was
    interrupted before it was dropped."""
    return tables_of_days(
        "SELECT relname FROM pg_class WHERE relkind = 'r' AND relname ~ %s "
        "AND pg_table_is_visible(oid)",
        [f"^{DAY_TABLE.pattern}$"],
    )


def tables_of_days(sql: str, parameters: list[str]) -> dict[date, str]:
    with connection.cursor() as cursor:
        cursor.execute(sql, parameters)
        names = [row[0] for row in cursor.fetchall()]
    return {
        date.fromisoformat(found[1]): name for name in names if (found := DAY_TABLE.fullmatch(name))
    }


def drop_before(day: date) -> Iterator[date]:
    """Drop the partitions of days before `day`, the oldest first. Must not run in a transaction."""
    with alone(), connection.cursor() as cursor:
        for old, table in sorted(made().items()):
            if old < day:
                detach(old, table)
                cursor.execute(f"DROP TABLE {table}")
                yield old


@contextmanager
def alone() -> Iterator[None]:
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_lock(%s)", [LOCK])
        try:
            yield
        finally:
            cursor.execute("SELECT pg_advisory_unlock(%s)", [LOCK])


def detach(day: date, table: str) -> None:
    """Dropping a partition locks the whole log; dropping what was detached locks nobody."""
    with connection.cursor() as cursor:
        if day in attached():
            cursor.execute(f"ALTER TABLE {TABLE} DETACH PARTITION {table} CONCURRENTLY")
        elif is_being_detached(table):
            cursor.execute(f"ALTER TABLE {TABLE} DETACH PARTITION {table} FINALIZE")


def is_being_detached(table: str) -> bool:
    """Whether someone was interrupted while detaching it."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT EXISTS (SELECT FROM pg_inherits WHERE inhdetachpending "
            "AND inhrelid = to_regclass(%s))",
            [table],
        )
        return bool(cursor.fetchone()[0])
