"""accounts/throttling/redis.py and sliding_log.lua: what only Redis must keep"""

import json
import subprocess
import sys
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from unittest.mock import Mock

import pytest
from django.conf import settings
from redis.connection import Connection

from accounts.throttling import windows
from accounts.throttling.redis import NAMESPACE, RedisLimiter
from meetzy_tokens.redis import Server, connect

PROCESS = """
import json, sys
from accounts.throttling import windows
from accounts.throttling.redis import RedisLimiter
from meetzy_tokens.redis import connect
limiter = RedisLimiter(connect(sys.argv[1], timeout=5).client)
print(json.dumps([limiter.take(7, windows(15, 15)).allowed for _ in range(10)]))
"""


@pytest.fixture
def url(request: pytest.FixtureRequest) -> str:
    return settings.REDIS_URL or request.getfixturevalue("valkey").url


@pytest.fixture
def server(url: str) -> Iterator[Server]:
    server = connect(url, timeout=5)  # a busy machine is no outage
    server.client.flushdb()
    yield server
    server.client.connection_pool.disconnect()


@pytest.fixture
def limiter(server: Server) -> RedisLimiter:
    return RedisLimiter(server.client)


def test_waiting_retry_after_by_redis_own_clock_gets_through(limiter: RedisLimiter) -> None:
    both = windows(None, 3)
    assert [limiter.take(7, both).allowed for _ in range(4)] == [True, True, True, False]
    refused = limiter.take(7, both)
    assert refused.retry_after == 1
    time.sleep(refused.retry_after)
    assert limiter.take(7, both).allowed


@pytest.mark.usefixtures("server")
def test_processes_share_one_count(url: str) -> None:
    command = [sys.executable, "-c", PROCESS, url]
    both = [subprocess.Popen(command, stdout=subprocess.PIPE) for _ in range(2)]
    passed = [allowed for one in both for allowed in json.loads(one.communicate(timeout=10)[0])]
    assert passed.count(True) == 15
    assert len(passed) == 20


def test_a_decision_is_one_command(server: Server, limiter: RedisLimiter) -> None:
    limiter.take(7, windows(None, None))
    server.client.config_resetstat()
    limiter.take(7, windows(None, None))
    called = {name: stats["calls"] for name, stats in server.client.info("commandstats").items()}
    within_script = {"time": 1, "zremrangebyscore": 2, "zcount": 2, "zrange": 2, "zadd": 1}
    assert called == {
        "cmdstat_config|resetstat": 1,
        "cmdstat_evalsha": 1,
        "cmdstat_pexpire": 1,
        **{f"cmdstat_{name}": calls for name, calls in within_script.items()},
    }


def test_connecting_waits_for_no_greeting(server: Server, url: str) -> None:
    server.client.config_resetstat()
    assert connect(url).client.ping()
    called = set(server.client.info("commandstats"))
    assert called <= {"cmdstat_config|resetstat", "cmdstat_auth", "cmdstat_select", "cmdstat_ping"}


def test_a_server_that_lost_the_script_gets_it_again(server: Server, limiter: RedisLimiter) -> None:
    assert limiter.take(7, windows(2, None)).allowed
    server.client.script_flush()
    assert limiter.take(7, windows(2, None)).allowed
    assert not limiter.take(7, windows(2, None)).allowed


def test_a_thread_keeps_its_connection(server: Server, limiter: RedisLimiter) -> None:
    limiter.take(7, windows(None, None))
    before = server.client.info("clients")["connected_clients"]
    with ThreadPoolExecutor(1) as pool:
        for _ in range(3):
            pool.submit(limiter.take, 7, windows(None, None)).result()
        assert server.client.info("clients")["connected_clients"] == before + 1


def test_a_connection_that_the_server_closed_is_replaced(
    server: Server, limiter: RedisLimiter
) -> None:
    assert limiter.take(7, windows(2, None)).allowed
    server.client.client_kill_filter(_type="normal", skipme=True)
    assert limiter.take(7, windows(2, None)).allowed
    assert not limiter.take(7, windows(2, None)).allowed


def test_an_answer_that_nobody_waited_for_is_not_taken_for_the_next(
    limiter: RedisLimiter, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert limiter.take(7, windows(None, None)).budgets[1].remaining == 9
    with monkeypatch.context() as interrupted:
        interrupted.setattr(Connection, "read_response", Mock(side_effect=KeyboardInterrupt))
        with pytest.raises(KeyboardInterrupt):
            limiter.take(7, windows(None, None))
    assert limiter.peek(8, windows(None, None)).budgets[1].remaining == 10


def test_a_log_ends_with_its_longest_window(server: Server, limiter: RedisLimiter) -> None:
    limiter.take(7, windows(None, None))
    assert 60_000 < server.client.pttl(f"{NAMESPACE}7") <= 61_000


def test_calls_that_left_every_window_are_forgotten(server: Server, limiter: RedisLimiter) -> None:
    a_minute_ago = int((time.time() - 60) * 1_000_000)
    server.client.zadd(f"{NAMESPACE}7", {str(a_minute_ago - n): a_minute_ago - n for n in range(9)})
    limiter.take(7, windows(None, None))
    assert server.client.zcard(f"{NAMESPACE}7") == 1


def test_looking_leaves_no_key_behind(server: Server, limiter: RedisLimiter) -> None:
    limiter.peek(7, windows(None, None))
    assert not server.client.exists(f"{NAMESPACE}7")


def test_a_clock_that_was_set_back_does_not_lock_a_token_out(
    server: Server, limiter: RedisLimiter
) -> None:
    in_an_hour = int((time.time() + 3600) * 1_000_000)
    calls = {str(in_an_hour + n): in_an_hour + n for n in range(100)}
    server.client.zadd(f"{NAMESPACE}7", calls)
    assert limiter.take(7, windows(None, None)).allowed


def test_more_threads_than_usual_do_not_exhaust_the_pool(server: Server) -> None:
    pool = server.client.connection_pool
    connections = [pool.get_connection() for _ in range(150)]
    for connection in connections:
        pool.release(connection)
