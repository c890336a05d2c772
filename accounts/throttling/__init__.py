"""How many API calls a token may make: 10 in any second, 100 in any minute, or its own quotas.

Both windows are answered from one sliding log, the instants of the token's last calls: in Redis
when all processes shall share one count, else in memory.
"""

import os

from django.conf import settings

from accounts.throttling.budgets import (
    BURST_QUOTA,
    MINUTE_QUOTA,
    Budget,
    Decision,
    Limiter,
    Window,
    windows,
)
from accounts.throttling.header_fields import headers
from accounts.throttling.memory import MemoryLimiter
from accounts.throttling.redis import ResilientLimiter
from meetzy_tokens.redis import server

__all__ = [
    "BURST_QUOTA",
    "MINUTE_QUOTA",
    "Budget",
    "Decision",
    "Limiter",
    "Window",
    "headers",
    "limiter",
    "reset",
    "windows",
]

_limiters: dict[str | None, Limiter] = {}
# A lock that another thread held while this process was forked would stay locked in the child.
os.register_at_fork(after_in_child=_limiters.clear)


def limiter() -> Limiter:
    """The limiter of this process, the same for every thread."""
    url: str | None = settings.REDIS_URL
    return _limiters.get(url) or _limiters.setdefault(url, _limiter(url))


def reset() -> None:
    """Count anew what this process counted in its memory; for tests, which empty their Redis."""
    _limiters.clear()


def _limiter(url: str | None) -> Limiter:
    return ResilientLimiter(server(url), MemoryLimiter()) if url else MemoryLimiter()
