"""The Redis or Valkey that all processes share, as one process sees it."""

import hashlib
import os
import threading
from dataclasses import dataclass
from typing import Any

import redis
from redis.backoff import NoBackoff
from redis.retry import Retry

from meetzy_tokens.breaker import PAUSE, Breaker

TIMEOUT = 0.25  # seconds to connect, and again to wait for an answer
FAILURES = (redis.RedisError, OSError)


@dataclass(frozen=True, slots=True)
class Server:
    client: redis.Redis
    breaker: Breaker


_servers: dict[str, Server] = {}
# A lock that another thread held while this process was forked would stay locked in the child.
os.register_at_fork(after_in_child=_servers.clear)


def server(url: str) -> Server:
    """The same server, pool and breaker for the same URL, whichever thread asks."""
    return _servers.get(url) or _servers.setdefault(url, connect(url))


def connect(url: str, *, timeout: float = TIMEOUT, pause: float = PAUSE) -> Server:
    """A pool and a breaker of one's own. Raises ValueError for a URL that names no Redis."""
    client = redis.Redis(connection_pool=_connections(url, timeout))
    return Server(client, Breaker("Redis", failures=FAILURES, pause=pause))


class Script:
    """A script of one key, each thread's on a connection that the thread keeps.

    redis-py's own way through pool, retries, metrics and callbacks takes as long as the server.
    """

    def __init__(self, client: redis.Redis, text: str) -> None:
        self._pool = client.connection_pool
        self._text = text
        self._digest = hashlib.sha1(text.encode(), usedforsecurity=False).hexdigest()
        self._this_thread = threading.local()

    def __call__(self, key: str, *arguments: int) -> Any:
        """One round trip. Raises redis.RedisError."""
        connection = self._connection()
        may_be_stale = connection.is_connected
        try:
            return self._run(connection, key, arguments)
        except redis.ConnectionError:
            if not may_be_stale:
                raise
        return self._run(connection, key, arguments)  # which connects anew

    def _connection(self) -> Any:
        try:
            return self._this_thread.connection
        except AttributeError:
            # The pool would count it for good, and threads may come and go.
            made = self._pool.connection_class(**self._pool.connection_kwargs)
            self._this_thread.connection = made
            return made

    def _run(self, connection: Any, key: str, arguments: tuple[int, ...]) -> Any:
        try:
            return answer(connection, "EVALSHA", self._digest, 1, key, *arguments)
        except redis.exceptions.NoScriptError:
            return answer(connection, "EVAL", self._text, 1, key, *arguments)


def answer(connection: Any, *command: str | int) -> Any:
    try:
        connection.send_command(*command)
        return connection.read_response()
    except redis.ResponseError:
        raise
    except BaseException:
        connection.disconnect()  # an answer that comes late must not be the next command's
        raise


def _connections(url: str, timeout: float) -> redis.ConnectionPool:
    """Connections that fail fast: one attempt, one timeout.

    Nothing is said on connecting but what the URL asks for (password, database): RESP3 and the
    library's name would each be an answer to wait for, and RESP3 lets the server relax timeouts.
    A thread holds one connection at most, so threads bound the pool and it is never exhausted.
    Looking up the name of a host has no timeout of its own: use an address or a local resolver.
    What the URL says itself goes first, as in `redis://…/0?socket_timeout=5`.
    """
    return redis.ConnectionPool.from_url(
        url,
        protocol=2,
        driver_info=None,
        max_connections=10_000,
        socket_timeout=timeout,
        socket_connect_timeout=timeout,
        retry=Retry(NoBackoff(), 0),
    )
