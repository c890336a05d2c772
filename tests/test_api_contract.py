"""The contract's table of answers, row by row, and what holds for each of them."""

import re
from base64 import b64encode
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import pytest
import time_machine
from django.conf import settings
from django.utils.http import parse_http_date

from accounts import tokens
from accounts.api.problems import PROBLEMS
from accounts.models import ApiToken, User
from tests.support.types import Api, Issue

if TYPE_CHECKING:
    from django.test.client import _MonkeyPatchedWSGIResponse as Response

ME = "/api/v1/me"
CHALLENGE = 'Bearer realm="meetzy"'


def outcome(response: "Response") -> tuple[int, str, str | None]:
    """Status, error code and WWW-Authenticate."""
    code = response.json().get("error", {}).get("code", "")
    return response.status_code, code, response.headers.get("WWW-Authenticate")


def authorized(api: Api, *credentials: str) -> "Response":
    """A call whose Authorization header is spelt out; several arrive joined, as servers do it."""
    return api(ME, headers={"Authorization": ",".join(credentials)})


# -- No credentials, or another scheme -------------------------------------------------------------


def test_a_genuine_token_is_let_in(api: Api, issue: Issue) -> None:
    assert outcome(api(ME, issue().plaintext)) == (200, "", None)


def test_a_call_without_credentials_is_asked_for_a_token(api: Api) -> None:
    assert outcome(api(ME)) == (401, "missing_token", CHALLENGE)


@pytest.mark.parametrize(
    "credentials",
    [
        "Bearer",
        "Bearer   ",
        "Basic dXNlcjpwYXNz",
        'Digest username="alice", realm="meetzy", nonce="1", uri="/", response="2"',
        "Token {token}",
        "{token}",
        "Bearerer {token}",
    ],
)
def test_another_scheme_is_no_credentials(api: Api, issue: Issue, credentials: str) -> None:
    response = authorized(api, credentials.format(token=issue().plaintext))
    assert outcome(response) == (401, "missing_token", CHALLENGE)


@pytest.mark.parametrize(
    "spelling",
    ["bearer {}", "BEARER {}", "Bearer     {}", "  Bearer {}", "Bearer {}   "],
)
def test_case_of_the_scheme_and_outer_spaces_do_not_matter(
    api: Api, issue: Issue, spelling: str
) -> None:
    assert authorized(api, spelling.format(issue().plaintext)).status_code == 200


def test_a_token_anywhere_but_in_the_header_does_not_authenticate(api: Api, issue: Issue) -> None:
    token = issue().plaintext
    basic = b64encode(f"alice:{token}".encode()).decode()
    for response in (
        api(f"{ME}?access_token={token}&token={token}"),
        api(ME, method="POST", data=f"access_token={token}", content_type="text/plain"),
        api(ME, headers={"Cookie": f"token={token}; session={token}"}),
        api(ME, headers={"X-API-Key": token, "Proxy-Authorization": f"Bearer {token}"}),
        authorized(api, f"Basic {basic}"),
    ):
        assert outcome(response)[:2] == (401, "missing_token")


# -- Two Authorization headers ---------------------------------------------------------------------


@pytest.mark.parametrize("first", ["Bearer {token}", "Basic dXNlcjpwYXNz", ""])
def test_two_authorization_headers_are_a_malformed_request(
    api: Api, issue: Issue, first: str
) -> None:
    token = issue().plaintext
    response = authorized(api, first.format(token=token), f"Bearer {token}")
    assert outcome(response) == (
        400,
        "invalid_request",
        f'{CHALLENGE}, error="invalid_request"',
    )


# -- Anything else that is not a genuine token -----------------------------------------------------


def strangers(genuine: str) -> dict[str, str]:
    """Values that are not genuine, by what is wrong with them."""
    return {
        "wrong shape": "password",
        "another prefix": f"ghp_{genuine[4:]}",
        "too short": genuine[:-1],
        "too long": f"{genuine}0",
        "bytes outside ASCII": f"{genuine[:-1]}é",
        "spaces inside": f"{genuine[:30]} {genuine[30:]}",
        "two tokens": f"{genuine} {genuine}",
        "a control character": f"{genuine}\t",
        "bad checksum": genuine[:-1] + ("1" if genuine[-1] == "0" else "0"),
        "unknown": tokens.generate(),
        "wrong secret": with_another_secret(genuine),
    }


def with_another_secret(genuine: str) -> str:
    body = genuine[:24] + tokens.generate()[24:60]
    return body + tokens.checksum(body)


def test_whatever_is_not_genuine_gets_the_same_answer_byte_for_byte(api: Api, issue: Issue) -> None:
    genuine = issue().plaintext
    assert api(ME, genuine).status_code == 200
    answers = {anonymous(api(ME, stranger)) for stranger in strangers(genuine).values()}
    answers |= {anonymous(authorized(api, f"Bearer\t{genuine}")), anonymous(authorized(api, ""))}
    (answer,) = answers
    assert "401" in answer
    assert '"code": "invalid_token"' in answer
    assert 'Bearer realm="meetzy", error="invalid_token"\'' in answer


