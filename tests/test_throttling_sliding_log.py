"""accounts/throttling/memory.py and redis.py keep the same rules: one log, two places."""

import sys
import threading
from collections import Counter
from collections.abc import Iterator, Sequence
from itertools import count
from typing import Any, Protocol

import pytest
from django.conf import settings
from hypothesis import HealthCheck, given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from accounts.throttling import Decision, Window, windows
from accounts.throttling.memory import MemoryLimiter
from accounts.throttling.redis import SCRIPT, RedisLimiter
from meetzy_tokens.redis import connect

SECOND = 1_000_000  # this module counts in microseconds, as Redis does
START = 1_760_000_000 * SECOND + 1
MANY_THREADS = 8


class Log(Protocol):
    """A limiter whose time passes when a test says so."""

    least_step: int

    def take(self, key: str | int, windows: Sequence[Window]) -> Decision: ...
    def peek(self, key: str | int, windows: Sequence[Window]) -> Decision: ...
    def set_clock(self, now: int) -> None: ...


class MemoryLog(MemoryLimiter):
    least_step = 0

    def __init__(self) -> None:
        super().__init__(clock=lambda: self.now * 1000)

    def set_clock(self, now: int) -> None:
        self.now = now


class RedisLog(RedisLimiter):
    """Redis' own clock can't be set, so this script reads one that can."""

    least_step = 1  # calls of the same microsecond are logged apart, which the model doesn't know

    def __init__(self, url: str) -> None:
        self.server = connect(url, timeout=5)  # a busy machine is no outage
        assert SCRIPT.count("redis.call('TIME')") == 1
        clock = SCRIPT.replace("redis.call('TIME')", "redis.call('MGET', 'seconds', 'micros')")
        super().__init__(self.server.client, script=clock)

    def set_clock(self, now: int) -> None:
        seconds, micros = divmod(now, SECOND)
        self.server.client.mset({"seconds": seconds, "micros": micros})


@pytest.fixture(params=["memory", "redis"])
def log(request: pytest.FixtureRequest) -> Iterator[Log]:
    if request.param == "memory":
        memory_log = MemoryLog()
        memory_log.set_clock(START)
        yield memory_log
        return
    redis_log = RedisLog(settings.REDIS_URL or request.getfixturevalue("valkey").url)
    redis_log.server.client.flushdb()
    redis_log.set_clock(START)
    yield redis_log
    redis_log.server.client.connection_pool.disconnect()


class Model:
    """The rules, read out naively."""

    def __init__(self) -> None:
        self.passed: list[int] = []

    def used(self, window: Window, now: int) -> int:
        return sum(now - passed < window.seconds * SECOND for passed in self.passed)

    def fits(self, both: Sequence[Window], now: int) -> bool:
        return all(self.used(window, now) < window.quota for window in both)

    def reset(self, window: Window, now: int) -> int:
        told = min(self.used(window, now), window.quota)
        return next(s for s in count() if not told or self.used(window, now + s * SECOND) < told)

    def decide(self, both: Sequence[Window], now: int, *, consume: bool) -> dict[str, Any]:
        allowed = self.fits(both, now)
        if allowed and consume:
            self.passed.append(now)
        wait = 0 if allowed else next(s for s in count(1) if self.fits(both, now + s * SECOND))
        remaining = [max(0, window.quota - self.used(window, now)) for window in both]
        resets = [self.reset(window, now) for window in both]
        return {"allowed": allowed, "wait": wait, "remaining": remaining, "resets": resets}


def as_told(decision: Decision) -> dict[str, Any]:
    return {
        "allowed": decision.allowed,
        "wait": decision.retry_after,
        "remaining": [budget.remaining for budget in decision.budgets],
        "resets": [budget.reset for budget in decision.budgets],
    }


fresh_key = count()
edges = st.sampled_from([edge * SECOND + by for edge in (0, 1, 2, 59, 60) for by in (-1, 0, 1)])
steps = st.tuples(
    st.one_of(edges, st.integers(0, 3 * SECOND)).map(lambda step: max(0, step)),
    st.sampled_from([(6, 2), (4, 4), (2, 3), (1, 1)]),  # quotas an admin may change meanwhile
    st.booleans(),
)


