"""Django's PostgreSQL backend, with an end to patience.

``statement_timeout`` is the server's own clock: a server that is frozen, or a network that swallows
packets, never answers and never times out. The API promises its 503 within three seconds, so a web
worker watches the time on its own side of the wire.
"""

import time
from typing import Any

from django.conf import settings
from django.db import OperationalError
from django.db.backends.postgresql import base
from psycopg import Connection
from psycopg import OperationalError as Failure
from psycopg.pq import TransactionStatus

from meetzy_tokens.database import AT_ONCE, unless_silent


class DatabaseWrapper(base.DatabaseWrapper):
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