def anonymous(response: "Response") -> str:
    """The whole answer, but for its request id."""
    whole = f"{response.status_code} {dict(response.headers)} {response.text}"
    return whole.replace(response.headers["X-Request-ID"], "(id)")


def test_a_token_of_a_removed_pepper_is_no_longer_genuine(
    api: Api, issue: Issue, settings: Any
) -> None:
    issued = issue()
    assert api(ME, issued.plaintext).status_code == 200
    settings.TOKEN_KEYRING = tokens.Keyring.parse("3:the third pepper of the tests")
    assert outcome(api(ME, issued.plaintext))[:2] == (401, "invalid_token")


# -- A genuine token that opens nothing ------------------------------------------------------------


def refused(code: str, description: str) -> tuple[int, str, str]:
    return 401, code, f'{CHALLENGE}, error="invalid_token", error_description="{description}"'


def test_a_token_is_dead_at_the_instant_of_its_expiry(api: Api, issue: Issue) -> None:
    issued = issue()
    instant = issued.token.expires_at
    with time_machine.travel(instant - timedelta(microseconds=1), tick=False):
        assert api(ME, issued.plaintext).status_code == 200
    with time_machine.travel(instant, tick=False):
        response = api(ME, issued.plaintext)
    assert outcome(response) == refused("token_expired", "The token has expired")


def test_a_revoked_token_is_told_so(api: Api, issue: Issue) -> None:
    issued = issue()
    assert api(ME, issued.plaintext).status_code == 200
    issued.token.revoke()
    response = api(ME, issued.plaintext)
    assert outcome(response) == refused("token_revoked", "The token was revoked")


def test_a_token_sleeps_while_its_owner_is_inactive(api: Api, issue: Issue, alice: User) -> None:
    token = issue().plaintext
    User.objects.filter(pk=alice.pk).update(is_active=False)
    response = api(ME, token)
    assert outcome(response) == refused("account_inactive", "The account is not active")
    User.objects.filter(pk=alice.pk).update(is_active=True)
    assert api(ME, token).status_code == 200


def test_why_a_token_is_dead_is_told_only_to_who_has_all_of_it(api: Api, issue: Issue) -> None:
    issued = issue()
    issued.token.revoke()
    assert outcome(api(ME, issued.plaintext))[1] == "token_revoked"
    assert outcome(api(ME, with_another_secret(issued.plaintext)))[1] == "invalid_token"


# -- Over its rate limit ---------------------------------------------------------------------------


def limited(issue: Issue, **limits: int) -> str:
    issued = issue()
    ApiToken.objects.filter(pk=issued.token.pk).update(**limits)
    return issued.plaintext


def test_a_call_over_the_limit_is_refused_until_retry_after(api: Api, issue: Issue) -> None:
    token = limited(issue, burst_limit=2)
    assert [api(ME, token).status_code for _ in range(2)] == [200, 200]
    response = api(ME, token)
    assert outcome(response) == (429, "rate_limited", None)
    assert response.headers["Retry-After"] == "1"


def test_each_token_has_limits_of_its_own(api: Api, issue: Issue) -> None:
    first, second = limited(issue, minute_limit=1), limited(issue, minute_limit=1)
    assert [api(ME, token).status_code for token in (first, first, second)] == [200, 429, 200]


def test_refused_strangers_never_eat_an_owners_budget(api: Api, issue: Issue) -> None:
    token = limited(issue, minute_limit=1)
    for stranger in strangers(token).values():
        api(ME, stranger)
    assert api(ME, token).status_code == 200


def test_a_dead_token_is_told_why_even_when_its_budget_is_exhausted(api: Api, issue: Issue) -> None:
    token = limited(issue, minute_limit=1)
    api(ME, token)
    ApiToken.objects.all().revoke()
    response = api(ME, token)
    assert outcome(response)[1] == "token_revoked"
    assert "Retry-After" not in response.headers


# -- Addresses, methods, bodies --------------------------------------------------------------------


def test_an_address_without_a_call_is_not_found(api: Api, issue: Issue) -> None:
    token = issue().plaintext
    assert api(ME, token).status_code == 200
    for path in ("/api/", "/api/v1/", f"{ME}/", "/api/v2/me", "/api/../account/", "/api/v1/%00"):
        assert outcome(api(path, token)) == (404, "not_found", None), path


def test_another_method_is_told_which_ones_there_are(api: Api, issue: Issue) -> None:
    token = issue().plaintext
    response = api("/api/v1/token", token, method="PATCH")
    assert outcome(response) == (405, "method_not_allowed", None)
    assert response.headers["Allow"] == "DELETE, GET, HEAD"


