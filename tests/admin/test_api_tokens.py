"""What operators see of tokens, and the little that they change."""

from datetime import timedelta
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from accounts.models import ApiToken, Status, User
from tests.admin.places import INDEX, TOKENS, listed, page_of
from tests.support.types import Issue

# -- The list of tokens ----------------------------------------------------------------------------


def test_the_list_shows_what_a_token_is_and_does(issue: Issue, as_admin: Client) -> None:
    token = issue(name="Billing export", environment="staging").token
    content = as_admin.get(TOKENS).content.decode()
    for shown in (token.identifier, "Billing export", token.owner.email, "Staging", "Active"):
        assert shown in content
    assert "in 90 days" in content
    assert "never" in content


def test_a_longer_list_costs_no_more_queries(issue: Issue, as_admin: Client, bob: User) -> None:
    def queries() -> int:
        with CaptureQueriesContext(connection) as captured:
            as_admin.get(TOKENS)
        return len(captured)

    issue()
    before = queries()
    for owner in (bob, bob, issue().token.owner):
        issue(owner=owner)
    assert queries() == before


def test_the_list_is_narrowed_by_status(issue: Issue, as_admin: Client) -> None:
    now = timezone.now()
    ages = {Status.ACTIVE: 0, Status.EXPIRING: 85, Status.EXPIRED: 91, Status.REVOKED: 0}
    made = {status: issue(now=now - timedelta(days=age)).token for status, age in ages.items()}
    made[Status.REVOKED].revoke()
    for status, token in made.items():
        assert listed(as_admin.get(TOKENS, {"status": status.value})) == {token}
    assert listed(as_admin.get(TOKENS, {"status": "nonsense"})) == set(made.values())


def test_the_list_is_narrowed_by_last_use(issue: Issue, as_admin: Client) -> None:
    now = timezone.now()
    long_ago = now - timedelta(days=91)
    fresh, forgotten, used = issue().token, issue(now=long_ago).token, issue().token
    stale = issue(now=long_ago).token
    ApiToken.objects.filter(pk=used.pk).update(last_used_at=now)
    ApiToken.objects.filter(pk=stale.pk).update(last_used_at=long_ago)
    assert listed(as_admin.get(TOKENS, {"last_use": "never"})) == {fresh, forgotten}
    assert listed(as_admin.get(TOKENS, {"last_use": "long_ago"})) == {forgotten, stale}


# -- One token -------------------------------------------------------------------------------------


def test_limits_are_changed_and_nothing_else(issue: Issue, as_admin: Client, bob: User) -> None:
    token = issue().token
    kept = ApiToken.objects.values().get()
    form = {"minute_limit": 5, "burst_limit": 2, "name": "Mine", "owner": bob.pk, "pepper": 9}
    form |= {"identifier": "mtz_" + "0" * 20, "revoked_reason": "!", "environment": "staging"}
    assert as_admin.post(page_of(token), form)["Location"] == TOKENS
    assert ApiToken.objects.values().get() == kept | {"minute_limit": 5, "burst_limit": 2}


def test_empty_limits_are_the_usual_ones(issue: Issue, as_admin: Client) -> None:
    token = issue().token
    for limits in ({"minute_limit": 5, "burst_limit": 2}, {"minute_limit": "", "burst_limit": ""}):
        as_admin.post(page_of(token), limits)
    token.refresh_from_db()
    assert (token.minute_limit, token.burst_limit) == (None, None)


@pytest.mark.parametrize("limit", ["0", "-1", "ten", "1.5", "9" * 30])
def test_an_impossible_limit_is_explained(issue: Issue, as_admin: Client, limit: str) -> None:
    token = issue().token
    response = as_admin.post(page_of(token), {"minute_limit": limit, "burst_limit": ""})
    assert response.status_code == 200
    assert response.context["errors"]
    assert ApiToken.objects.get().minute_limit is None


def test_saving_limits_never_brings_a_revoked_token_back(
    issue: Issue, as_admin: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    token = issue().token
    save = ApiToken.save

    def revoked_meanwhile(self: ApiToken, **options: Any) -> None:
        ApiToken.objects.revoke(reason="Meanwhile")
        save(self, **options)

    monkeypatch.setattr(ApiToken, "save", revoked_meanwhile)
    as_admin.post(page_of(token), {"minute_limit": 5, "burst_limit": ""})
    token.refresh_from_db()
    assert (token.minute_limit, token.status) == (5, Status.REVOKED)


def test_nothing_is_added_or_deleted(issue: Issue, as_admin: Client) -> None:
    token = issue().token
    assert as_admin.get(f"{TOKENS}add/").status_code == 403
    assert as_admin.post(page_of(token, "delete"), {"post": "yes"}).status_code == 403
    form = {"action": "delete_selected", "_selected_action": token.pk, "post": "yes"}
    as_admin.post(TOKENS, form)
    assert ApiToken.objects.get() == token


def test_an_unknown_token_leads_back(as_admin: Client) -> None:
    for unknown in ("4711", "nonsense", "9" * 30):
        assert as_admin.get(f"{TOKENS}{unknown}/change/")["Location"] == INDEX
