"""`GET /api/v1/token/usage`."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import time_machine
from pytest_django import DjangoAssertNumQueries

from accounts.models import User
from accounts.usage import writing
from tests.support.calls import usual_call
from tests.support.types import Api, Issue

NOW = datetime(2026, 3, 11, 15, 20, tzinfo=UTC)
USAGE = "/api/v1/token/usage"


@pytest.fixture(autouse=True)
def at_that_time() -> Any:
    with time_machine.travel(NOW, tick=False):
        yield


def buckets(api: Api, token: str, query: str = "") -> list[dict[str, Any]]:
    response = api(USAGE + query, token)
    assert response.status_code == 200, response.content
    found: list[dict[str, Any]] = response.json()["data"]["buckets"]
    return found


def test_it_counts_by_day_and_outcome(api: Api, issue: Issue) -> None:
    issued = issue()
    statuses = [200, 204, 404, 401, 429, 500]
    writing.add_to_counters(
        [usual_call(issued.token.pk, at=NOW - timedelta(days=3), status=s) for s in statuses]
    )
    found = buckets(api, issued.plaintext)
    assert len(found) == 30
    assert (found[0]["start"], found[-1]["start"]) == (
        "2026-02-10T00:00:00Z",
        "2026-03-11T00:00:00Z",
    )
    assert found[-4] == {
        "start": "2026-03-08T00:00:00Z",
        "calls": 6,
        "ok": 2,
        "client_error": 1,
        "refused": 1,
        "limited": 1,
        "server_error": 1,
        "p50_ms": 1.5,
        "p95_ms": 1.9,
    }
    assert (found[-1]["calls"], found[-1]["p95_ms"]) == (0, None)


def test_it_counts_by_hour(api: Api, issue: Issue) -> None:
    issued = issue()
    writing.add_to_counters([usual_call(issued.token.pk, at=NOW - timedelta(hours=2))])
    found = buckets(api, issued.plaintext, "?granularity=hour&days=1")
    assert len(found) == 24
    assert [bucket["start"] for bucket in found if bucket["calls"]] == ["2026-03-11T13:00:00Z"]
    assert len(buckets(api, issued.plaintext, "?granularity=hour")) == 48


@pytest.mark.parametrize(
    ("query", "number"),
    [("?days=1", 1), ("?days=390", 390), ("?granularity=hour&days=31", 744), ("?days=7&x=y", 7)],
)
def test_both_ends_of_its_bounds(api: Api, issue: Issue, query: str, number: int) -> None:
    assert len(buckets(api, issue().plaintext, query)) == number


@pytest.mark.parametrize(
    ("query", "field"),
    [
        ("?days=0", "days"),
        ("?days=391", "days"),
        ("?days=", "days"),
        ("?days=-1", "days"),
        ("?days=+7", "days"),
        ("?days=7.0", "days"),
        ("?days=1_0", "days"),
        ("?days=%D9%A7", "days"),
        ("?days=%00", "days"),
        ("?days=%ED%A0%80", "days"),
        (f"?days={'9' * 5000}", "days"),
        ("?days=7&days=8", "days"),
        ("?granularity=week", "granularity"),
        ("?granularity=Hour", "granularity"),
        ("?granularity=hour&days=32", "days"),
    ],
)
def test_what_can_t_be_read_is_named(api: Api, issue: Issue, query: str, field: str) -> None:
    response = api(USAGE + query, issue().plaintext)
    assert response.status_code == 400
    assert response.headers["Content-Type"] == "application/problem+json"
    error = response.json()["error"]
    assert (error["code"], list(error["fields"])) == ("invalid_parameters", [field])


def test_a_bound_is_told_and_nothing_else(api: Api, issue: Issue) -> None:
    error = api(USAGE + "?days=391", issue().plaintext).json()["error"]
    assert error["fields"] == {"days": ["Input should be less than or equal to 390"]}


def test_other_tokens_do_not_show(api: Api, issue: Issue, bob: User) -> None:
    mine, sibling, other = issue(), issue(), issue(owner=bob)
    writing.add_to_counters([usual_call(sibling.token.pk, at=NOW)])
    writing.add_to_counters([usual_call(other.token.pk, at=NOW)])
    assert sum(bucket["calls"] for bucket in buckets(api, mine.plaintext)) == 0
    assert sum(bucket["calls"] for bucket in buckets(api, other.plaintext)) == 1


def test_it_costs_one_query_beside_the_token_s(
    api: Api, issue: Issue, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    issued = issue()
    with django_assert_num_queries(2):
        api(USAGE + "?granularity=hour&days=31", issued.plaintext)


def test_without_a_token_it_tells_nothing(api: Api, issue: Issue) -> None:
    issued = issue()
    assert api(USAGE).status_code == 401
    issued.token.revoke()
    assert api(USAGE, issued.plaintext).json()["error"]["code"] == "token_revoked"


def test_other_methods_are_named(api: Api, issue: Issue) -> None:
    response = api(USAGE, issue().plaintext, method="POST")
    assert response.status_code == 405
    assert response.headers["Allow"] == "GET, HEAD"
