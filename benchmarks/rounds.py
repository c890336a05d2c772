"""Turns and what they add up to."""

from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass
from statistics import median
from typing import Any


@dataclass(frozen=True, slots=True)
class Times:
    """Microseconds per call over all rounds; `spread` is how far the middle half lies apart, as a
    share of the median."""

    least: float
    median: float
    spread: float
    cpu: float


def times(rounds: list[dict[str, float]]) -> Times:
    walls = sorted(r["wall"] for r in rounds)
    middle = median(walls)
    low, high = walls[len(walls) // 4], walls[-1 - len(walls) // 4]
    return Times(walls[0], middle, (high - low) / middle, median(r["cpu"] for r in rounds))


def in_turns[Key](
    turns: Mapping[Key, Callable[[], dict[str, float]]], rounds: int, say: Callable[[str], None]
) -> dict[Key, dict[str, Any]]:
    """Everyone once, then everyone again: what slows a minute down slows all of them."""
    results: dict[Key, list[dict[str, float]]] = {key: [] for key in turns}
    for number in range(1, rounds + 1):
        say(f"round {number} of {rounds}")
        for key, turn in turns.items():
            results[key].append(turn())
    return {key: asdict(times(done)) for key, done in results.items()}
