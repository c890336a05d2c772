"""A sliding log in Redis or Valkey, shared by all processes."""

from collections.abc import Sequence
from functools import lru_cache
from itertools import batched
from pathlib import Path

from redis import Redis

from accounts.throttling.budgets import Decision, Limiter, Usage, Window, decide
from meetzy_tokens import metrics
from meetzy_tokens.redis import Script, Server

SCRIPT = Path(__file__).with_name("sliding_log.lua").read_text(encoding="utf-8")
NAMESPACE = "meetzy:budget:"
MICROSECOND = 1_000  # nanoseconds


class RedisLimiter:
    """One script call for each decision. Raises redis.RedisError."""

    def __init__(self, client: Redis, *, script: str = SCRIPT) -> None:
        self._client = client
        self._script = Script(client, script)

    def take(self, key: str | int, windows: Sequence[Window]) -> Decision:
        return self._decide(key, windows, consume=True)

    def peek(self, key: str | int, windows: Sequence[Window]) -> Decision:
        return self._decide(key, windows, consume=False)

    def state(self) -> str:
        """Asks, for an idle connection knows nothing."""
        self._client.ping()
        return "redis"

    def _decide(self, key: str | int, windows: Sequence[Window], *, consume: bool) -> Decision:
        answer = self._script(f"{NAMESPACE}{key}", int(consume), *_arguments(tuple(windows)))
        usages = [Usage(used, wait * MICROSECOND) for used, wait in batched(answer, 2)]
        return decide(windows, usages, consume=consume)


class ResilientLimiter:
    """Counts in Redis, and in the memory of this process while Redis is away."""

    def __init__(self, server: Server, memory: Limiter) -> None:
        self._breaker = server.breaker
        self._redis = RedisLimiter(server.client)
        self._memory = memory

    def take(self, key: str | int, windows: Sequence[Window]) -> Decision:
        return self._breaker.run(
            lambda: self._redis.take(key, windows), lambda: self._take_alone(key, windows)
        )

    def _take_alone(self, key: str | int, windows: Sequence[Window]) -> Decision:
        metrics.LIMITER_FALLBACKS.inc()
        return self._memory.take(key, windows)

    def peek(self, key: str | int, windows: Sequence[Window]) -> Decision:
        return self._breaker.run(
            lambda: self._redis.peek(key, windows), lambda: self._memory.peek(key, windows)
        )

    def state(self) -> str:
        return self._breaker.run(self._redis.state, lambda: "fallback")


@lru_cache(maxsize=1024)
def _arguments(windows: tuple[Window, ...]) -> tuple[int, ...]:
    return tuple(n for w in windows for n in (w.quota, w.seconds * 1_000_000))
