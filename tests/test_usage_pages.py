"""What people see of their tokens' calls: charts, the log, its newest rows, CSV, the first call."""

import csv
import io
import json
import re
from datetime import datetime, timedelta
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone
from pytest_django import DjangoAssertNumQueries

from accounts.models import ApiToken, User
from tests.support.calls import write_calls
from tests.support.paging import following
from tests.support.types import Issue

TOKENS = "/account/tokens/"
CALLS = "/account/activity/calls/"
TAIL = "/account/activity/calls/tail/"
EXPORT = "/account/activity/calls.csv"
ROW = re.compile(r'id="call-(\w{24})"')
PARTS = ("", "calls/tail/", "calls.csv", "first-call/")


@pytest.fixture
def now() -> datetime:
    return timezone.now()


@pytest.fixture
def token(issue: Issue, now: datetime) -> ApiToken:
    return issue(name="Nightly", now=now - timedelta(days=40)).token


def path(token: ApiToken, part: str = "") -> str:
    return f"{TOKENS}{token.identifier}/{part}"


def rows(page: Any) -> list[int]:
    return [int(number, 16) for number in ROW.findall(page.text)]


# -- Whose -----------------------------------------------------------------------------------------


@pytest.mark.parametrize("part", PARTS)
def test_the_calls_of_someone_elses_token_do_not_exist(
    as_alice: Client, as_bob: Client, token: ApiToken, part: str
) -> None:
    write_calls(token)
    assert as_alice.get(path(token, part)).status_code == 200
    assert as_bob.get(path(token, part)).status_code == 404


@pytest.mark.parametrize("part", PARTS)
def test_calls_are_shown_to_nobody_who_is_not_signed_in(
    client: Client, token: ApiToken, part: str
) -> None:
    answer = client.get(path(token, part))
    assert (answer.status_code, answer["Location"].split("?")[0]) == (302, "/account/sign-in/")


@pytest.mark.parametrize("address", [CALLS, TAIL, EXPORT])
def test_an_account_has_its_own_calls_and_no_others(
    as_alice: Client, as_bob: Client, token: ApiToken, address: str
) -> None:
    write_calls(token, path="/api/v1/rate-limit")
    for query in ("", f"?token={token.identifier}"):
        own, others = (client.get(address + query) for client in (as_alice, as_bob))
        assert "/api/v1/rate-limit" in text_of(own)
        assert "/api/v1/rate-limit" not in text_of(others)


def text_of(answer: Any) -> str:
    text: str = answer.getvalue().decode() if answer.streaming else answer.text
    return text


def test_the_account_can_show_one_token_alone(
    as_alice: Client, issue: Issue, token: ApiToken
) -> None:
    write_calls(token)
    write_calls(issue(name="Other").token, first=9)
    assert set(rows(as_alice.get(CALLS))) == {0, 9}
    assert rows(as_alice.get(CALLS, {"token": token.identifier})) == [0]


# -- The page of a token ---------------------------------------------------------------------------


def test_a_token_without_calls_says_what_to_do_next(as_alice: Client, token: ApiToken) -> None:
    page = as_alice.get(path(token)).text
    assert "No calls in this time." in page
    assert "The first one shows here about a second after it was made" in page
    assert "Export as CSV" not in page


def test_a_revoked_token_without_calls_promises_none(as_alice: Client, token: ApiToken) -> None:
    token.revoke()
    page = as_alice.get(path(token)).text
    assert "No calls in the last 30 days." in page
    assert "The first one shows here" not in page


def test_an_account_without_tokens_is_led_to_the_first_one(as_alice: Client) -> None:
    assert f'<a href="{TOKENS}">Create one</a>' in as_alice.get(CALLS).text


def test_a_page_shows_counts_latency_addresses_and_paths(as_alice: Client, token: ApiToken) -> None:
    write_calls(token, 3)
    write_calls(token, first=9, status=429, code="rate_limited", address="2001:db8::1")
    page = as_alice.get(path(token)).text
    assert re.search(r"<dt>Calls in 30 days</dt><dd>4</dd>", page)
    assert re.search(r"<dt>Not OK</dt><dd>1 <span[^>]*>25 %</span></dd>", page)
    assert re.search(r"<dt>Addresses</dt><dd>2</dd>", page)
    assert 'address=2001%3Adb8%3A%3A1#call-log"' in page


@pytest.mark.parametrize(("view", "bars"), [("hour", 48), ("day", 30), ("month", 13), ("?", 30)])
def test_each_view_has_a_bar_for_each_period(
    as_alice: Client, token: ApiToken, view: str, bars: int
) -> None:
    write_calls(token)
    page = as_alice.get(path(token), {"view": view}).text
    assert page.count("data-readout=") == bars
    assert page.count('role="img"') == 2
    assert "style=" not in page


