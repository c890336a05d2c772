"""Reading from a database that may be away, restarted or frozen."""

import threading
import time
from collections.abc import Callable
from functools import partial
from typing import Any, NoReturn

from django.db import (
    DEFAULT_DB_ALIAS,
    InterfaceError,
    OperationalError,
    connection,
    connections,
)
from django.db.backends.utils import CursorWrapper

from meetzy_tokens.breaker import Breaker

AWAY = (OperationalError, InterfaceError)
# What failed faster than this was unreachable or restarted, not frozen: one more try may succeed.
AT_ONCE = 0.25  # seconds


class Silent(OperationalError):
    """The database was waited for in vain."""


# Waiting costs a thread each time, and threads are few: who comes just after is refused at once.
_silence = Breaker("The database", failures=(Silent,), pause=1.0)
_this_thread = threading.local()


def read[T](query: Callable[[], T]) -> T:
    """The answer of `query`, asked once more on a new connection when the kept one was broken.

    Django pings a kept connection at the first query of each request; here the read itself is the
    ping. Raises django.db.Error.
    """
    connection.health_check_done = True  # type: ignore[attr-defined]
    return unless_silent(partial(_ask_again_if_broken, query))


def cursor() -> CursorWrapper:
    """For a query that is asked again and again: where the database can, it plans it once."""
    database: Any = connections[DEFAULT_DB_ALIAS]
    cursor = database.prepared_cursor if database.vendor == "postgresql" else database.cursor
    return cursor()  # type: ignore[no-any-return]


def unless_silent[T](attempt: Callable[[], T]) -> T:
    """The result of `attempt`, which must take no longer than a healthy database would.

    Raises OperationalError at once, without an attempt, for a second after one was in vain.
    """
    if getattr(_this_thread, "attempts", False):  # part of an attempt: it is watched already
        return attempt()
    return _silence.run(partial(_timed, attempt), _refuse)


def _ask_again_if_broken[T](query: Callable[[], T]) -> T:
    started = time.monotonic()
    try:
        return query()
    except AWAY:
        if connection.in_atomic_block or time.monotonic() - started > AT_ONCE:
            raise
        connection.close()
        return query()


def _timed[T](attempt: Callable[[], T]) -> T:
    started = time.monotonic()
    _this_thread.attempts = True
    try:
        return attempt()
    except AWAY as failure:
        if time.monotonic() - started > AT_ONCE:
            raise Silent(*failure.args) from failure
        raise
    finally:
        _this_thread.attempts = False


def _refuse() -> NoReturn:
    raise OperationalError("the database did not answer a moment ago")
