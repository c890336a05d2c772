"""Django's PostgreSQL backend, with an end to patience.

``statement_timeout`` is the server's own clock: a server that is frozen, or a network that swallows
packets, never answers and never times out. The API promises its 503 within three seconds, so a web
worker watches the time on its own side of the wire.
"""

from typing import Any

from django.conf import settings
from django.db.backends.postgresql import base
from psycopg import Connection, OperationalError
from psycopg.pq import TransactionStatus


class DatabaseWrapper(base.DatabaseWrapper):
    def get_new_connection(self, conn_params: dict[str, Any]) -> Any:
        connection = super().get_new_connection(conn_params)
        if settings.DATABASE_TIMEOUT:
            limit_patience(connection, seconds=settings.DATABASE_TIMEOUT)
        return connection


def limit_patience(connection: "Connection[Any]", *, seconds: float) -> None:
    """Let every wait of `connection` for its server end in OperationalError after `seconds`.

    A connection that was given up on may still get the late answer, so it is closed.
    """
    patient_wait = connection.wait

    def wait(generator: Any, *args: Any, **options: Any) -> Any:
        try:
            return patient_wait(generator, *args, **({"timeout": seconds} | options))
        except OperationalError:
            if connection.pgconn.transaction_status == TransactionStatus.ACTIVE:
                connection.pgconn.finish()
            raise

    connection.wait = wait  # type: ignore[method-assign,assignment]