def test_the_chart_and_the_log_are_in_the_persons_time(
    as_alice: Client, alice: User, token: ApiToken
) -> None:
    alice.time_zone = "Asia/Kathmandu"  # 5:45 ahead
    alice.save()
    noon = timezone.now().replace(hour=12, minute=0, second=9, microsecond=0) - timedelta(days=1)
    write_calls(token, at=noon)
    page = as_alice.get(path(token)).text
    assert "17:45:09" in page
    assert "Times are in Asia/Kathmandu." in page


def test_what_a_caller_says_of_itself_is_shortened_and_no_markup(
    as_alice: Client, token: ApiToken
) -> None:
    write_calls(token, agent="<script>alert(1)</script>" + "x" * 300)
    for address in (CALLS, TAIL, path(token, "first-call/")):
        page = as_alice.get(address).text
        assert "<bdi" in page
        assert "<script>alert" not in page
        assert "x" * 80 not in re.sub(r'title="[^"]*"', "", page)


# -- The list --------------------------------------------------------------------------------------


def test_the_list_draws_thirty_days_of_each_token(
    as_alice: Client, token: ApiToken, issue: Issue
) -> None:
    issue(name="Other")
    write_calls(token, 2)
    page = as_alice.get(TOKENS).text
    assert page.count('class="sparkline"') == 2
    assert ">2 calls on 1 day, at most 2 a day</desc>" in page


def test_a_refused_call_is_no_use_and_shown_as_what_it_is(
    as_alice: Client, token: ApiToken
) -> None:
    write_calls(token, 2, status=403, code="ip_not_allowed")
    page = as_alice.get(TOKENS).text
    assert re.search(r'data-label="Last used"><div>never', page)
    assert ">2 refused</span>" in page


# -- Filters ---------------------------------------------------------------------------------------


@pytest.fixture
def various(token: ApiToken, now: datetime) -> ApiToken:
    write_calls(token, first=1)
    write_calls(token, first=2, status=404, code="not_found", address="198.51.100.1")
    write_calls(token, first=3, status=403, code="ip_not_allowed", at=now - timedelta(days=3))
    return token


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ({}, {1, 2, 3}),
        ({"outcome": "ok"}, {1}),
        ({"outcome": "refused"}, {3}),
        ({"code": "not_found"}, {2}),
        ({"address": "198.51.100.1"}, {2}),
        ({"outcome": "ok", "address": "198.51.100.1"}, set()),
    ],
)
def test_filters_hold_for_the_log_its_newest_rows_and_the_csv(
    as_alice: Client, various: ApiToken, now: datetime, query: dict[str, str], found: set[int]
) -> None:
    assert set(rows(as_alice.get(path(various), query))) == found
    since = {"newest": (now - timedelta(days=4)).isoformat()}
    tail = as_alice.get(path(various, "calls/tail/"), query | since)
    assert set(rows(tail)) == found
    lines = list(
        csv.DictReader(io.StringIO(text_of(as_alice.get(path(various, "calls.csv"), query))))
    )
    assert {int(line["request_id"], 16) for line in lines} == found


def test_what_filters_let_through_is_announced(as_alice: Client, various: ApiToken) -> None:
    def announced(page: str, **filters: str) -> Any:
        answer = as_alice.get(page, filters, headers={"HX-Request": "true"})
        return json.loads(answer.headers["HX-Trigger-After-Settle"])["announce"]

    for page in (path(various), CALLS):
        assert announced(page, outcome="refused") == {"text": "1 call.", "quiet": True}
        assert announced(page)["text"] == "3 calls."
        assert announced(page, address="192.0.2.99")["text"] == "No calls."


def test_days_are_filters_too(as_alice: Client, various: ApiToken, now: datetime) -> None:
    day = (now - timedelta(days=3)).date().isoformat()
    assert rows(as_alice.get(path(various), {"since": day, "until": day})) == [3]


def test_filters_that_let_nothing_through_can_be_cleared(
    as_alice: Client, various: ApiToken
) -> None:
    page = as_alice.get(path(various), {"code": "rate_limited"}).text
    assert "No call of the last 30 days fits these filters." in page
    assert "Clear filters" in page


def test_an_address_that_is_none_gets_an_answer(as_alice: Client, various: ApiToken) -> None:
    page = as_alice.get(path(various), {"address": '"><b>'})
    assert len(rows(page)) == 3
    assert "That is no IP address" in page.text
    assert 'value="&quot;&gt;&lt;b&gt;"' in page.text


@pytest.mark.parametrize("address", [CALLS, TAIL, EXPORT, *PARTS])
@pytest.mark.parametrize(
    "value",
    ["", "\ud800".encode(errors="surrogatepass"), "' OR 1", "9" * 400, "WyIiXQ", "0001-01-01"],
)
def test_broken_parameters_are_as_good_as_none(
    as_alice: Client, token: ApiToken, address: str, value: str
) -> None:
    write_calls(token)
    names = "view token outcome code address since until after before newest seen live".split()
    answer = as_alice.get(
        address if address.startswith("/") else path(token, address), dict.fromkeys(names, value)
    )
    assert answer.status_code in {200, 204, 400}


