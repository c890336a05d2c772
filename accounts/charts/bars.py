"""Bars: where each stands, and how its parts are stacked."""

from collections.abc import Iterator, Sequence
from typing import NamedTuple

# Pixels that even a single call among a million gets.
LEAST = 2.0
# The share of its band that a bar leaves to its neighbours.
GAP = 0.24


class Band(NamedTuple):
    """The place of one bar, in percent of the plot's width."""

    left: float
    width: float
    bar_left: float
    bar_width: float
    middle: float


def bands(count: int) -> Iterator[Band]:
    width = 100 / count
    for number in range(count):
        left = width * number
        yield Band(
            round(left, 3),
            round(width, 3),
            round(left + width * GAP / 2, 3),
            round(width * (1 - GAP), 3),
            round(left + width / 2, 3),
        )


class Segment(NamedTuple):
    """A part of a bar, in pixels from the plot's top."""

    y: float
    height: float


def stack(values: Sequence[int], *, height: float, highest: float) -> list[Segment | None]:
    """One bar's parts from its foot upwards; None for those that are nothing.

    What is there is seen: a part that would be thinner than LEAST takes the room from the largest.
    """
    exact = [value / highest * height for value in values]
    drawn = [max(length, LEAST) if length else 0.0 for length in exact]
    if any(drawn):
        largest = drawn.index(max(drawn))
        drawn[largest] = max(drawn[largest] - (sum(drawn) - sum(exact)), LEAST)
    return list(_piled(drawn, height))


def _piled(lengths: Sequence[float], height: float) -> Iterator[Segment | None]:
    top = height
    for length in lengths:
        top -= length
        yield Segment(round(top, 2), round(length, 2)) if length else None
