"""The line of the 95th percentile: broken where there were no calls."""

from collections.abc import Sequence
from itertools import pairwise
from typing import NamedTuple

from accounts.charts.bars import Band


class Stroke(NamedTuple):
    """From (x1, y1) to (x2, y2); x in percent, y in pixels from the top."""

    x1: float
    y1: float
    x2: float
    y2: float


class Dot(NamedTuple):
    x: float
    y: float


def places(
    values: Sequence[float | None], bands: Sequence[Band], *, height: float, highest: float
) -> list[Dot | None]:
    return [
        None if value is None else Dot(band.middle, round(height - value / highest * height, 2))
        for value, band in zip(values, bands, strict=True)
    ]


def strokes(dots: Sequence[Dot | None]) -> list[Stroke]:
    """Between neighbours: nothing is drawn across a period without calls."""
    return [Stroke(*one, *other) for one, other in pairwise(dots) if one and other]


def lonely(dots: Sequence[Dot | None]) -> list[Dot]:
    """Those that no stroke touches."""
    framed = [None, *dots, None]
    return [
        dot
        for before, dot, after in zip(framed, dots, framed[2:], strict=False)
        if dot and not before and not after
    ]
