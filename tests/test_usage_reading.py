"""What pages are told of the calls: counts by calendar, summaries, the log, the busiest tokens."""

from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from django.db import connection
from django.http import QueryDict
from django.test.utils import CaptureQueriesContext

from accounts.usage import Call, reading
from accounts.usage.reading import (
    CallFilters,
    daily_calls,
    leaders,
    log_csv,
    log_page,
    series,
    summary,
)
from accounts.usage.writing import write
from tests.support.calls import usual_call

NOW = datetime(2026, 3, 10, 12, 30, tzinfo=UTC)
UTC_ZONE = ZoneInfo("UTC")
TOKYO = ZoneInfo("Asia/Tokyo")  # nine hours ahead
MINUTE, HOUR, DAY = timedelta(minutes=1), timedelta(hours=1), timedelta(days=1)

pytestmark = pytest.mark.django_db


def call(token_id: int = 1, *, at: datetime = NOW, number: int = 0, **fields: Any) -> Call:
    return usual_call(token_id, at=at, number=number, **fields)


def filters(**query: str) -> CallFilters:
    found = QueryDict(mutable=True)
    found.update(query)
    return CallFilters.read(found, UTC_ZONE)


# -- Counts over days, hours and months ------------------------------------------------------------


def test_each_token_has_a_count_for_each_of_thirty_days(django_assert_num_queries: Any) -> None:
    write([call(1, number=1), call(1, number=2, at=NOW - 29 * DAY), call(2, at=NOW - DAY)])
    with django_assert_num_queries(1):
        counts = daily_calls([1, 2, 3], now=NOW, zone=UTC_ZONE)
    one, none = (1, 0), (0, 0)
    assert counts == {1: [one, *[none] * 28, one], 2: [*[none] * 28, one, none], 3: [none] * 30}


def test_refused_and_limited_calls_of_a_day_are_no_uses() -> None:
    statuses = (200, 404, 503, 401, 403, 429)
    write([call(number=number, status=status) for number, status in enumerate(statuses)])
    assert daily_calls([1], days=1, now=NOW, zone=UTC_ZONE) == {1: [(3, 3)]}


def test_what_is_older_than_thirty_days_is_not_counted() -> None:
    write([call(1, at=NOW - 30 * DAY)])
    assert daily_calls([1], now=NOW, zone=UTC_ZONE) == {1: [(0, 0)] * 30}


def test_a_day_is_the_persons_own() -> None:
    write([call(1, at=datetime(2026, 3, 9, 16, tzinfo=UTC))])  # in Tokyo it is the 10th already
    assert daily_calls([1], days=2, now=NOW, zone=TOKYO) == {1: [(0, 0), (1, 0)]}
    assert daily_calls([1], days=2, now=NOW, zone=UTC_ZONE) == {1: [(1, 0), (0, 0)]}


def test_without_tokens_nothing_is_asked(django_assert_num_queries: Any) -> None:
    with django_assert_num_queries(0):
        assert daily_calls([], now=NOW, zone=UTC_ZONE) == {}


@pytest.mark.parametrize(("view", "length"), [("hour", 48), ("day", 30), ("month", 13)])
def test_a_series_has_a_point_for_each_period(view: Any, length: int) -> None:
    write([call(1)])
    points = series([1], view=view, now=NOW, zone=UTC_ZONE)
    assert [point.calls for point in points] == [*[0] * (length - 1), 1]


def test_points_tell_outcomes_apart_and_how_long_calls_took(django_assert_num_queries: Any) -> None:
    statuses = {200: 3, 404: 1, 401: 1, 403: 1, 429: 4, 503: 2}
    each = [status for status, calls in statuses.items() for _ in range(calls)]
    write([call(number=number, status=status) for number, status in enumerate(each)])
    with django_assert_num_queries(1):
        last = series([1], view="day", now=NOW, zone=TOKYO)[-1]
    assert last[1:6] == (3, 1, 2, 4, 2)
    assert last.p50 == pytest.approx(1.5)
    assert last.start == datetime(2026, 3, 10, tzinfo=TOKYO)


def test_the_hour_that_a_clock_repeats_is_counted_twice_as_two() -> None:
    berlin, after = ZoneInfo("Europe/Berlin"), datetime(2025, 10, 26, 3, tzinfo=UTC)
    write([call(number=n, at=after - n * HOUR) for n in (2, 3)])
    points = series([1], view="hour", now=after, zone=berlin, count=5)
    assert [(point.start.hour, point.calls) for point in points] == [
        (1, 0),
        (2, 1),
        (2, 1),
        (3, 0),
        (4, 0),
    ]


def test_a_day_of_25_hours_is_one_day() -> None:
    berlin = ZoneInfo("Europe/Berlin")
    long_day = datetime(2025, 10, 25, 22, tzinfo=UTC)  # its midnight
    write([call(number=n, at=long_day + n * HOUR) for n in range(26)])
    points = series([1], view="day", now=long_day + 26 * HOUR, zone=berlin)
    assert [point.calls for point in points[-2:]] == [25, 1]