def test_pages_of_the_log_follow_each_other_and_keep_the_filters(
    as_alice: Client, token: ApiToken
) -> None:
    write_calls(token, 60)
    first = as_alice.get(path(token), {"outcome": "ok", "view": "hour"})
    query = following(first)
    assert query
    assert "outcome=ok" in query
    assert "view=hour" in query
    second = as_alice.get(path(token) + query)
    assert (rows(first), rows(second)) == ([*range(50)], [*range(50, 60)])
    assert "Back to the newest calls" in second.text
    assert "data-poll" not in second.text


# -- Newest rows -----------------------------------------------------------------------------------


def test_the_tail_has_what_came_after_the_newest_row_on_the_page(
    as_alice: Client, token: ApiToken, now: datetime
) -> None:
    write_calls(token, 3)
    newest = (now - timedelta(seconds=30)).isoformat()
    assert rows(as_alice.get(path(token, "calls/tail/"), {"newest": newest})) == [0]


def test_the_tail_looks_back_for_rows_that_another_process_wrote_late(
    as_alice: Client, token: ApiToken, now: datetime
) -> None:
    write_calls(token)
    newest = (now + timedelta(seconds=2)).isoformat()
    assert rows(as_alice.get(TAIL, {"newest": newest})) == [0]
    newest = (now + timedelta(seconds=9)).isoformat()
    assert as_alice.get(TAIL, {"newest": newest}).status_code == 204


def test_a_tail_that_can_not_keep_up_says_so(
    as_alice: Client, token: ApiToken, now: datetime
) -> None:
    write_calls(token, 101)
    long_ago = {"newest": (now - timedelta(days=1)).isoformat()}
    tail = as_alice.get(path(token, "calls/tail/"), long_ago)
    assert len(rows(tail)) == 100
    assert "those between are left out" in tail.text


# -- Queries ---------------------------------------------------------------------------------------


@pytest.mark.parametrize("count", [1, 1000])
@pytest.mark.parametrize(
    ("address", "queries"),
    [
        ("", 8),  # session, person, token, its links, policy…, series, summary (2), log, events
        ("calls/tail/", 4),
        ("first-call/", 3),
        ("calls.csv", 4),
        (CALLS, 7),
        (TAIL, 4),
        (TOKENS, 6),
    ],
)
def test_pages_ask_as_much_for_one_call_as_for_a_thousand(
    as_alice: Client,
    token: ApiToken,
    django_assert_num_queries: DjangoAssertNumQueries,
    address: str,
    queries: int,
    count: int,
) -> None:
    write_calls(token, count)
    with django_assert_num_queries(queries):
        text_of(as_alice.get(address if address.startswith("/") else path(token, address)))


# -- CSV -------------------------------------------------------------------------------------------


def test_the_csv_is_a_file_with_every_call_and_no_formula(
    as_alice: Client, token: ApiToken
) -> None:
    write_calls(token, 60, agent='=HYPERLINK("x")')
    answer = as_alice.get(path(token, "calls.csv"))
    lines = list(csv.DictReader(io.StringIO(text_of(answer))))
    assert answer["Content-Type"] == "text/csv; charset=utf-8"
    assert answer["Content-Disposition"].startswith(
        f'attachment; filename="meetzy-{token.identifier}-calls-'
    )
    assert (len(lines), lines[0]["agent"]) == (60, '\'=HYPERLINK("x")')


def test_the_csv_ends_at_a_million_rows(
    as_alice: Client, token: ApiToken, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("accounts.usage.request_log.LONGEST", 5)
    write_calls(token, 9)
    assert text_of(as_alice.get(EXPORT)).count("\r\n") == 1 + 5


# -- The first call --------------------------------------------------------------------------------


def test_the_page_that_shows_a_token_waits_for_its_first_call(
    as_alice: Client, issue: Issue
) -> None:
    token = issue().token
    assert as_alice.get(path(token, "first-call/")).status_code == 204


def test_the_first_call_is_told_with_who_made_it(as_alice: Client, token: ApiToken) -> None:
    write_calls(token)
    told = as_alice.get(path(token, "first-call/")).text
    words = re.sub(r"\s+", " ", re.sub(r"<[^>]*>", "", told)).strip()
    assert words == "First call received: curl/8.5 from 203.0.113.7"
    assert "data-poll" not in told


def test_a_refused_first_call_is_told_once_and_waiting_goes_on(
    as_alice: Client, token: ApiToken
) -> None:
    write_calls(token, status=403, code="insufficient_scope")
    told = as_alice.get(path(token, "first-call/"))
    assert "insufficient_scope" in told.text
    again = re.search(r'hx-get="([^"]*)"', told.text)
    assert again
    assert "data-poll" in told.text
    assert as_alice.get(again[1]).status_code == 204
    write_calls(token, first=1)
    assert "First call received" in as_alice.get(again[1]).text