def test_a_body_of_ten_megabytes_is_too_large(api: Api, issue: Issue) -> None:
    token = issue().plaintext
    assert api(ME, token, data=b"x").status_code == 200
    assert outcome(api(ME, token, data=b"x" * 10_000_000)) == (413, "content_too_large", None)


def test_no_input_is_a_fault_of_ours(api: Api, issue: Issue) -> None:
    token = issue().plaintext
    for response in (
        api(ME, token, data=b'[1, "\\ud800", "\\u0000"]', content_type="application/json"),
        api(ME, token, method="PUT", data=b"\0", content_type="multipart/form-data"),
        api(ME, token, method="\ud800"),
        api(f"{ME}?a=%00&b=%ed%a0%80", token),
        api("/api/v1/%ff%ed%a0%80%00", token),
        api(ME, token, headers={"User-Agent": "\0\ud800", "X-Forwarded-For": "\0,,"}),
        authorized(api, "\0\udcff"),
    ):
        assert response.status_code < 500


# -- What every answer has -------------------------------------------------------------------------


def every_kind_of_answer(api: Api, issue: Issue) -> "list[Response]":
    token = issue().plaintext
    calls = [api(ME, token), api(ME, "junk"), api(ME), api("/api/nothing", token)]
    return [*calls, api(ME, token, method="PUT"), api("/api/v1/token", token, method="DELETE")]


def test_every_answer_has_the_headers_of_the_contract(api: Api, issue: Issue) -> None:
    answers = every_kind_of_answer(api, issue)
    for response in answers:
        assert response.headers["Cache-Control"] == "private, no-store"
        assert response.headers["Vary"] == "Authorization"
        assert response.headers["X-Content-Type-Options"] == "nosniff"
        assert response.headers["Content-Length"] == str(len(response.content))
    assert len({response.headers["X-Request-ID"] for response in answers}) == len(answers)


def test_no_answer_sets_a_cookie(api: Api, issue: Issue) -> None:
    assert not any(response.cookies for response in every_kind_of_answer(api, issue))


def test_a_success_is_in_the_envelope(api: Api, issue: Issue) -> None:
    response = api(ME, issue().plaintext)
    assert response.headers["Content-Type"] == "application/json; charset=utf-8"
    assert response.json().keys() == {"success", "data"}
    assert response.json()["success"] is True


def test_a_failure_is_in_the_envelope_and_a_problem_detail(api: Api) -> None:
    response = api(ME)
    body = response.json()
    assert response.headers["Content-Type"] == "application/problem+json"
    assert body["success"] is False
    assert body["error"] == {
        "code": "missing_token",
        "message": body["detail"],
        "request_id": response.headers["X-Request-ID"],
    }
    assert (body["status"], body["title"]) == (401, "No API token")
    assert body["type"] == f"{settings.SITE_URL}/account/guide/#missing_token"


def test_every_failure_tells_its_reader_what_to_do_next() -> None:
    for code, problem in PROBLEMS.items():
        assert re.fullmatch(r"[A-Z].{20,}[.]", problem.message), code
        assert "mtz_" not in problem.message.replace("mtz_…", ""), code


def test_a_genuine_token_gets_its_budgets_and_its_expiry(api: Api, issue: Issue) -> None:
    issued = issue()
    headers = api(ME, issued.plaintext).headers
    assert headers["RateLimit-Policy"] == '"minute";q=100;w=60, "burst";q=10;w=1'
    assert headers["RateLimit"] == '"minute";r=99;t=60, "burst";r=9;t=1'
    assert (headers["X-RateLimit-Limit"], headers["X-RateLimit-Remaining"]) == ("100", "99")
    soon = int(headers["X-RateLimit-Reset"]) - datetime.now(UTC).timestamp()
    assert 55 < soon <= 61
    expires = parse_http_date(headers["Meetzy-Token-Expires"])
    assert expires == int(issued.token.expires_at.timestamp())


def test_refusals_of_a_genuine_token_tell_them_as_well_but_a_stranger_learns_nothing(
    api: Api, issue: Issue
) -> None:
    genuine = {"RateLimit-Policy", "RateLimit", "X-RateLimit-Limit", "Meetzy-Token-Expires"}
    issued = issue()
    issued.token.revoke()
    assert genuine <= api(ME, issued.plaintext).headers.keys()
    for response in (api(ME), api(ME, "junk"), api(ME, tokens.generate())):
        assert not genuine & response.headers.keys()


def test_a_limit_set_for_one_token_is_what_it_is_told(api: Api, issue: Issue) -> None:
    token = limited(issue, minute_limit=7, burst_limit=3)
    headers = api(ME, token).headers
    assert headers["RateLimit-Policy"] == '"minute";q=7;w=60, "burst";q=3;w=1'
    assert headers["X-RateLimit-Limit"] == "7"


def test_no_answer_repeats_the_token(api: Api, issue: Issue) -> None:
    token = issue().plaintext
    for response in (api(ME, token), api(ME, token + "0"), api("/api/v1/token", token)):
        assert token[24:] not in anonymous(response)
