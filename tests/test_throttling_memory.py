"""accounts/throttling/memory.py: what only memory must keep"""

import subprocess
import sys

from accounts.throttling import windows
from accounts.throttling.budgets import SECOND
from accounts.throttling.memory import MemoryLimiter

FORK = """
import os
from django.conf import settings
settings.configure(REDIS_URL=None)
from accounts.throttling import limiter, windows
with limiter()._lock:  # another thread may hold it at that instant
    child = os.fork()
    if child == 0:
        os._exit(0 if limiter().take(7, windows(None, None)).allowed else 1)
    os._exit(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]))
"""


class Clock:
    now = 0

    def __call__(self) -> int:
        return self.now


def test_tokens_that_idle_are_forgotten_as_others_are_used() -> None:
    clock = Clock()
    limiter = MemoryLimiter(clock)
    for key in range(1000):
        limiter.take(key, windows(None, None))
    clock.now = 30 * SECOND
    limiter.take(0, windows(None, None))
    clock.now = 60 * SECOND
    for key in range(1000, 1500):
        limiter.take(key, windows(None, None))
    assert set(limiter._logs) == {0, *range(1000, 1500)}


def test_a_log_never_outgrows_its_quota() -> None:
    clock = Clock()
    limiter = MemoryLimiter(clock)
    for second in range(1000):
        clock.now = second * SECOND
        limiter.take(7, windows(20, None))
    assert len(limiter._logs[7]) == 20


def test_looking_remembers_nobody() -> None:
    limiter = MemoryLimiter()
    limiter.peek(7, windows(None, None))
    assert not limiter._logs


def test_a_forked_process_counts_anew_and_waits_for_nobody() -> None:
    subprocess.run([sys.executable, "-W", "ignore", "-c", FORK], check=True, timeout=10)