@hypothesis_settings(
    max_examples=60,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(steps=st.lists(steps, min_size=5, max_size=30))
def test_both_logs_decide_as_the_rules_say(
    log: Log, steps: list[tuple[int, tuple[int, int], bool]]
) -> None:
    model, key, now = Model(), f"model {next(fresh_key)}", START
    for step, quotas, consume in steps:
        now += max(step, log.least_step)
        log.set_clock(now)
        decision = (log.take if consume else log.peek)(key, windows(*quotas))
        assert as_told(decision) == model.decide(windows(*quotas), now, consume=consume)


def test_ten_pass_in_a_second_and_the_next_when_the_first_leaves(log: Log) -> None:
    both = windows(None, None)
    assert [log.take(7, both).allowed for _ in range(11)] == [True] * 10 + [False]
    log.set_clock(START + SECOND - 1)
    assert not log.take(7, both).allowed
    log.set_clock(START + SECOND + 9)  # Redis logs calls of one microsecond one after another
    assert [log.take(7, both).allowed for _ in range(11)] == [True] * 10 + [False]


def test_a_minutes_quota_does_not_double_at_an_edge(log: Log) -> None:
    both = windows(100, 100)
    log.set_clock(START + 59 * SECOND)
    assert all(log.take(7, both).allowed for _ in range(100))
    log.set_clock(START + 61 * SECOND)
    refused = log.take(7, both)
    assert (refused.allowed, refused.retry_after) == (False, 58)


def test_waiting_exactly_retry_after_gets_through(log: Log) -> None:
    both = windows(3, 3)
    for step in (0, 100, 250):
        log.set_clock(START + step)
        assert log.take(7, both).allowed
    log.set_clock(START + 300)
    wait = log.take(7, both).retry_after
    log.set_clock(START + 300 + wait * SECOND)
    assert log.take(7, both).allowed
    log.set_clock(START + 301 + (wait - 1) * SECOND)
    assert wait == 60


def test_a_refused_call_consumes_nothing_of_either_window(log: Log) -> None:
    both = windows(5, 2)
    assert [log.take(7, both).allowed for _ in range(20)].count(True) == 2
    log.set_clock(START + SECOND + 9)
    assert log.peek(7, both).budgets[0].remaining == 3


def test_looking_consumes_nothing(log: Log) -> None:
    both = windows(None, 1)
    assert all(log.peek(7, both).allowed for _ in range(5))
    assert log.take(7, both).allowed
    assert not log.peek(7, both).allowed


def test_tokens_do_not_share_a_budget(log: Log) -> None:
    both = windows(None, 1)
    assert log.take(7, both).allowed
    assert not log.take(7, both).allowed
    assert log.take(8, both).allowed


def test_large_quotas_are_counted_to_the_call(log: Log) -> None:
    both = windows(500, 100)
    for second in range(5):
        log.set_clock(START + second * 2 * SECOND)
        assert all(log.take(7, both).allowed for _ in range(100))
    log.set_clock(START + 11 * SECOND)
    refused = log.take(7, both)
    assert (refused.allowed, refused.retry_after) == (False, 49)


def test_a_quota_of_nothing_lets_nothing_pass(log: Log) -> None:
    assert log.take(7, windows(None, None)).allowed
    assert not log.take(7, windows(0, None)).allowed
    assert not log.take(8, windows(0, None)).allowed


@pytest.fixture
def hasty_threads() -> Iterator[None]:
    """Threads interrupt each other as often as they can."""
    usual = sys.getswitchinterval()
    sys.setswitchinterval(1e-6)
    yield
    sys.setswitchinterval(usual)


@pytest.mark.usefixtures("hasty_threads")
def test_threads_share_one_count(log: Log) -> None:
    passed = list[int]()
    start = threading.Barrier(MANY_THREADS)

    def hammer() -> None:
        start.wait(5)
        for key in range(20):
            taken = [log.take(key, windows(None, None)).allowed for _ in range(5)]
            passed.extend([key] * taken.count(True))

    threads = [threading.Thread(target=hammer) for _ in range(MANY_THREADS)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(5)
    assert Counter(passed) == dict.fromkeys(range(20), 10)
