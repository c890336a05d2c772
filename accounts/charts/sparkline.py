"""Thirty days in the height of a line of text."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from accounts.charts.bars import Segment, stack
from accounts.charts.numbers import counted, full

HEIGHT = 24
BAR, GAP = 3, 1


class Day(Protocol):
    """The calls of one day: those that were let in, and those that were not."""

    @property
    def used(self) -> int: ...
    @property
    def refused(self) -> int: ...


@dataclass(frozen=True, slots=True)
class Sparkline:
    """One `path` for all uses, one for what was refused above them, and both in words; the latest
    day is on the right."""

    width: int
    height: int
    used: str
    refused: str
    title: str
    summary: str
    only_refused: int

    @classmethod
    def of(cls, days: Sequence[Day]) -> "Sparkline":
        highest = max((day.used + day.refused for day in days), default=0) or 1
        bars = [stack((day.used, day.refused), height=HEIGHT, highest=highest) for day in days]
        used, refused = sum(day.used for day in days), sum(day.refused for day in days)
        return cls(
            width=len(days) * (BAR + GAP) - GAP,
            height=HEIGHT,
            used=path([use for use, _ in bars]),
            refused=path([refusal for _, refusal in bars]),
            title=f"Calls of the last {len(days)} days",
            summary=summary(days, used, refused),
            only_refused=0 if used else refused,
        )


def path(bars: Sequence[Segment | None]) -> str:
    return "".join(
        f"M{number * (BAR + GAP)} {bar.y:g}h{BAR}v{bar.height:g}h-{BAR}z"
        for number, bar in enumerate(bars)
        if bar
    )


def summary(days: Sequence[Day], used: int, refused: int) -> str:
    if not used + refused:
        return "No calls"
    busy = [day.used + day.refused for day in days if day.used + day.refused]
    kinds = f" ({full(refused)} refused)" if refused else ""
    return (
        f"{counted(used + refused, 'call')}{kinds} on {counted(len(busy), 'day')}, "
        f"at most {full(max(busy))} a day"
    )
