"""Finding a token by whatever one has of it, without its secret getting anywhere."""

import re
from collections.abc import Callable

import pytest
from django.contrib.admin.models import LogEntry
from django.test import Client

from accounts import tokens
from accounts.models import Issued, User
from accounts.tokens import searchable
from tests.admin.places import (
    TOKENS,
    listed,
)
from tests.support.types import Issue


@pytest.mark.parametrize(
    "written",
    [
        lambda issued: issued.token.identifier,
        lambda issued: issued.token.identifier[4:14],
        lambda issued: issued.token.owner.email,
        lambda issued: "BILLING",
        lambda issued: issued.plaintext,
        lambda issued: issued.plaintext[:-1],
        lambda issued: issued.token.masked,
        lambda issued: f"  MEETZY_API_TOKEN={issued.plaintext}\n",
        lambda issued: f"Authorization: Bearer {issued.plaintext}",
    ],
    ids=[
        "identifier",
        "part of it",
        "owner",
        "name",
        "whole token",
        "token cut short",
        "masked",
        ".env line",
        "header",
    ],
)
def test_a_token_is_found_by_whatever_one_has_of_it(
    issue: Issue, as_admin: Client, bob: User, written: Callable[[Issued], str]
) -> None:
    issued = issue(name="Billing export")
    issue(owner=bob, name="Something else")
    response = as_admin.post(TOKENS, {"q": written(issued)}, follow=True)
    assert listed(response) == {issued.token}
    assert issued.plaintext[24:40] not in str(response.redirect_chain)
    assert issued.plaintext[24:40] not in response.content.decode()


def test_a_token_in_the_address_is_sent_away_at_once(issue: Issue, as_admin: Client) -> None:
    issued = issue()
    response = as_admin.get(TOKENS, {"q": issued.plaintext, "status": "active"})
    assert response.status_code == 302
    assert response["Location"] == f"?q={issued.token.identifier}&status=active"


def test_a_search_keeps_the_chosen_filters(issue: Issue, as_admin: Client) -> None:
    content = as_admin.get(TOKENS, {"status": "revoked"}).content.decode()
    assert '<input type="hidden" name="status" value="revoked">' in content
    assert re.search(r'<form id="changelist-search" method="post"', content)
    form = {"csrfmiddlewaretoken": "x", "q": "billing", "status": "revoked"}
    assert as_admin.post(TOKENS, form)["Location"] == "?q=billing&status=revoked"


def test_what_may_be_a_piece_of_a_secret_stays_out_of_the_address() -> None:
    token = tokens.generate()
    assert searchable(token) == searchable(token[:30]) == token[:24]
    assert searchable(token[1:]) == "tz_…"
    assert searchable(token[25:]) == "…"
    for harmless in ("alice@example.com", "Billing export", token[:24], token[4:24]):
        assert searchable(harmless) == harmless


def test_a_pasted_token_gets_into_no_log(
    issue: Issue, as_admin: Client, caplog: pytest.LogCaptureFixture
) -> None:
    issued = issue()
    caplog.set_level("DEBUG")
    as_admin.post(TOKENS, {"q": issued.plaintext}, follow=True)
    as_admin.get(TOKENS, {"q": issued.plaintext}, follow=True)
    logged = caplog.text + repr(list(LogEntry.objects.values()))
    assert issued.plaintext[24:] not in logged


@pytest.mark.parametrize("text", ["\0", "\ud800", "'", "%", "…", "x" * 30_000, ""], ids=ascii)
def test_any_search_has_an_answer(as_admin: Client, text: str) -> None:
    form = f"q={text}".encode(errors="surrogatepass")
    kind = "application/x-www-form-urlencoded"
    response = as_admin.post(TOKENS, form, content_type=kind, follow=True)
    assert response.status_code == (400 if "\0" in text else 200)