def test_several_tokens_are_summed_up_and_others_left_out() -> None:
    write([call(1), call(2, number=1), call(3, number=2)])
    assert series([1, 2], view="hour", now=NOW, zone=UTC_ZONE)[-1].calls == 2


# -- Summary ---------------------------------------------------------------------------------------


def test_a_summary_counts_calls_errors_addresses_and_paths(django_assert_num_queries: Any) -> None:
    write([call(number=n, address=f"203.0.113.{n % 2}") for n in range(3)])
    write([call(number=9, path="/api/v1/token", method="DELETE", status=503)])
    with django_assert_num_queries(2):
        found = summary([1], now=NOW, zone=UTC_ZONE)
    assert (found.calls, found.errors, found.addresses) == (4, 1, 3)
    assert found.paths == [("GET", "/api/v1/me", 3), ("DELETE", "/api/v1/token", 1)]
    assert found.top_addresses[0] == ("203.0.113.0", 2)


def test_a_summary_of_nothing_is_empty() -> None:
    found = summary([1], now=NOW, zone=UTC_ZONE)
    assert (found.calls, found.p95, found.addresses, found.paths) == (0, None, 0, [])


def test_addresses_and_paths_are_those_of_the_latest_calls(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(reading, "LATEST", 3)
    write([call(number=n, at=NOW - n * HOUR, path=f"/{n}") for n in range(5)])
    found = summary([1], now=NOW, zone=UTC_ZONE)
    assert (found.calls, {path.path for path in found.paths}) == (5, {"/0", "/1", "/2"})


# -- The log ---------------------------------------------------------------------------------------


def test_pages_of_the_log_follow_each_other_newest_first(django_assert_num_queries: Any) -> None:
    write([call(number=n, at=NOW - n * MINUTE) for n in range(5)] + [call(2, number=7)])
    with django_assert_num_queries(1):
        first = log_page([1], filters(), length=3)
    second = log_page([1], filters(after=first.next), length=3)
    ids = [int(row.request_id, 16) for page in (first, second) for row in page.rows]
    assert ids == [0, 1, 2, 3, 4]
    assert (bool(first.previous), bool(second.previous), second.next) == (False, True, "")


def test_pages_of_several_tokens_are_one_list(django_assert_num_queries: Any) -> None:
    write([call(1 + n % 3, number=n, at=NOW - n * MINUTE) for n in range(9)])
    with django_assert_num_queries(1):
        first = log_page([1, 2], filters(), length=2)
    second = log_page([1, 2], filters(after=first.next), length=2)
    third = log_page([1, 2], filters(after=second.next), length=2)
    back = log_page([1, 2], filters(before=third.previous), length=2)
    ids = [int(row.request_id, 16) for page in (first, second, third) for row in page.rows]
    assert ids == [0, 1, 3, 4, 6, 7]
    assert (list(back.rows), third.next) == (list(second.rows), "")


@pytest.mark.parametrize("tokens", [[1], [1, 2]])
def test_a_page_can_begin_at_an_instant(tokens: list[int]) -> None:
    write([call(1, number=n, at=NOW - n * MINUTE) for n in range(4)])
    rows = log_page(tokens, filters(), since=NOW - 2 * MINUTE).rows
    assert [int(row.request_id, 16) for row in rows] == [0, 1, 2]


def test_postgresql_asks_an_index_for_each_of_several_tokens() -> None:
    if connection.vendor != "postgresql":
        pytest.skip("SQLite is asked otherwise")
    write([call(number=n, at=NOW - n * MINUTE) for n in range(3)])
    with CaptureQueriesContext(connection) as queries, connection.cursor() as cursor:
        log_page([1, 2], filters())
        cursor.execute("SET LOCAL enable_seqscan = off")
        cursor.execute(f"EXPLAIN {queries.captured_queries[0]['sql']}")
        plan = "\n".join(line for (line,) in cursor.fetchall())
    assert "Nested Loop" in plan
    assert "token_id_at_idx" in plan


def test_many_tokens_make_no_longer_a_query_than_two() -> None:
    """SQLite took a minute and more to read one that named each of thousands by itself."""
    write([call(n, number=n, at=NOW - n * MINUTE) for n in range(5)])
    with CaptureQueriesContext(connection) as queries:
        log_page(range(2), filters(outcome="ok"))
        rows = log_page(range(2_000), filters(outcome="ok")).rows
    few, many = (query["sql"].count("SELECT") for query in queries.captured_queries)
    assert few == many
    assert [row.token_id for row in rows] == [0, 1, 2, 3, 4]


@pytest.mark.parametrize(
    ("query", "index"),
    [
        ({}, "calls_of_a_token"),
        ({"outcome": "ok"}, "calls_of_a_token"),
        ({"outcome": "server_error"}, "failed_calls_of_a_token"),
        ({"code": "not_found"}, "calls_with_a_code"),
        ({"address": "203.0.113.7"}, "calls_from_an_address"),
    ],
)
def test_sqlite_finds_the_newest_calls_in_an_index(query: dict[str, str], index: str) -> None:
    if connection.vendor != "sqlite":
        pytest.skip("PostgreSQL chooses by what is in the tables")
    calls = filters(**query).calls([1]).order_by("-at", "-request_id")[:50]
    plan = calls.explain()
    assert f"USING INDEX {index} " in plan
    assert "USE TEMP B-TREE FOR ORDER BY" not in plan


def test_calls_of_the_same_instant_are_neither_skipped_nor_repeated() -> None:
    write([call(number=n) for n in range(5)])
    first = log_page([1], filters(), length=2)
    second = log_page([1], filters(after=first.next), length=2)
    back = log_page([1], filters(before=second.previous), length=2)
    assert [int(row.request_id, 16) for row in (*first.rows, *second.rows)] == [4, 3, 2, 1]
    assert list(back.rows) == list(first.rows)


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ({}, {1, 2, 3, 4, 5}),
        ({"outcome": "ok"}, {1}),
        ({"outcome": "client_error"}, {2}),
        ({"outcome": "refused"}, {3}),
        ({"outcome": "limited"}, {4}),
        ({"outcome": "server_error"}, {5}),
        ({"code": "rate_limited"}, {4}),
        ({"address": "2001:DB8::1"}, {5}),
        ({"since": "2026-03-10"}, {1, 2, 3}),
        ({"until": "2026-03-09"}, {4, 5}),
        ({"since": "2026-03-10T12:30", "until": "2026-03-10T12:30"}, {1, 2, 3}),
        ({"since": "2026-03-10T12:31"}, set()),
        ({"until": "2026-03-10T12:29"}, {4, 5}),
        ({"outcome": "' OR 1=1", "code": "\x00", "address": "x", "since": "x"}, {1, 2, 3, 4, 5}),
    ],
)
def test_filters_let_through_what_they_name(query: dict[str, str], found: set[int]) -> None:
    write(
        [
            call(number=1),
            call(number=2, status=404, code="not_found"),
            call(number=3, status=403, code="ip_not_allowed"),
            call(number=4, status=429, code="rate_limited", at=NOW - DAY),
            call(number=5, status=503, code="unavailable", at=NOW - DAY, address="2001:db8::1"),
        ]
    )
    assert {int(row.request_id, 16) for row in log_page([1], filters(**query)).rows} == found


