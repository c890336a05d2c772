"""The geometry of the charts: what is there is seen, and nothing is drawn longer than it is."""

from datetime import UTC, datetime, timedelta
from itertools import pairwise
from typing import Any, NamedTuple
from zoneinfo import ZoneInfo

import pytest

from accounts.charts import CallChart, Sparkline
from accounts.charts.bars import LEAST, bands, stack
from accounts.charts.calls import HEIGHT, OUTCOMES
from accounts.charts.latency import Dot, lonely, strokes
from accounts.charts.moments import View, label, name
from accounts.charts.numbers import counted, duration, short, ticks

HUGE = 10**12
START = datetime(2026, 11, 2, tzinfo=UTC)  # a Monday


class Point(NamedTuple):
    start: datetime
    ok: int = 0
    client_error: int = 0
    refused: int = 0
    limited: int = 0
    server_error: int = 0
    p50: float | None = None
    p95: float | None = None

    @property
    def calls(self) -> int:
        return sum(self[1:6])


class Day(NamedTuple):
    used: int = 0
    refused: int = 0


def points(*counts: int, **fields: Any) -> list[Point]:
    return [Point(START + timedelta(days=n), ok=ok, **fields) for n, ok in enumerate(counts)]


# -- Numbers ---------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("highest", "scale"),
    [
        (0, [0, 1]),
        (1, [0, 1]),
        (3, [0, 1, 2, 3]),
        (5, [0, 2, 4, 6]),
        (600, [0, 200, 400, 600]),
        (601, [0, 200, 400, 600, 800]),
        (HUGE, [0, HUGE / 2, HUGE]),
    ],
)
def test_an_axis_has_few_round_numbers_up_to_what_it_shows(
    highest: int, scale: list[float]
) -> None:
    assert ticks(highest) == scale


def test_an_axis_of_milliseconds_may_have_fractions() -> None:
    assert ticks(0.3, least=0.1, most=2) == [0, 0.2, 0.4]


@pytest.mark.parametrize(
    ("number", "text"),
    [
        (0, "0"),
        (0.5, "0.5"),
        (950, "950"),
        (1000, "1k"),
        (1250, "1.2k"),
        (999_950, "1M"),
        (150_000, "150k"),
        (HUGE, "1000B"),
    ],
)
def test_an_axis_writes_numbers_short(number: float, text: str) -> None:
    assert short(number) == text


@pytest.mark.parametrize(
    ("milliseconds", "text"),
    [(0, "0"), (0.84, "0.8 ms"), (5, "5 ms"), (48.4, "48 ms"), (999.6, "1 s"), (1234, "1.2 s")],
)
def test_durations_are_written_in_their_unit(milliseconds: float, text: str) -> None:
    assert duration(milliseconds) == text


def test_one_call_is_no_calls() -> None:
    assert (counted(1, "call"), counted(1204, "call")) == ("1 call", "1,204 calls")


# -- Bars ------------------------------------------------------------------------------------------


@pytest.mark.parametrize("count", [1, 13, 30, 48])
def test_bars_share_the_width_and_leave_gaps(count: int) -> None:
    places = list(bands(count))
    assert len(places) == count
    assert places[-1].left + places[-1].width == pytest.approx(100, abs=0.1)
    for one, other in pairwise(places):
        assert one.bar_left + one.bar_width < other.bar_left


def test_the_highest_bar_fills_the_plot_and_stands_on_its_ground() -> None:
    assert stack([50], height=100, highest=50) == [(0, 100)]
    assert stack([25], height=100, highest=50) == [(50, 50)]


def test_nothing_is_no_bar() -> None:
    assert stack([0, 0], height=100, highest=1) == [None, None]


def test_parts_stand_on_each_other() -> None:
    assert stack([30, 0, 20], height=100, highest=50) == [(40, 60), None, (0, 40)]


def test_one_call_among_a_million_is_seen_and_makes_no_bar_longer() -> None:
    large, small = stack([HUGE, 1], height=100, highest=HUGE + 1)
    assert large
    assert small
    assert small.height == LEAST
    assert large.height + small.height == pytest.approx(100)
    assert small.y == pytest.approx(0)


# -- Latency ---------------------------------------------------------------------------------------


def test_the_line_breaks_where_there_were_no_calls() -> None:
    a, b, c = Dot(10, 1), Dot(20, 2), Dot(40, 3)
    assert strokes([a, b, None, c]) == [(10, 1, 20, 2)]
    assert lonely([a, b, None, c]) == [c]


# -- Words -----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("view", "words"),
    [
        ("hour", "Mon 2 Nov, 00:00 to 01:00"),
        ("day", "Monday 2 November 2026"),
        ("month", "November 2026"),
    ],
)
def test_a_period_has_a_name(view: View, words: str) -> None:
    assert name(START, view) == words


