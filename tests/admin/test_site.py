"""Who gets into the admin, and what every page of it keeps to."""

import re

import pytest
from django.test import Client

from accounts.models import ApiToken, User
from tests.admin.places import (
    INDEX,
    REVOKE,
    TOKENS,
    USERS,
    page_of,
    page_of_user,
)
from tests.conftest import PASSWORD
from tests.support.types import Issue

# -- Getting in ------------------------------------------------------------------------------------


def test_the_admin_bears_our_name(as_admin: Client) -> None:
    content = as_admin.get(INDEX).content.decode()
    assert "<title>Operations · Meetzy Tokens</title>" in content
    assert "Django" not in content


def test_operators_sign_in_on_our_own_page(client: Client, admin_user: User) -> None:
    response = client.get(TOKENS, follow=True)
    sign_in, _ = response.redirect_chain[-1]
    assert sign_in == f"/account/sign-in/?next={TOKENS}"
    form = {"username": admin_user.email, "password": PASSWORD}
    assert client.post(sign_in, form)["Location"] == TOKENS
    assert client.get(TOKENS).status_code == 200


def test_the_admins_own_form_signs_nobody_in(client: Client, admin_user: User) -> None:
    client.post("/admin/login/", {"username": admin_user.email, "password": PASSWORD})
    assert client.get(INDEX).status_code == 302


def test_an_operator_who_is_signed_in_needs_no_sign_in_page(as_admin: Client) -> None:
    assert as_admin.get("/admin/login/")["Location"] == INDEX


def test_who_is_no_operator_is_refused_without_a_loop(as_alice: Client) -> None:
    response = as_alice.get(TOKENS, follow=True)
    assert response.status_code == 403
    assert len(response.redirect_chain) == 1


def test_a_bearer_token_opens_no_admin(issue: Issue, client: Client, admin_user: User) -> None:
    header = {"Authorization": f"Bearer {issue(owner=admin_user).plaintext}"}
    assert client.get(INDEX, headers=header).status_code == 302


def test_an_operator_switched_off_is_out_at_once(as_admin: Client, admin_user: User) -> None:
    assert as_admin.get(INDEX).status_code == 200
    User.objects.filter(pk=admin_user.pk).update(is_active=False)
    assert as_admin.get(INDEX).status_code == 302


# -- Every page ------------------------------------------------------------------------------------


@pytest.fixture
def pages(issue: Issue, alice: User, as_admin: Client) -> list[tuple[str, str]]:
    """Path and content of each page of the admin that has to do with a token that was changed."""
    token = issue().token
    as_admin.post(page_of(token), {"minute_limit": 5, "burst_limit": ""})
    paths = [INDEX, TOKENS, page_of(token), page_of(token, "history"), USERS, f"{USERS}add/"]
    paths += [f"{REVOKE}?tokens={token.identifier}", page_of_user(alice), f"{TOKENS}?status=active"]
    paths += ["/admin/accounts/", "/admin/auth/group/add/", page_of_user(alice, "password")]
    paths += [page_of_user(alice, "delete"), page_of_user(alice, "history")]
    answers = [(path, as_admin.get(path)) for path in paths]
    assert {answer.status_code for _, answer in answers} == {200}
    return [(path, answer.content.decode()) for path, answer in answers]


def test_no_digest_shows_on_any_page(pages: list[tuple[str, str]]) -> None:
    digest = bytes(ApiToken.objects.get().digest)
    for path, content in pages:
        assert "digest" not in content.lower(), path
        assert digest.hex() not in content, path
        assert repr(digest)[2:-1] not in content, path


def test_nothing_inline_that_the_policy_would_refuse(pages: list[tuple[str, str]]) -> None:
    for path, content in pages:
        assert not re.search(r"<[^>]+\s(style|on\w+)=", content), path
        for element in re.findall(r"<(?:script|style)\b[^>]*>", content):
            assert "src=" in element or "nonce=" in element, (path, element)