def test_a_csv_has_every_call_and_no_formula(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("accounts.usage.request_log.CHUNK", 2)
    write([call(number=n, at=NOW - n * MINUTE, agent="=1+1") for n in range(5)])
    header, *lines = log_csv({1: "mtz_4fKx7GmQ2vRt9LpWc3Zs"}, filters())
    assert header == "time,token,method,path,status,code,milliseconds,address,agent,request_id\r\n"
    assert lines[0] == (
        "2026-03-10T12:30:00.000+00:00,mtz_4fKx7GmQ2vRt9LpWc3Zs,GET,/api/v1/me,200,,1.5,"
        f"203.0.113.7,'=1+1,{0:024x}\r\n"
    )
    assert len(lines) == 5


def test_a_csv_of_several_tokens_is_one_list(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("accounts.usage.request_log.SMALLEST_CHUNK", 1)
    monkeypatch.setattr("accounts.usage.request_log.MOST_WAITING", 6)
    write([call(1 + n % 2, number=n, at=NOW - n * MINUTE) for n in range(9)])
    with CaptureQueriesContext(connection) as queries:
        _, *lines = log_csv({1: "first", 2: "second", 3: "unused"}, filters())
    assert {query["sql"][-7:] for query in queries.captured_queries} == {"LIMIT 3"}  # 2 of each
    assert [int(line.strip().split(",")[-1], 16) for line in lines] == list(range(9))


# -- For operators ---------------------------------------------------------------------------------


def test_the_busiest_tokens_come_first(django_assert_num_queries: Any) -> None:
    write([call(1, number=n) for n in range(3)])
    write([call(2, number=n, status=429) for n in range(10, 12)])
    write([call(3, number=20, status=401), call(4, number=21, at=NOW - 2 * DAY)])
    with django_assert_num_queries(1):
        found = leaders(now=NOW)
    assert [busy.token_id for busy in found["calls"]] == [1, 2, 3]
    assert found["limited"] == [(2, 2, 0, 2, 0)]
    assert [busy.token_id for busy in found["refused"]] == [3]
    assert [busy.token_id for busy in leaders(now=NOW, limit=1)["calls"]] == [1]
    assert [busy.token_id for busy in leaders(now=NOW, hours=72)["calls"]] == [1, 2, 3, 4]
