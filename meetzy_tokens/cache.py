"""A cache for counters that outlives Redis.

django-ratelimit calls ``add`` and then ``incr`` (or ``get``), lets Redis' errors through, and takes
a key missing after ``add`` for "limited". Here Redis' errors never show: while Redis is away each
process counts for itself. A call during which Redis goes or returns may still miss its key, which
is why ``RATELIMIT_FAIL_OPEN = True`` belongs beside this cache.

Without Redis a ``LocMemCache`` does, with ``"OPTIONS": {"MAX_ENTRIES": MEMORY_ENTRIES}``: past its
default of 300 keys it drops counters and so resets limits.
"""

from collections.abc import Callable
from functools import cached_property, partial
from typing import Any

from django.core.cache.backends.locmem import LocMemCache
from django.core.cache.backends.redis import RedisCache, RedisCacheClient
from redis import Redis

from meetzy_tokens.redis import server

MEMORY_ENTRIES = 100_000  # half a kilobyte each


class SharedRedisCacheClient(RedisCacheClient):
    """Django's client over the process-wide pool; by itself each thread would open one."""

    def __init__(self, url: str) -> None:
        super().__init__([url])
        self._url = url

    def get_client(self, key: object = None, *, write: bool = False) -> Redis:
        return server(self._url).client


def resilient(name: str) -> Callable[..., Any]:
    """The operation `name` on Redis, or on memory while Redis is away."""
    on_redis, on_memory = getattr(RedisCache, name), getattr(LocMemCache, name)

    def operation(self: "ResilientRedisCache", *args: Any, **kwargs: Any) -> Any:
        return server(self.url).breaker.run(
            partial(on_redis, self, *args, **kwargs),
            partial(on_memory, self.memory, *args, **kwargs),
        )

    operation.__name__ = name
    return operation


class ResilientRedisCache(RedisCache):
    """LOCATION is one Redis URL; OPTIONS are not used, the connection is the process-wide one."""

    def __init__(self, url: str, params: dict[str, Any]) -> None:
        super().__init__(url, params)
        self.url = url
        options = {"MAX_ENTRIES": MEMORY_ENTRIES}
        self.memory = LocMemCache(url, params | {"OPTIONS": options})

    @cached_property
    def _cache(self) -> RedisCacheClient:
        return SharedRedisCacheClient(self.url)

    add = resilient("add")
    get = resilient("get")
    set = resilient("set")
    touch = resilient("touch")
    delete = resilient("delete")
    get_many = resilient("get_many")
    has_key = resilient("has_key")
    incr = resilient("incr")
    set_many = resilient("set_many")
    delete_many = resilient("delete_many")
    clear = resilient("clear")
