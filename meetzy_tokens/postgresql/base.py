"""Django's PostgreSQL backend, with an end to patience and with prepared reads.

``statement_timeout`` is the server's own clock: a server that is frozen, or a network that swallows
packets, never answers and never times out. The API promises its 503 within three seconds, so a web
worker watches the time on its own side of the wire.
"""

import time
from typing import Any, Self

from django.conf import settings
from django.db import OperationalError
from django.db.backends.postgresql import base
from django.db.backends.utils import CursorWrapper
from psycopg import Connection, Cursor, errors
from psycopg import OperationalError as Failure
from psycopg.pq import Format, TransactionStatus

from meetzy_tokens.database import AT_ONCE, unless_silent

# What an execution meets whose statement the server has forgotten, has under another meaning, or
# must plan anew because a table was changed.
STALE = (
    errors.InvalidSqlStatementName,
    errors.DuplicatePreparedStatement,
    errors.FeatureNotSupported,
)
PREPARED = "prepared"


class PreparedCursor(Cursor[Any]):
    """Lets the server parse and plan each query once a connection, and answer in its own binary."""

    def __init__(self, connection: "Connection[Any]") -> None:
        super().__init__(connection)
        self.format = Format.BINARY

    def execute(self, query: Any, params: Any = None, **options: Any) -> Self:
        try:
            return super().execute(query, params, prepare=True)
        except STALE:
            self.connection.prepare_threshold = None  # never again on this connection
            return super().execute(query, params)


class DatabaseWrapper(base.DatabaseWrapper):
    def init_connection_state(self) -> None:
        super().init_connection_state()
        if self.connection is not None and not self.pool and reaches_its_server(self.connection):
            self.connection.prepare_threshold = 0

    def prepared_cursor(self) -> CursorWrapper:
        """For a query that is asked again and again, with values of PostgreSQL's own types."""
        cursor: CursorWrapper = self._cursor(PREPARED)  # type: ignore[attr-defined]
        return cursor

    def create_cursor(self, name: str | None = None) -> Any:
        return PreparedCursor(self.connection) if name == PREPARED else super().create_cursor(name)

    def get_new_connection(self, conn_params: dict[str, Any]) -> Any:
        return unless_silent(lambda: self._connect(conn_params))

    def _connect(self, conn_params: dict[str, Any]) -> Any:
        with self.wrap_database_errors:
            connection = super().get_new_connection(conn_params)
        if settings.DATABASE_TIMEOUT:
            limit_patience(connection, seconds=settings.DATABASE_TIMEOUT)
        return connection

    def close_if_health_check_failed(self) -> None:
        if self.connection is not None and not self.health_check_done:  # type: ignore[attr-defined]
            unless_silent(self._ping)

    def _ping(self) -> None:
        """A new connection replaces a broken one, but to a silent server it would help nobody."""
        started = time.monotonic()
        super().close_if_health_check_failed()
        if self.connection is None and time.monotonic() - started > AT_ONCE:
            raise OperationalError("the database does not answer")


def reaches_its_server(connection: "Connection[Any]") -> bool:
    """Whether this is a session of one's own, which keeps what was prepared in it.

    A pooler that hands transactions to servers greets clients with numbers of its own.
    """
    with connection.cursor() as cursor:
        answer = cursor.execute("SELECT pg_backend_pid()").fetchone()
    return answer == (connection.pgconn.backend_pid,)


def limit_patience(connection: "Connection[Any]", *, seconds: float) -> None:
    """Let every wait of `connection` for its server end in an OperationalError after `seconds`.

    A connection that was given up on may still get the late answer, so it is closed.
    """
    patient_wait = connection.wait

    def wait(generator: Any, *args: Any, **options: Any) -> Any:
        try:
            return patient_wait(generator, *args, **({"timeout": seconds} | options))
        except Failure:
            if connection.pgconn.transaction_status == TransactionStatus.ACTIVE:
                connection.pgconn.finish()
            raise

    connection.wait = wait  # type: ignore[method-assign,assignment]
