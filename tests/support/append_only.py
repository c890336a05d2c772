"""Emptying the database between tests, where SQLite would refuse it for the append-only tables."""

from typing import Any

from django.db.backends.sqlite3.base import DatabaseWrapper

from accounts import append_only

TABLES = ("accounts_tokenevent",)


def let_tests_flush() -> None:
    """PostgreSQL truncates, which no row trigger sees; SQLite deletes row by row."""
    operations: Any = DatabaseWrapper.ops_class
    flush = operations.execute_sql_flush

    def unguarded_flush(self: Any, sql_list: list[str]) -> None:
        for table in TABLES:
            append_only.unprotect(self.connection, table)
        try:
            flush(self, sql_list)
        finally:
            for table in TABLES:
                append_only.protect(self.connection, table)

    operations.execute_sql_flush = unguarded_flush
