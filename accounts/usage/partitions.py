"""The request log on PostgreSQL: a partition for each UTC day, made ahead and dropped whole.

Ten million rows a day make deleting them row by row the dearest thing the database does; dropping a
partition is a file's removal. SQLite keeps one table.
"""

from datetime import UTC, date, datetime, timedelta

from django.db import connection, transaction

TABLE = "accounts_loggedcall"
# Any number will do; it serialises the processes that make the same day's partition.
LOCK = 0x6D74_7A31


def day_table(day: date) -> str:
    return f"{TABLE}_{day:%Y%m%d}"


def is_partitioned() -> bool:
    return connection.vendor == "postgresql"


def ensure(days: "set[date]") -> None:
    """Make the partitions of `days`; does nothing for those that exist."""
    if not is_partitioned():
        return
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(%s)", [LOCK])
        for day in sorted(days):
            cursor.execute(
                f"CREATE TABLE IF NOT EXISTS {day_table(day)} PARTITION OF {TABLE} "
                f"FOR VALUES FROM ('{midnight(day)}') TO ('{midnight(day + timedelta(days=1))}')"
            )


def midnight(day: date) -> str:
    return datetime(day.year, day.month, day.day, tzinfo=UTC).isoformat()


def existing() -> dict[date, str]:
    """The days that have a partition, and its table."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT child.relname FROM pg_inherits "
            "JOIN pg_class child ON child.oid = inhrelid "
            "WHERE inhparent = %s::regclass",
            [TABLE],
        )
        names = [row[0] for row in cursor.fetchall()]
    return {datetime.strptime(name[-8:], "%Y%m%d").date(): name for name in names}  # noqa: DTZ007


def drop_before(day: date) -> int:
    """Drop the partitions of days before `day`; how many."""
    old = [table for made, table in existing().items() if made < day]
    for table in old:
        with connection.cursor() as cursor:
            cursor.execute(f"DROP TABLE IF EXISTS {table}")
    return len(old)
