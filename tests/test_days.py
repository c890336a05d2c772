"""Days and minutes of a person's calendar as bounds: whole, also where clocks change."""

from datetime import UTC, date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from django.db.models import Q

from accounts.days import FIRST, LAST, between, read_minute, within

BERLIN = ZoneInfo("Europe/Berlin")
HAVANA = ZoneInfo("America/Havana")  # turns its clock back at one o'clock, to midnight


def length(bounds: Q) -> timedelta:
    given: dict[str, Any] = dict(bounds.children)  # type: ignore[arg-type]
    return given["at__lt"] - given["at__gte"]  # type: ignore[no-any-return]


@pytest.mark.parametrize(
    ("day", "zone", "hours"),
    [
        (date(2026, 6, 1), BERLIN, 24),
        (date(2026, 3, 29), BERLIN, 23),
        (date(2026, 10, 25), BERLIN, 25),
        (date(2026, 11, 1), HAVANA, 25),
    ],
)
def test_a_day_is_as_long_as_its_clock_says(day: date, zone: ZoneInfo, hours: int) -> None:
    assert length(within(day, day, zone)) == timedelta(hours=hours)


def test_a_minute_that_comes_twice_is_within_from_its_first_to_its_last() -> None:
    half_past_two = read_minute("2026-10-25T02:30", of_day=FIRST)
    assert length(between(half_past_two, half_past_two, BERLIN)) == timedelta(minutes=61)


def test_without_a_day_there_is_no_bound() -> None:
    assert within(None, None, BERLIN) == Q()
    (bound,) = within(None, date(2026, 6, 1), BERLIN).children
    assert bound == ("at__lt", datetime(2026, 6, 1, 22, tzinfo=UTC))


@pytest.mark.parametrize(
    ("text", "minute"),
    [
        ("2026-03-10T14:30", "2026-03-10T14:30:00"),
        ("2026-03-10T14:30:59.9", "2026-03-10T14:30:00"),
        ("2026-03-10", "2026-03-10T23:59:00"),
        ("2026-03-10T14:30+01:00", None),
        ("0001-01-01T00:00", None),
        ("9999-12-31", None),
        ("14:30", None),
        ("\x00", None),
    ],
)
def test_a_minute_is_read_and_a_day_stands_for_one_of_its_own(
    text: str, minute: str | None
) -> None:
    read = read_minute(text, of_day=LAST)
    assert (read and read.isoformat()) == minute
