"""Several tokens revoked at once, and what a dead token's page says of its last callers."""

import re
from datetime import timedelta
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone

from accounts.expiry import Expiry
from accounts.models import ApiToken, Kind, User
from accounts.usage import CallBuffer
from tests.support.calls import usual_call
from tests.support.types import Issue

TOKENS = "/account/tokens/"
REVOKE = f"{TOKENS}revoke/"
HTMX = {"HX-Request": "true", "HX-Current-URL": f"http://testserver{TOKENS}?sort=name"}


def named(*tokens: ApiToken) -> dict[str, Any]:
    return {"tokens": [token.identifier for token in tokens]}


def living(owner: User) -> set[str]:
    return set(owner.tokens.living().values_list("name", flat=True))


@pytest.fixture
def three(issue: Issue) -> list[ApiToken]:
    return [issue(name=name).token for name in ("One", "Two", "Three")]


# -- Several at once -------------------------------------------------------------------------------


@pytest.mark.parametrize("headers", [{}, HTMX], ids=["page", "dialog"])
def test_one_confirmation_names_all_that_were_chosen(
    as_alice: Client, alice: User, three: list[ApiToken], headers: dict[str, str]
) -> None:
    page = as_alice.get(REVOKE, named(*three[:2]), headers=headers).text
    assert "Revoke 2 tokens?" in page
    for token in three[:2]:
        assert f"<strong><bdi>{token.name}</bdi></strong>" in page
        assert token.masked in page
    assert three[2].identifier not in page
    assert living(alice) == {"One", "Two", "Three"}


def test_what_was_confirmed_is_revoked_and_the_list_says_so(
    as_alice: Client, alice: User, three: list[ApiToken]
) -> None:
    answer = as_alice.post(REVOKE, named(*three[:2]), follow=True)
    assert "2 tokens were revoked." in answer.text
    assert living(alice) == {"Three"}
    for token in three[:2]:
        event = token.events.get(kind=Kind.REVOKED)
        assert (event.way, event.actor) == ("page", alice)


def test_in_the_list_rows_and_cards_change_in_place(
    as_alice: Client, three: list[ApiToken]
) -> None:
    answer = as_alice.post(REVOKE, named(*three[:2]), headers=HTMX)
    rows = re.findall(r'<tr role="row" id="(\w+)"[^>]* hx-swap-oob="true"', answer.text)
    assert set(rows) == {token.identifier for token in three[:2]}
    assert 'id="card-never_used"' in answer.text
    assert '"2 tokens were revoked."' in answer["HX-Trigger-After-Settle"]


def test_other_people_s_tokens_are_as_good_as_not_named(
    as_alice: Client, alice: User, bob: User, issue: Issue, three: list[ApiToken]
) -> None:
    his = issue(owner=bob, name="Owned by Bob").token
    missing = ApiToken(identifier="mtz_" + "0" * 20)
    page = as_alice.get(REVOKE, named(three[0], his, missing)).text
    assert "Revoke 1 token?" in page
    assert "Owned by Bob" not in page
    assert "One token was revoked." in as_alice.post(REVOKE, named(his, three[0]), follow=True).text
    assert living(bob) == {"Owned by Bob"}
    assert "No token was chosen" in as_alice.get(REVOKE, named(his)).text


def test_what_is_revoked_already_is_not_revoked_again(
    as_alice: Client, three: list[ApiToken]
) -> None:
    three[0].revoke(reason="Seen in a public repository")
    assert "Revoke 1 token?" in as_alice.get(REVOKE, named(*three[:2])).text
    as_alice.post(REVOKE, named(*three[:2]))
    three[0].refresh_from_db()
    assert three[0].revoked_reason == "Seen in a public repository"
    assert three[0].events.filter(kind=Kind.REVOKED).count() == 1


@pytest.mark.parametrize("chosen", [[], [""], ["x"], ["\x00"], ["\ud800"], ["mtz_" * 5000]])
def test_nothing_that_could_be_chosen_says_how_to_choose(
    as_alice: Client, alice: User, three: object, chosen: list[str]
) -> None:
    data = {"tokens": [text.encode("utf-8", "surrogatepass") for text in chosen]}
    answer = as_alice.post(REVOKE, data, follow=True)
    assert answer.status_code == 400 or "No token was revoked." in answer.text
    assert living(alice) == {"One", "Two", "Three"}
    assert "Tick the tokens to revoke" in as_alice.get(REVOKE).text


@pytest.mark.parametrize(("number", "status"), [(999, 302), (1001, 400)])
def test_one_form_names_no_more_than_a_thousand(
    as_alice: Client, issue: Issue, number: int, status: int
) -> None:
    token = issue().token
    names = {"tokens": [f"mtz_{place:020d}" for place in range(number - 1)]}
    names["tokens"].append(token.identifier)
    assert as_alice.post(REVOKE, names).status_code == status
    token.refresh_from_db()
    assert (token.revoked_at is None) is (status == 400)


def test_a_visit_or_a_stranger_revokes_nothing(
    as_alice: Client, client: Client, alice: User, three: list[ApiToken]
) -> None:
    as_alice.get(REVOKE, named(*three))
    assert client.post(REVOKE, named(*three))["Location"].startswith("/account/sign-in/")
    assert living(alice) == {"One", "Two", "Three"}


def test_only_living_tokens_have_a_box_to_tick(as_alice: Client, three: list[ApiToken]) -> None:
    three[0].revoke()
    boxes = re.findall(r'type="checkbox" name="tokens" value="(\w+)"', as_alice.get(TOKENS).text)
    assert set(boxes) == {token.identifier for token in three[1:]}


# -- Attempts after the end ------------------------------------------------------------------------


def attempt(token: ApiToken, times: int, **fields: Any) -> None:
    buffer, now = CallBuffer(), timezone.now()
    for number in range(times):
        at = now - timedelta(minutes=2) + timedelta(microseconds=number)
        buffer.record(usual_call(token.pk, at=at, number=number, status=401, **fields))
    buffer.flush()


def test_attempts_with_a_revoked_token_are_shown_with_count_time_address_and_agent(
    as_alice: Client, issue: Issue
) -> None:
    token = issue().token
    token.revoke()
    attempt(token, 13, code="token_revoked")
    attempt(token, 1, code="token_revoked", address="198.51.100.9", agent="<b>cron</b>")
    for path in (TOKENS, f"{TOKENS}{token.identifier}/"):
        text = re.sub(r"</?(time|bdi)[^>]*>", "", as_alice.get(path).text)
        told = "Tried 14 times since it was revoked, last from 198.51.100.9"
        assert f"{told} (&lt;b&gt;cron&lt;/b&gt;), 2 min ago." in text


def test_attempts_with_an_expired_token_say_that_it_ended(as_alice: Client, issue: Issue) -> None:
    token = issue(now=timezone.now() - timedelta(days=91)).token
    attempt(token, 1, code="token_expired")
    assert "Tried once since it ended, last from 203.0.113.7" in as_alice.get(TOKENS).text


def test_a_token_that_nobody_tried_says_nothing_of_it(as_alice: Client, issue: Issue) -> None:
    issue().token.revoke()
    issue().token.rotate(expiry=Expiry.ONE_YEAR, overlap=timedelta(0))
    assert "Tried" not in as_alice.get(TOKENS).text


def test_calls_of_a_living_token_are_no_attempts(as_alice: Client, issue: Issue) -> None:
    token = issue().token
    attempt(token, 3, code="")
    token.refresh_from_db()
    assert token.refused_count == 0
