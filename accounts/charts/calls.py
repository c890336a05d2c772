"""The chart of calls by outcome over time, with the 95th percentile of their latency below it."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import NamedTuple, Protocol

from accounts.charts import latency, moments
from accounts.charts.bars import Band, Segment, bands, stack
from accounts.charts.moments import Label, View
from accounts.charts.numbers import counted, duration, full, short, ticks

HEIGHT = 176
LATENCY_HEIGHT = 56

# From the foot of a bar upwards; in a legend, a table, and (for one, for more) in a sentence.
OUTCOMES = {
    "ok": ("OK", "OK", "OK"),
    "client_error": ("Client errors", "client error", "client errors"),
    "refused": ("Refused", "refused", "refused"),
    "limited": ("Rate limited", "rate limited", "rate limited"),
    "server_error": ("Server errors", "server error", "server errors"),
}
WHOLE = {"hour": "hours", "day": "days", "month": "months"}


class Point(Protocol):
    """The calls of one period. `p50` and `p95` are milliseconds, None without calls."""

    @property
    def start(self) -> datetime: ...
    @property
    def ok(self) -> int: ...
    @property
    def client_error(self) -> int: ...
    @property
    def refused(self) -> int: ...
    @property
    def limited(self) -> int: ...
    @property
    def server_error(self) -> int: ...
    @property
    def p50(self) -> float | None: ...
    @property
    def p95(self) -> float | None: ...
    @property
    def calls(self) -> int: ...


class Part(NamedTuple):
    outcome: str
    y: float
    height: float


class Tick(NamedTuple):
    y: float
    text: str


@dataclass(frozen=True, slots=True)
class Bar:
    """One period: its place, its parts, its label below, and its numbers in words."""

    band: Band
    parts: list[Part]
    label: Label | None
    name: str
    cells: list[str]
    readout: str


@dataclass(frozen=True, slots=True)
class CallChart:
    view: View
    title: str
    summary: str
    outcomes: list[tuple[str, str]]
    bars: list[Bar]
    ticks: list[Tick]
    has_calls: bool
    latency_summary: str
    latency_ticks: list[Tick]
    strokes: list[latency.Stroke]
    dots: list[latency.Dot]
    height: int = HEIGHT
    latency_height: int = LATENCY_HEIGHT

    @classmethod
    def of(cls, points: Sequence[Point], view: View) -> "CallChart":
        """`points` in order, the last one still running."""
        places = list(bands(len(points)))
        scale = ticks(max(point.calls for point in points))
        slowest = max((point.p95 for point in points if point.p95 is not None), default=0)
        slow_scale = ticks(slowest, least=0.1, most=2)
        dots = latency.places(
            [point.p95 for point in points],
            places,
            height=LATENCY_HEIGHT,
            highest=slow_scale[-1],
        )
        return cls(
            view=view,
            title=f"Calls of the last {len(points)} {WHOLE[view]}",
            summary=summary(points, view),
            outcomes=[(outcome, words[0]) for outcome, words in OUTCOMES.items()],
            bars=[
                bar(point, place, view, highest=scale[-1], runs=point is points[-1])
                for point, place in zip(points, places, strict=True)
            ],
            ticks=[Tick(y_of(tick, scale, HEIGHT), short(tick)) for tick in scale],
            has_calls=any(point.calls for point in points),
            latency_summary=latency_summary(points, view),
            latency_ticks=[
                Tick(
                    y_of(tick, slow_scale, LATENCY_HEIGHT),
                    duration(tick),
                )
                for tick in slow_scale
            ],
            strokes=latency.strokes(dots),
            dots=latency.lonely(dots),
        )


def y_of(tick: float, scale: Sequence[float], height: int) -> float:
    return round(height - tick / scale[-1] * height, 2)


def bar(point: Point, place: Band, view: View, *, highest: float, runs: bool) -> Bar:
    name = moments.name(point.start, view) + (" (so far)" if runs else "")
    return Bar(
        band=place,
        parts=parts(counts(point), highest),
        label=moments.label(point.start, view),
        name=name,
        cells=cells(point),
        readout=f"{name}: {sentence(point)}",
    )


def parts(values: Sequence[int], highest: float) -> list[Part]:
    stacked: list[Segment | None] = stack(values, height=HEIGHT, highest=highest)
    return [
        Part(outcome, *segment)
        for outcome, segment in zip(OUTCOMES, stacked, strict=True)
        if segment
    ]


def counts(point: Point) -> list[int]:
    return [getattr(point, outcome) for outcome in OUTCOMES]


def cells(point: Point) -> list[str]:
    """Of the table: calls, each outcome, p50, p95."""
    numbers = [full(number) for number in (point.calls, *counts(point))]
    return [*numbers, *("—" if ms is None else duration(ms) for ms in (point.p50, point.p95))]


def sentence(point: Point) -> str:
    if not point.calls:
        return "no calls"
    text = counted(point.calls, "call")
    kinds = [
        f"{full(number)} {words[1 if number == 1 else 2]}"
        for number, words in zip(counts(point), OUTCOMES.values(), strict=True)
        if number
    ]
    slow = "" if point.p95 is None else f"; p95 {duration(point.p95)}"
    return f"{text}, {', '.join(kinds)}{slow}"


def summary(points: Sequence[Point], view: View) -> str:
    """The picture in two sentences."""
    total = sum(point.calls for point in points)
    if not total:
        return "No calls."
    busiest = max(points, key=lambda point: point.calls)
    failed = total - sum(point.ok for point in points)
    return (
        f"{counted(total, 'call')}, {full(failed)} of them not OK. The most, "
        f"{full(busiest.calls)}: {moments.name(busiest.start, view)}."
    )


def latency_summary(points: Sequence[Point], view: View) -> str:
    measured = [(point.p95, point) for point in points if point.p95 is not None]
    if not measured:
        return "No calls."
    slowest, when = max(measured, key=lambda pair: pair[0])
    return (
        f"The longest, {duration(slowest)}: {moments.name(when.start, view)}. "
        "Gaps are times without calls."
    )
