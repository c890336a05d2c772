"""Reading from a database that may be away, restarted or frozen."""

import time
from collections.abc import Callable

from django.db import InterfaceError, OperationalError, connection

AWAY = (OperationalError, InterfaceError)
# What failed faster than this was unreachable or restarted, not frozen: one more try may succeed.
AT_ONCE = 0.25  # seconds


def read[T](query: Callable[[], T]) -> T:
    """The answer of `query`, asked once more on a new connection when the kept one was broken.

    Django pings a kept connection at the first query of each request; here the read itself is the
    ping. Raises django.db.Error.
    """
    started = time.monotonic()
    connection.health_check_done = True  # type: ignore[attr-defined]
    try:
        return query()
    except AWAY:
        if connection.in_atomic_block or time.monotonic() - started > AT_ONCE:
            raise
        connection.close()
        return query()
