"""Instants as people read them."""

import re
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
import time_machine
from django.utils import timezone

from accounts.templatetags.moments import ago, day, exact, full_day, until

NOW = datetime(2026, 9, 3, 12, 5, tzinfo=UTC)


@pytest.fixture(autouse=True)
def _a_clock_that_stands_still() -> Iterator[None]:
    with time_machine.travel(NOW, tick=False):
        yield


def words(element: str) -> str:
    return re.sub("<[^>]+>", "", element)


@pytest.mark.parametrize(
    ("age", "text"),
    [
        (timedelta(seconds=-5), "just now"),
        (timedelta(seconds=59), "just now"),
        (timedelta(minutes=2), "2 min ago"),
        (timedelta(minutes=59, seconds=50), "60 min ago"),
        (timedelta(hours=3), "3 h ago"),
        (timedelta(days=2), "2 days ago"),
        (timedelta(days=30), "30 days ago"),
        (timedelta(days=31), "3 Aug"),
        (timedelta(days=365), "3 Sep 2025"),
    ],
)
def test_the_past_is_told_by_its_distance_and_later_by_its_date(age: timedelta, text: str) -> None:
    assert words(ago(NOW - age)) == text


@pytest.mark.parametrize(
    ("left", "text"),
    [
        (timedelta(seconds=30), "in under a minute"),
        (timedelta(minutes=12), "in 12 min"),
        (timedelta(hours=40), "in 40 h"),
        (timedelta(days=41), "in 41 days"),
        (timedelta(days=89, hours=23, minutes=59), "in 90 days"),
        (timedelta(days=183), "in 6 months"),
        (timedelta(days=365), "in 12 months"),
        (timedelta(days=1461), "in 4 years"),
        (timedelta(0), "just now"),
        (timedelta(days=-3), "3 days ago"),
    ],
)
def test_the_future_is_told_by_its_distance(left: timedelta, text: str) -> None:
    assert words(until(NOW + left)) == text


def test_a_day_has_its_year_when_it_is_another_one() -> None:
    assert words(day(NOW)) == "3 Sep"
    assert words(day(NOW - timedelta(days=300))) == "7 Nov 2025"
    assert words(full_day(NOW)) == "3 Sep 2026"


def test_the_exact_instant_is_always_there_in_the_persons_zone() -> None:
    with timezone.override(ZoneInfo("Europe/Berlin")):
        element = ago(NOW - timedelta(minutes=2))
        assert words(exact(NOW)) == "3 September 2026, 14:05 CEST"
    assert 'datetime="2026-09-03T12:03:00+00:00"' in element
    assert 'title="3 September 2026, 14:03 CEST"' in element


def test_the_day_is_the_one_of_the_persons_zone() -> None:
    late = datetime(2026, 9, 3, 23, 30, tzinfo=UTC)
    assert words(day(late)) == "3 Sep"
    with timezone.override(ZoneInfo("Asia/Kolkata")):
        assert words(day(late)) == "4 Sep"
