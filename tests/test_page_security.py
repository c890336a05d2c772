"""What every page tells the browser, and what no page lets a stranger do."""

import re
from collections.abc import Iterator
from typing import Any

import pytest
from django.test import Client
from django.urls import URLPattern, URLResolver, get_resolver

from accounts.models import ApiToken, User
from tests.conftest import PASSWORD
from tests.support.site import Site
from tests.support.types import Issue, Serve

OPEN = (
    "/account/sign-in/",
    "/account/password/reset/",
    "/account/password/reset/sent/",
    "/account/password/reset/done/",
    "/account/password/reset/MQ/none-none/",
    "/account/guide/",
    "/nowhere/",
)
OWN = (
    "/account/",
    "/account/security/",
    "/account/tokens/",
    "/account/tokens/new/",
    "/account/guide/",
    "/account/tokens/{identifier}/",
    "/account/tokens/{identifier}/revoke/",
)
HTMX = {"HX-Request": "true"}


@pytest.fixture(params=[*[(path, False) for path in OPEN], *[(path, True) for path in OWN]])
def shown(request: pytest.FixtureRequest, issue: Issue) -> Any:
    """Each page: those open to everyone as strangers see them, the others as their owner does."""
    path, signed_in = request.param
    client = request.getfixturevalue("as_alice") if signed_in else Client()
    return client.get(path.format(identifier=issue().token.identifier))


def directives(policy: str) -> dict[str, str]:
    return dict(part.strip().partition(" ")[::2] for part in policy.split(";"))


# -- Headers ---------------------------------------------------------------------------------------


def test_every_page_has_a_strict_policy_for_its_content(shown: Any) -> None:
    policy = directives(shown["Content-Security-Policy"])
    assert policy["default-src"] == "'none'"
    assert policy["frame-ancestors"] == policy["base-uri"] == "'none'"
    assert policy["form-action"] == "'self'"
    assert re.fullmatch(r"'self'( 'nonce-[\w-]{22,}')?", policy["script-src"])
    assert "unsafe" not in shown["Content-Security-Policy"]
    assert shown["X-Frame-Options"] == "DENY"
    assert shown["X-Content-Type-Options"] == "nosniff"
    assert shown["Cross-Origin-Opener-Policy"] == "same-origin"


def test_a_nonce_is_used_once(as_alice: Client) -> None:
    nonces = [nonce_of(as_alice.get("/account/tokens/")) for _ in range(2)]
    assert nonces[0] != nonces[1]


def nonce_of(page: Any) -> str:
    (nonce,) = re.findall(r"script-src 'self' 'nonce-([\w-]+)'", page["Content-Security-Policy"])
    assert f'nonce="{nonce}"' in page.text
    return str(nonce)


def test_no_page_has_anything_inline(shown: Any) -> None:
    assert not re.findall(
        r"<style|\sstyle=|\son\w+=|javascript:|<script(?![^>]*\ssrc=)", shown.text
    )


def test_no_page_is_kept_anywhere(shown: Any) -> None:
    assert {"no-store", "private"} <= set(shown["Cache-Control"].split(", "))


def test_no_page_tells_other_sites_its_address(shown: Any) -> None:
    assert shown["Referrer-Policy"] in {"same-origin", "strict-origin", "no-referrer"}


def test_every_page_says_what_it_is(shown: Any) -> None:
    assert shown["Content-Type"] == "text/html; charset=utf-8"
    assert re.search(r"<title>[^<·]+ · Meetzy</title>", shown.text)
    assert len(re.findall("<h1", shown.text)) == 1
    assert '<html lang="en">' in shown.text


# -- Under production settings ---------------------------------------------------------------------


@pytest.fixture
def production(serve: Serve) -> Site:
    """A site that its operator says is at https, behind one proxy."""
    return serve(SITE_URL="https://tokens.example.com", TRUSTED_PROXIES="1")