@pytest.mark.parametrize(
    ("hour", "words"),
    [
        (datetime(2026, 3, 29, 0, tzinfo=UTC), "01:00 to 03:00"),
        (datetime(2026, 10, 25, 0, tzinfo=UTC), "02:00 to 02:00"),
        (datetime(2026, 10, 25, 1, tzinfo=UTC), "02:00 to 03:00"),
    ],
)
def test_an_hour_ends_when_it_has_passed_also_where_clocks_change(
    hour: datetime, words: str
) -> None:
    assert name(hour.astimezone(ZoneInfo("Europe/Berlin")), "hour").endswith(words)


def test_labels_stand_under_few_bars() -> None:
    hours = [label(START + timedelta(hours=n), "hour") for n in range(24)]
    assert [each.text for each in hours if each] == ["2 Nov", "06:00", "12:00", "18:00"]
    days = [label(START + timedelta(days=n), "day") for n in range(14)]
    assert [each.text for each in days if each] == ["2 Nov", "9 Nov"]
    assert [each.minor for each in days if each] == [True, False]
    january = label(datetime(2027, 1, 1, tzinfo=UTC), "month")
    assert january
    assert january.text == "2027"


# -- The chart of calls ----------------------------------------------------------------------------


def test_a_chart_of_nothing_says_so() -> None:
    chart = CallChart.of(points(*[0] * 30), "day")
    assert (chart.has_calls, chart.summary) == (False, "No calls.")
    assert not any(bar.parts for bar in chart.bars)
    assert chart.bars[0].readout == "Monday 2 November 2026: no calls"


def test_a_chart_of_one_call_is_one_full_bar() -> None:
    chart = CallChart.of(points(0, 0, 1), "day")
    assert [bar.parts for bar in chart.bars] == [[], [], [("ok", 0, HEIGHT)]]
    assert [tick.text for tick in chart.ticks] == ["0", "1"]
    assert chart.bars[-1].name.endswith("(so far)")


def test_a_chart_of_huge_numbers_stays_in_its_frame() -> None:
    chart = CallChart.of(points(1, HUGE), "day")
    assert all(0 <= part.y <= HEIGHT for bar in chart.bars for part in bar.parts)
    assert chart.bars[0].parts[0].height == LEAST


def test_a_bar_reads_out_what_it_shows() -> None:
    point = Point(START, ok=1201, client_error=1, limited=2, p50=3, p95=41)
    bar = CallChart.of([point], "month").bars[0]
    assert bar.readout == (
        "November 2026 (so far): 1,204 calls, 1,201 OK, 1 client error, 2 rate limited; p95 41 ms"
    )
    assert bar.cells == ["1,204", "1,201", "1", "0", "2", "0", "3 ms", "41 ms"]


def test_each_outcome_has_a_part_of_its_own() -> None:
    chart = CallChart.of([Point(START, 1, 1, 1, 1, 1)], "hour")
    assert [part.outcome for part in chart.bars[0].parts] == list(OUTCOMES)


def test_a_summary_names_the_most_and_the_slowest() -> None:
    slow = [*points(3, p95=9.0), Point(START + timedelta(days=1), 1, server_error=1, p95=250)]
    chart = CallChart.of(slow, "day")
    assert chart.summary == "5 calls, 1 of them not OK. The most, 3: Monday 2 November 2026."
    assert chart.latency_summary.startswith("The longest, 250 ms: Tuesday 3 November 2026.")


# -- Sparklines ------------------------------------------------------------------------------------


def test_a_sparkline_of_nothing_is_its_ground() -> None:
    line = Sparkline.of([Day()] * 30)
    assert (line.used, line.refused, line.summary) == ("", "", "No calls")
    assert line.width == 119


def test_a_sparkline_has_a_bar_for_each_day_with_calls() -> None:
    line = Sparkline.of([Day(5), Day(), Day(10)])
    assert line.used == "M0 12h3v12h-3zM8 0h3v24h-3z"
    assert line.summary == "15 calls on 2 days, at most 10 a day"


def test_refused_calls_stand_above_uses_and_are_told_apart() -> None:
    line = Sparkline.of([Day(used=1, refused=1)])
    assert (line.used, line.refused) == ("M0 12h3v12h-3z", "M0 0h3v12h-3z")
    assert line.summary == "2 calls (1 refused) on 1 day, at most 2 a day"
    assert not line.only_refused


def test_a_token_that_was_only_refused_says_so() -> None:
    assert Sparkline.of([Day(refused=14)]).only_refused == 14


def test_a_sparkline_of_huge_numbers_still_shows_one_call() -> None:
    assert Sparkline.of([Day(1), Day(HUGE)]).used == f"M0 22h3v{LEAST:g}h-3zM4 0h3v24h-3z"
