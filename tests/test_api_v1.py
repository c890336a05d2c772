"""What each call of version 1 answers."""

import re

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from accounts.expiry import Expiry
from accounts.models import ApiToken, User
from accounts.usage import usage
from tests.support.types import Api, Issue

ME, TOKEN, RATE_LIMIT = "/api/v1/me", "/api/v1/token", "/api/v1/rate-limit"
READS = [ME, TOKEN, RATE_LIMIT]
INSTANT = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{3})?Z")


def test_me_is_the_account_behind_the_token(api: Api, issue: Issue, alice: User) -> None:
    response = api(ME, issue().plaintext)
    assert response.json() == {
        "success": True,
        "data": {"id": alice.pk, "email": "alice@example.com", "name": "Alice"},
    }


def test_each_token_acts_for_its_own_owner(api: Api, issue: Issue, bob: User) -> None:
    assert api(ME, issue().plaintext).json()["data"]["name"] == "Alice"
    assert api(ME, issue(owner=bob).plaintext).json()["data"]["name"] == "Bob"


def test_token_tells_about_itself(api: Api, issue: Issue) -> None:
    issued = issue(name="Bericht ✓ 報告", expiry=Expiry.ONE_YEAR, environment="staging")
    data = api(TOKEN, issued.plaintext).json()["data"]
    assert INSTANT.fullmatch(data.pop("created_at"))
    assert INSTANT.fullmatch(data.pop("expires_at"))
    assert data == {
        "identifier": issued.plaintext[:24],
        "name": "Bericht ✓ 報告",
        "environment": "staging",
        "scopes": ["*"],
        "last_used_at": None,
        "limits": {"minute": 100, "burst": 10},
    }


def test_instants_are_rfc_3339_in_utc(api: Api, issue: Issue) -> None:
    issued = issue()
    data = api(TOKEN, issued.plaintext).json()["data"]
    for name in ("created_at", "expires_at"):
        instant = getattr(issued.token, name)
        assert data[name] == f"{instant:%Y-%m-%dT%H:%M:%S}.{instant.microsecond // 1000:03}Z"


def test_token_tells_its_last_use_before_this_call(api: Api, issue: Issue) -> None:
    issued = issue()
    api(ME, issued.plaintext)
    usage.flush()
    issued.token.refresh_from_db()
    last_used_at = api(TOKEN, issued.plaintext).json()["data"]["last_used_at"]
    assert issued.token.last_used_at is not None
    assert last_used_at.startswith(f"{issued.token.last_used_at:%Y-%m-%dT%H:%M:%S}")


def test_limits_of_one_token_are_its_own(api: Api, issue: Issue) -> None:
    issued = issue()
    ApiToken.objects.filter(pk=issued.token.pk).update(minute_limit=600, burst_limit=60)
    data = api(TOKEN, issued.plaintext).json()["data"]
    assert data["limits"] == {"minute": 600, "burst": 60}


def test_a_revoked_token_is_dead_at_once(api: Api, issue: Issue) -> None:
    issued = issue()
    response = api(TOKEN, issued.plaintext, method="DELETE")
    assert (response.status_code, response.content) == (204, b"")
    assert api(ME, issued.plaintext).json()["error"]["code"] == "token_revoked"
    issued.token.refresh_from_db()
    assert issued.token.revoked_reason == "Revoked through the API"


def test_a_token_revokes_itself_and_no_other(api: Api, issue: Issue) -> None:
    first, second = issue(), issue()
    api(TOKEN, first.plaintext, method="DELETE")
    assert api(ME, second.plaintext).status_code == 200


def test_a_token_can_not_be_revoked_twice(api: Api, issue: Issue) -> None:
    issued = issue()
    issued.token.revoke(reason="Leaked")
    assert api(TOKEN, issued.plaintext, method="DELETE").status_code == 401
    issued.token.refresh_from_db()
    assert issued.token.revoked_reason == "Leaked"


def test_rate_limit_tells_both_budgets_and_consumes_neither(api: Api, issue: Issue) -> None:
    token = issue().plaintext
    api(ME, token)
    for _ in range(20):
        data = api(RATE_LIMIT, token).json()["data"]
    assert data["minute"] == {
        "limit": 100,
        "remaining": 99,
        "window_seconds": 60,
        "reset_seconds": pytest.approx(60, abs=2),
    }
    assert data["burst"]["limit"] == 10


def test_rate_limit_answers_when_the_budgets_are_exhausted(api: Api, issue: Issue) -> None:
    issued = issue()
    ApiToken.objects.filter(pk=issued.token.pk).update(minute_limit=1)
    assert [api(ME, issued.plaintext).status_code for _ in range(2)] == [200, 429]
    response = api(RATE_LIMIT, issued.plaintext)
    assert response.status_code == 200
    assert response.json()["data"]["minute"]["remaining"] == 0
    assert "Retry-After" not in response.headers


def test_rate_limit_is_closed_to_a_dead_token(api: Api, issue: Issue) -> None:
    issued = issue()
    issued.token.revoke()
    assert api(RATE_LIMIT, issued.plaintext).status_code == 401


@pytest.mark.parametrize("path", READS)
def test_a_call_costs_one_query(api: Api, issue: Issue, path: str) -> None:
    token = issue().plaintext
    with CaptureQueriesContext(connection) as queries:
        assert api(path, token).status_code == 200
    assert len(queries) == 1


@pytest.mark.parametrize("token", [None, "", "junk", "mtz_" + "0" * 62])
def test_a_call_without_a_well_formed_token_costs_none(api: Api, token: str | None) -> None:
    with CaptureQueriesContext(connection) as queries:
        assert api(ME, token).status_code == 401
    assert len(queries) == 0


@pytest.mark.parametrize("path", READS)
def test_head_is_answered_as_get(api: Api, issue: Issue, path: str) -> None:
    token = issue().plaintext
    get, head = api(path, token), api(path, token, method="HEAD")
    assert head.status_code == 200
    assert head.headers.keys() == get.headers.keys()
    assert (head.headers["Content-Length"], head.content) == (str(len(get.content)), b"")


def test_no_call_changes_anything_but_the_revocation(api: Api, issue: Issue) -> None:
    issued = issue()
    before = ApiToken.objects.values().get()
    for path in READS:
        for method in ("GET", "HEAD", "POST", "PUT", "PATCH", "OPTIONS"):
            api(path, issued.plaintext, method=method)
    assert ApiToken.objects.values().get() == before
