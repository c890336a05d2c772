"""A sliding log in the memory of one process."""

import threading
import time
from bisect import bisect_right
from collections import OrderedDict, deque
from collections.abc import Callable, Sequence

from accounts.throttling.budgets import SECOND, Decision, Usage, Window, decide


class MemoryLimiter:
    """Keeps the instants of the calls that passed within the longest window, a log for each key.

    A log never outgrows its quota, and keys that idle are forgotten as others are used.
    `clock` is monotonic and in nanoseconds: whole numbers, so that edges are exact.
    """

    def __init__(self, clock: Callable[[], int] = time.monotonic_ns) -> None:
        self._clock = clock
        self._lock = threading.Lock()
        self._logs: OrderedDict[str | int, deque[int]] = OrderedDict()  # the longest idle first

    def take(self, key: str | int, windows: Sequence[Window]) -> Decision:
        return self._decide(key, windows, consume=True)

    def peek(self, key: str | int, windows: Sequence[Window]) -> Decision:
        return self._decide(key, windows, consume=False)

    def state(self) -> str:
        return "memory"

    def _decide(self, key: str | int, windows: Sequence[Window], *, consume: bool) -> Decision:
        with self._lock:
            now = self._clock()
            log = self._logs.get(key) or ()
            usages = [_usage(log, window, now) for window in windows]
            decision = decide(windows, usages, consume=consume)
            if consume and decision.allowed:
                self._record(key, now, since=now - windows[0].seconds * SECOND)
            return decision

    def _record(self, key: str | int, now: int, *, since: int) -> None:
        log = self._logs.setdefault(key, deque())
        self._logs.move_to_end(key)
        log.append(now)
        while log[0] <= since:
            log.popleft()
        self._forget_idle(since)

    def _forget_idle(self, since: int) -> None:
        """Two for each call that passes: faster than new keys come, and never a long sweep."""
        for _ in range(2):
            key, log = next(iter(self._logs.items()))
            if log[-1] > since:
                return
            del self._logs[key]


def _usage(log: Sequence[int], window: Window, now: int) -> Usage:
    """A call leaves the window exactly `window.seconds` after it passed."""
    length = window.seconds * SECOND
    used = len(log) - bisect_right(log, now - length)
    if not used:
        return Usage(0, 0)
    # With a quota lowered since, more than the oldest call must leave before one fits again.
    makes_room = log[-max(1, min(used, window.quota))]
    return Usage(used, makes_room + length - now)
