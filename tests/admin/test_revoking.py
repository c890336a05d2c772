"""Stopping tokens, with a reason."""

import re

import pytest
from django.contrib.admin.models import LogEntry
from django.test import Client

from accounts.models import ApiToken, Status, User
from tests.admin.places import (
    INDEX,
    REVOKE,
    TOKENS,
    Operator,
    page_of,
)
from tests.support.types import Api, Issue


def test_revoking_names_the_token_and_asks_for_a_reason(issue: Issue, as_admin: Client) -> None:
    token = issue(name="Billing export").token
    link = f"{REVOKE}?tokens={token.identifier}"
    assert link in as_admin.get(page_of(token)).content.decode()
    content = as_admin.get(link).content.decode()
    for shown in ("Revoke this API token?", "Billing export", token.identifier, "never used"):
        assert shown in content
    assert "1 " not in re.findall(r"Of those selected.*", content)
    assert ApiToken.objects.get().is_living


def test_a_revoked_token_is_refused_and_its_reason_kept(
    issue: Issue, as_admin: Client, api: Api
) -> None:
    issued = issue()
    assert api("/api/v1/me", issued.plaintext).status_code == 200
    form = {"tokens": issued.token.identifier, "reason": "Found in a public repository"}
    response = as_admin.post(REVOKE, form, follow=True)
    assert "1 API token is revoked; programs get 401." in response.content.decode()
    assert api("/api/v1/me", issued.plaintext).status_code == 401
    assert ApiToken.objects.get().revoked_reason == "Found in a public repository"


def test_the_admin_log_tells_who_revoked_what_and_why(
    issue: Issue, as_admin: Client, admin_user: User
) -> None:
    issued = issue()
    reason = f"Leaked: {issued.plaintext}"
    as_admin.post(REVOKE, {"tokens": issued.token.identifier, "reason": reason})
    entry = LogEntry.objects.get()
    assert (entry.user, entry.object_id) == (admin_user, str(issued.token.pk))
    assert issued.token.identifier in entry.object_repr
    assert entry.get_change_message() == f"Revoked: Leaked: {issued.token.identifier}"
    history = as_admin.get(page_of(issued.token, "history")).content.decode()
    assert "Revoked: Leaked" in history
    assert issued.plaintext[24:] not in history


@pytest.mark.parametrize("reason", ["", "   ", "\u200b", "r" * 201, "a\0b"], ids=ascii)
def test_without_a_fitting_reason_nothing_is_revoked(
    issue: Issue, as_admin: Client, reason: str
) -> None:
    token = issue().token
    response = as_admin.post(REVOKE, {"tokens": token.identifier, "reason": reason})
    assert response.status_code == 422
    assert response.context["form"].errors["reason"]
    assert token.identifier in response.content.decode()
    assert ApiToken.objects.get().is_living


def test_several_are_revoked_from_the_list(issue: Issue, as_admin: Client, bob: User) -> None:
    mine, other, dead, spared = (issue(name=f"Token {n}").token for n in range(4))
    dead.revoke(reason="Before")
    chosen = [mine.pk, other.pk, dead.pk]
    form = {"action": "revoke_selected", "index": "0", "_selected_action": chosen}
    content = as_admin.post(TOKENS, form).content.decode()
    assert "Revoke 2 API tokens?" in content
    assert "1 is revoked already and stays as it is" in content
    named = re.search(r'name="tokens" value="([^"]+)"', content)
    assert named
    as_admin.post(REVOKE, {"tokens": named[1], "reason": "Incident"})
    reasons = dict(ApiToken.objects.values_list("name", "revoked_reason"))
    assert reasons == {
        "Token 0": "Incident",
        "Token 1": "Incident",
        "Token 2": "Before",
        "Token 3": "",
    }
    assert LogEntry.objects.count() == 2
    assert spared.is_living


def test_revoking_again_changes_nothing(issue: Issue, as_admin: Client) -> None:
    token = issue().token
    for reason in ("First", "Second"):
        as_admin.post(REVOKE, {"tokens": token.identifier, "reason": reason})
    assert ApiToken.objects.get().revoked_reason == "First"
    assert LogEntry.objects.count() == 1
    response = as_admin.get(REVOKE, {"tokens": token.identifier}, follow=True)
    assert "Revoked already: nothing to do." in response.content.decode()
    assert "Revoke…" not in as_admin.get(page_of(token)).content.decode()


@pytest.mark.parametrize("unknown", ["", "nonsense", "mtz_" + "0" * 20, "1"])
def test_an_unknown_token_is_not_found(as_admin: Client, unknown: str) -> None:
    assert as_admin.get(REVOKE, {"tokens": unknown}).status_code == 404
    assert as_admin.post(REVOKE, {"tokens": unknown, "reason": ""}).status_code == 404


def test_who_may_only_look_sees_and_changes_nothing(issue: Issue, operator: Operator) -> None:
    token, client = issue().token, operator("view_apitoken")
    assert token.identifier in client.get(TOKENS).content.decode()
    page = client.get(page_of(token)).content.decode()
    assert token.identifier in page
    assert "Revoke…" not in page
    form = {"tokens": token.identifier, "reason": "I may not"}
    assert client.post(REVOKE, form).status_code == 403
    assert client.get(REVOKE, {"tokens": token.identifier}).status_code == 403
    client.post(TOKENS, {"action": "revoke_selected", "_selected_action": token.pk})
    assert client.post(page_of(token), {"minute_limit": 1}).status_code == 403
    assert ApiToken.objects.get().is_living


def test_who_may_change_tokens_may_revoke_them(issue: Issue, operator: Operator) -> None:
    form = {"tokens": issue().token.identifier, "reason": "It is my work"}
    assert operator("change_apitoken").post(REVOKE, form).status_code == 302
    assert ApiToken.objects.get().status == Status.REVOKED


def test_who_has_no_permission_sees_no_token(operator: Operator) -> None:
    client = operator()
    assert client.get(INDEX).status_code == 200
    assert client.get(TOKENS).status_code == client.post(REVOKE).status_code == 403
