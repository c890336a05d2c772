"""The five lives of a token, and the instant at which one ends."""

import calendar
from datetime import UTC, datetime, timedelta, timezone
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from accounts.expiry import Expiry

NOON = datetime(2026, 3, 10, 12, 34, 56, 789012, tzinfo=UTC)
MONTHS = {Expiry.SIX_MONTHS: 6, Expiry.ONE_YEAR: 12, Expiry.FOUR_YEARS: 48}

starts = st.datetimes(
    min_value=datetime(1971, 1, 1),  # noqa: DTZ001
    max_value=datetime(2900, 1, 1),  # noqa: DTZ001
    timezones=st.timezones() | st.just(UTC),
)


def test_the_choices_bear_the_products_own_words() -> None:
    assert Expiry.choices == [
        ("30d", "30 days - short-term testing"),
        ("90d", "90 days - medium-term projects"),
        ("6m", "6 months - long-term integrations"),
        ("1y", "1 year - annual renewals"),
        ("4y", "No expiration (4 years) - permanent access"),
    ]


@pytest.mark.parametrize(
    ("expiry", "date"),
    [
        (Expiry.THIRTY_DAYS, (2026, 4, 9)),
        (Expiry.NINETY_DAYS, (2026, 6, 8)),
        (Expiry.SIX_MONTHS, (2026, 9, 10)),
        (Expiry.ONE_YEAR, (2027, 3, 10)),
        (Expiry.FOUR_YEARS, (2030, 3, 10)),
    ],
)
def test_a_life_ends_at_the_same_time_of_day(expiry: Expiry, date: tuple[int, int, int]) -> None:
    assert expiry.counted_from(NOON) == datetime(*date, 12, 34, 56, 789012, tzinfo=UTC)


@pytest.mark.parametrize(
    ("start", "expiry", "end"),
    [
        ("2024-02-29", Expiry.FOUR_YEARS, "2028-02-29"),
        ("2024-02-29", Expiry.ONE_YEAR, "2025-02-28"),
        ("2023-02-28", Expiry.ONE_YEAR, "2024-02-28"),
        ("2096-02-29", Expiry.FOUR_YEARS, "2100-02-28"),  # 2100 is no leap year
        ("2024-01-30", Expiry.THIRTY_DAYS, "2024-02-29"),
        ("2023-08-31", Expiry.SIX_MONTHS, "2024-02-29"),
        ("2024-08-31", Expiry.SIX_MONTHS, "2025-02-28"),
        ("2026-03-31", Expiry.SIX_MONTHS, "2026-09-30"),
        ("2026-12-31", Expiry.SIX_MONTHS, "2027-06-30"),
    ],
)
def test_a_day_that_the_month_lacks_becomes_its_last(start: str, expiry: Expiry, end: str) -> None:
    assert expiry.counted_from(at(start)) == at(end)


def test_the_calendar_is_that_of_utc() -> None:
    auckland = datetime(2026, 9, 1, 8, tzinfo=ZoneInfo("Pacific/Auckland"))
    end = Expiry.SIX_MONTHS.counted_from(auckland)  # for UTC it is still the 31st of August
    assert end == datetime(2027, 2, 28, 20, tzinfo=UTC)
    assert end.tzinfo is UTC


def test_summer_time_neither_lengthens_nor_shortens_a_day() -> None:
    berlin = datetime(2026, 3, 28, 12, tzinfo=ZoneInfo("Europe/Berlin"))
    assert Expiry.THIRTY_DAYS.counted_from(berlin) - berlin.astimezone(UTC) == timedelta(days=30)


@given(starts, st.sampled_from(Expiry))
def test_every_life_ends_later_at_the_same_time_of_day(start: datetime, expiry: Expiry) -> None:
    end = expiry.counted_from(start)
    assert end > start
    assert end.timetz() == start.astimezone(UTC).timetz()


@given(starts, st.sampled_from(list(MONTHS)))
def test_months_are_those_of_the_calendar(start: datetime, expiry: Expiry) -> None:
    begin, end = start.astimezone(UTC), expiry.counted_from(start)
    months = (end.year - begin.year) * 12 + end.month - begin.month
    assert months == MONTHS[expiry]
    assert end.day == min(begin.day, calendar.monthrange(end.year, end.month)[1])


@given(starts, st.timedeltas(timedelta(0), timedelta(days=400)), st.sampled_from(Expiry))
def test_a_token_made_later_never_dies_earlier(
    start: datetime, later: timedelta, expiry: Expiry
) -> None:
    first = start.astimezone(UTC)
    assert expiry.counted_from(first) <= expiry.counted_from(first + later)


@given(starts, st.integers(-23, 23), st.sampled_from(Expiry))
def test_where_the_clock_hangs_does_not_matter(start: datetime, hours: int, expiry: Expiry) -> None:
    elsewhere = start.astimezone(timezone(timedelta(hours=hours)))
    assert expiry.counted_from(elsewhere) == expiry.counted_from(start)


def at(date: str) -> datetime:
    return datetime.fromisoformat(date).replace(hour=23, minute=59, tzinfo=UTC)
