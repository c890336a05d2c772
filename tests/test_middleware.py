"""Who answers what: API calls the bearer middleware alone, pages everything but it."""

import logging
from typing import Any

import pytest
from django.db import DatabaseError, OperationalError
from django.test import Client, RequestFactory

from accounts.api.authorization import presented_token
from accounts.api.problems import Refused
from accounts.middleware import BearerMiddleware
from accounts.models import ApiToken, Bearer, User
from accounts.tokens import generate
from accounts.usage import usage
from tests.support.types import Api, Issue

ME = "/api/v1/me"


# -- Two worlds ------------------------------------------------------------------------------------


def test_a_session_opens_pages(as_alice: Client) -> None:
    assert as_alice.get("/account/tokens/").status_code == 200


def test_a_session_does_not_authenticate_a_call(as_alice: Client) -> None:
    response = as_alice.get(ME)
    assert response.status_code == 401
    assert response.json()["error"]["code"] == "missing_token"


def test_a_token_does_not_open_a_page(issue: Issue) -> None:
    header = {"Authorization": f"Bearer {issue().plaintext}"}
    assert Client().get(ME, headers=header).status_code == 200
    for page in ("/", "/account/", "/account/tokens/", "//api/v1/me", "/api"):
        assert Client().get(page, headers=header, follow=True).status_code != 500
        assert not Client().get(page, headers=header).wsgi_request.user.is_authenticated


def test_a_token_does_not_open_the_admin(api: Api, issue: Issue, admin_user: User) -> None:
    token = issue(owner=admin_user).plaintext
    assert api(ME, token).status_code == 200
    assert api("/admin/", token).status_code == 302


def test_a_call_leaves_the_session_and_csrf_cookies_alone(as_alice: Client, issue: Issue) -> None:
    session = as_alice.session.session_key
    header = {"Authorization": f"Bearer {issue().plaintext}"}
    response = as_alice.get(ME, headers=header)
    assert response.status_code == 200
    assert not response.cookies
    assert as_alice.session.session_key == session


def test_a_call_needs_no_csrf_token(issue: Issue) -> None:
    header = {"Authorization": f"Bearer {issue().plaintext}"}
    client = Client(enforce_csrf_checks=True)
    assert client.delete("/api/v1/token", headers=header).status_code == 204


def test_middleware_of_pages_does_not_run_for_a_call(issue: Issue) -> None:
    def pages(*_: Any) -> Any:
        raise AssertionError

    header = {"Authorization": f"Bearer {issue().plaintext}"}
    request = RequestFactory().get(ME, headers=header)
    assert BearerMiddleware(pages)(request).status_code == 200
    assert not hasattr(request, "session")
    assert not hasattr(request, "user")


@pytest.mark.parametrize("path", ["/", "/api", "/apiary", "/API/v1/me", "//api/v1/me"])
def test_what_is_not_below_api_is_a_page(path: str) -> None:
    request = RequestFactory().get("/")
    request.path_info = path
    assert BearerMiddleware(lambda _: "page")(request) == "page"  # type: ignore[arg-type,return-value,comparison-overlap]


@pytest.mark.parametrize("path", ["/api/docs", "/api/v1/openapi.json"])
def test_the_description_of_the_api_is_open_to_everyone(db: None, path: str) -> None:
    assert Client().get(path).status_code == 200
    assert Client().post(path).status_code == 405


# -- The header ------------------------------------------------------------------------------------


def test_a_well_formed_token_is_presented() -> None:
    token = generate()
    assert presented_token(f"Bearer {token}") == token


@pytest.mark.parametrize(
    ("header", "code"),
    [
        (None, "missing_token"),
        ("Bearer", "missing_token"),
        ("Bearer \t", "invalid_token"),
        ("Bearer\xa0{}", "invalid_token"),
        ("Bearer\x1c{}", "invalid_token"),
        ("Bearer\n{}", "invalid_token"),
        ("Bearer:{}", "invalid_token"),
        ("Bearer {},", "invalid_token"),
        ("Bearer ,{}", "invalid_token"),
        ("Bearer {0},Bearer {0}", "invalid_request"),
        ("Bearer {0}, Basic {0}", "invalid_request"),
        (",Bearer {0}", "invalid_request"),
        ("Bearer" + " " * 50_000 + "{}x", "invalid_token"),
        ("\t{}", "missing_token"),
        ("\udcff\0", "missing_token"),
    ],
)
def test_a_header_is_read_exactly(header: str | None, code: str) -> None:
    with pytest.raises(Refused) as refused:
        presented_token(header and header.format(generate()))
    assert refused.value.code == code


