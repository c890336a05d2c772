"""What a token may still spend. Pure: every backend counts, this decides."""

from collections.abc import Sequence
from functools import lru_cache
from typing import NamedTuple, Protocol

MINUTE_QUOTA = 100
BURST_QUOTA = 10
SECOND = 1_000_000_000  # nanoseconds


class Window(NamedTuple):
    """At most `quota` calls pass in any interval of `seconds`, wherever it begins."""

    name: str
    quota: int
    seconds: int


class Budget(NamedTuple):
    """One window after a decision; `reset`: seconds until it has room for one call more, or 0."""

    window: Window
    remaining: int
    reset: int


class Decision(NamedTuple):
    """`retry_after`: seconds to wait until one call certainly passes, 0 when it is allowed."""

    allowed: bool
    retry_after: int
    budgets: tuple[Budget, ...]


class Usage(NamedTuple):
    """Calls that passed within a window, and nanoseconds until it has room for one more."""

    used: int
    wait: int


class Limiter(Protocol):
    """Every caller names the same lengths of windows, the longest first; quotas may differ."""

    def take(self, key: str | int, windows: Sequence[Window]) -> Decision:
        """Consume one call of every window; a refused call consumes none."""

    def peek(self, key: str | int, windows: Sequence[Window]) -> Decision:
        """What `take` would find, consuming nothing."""

    def state(self) -> str:
        """`memory`, `redis`, or `fallback`: in memory because Redis is away."""


@lru_cache(maxsize=1024)
def windows(minute: int | None, burst: int | None) -> tuple[Window, Window]:
    """The two windows of a token; None stands for the quota that all tokens have."""
    return (
        Window("minute", MINUTE_QUOTA if minute is None else minute, 60),
        Window("burst", BURST_QUOTA if burst is None else burst, 1),
    )


def decide(windows: Sequence[Window], usages: Sequence[Usage], *, consume: bool) -> Decision:
    """Whether one call fits into every window, given what passed before it."""
    counted = list(zip(windows, usages, strict=True))
    allowed = all(usage.used < window.quota for window, usage in counted)
    passes = allowed and consume
    budgets = tuple(_budget(window, usage, passes) for window, usage in counted)
    retry_after = 0 if allowed else max(b.reset for b in budgets if not b.remaining)
    return Decision(allowed, retry_after, budgets)


def _budget(window: Window, usage: Usage, passes: bool) -> Budget:
    if not window.quota:  # never has room
        return Budget(window, 0, window.seconds)
    remaining = max(0, window.quota - usage.used - passes)
    if usage.used:
        return Budget(window, remaining, -(-usage.wait // SECOND))
    # The oldest call within the window is the one that passes now, if it does.
    return Budget(window, remaining, window.seconds if passes else 0)
