"""The Redis or Valkey that all processes share, as one process sees it."""

import os
from dataclasses import dataclass

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