# -- Last use --------------------------------------------------------------------------------------


def test_an_admitted_call_is_a_use(api: Api, issue: Issue) -> None:
    issued = issue()
    headers = {"User-Agent": "curl/8.5.0"}
    api(ME, issued.plaintext, headers=headers, REMOTE_ADDR="203.0.113.7")
    (use,) = usage._calls
    assert (use.address, use.agent) == ("203.0.113.7", "curl/8.5.0")


def test_what_a_call_leaves_in_memory_is_bounded(api: Api, issue: Issue) -> None:
    api("/api/v1/" + "x" * 20_000, issue().plaintext, headers={"User-Agent": "y" * 20_000})
    (call,) = usage._calls
    assert (len(call.path), len(call.agent)) == (1000, 200)


@pytest.mark.parametrize("path", ["/api/v1/nothing", "/api/v1/rate-limit"])
def test_a_call_counts_as_use_even_when_it_finds_or_costs_nothing(
    api: Api, issue: Issue, path: str
) -> None:
    api(path, issue().plaintext)
    (call,) = usage._calls
    assert call.is_use


def test_a_refused_call_is_no_use_and_strangers_leave_no_trace(api: Api, issue: Issue) -> None:
    limited, revoked = issue(), issue()
    ApiToken.objects.filter(pk=limited.token.pk).update(minute_limit=1)
    api(ME, limited.plaintext)
    usage.clear()
    revoked.token.revoke()
    for token in (limited.plaintext, revoked.plaintext, generate(), "junk"):
        assert api(ME, token).status_code in {401, 429}
    assert [(call.code, call.is_use) for call in usage._calls] == [
        ("rate_limited", False),
        ("token_revoked", False),
    ]


# -- Faults ----------------------------------------------------------------------------------------


def failing(failure: Exception) -> Any:
    def find(token: str) -> Bearer:
        raise failure

    return find


@pytest.mark.parametrize("failure", [OperationalError, DatabaseError])
def test_a_store_that_can_not_be_asked_is_unavailable(
    api: Api, monkeypatch: pytest.MonkeyPatch, failure: type[Exception]
) -> None:
    monkeypatch.setattr(Bearer, "find", failing(failure("no such table")))
    response = api(ME, generate())
    assert response.status_code == 503
    assert response.json()["error"]["code"] == "unavailable"
    assert response.headers["Retry-After"] == "2"


def test_a_fault_of_ours_is_logged_under_its_request_id_and_without_the_token(
    api: Api, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    token = generate()
    monkeypatch.setattr(Bearer, "find", failing(ZeroDivisionError()))
    with caplog.at_level(logging.DEBUG):
        response = api(ME, token)
    assert response.status_code == 500
    assert response.json()["error"]["code"] == "internal_error"
    assert response.headers["X-Request-ID"] in caplog.text
    assert token[24:] not in caplog.text


def test_refusals_of_strangers_fill_no_log(api: Api, caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.DEBUG):
        for _ in range(3):
            api(ME, "junk")
    assert not caplog.records


# -- Transport -------------------------------------------------------------------------------------


def test_over_https_a_call_hears_the_same_policy_as_a_page(
    api: Api, issue: Issue, settings: Any
) -> None:
    settings.SECURE_HSTS_SECONDS = 60
    settings.SECURE_HSTS_INCLUDE_SUBDOMAINS = settings.SECURE_HSTS_PRELOAD = True
    token, header = issue().plaintext, "Strict-Transport-Security"
    page = Client().get("/account/sign-in/", secure=True)
    assert api(ME, token, secure=True).headers[header] == page.headers[header]
    assert header not in api(ME, token).headers
