"""accounts/throttling/redis.py: counting goes on while Redis is away"""

import threading
import time
from collections.abc import Callable, Iterator

import pytest
from pytest_django import Settings

from accounts import throttling
from accounts.throttling import windows
from accounts.throttling.memory import MemoryLimiter
from accounts.throttling.redis import ResilientLimiter
from meetzy_tokens.redis import TIMEOUT, Server, connect
from tests.support.valkey import Valkey

pytestmark = pytest.mark.fault

PAUSE = 0.4
BOTH = windows(None, 5)


@pytest.fixture
def server(valkey: Valkey) -> Iterator[Server]:
    server = connect(valkey.url, pause=PAUSE)
    server.client.flushdb()
    yield server
    server.client.connection_pool.disconnect()


@pytest.fixture
def limiter(server: Server) -> ResilientLimiter:
    return ResilientLimiter(server, MemoryLimiter())


def seconds(work: Callable[[], object]) -> float:
    started = time.monotonic()
    work()
    return time.monotonic() - started


def outage_log(caplog: pytest.LogCaptureFixture) -> list[str]:
    return [f"{record.levelname} {record.getMessage()[:13]}" for record in caplog.records]


def test_a_process_with_a_redis_counts_in_it(settings: Settings, valkey: Valkey) -> None:
    settings.REDIS_URL = valkey.url
    assert throttling.limiter().state() == "redis"
    assert throttling.limiter() is throttling.limiter()


def test_when_redis_dies_a_process_counts_for_itself(
    limiter: ResilientLimiter, valkey: Valkey, caplog: pytest.LogCaptureFixture
) -> None:
    assert limiter.take(7, BOTH).allowed
    assert limiter.state() == "redis"
    valkey.kill()
    assert [limiter.take(7, BOTH).allowed for _ in range(6)] == [True] * 5 + [False]
    assert not limiter.peek(7, BOTH).allowed
    assert limiter.state() == "fallback"
    assert outage_log(caplog) == ["ERROR Redis failed,"]


def test_when_redis_is_back_it_counts_again(
    limiter: ResilientLimiter, valkey: Valkey, caplog: pytest.LogCaptureFixture
) -> None:
    valkey.kill()
    limiter.take(7, BOTH)
    valkey.start()
    time.sleep(PAUSE)
    assert limiter.take(7, BOTH).budgets[1].remaining == 4
    assert limiter.state() == "redis"
    assert outage_log(caplog) == ["ERROR Redis failed,", "WARNING Redis answers"]


def test_a_restarted_redis_costs_no_outage(
    limiter: ResilientLimiter, valkey: Valkey, caplog: pytest.LogCaptureFixture
) -> None:
    limiter.take(7, BOTH)
    valkey.stop()
    valkey.start()
    assert limiter.take(7, BOTH).budgets[1].remaining == 4
    assert limiter.state() == "redis"
    assert not caplog.records


def test_a_frozen_redis_costs_one_timeout_a_pause(
    limiter: ResilientLimiter, valkey: Valkey, caplog: pytest.LogCaptureFixture
) -> None:
    limiter.take(7, BOTH)
    valkey.freeze()
    assert seconds(lambda: limiter.take(7, BOTH)) < 2 * TIMEOUT
    assert seconds(lambda: [limiter.take(7, BOTH) for _ in range(100)]) < TIMEOUT
    time.sleep(PAUSE)
    assert seconds(lambda: [limiter.take(7, BOTH) for _ in range(100)]) < 2 * TIMEOUT
    assert limiter.state() == "fallback"
    assert outage_log(caplog) == ["ERROR Redis failed,"]


def test_one_thread_alone_waits_for_a_frozen_redis(
    limiter: ResilientLimiter, valkey: Valkey
) -> None:
    valkey.freeze()
    limiter.take(7, BOTH)
    time.sleep(PAUSE)
    start, waits = threading.Barrier(8), []

    def call() -> None:
        start.wait(5)
        waits.append(seconds(lambda: limiter.take(7, BOTH)))

    threads = [threading.Thread(target=call) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(5)
    assert sum(wait > 0.8 * TIMEOUT for wait in waits) == 1
    assert len(waits) == 8


def test_a_redis_that_was_never_there_is_done_without(valkey: Valkey) -> None:
    url = valkey.url
    valkey.kill()
    limiter = ResilientLimiter(connect(url), MemoryLimiter())
    assert limiter.state() == "fallback"
    assert limiter.take(7, BOTH).allowed