def test_production_insists_on_https(production: Site) -> None:
    headers = {"Host": "tokens.example.com"}
    plain = production.client.get("/account/sign-in/", headers=headers)
    assert plain.status_code == 301
    assert plain.headers["Location"] == "https://tokens.example.com/account/sign-in/"
    secure = headers | {"X-Forwarded-Proto": "https"}
    page = production.client.get("/account/sign-in/", headers=secure)
    assert page.status_code == 200
    assert page.headers["Strict-Transport-Security"].startswith("max-age=63072000")
    cookie = page.headers["Set-Cookie"]
    assert cookie.startswith("__Host-csrf=")
    assert {"Secure", "HttpOnly", "SameSite=Lax", "Path=/"} <= set(cookie.split("; "))


# -- Who may do what -------------------------------------------------------------------------------


def own_pages(resolver: URLResolver, prefix: str = "/") -> Iterator[str]:
    for pattern in resolver.url_patterns:
        route = prefix + str(pattern.pattern).replace("<slug:identifier>", "mtz_x")
        if isinstance(pattern, URLPattern) and "<" not in route and "^" not in route:
            yield route
        elif isinstance(pattern, URLResolver) and pattern.app_name != "admin":
            yield from own_pages(pattern, route)


def test_every_page_but_the_open_ones_leads_strangers_to_the_sign_in_page(db: None) -> None:
    closed = [path for path in own_pages(get_resolver()) if path.startswith("/account/")]
    closed = [path for path in closed if path not in {*OPEN, "/account/sign-out/"}]
    assert len(closed) >= 7
    for path in closed:
        for send in (Client().get, Client().post):
            assert send(path)["Location"] == f"/account/sign-in/?next={path}"


def test_the_admin_is_closed_and_has_no_sign_in_form_of_its_own(
    client: Client, as_alice: Client, as_admin: Client
) -> None:
    assert as_admin.get("/admin/").status_code == 200
    for send in (client.get, client.post):
        response = send("/admin/", follow=True)
        assert response.redirect_chain[-1] == ("/account/sign-in/?next=/admin/", 302)
    assert as_alice.get("/admin/", follow=True).status_code == 403
    assert as_admin.get("/admin/password_change/")["Location"] == "/account/security/"


def test_htmx_is_led_to_the_sign_in_page_not_given_it(client: Client, db: None) -> None:
    response = client.get("/account/tokens/new/", headers=HTMX)
    assert response["HX-Redirect"] == "/account/sign-in/?next=/account/tokens/new/"
    assert not response.content


def test_a_bearer_token_opens_no_page(client: Client, issue: Issue) -> None:
    headers = {"Authorization": f"Bearer {issue().plaintext}"}
    assert client.get("/account/tokens/", headers=headers).status_code == 302


@pytest.mark.parametrize("headers", [{}, HTMX])
def test_no_form_is_taken_from_elsewhere(
    as_alice: Client, issue: Issue, headers: dict[str, str]
) -> None:
    token = issue().token
    path = f"/account/tokens/{token.identifier}/revoke/"
    as_alice.handler.enforce_csrf_checks = True
    assert as_alice.post(path, headers=headers).status_code == 403
    token.refresh_from_db()
    assert token.is_living


def test_htmx_shows_the_page_s_csrf_token_in_a_header(as_alice: Client, issue: Issue) -> None:
    as_alice.handler.enforce_csrf_checks = True
    match = re.search(r'"x-csrftoken": "(\w+)"', as_alice.get("/account/tokens/").text)
    assert match
    token = issue().token
    headers = HTMX | {"X-CSRFToken": match[1]}
    response = as_alice.post(f"/account/tokens/{token.identifier}/revoke/", headers=headers)
    assert response.status_code < 400
    assert ApiToken.objects.get(pk=token.pk).revoked_at


def test_cookies_are_out_of_reach_of_scripts_and_other_sites(client: Client, alice: User) -> None:
    client.post("/account/sign-in/", {"username": alice.email, "password": PASSWORD})
    client.get("/account/tokens/")
    assert set(client.cookies) == {"session", "csrf", "known_browser"}
    for cookie in client.cookies.values():
        assert cookie["samesite"] == "Lax"
        assert cookie["httponly"]
