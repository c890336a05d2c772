"""meetzy_tokens/cache.py"""

import threading
import time
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from django.core.cache.backends.locmem import LocMemCache
from django.test import RequestFactory
from django_ratelimit.core import get_usage
from pytest_django import Settings

from meetzy_tokens import redis
from meetzy_tokens.cache import MEMORY_ENTRIES, ResilientRedisCache
from tests.support.valkey import Valkey

PAUSE = 0.3


@pytest.fixture
def url(valkey: Valkey, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    server = redis.connect(valkey.url, pause=PAUSE)
    server.client.flushdb()
    monkeypatch.setitem(redis._servers, valkey.url, server)
    yield valkey.url
    server.client.connection_pool.disconnect()


@pytest.fixture
def cache(url: str) -> Iterator[ResilientRedisCache]:
    cache = ResilientRedisCache(url, {"KEY_PREFIX": "tests"})
    yield cache
    cache.memory.clear()


@pytest.fixture
def sign_in(url: str, settings: Settings) -> Iterator[Callable[[], bool]]:
    """An attempt to sign in, as django-ratelimit counts it: whether it was one too many."""
    backend = "meetzy_tokens.cache.ResilientRedisCache"
    settings.CACHES = {"default": {"BACKEND": backend, "LOCATION": url}}
    settings.RATELIMIT_USE_CACHE = "default"
    settings.RATELIMIT_IP_META_KEY = None
    request = RequestFactory().post("/account/sign-in/")

    def is_limited() -> bool:
        usage = get_usage(request, group="tests", key="ip", rate="3/h", increment=True)
        return bool(usage["should_limit"])

    yield is_limited
    LocMemCache(url, {}).clear()


OPERATIONS: dict[str, Callable[[ResilientRedisCache], Any]] = {
    "add": lambda cache: cache.add("key", 1),
    "clear": lambda cache: cache.clear(),
    "delete": lambda cache: cache.delete("key"),
    "delete_many": lambda cache: cache.delete_many(["key"]),
    "get": lambda cache: cache.get("key"),
    "get_many": lambda cache: cache.get_many(["key"]),
    "get_or_set": lambda cache: cache.get_or_set("key", 1),
    "has_key": lambda cache: cache.has_key("key"),
    "set": lambda cache: cache.set("key", 1),
    "set_many": lambda cache: cache.set_many({"key": 1}),
    "touch": lambda cache: cache.touch("key"),
}


def test_counts_are_kept_in_redis(cache: ResilientRedisCache, url: str) -> None:
    assert cache.add("attempts", 1, timeout=60)
    assert not cache.add("attempts", 1, timeout=60)
    assert cache.incr("attempts") == 2
    assert ResilientRedisCache(url, {"KEY_PREFIX": "tests"}).get("attempts") == 2
    assert redis.server(url).client.get("tests:1:attempts") == b"2"


def test_a_missing_count_is_an_error_as_everywhere_in_django(cache: ResilientRedisCache) -> None:
    with pytest.raises(ValueError, match="not found"):
        cache.incr("attempts")


def test_threads_share_one_pool(cache: ResilientRedisCache, url: str) -> None:
    other: list[Any] = []
    thread = threading.Thread(
        target=lambda: other.append(ResilientRedisCache(url, {})._cache.get_client())
    )
    thread.start()
    thread.join(5)
    assert other == [cache._cache.get_client()]


@pytest.mark.fault
def test_counting_goes_on_in_memory_while_redis_is_away(
    cache: ResilientRedisCache, valkey: Valkey, caplog: pytest.LogCaptureFixture
) -> None:
    valkey.kill()
    assert cache.add("attempts", 1, timeout=60)
    assert [cache.incr("attempts") for _ in range(3)] == [2, 3, 4]
    assert [record.levelname for record in caplog.records] == ["ERROR"]


@pytest.mark.fault
def test_redis_counts_again_when_it_is_back(
    cache: ResilientRedisCache, valkey: Valkey, caplog: pytest.LogCaptureFixture
) -> None:
    valkey.kill()
    cache.set("where", "memory")
    valkey.start()
    time.sleep(PAUSE)
    assert cache.get("where") is None
    assert [record.levelname for record in caplog.records] == ["ERROR", "WARNING"]


@pytest.mark.fault
def test_no_operation_fails_while_redis_is_away(cache: ResilientRedisCache, valkey: Valkey) -> None:
    valkey.kill()
    for operation in OPERATIONS.values():
        operation(cache)


@pytest.mark.fault
def test_a_frozen_redis_costs_one_timeout(cache: ResilientRedisCache, valkey: Valkey) -> None:
    valkey.freeze()
    started = time.monotonic()
    for _ in range(20):
        cache.get("key")
    assert time.monotonic() - started < 2 * redis.TIMEOUT


def test_memory_keeps_more_than_djangos_300_counters(cache: ResilientRedisCache) -> None:
    for number in range(1000):
        cache.memory.add(f"key-{number}", 1)
    assert cache.memory.get("key-0") == 1
    assert cache.memory._max_entries == MEMORY_ENTRIES


def test_a_throttle_counts_in_redis(sign_in: Callable[[], bool]) -> None:
    assert [sign_in() for _ in range(4)] == [False, False, False, True]


@pytest.mark.fault
def test_a_throttle_holds_without_redis(sign_in: Callable[[], bool], valkey: Valkey) -> None:
    valkey.kill()
    assert [sign_in() for _ in range(4)] == [False, False, False, True]
