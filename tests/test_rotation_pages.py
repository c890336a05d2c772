"""The page, or dialog, on which a person rotates a token."""

import re
import uuid
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import time_machine
from django.test import Client
from django.utils import timezone

from accounts.expiry import Expiry
from accounts.forms import Overlap
from accounts.models import ApiToken, Environment, Issued, Kind, TokenPolicy, User
from tests.support.types import Api, Issue

TOKENS = "/account/tokens/"
HTMX = {"HX-Request": "true", "HX-Current-URL": f"http://testserver{TOKENS}"}
WHOLE_TOKEN = re.compile(r"mtz_[0-9A-Za-z]{62}")
NOON = datetime(2026, 8, 31, 12, tzinfo=UTC)


def path(token: ApiToken, verb: str = "rotate/") -> str:
    return f"{TOKENS}{token.identifier}/{verb}"


def answers(**changes: Any) -> dict[str, Any]:
    usual = {"expiry": "1y", "overlap": "24h", "form_key": uuid.uuid4()}
    return usual | changes


def rotate(client: Client, token: ApiToken, **changes: Any) -> Any:
    return client.post(path(token), answers(**changes))


def instants(page: str, field: str) -> list[str]:
    """The instant beside each choice, as programs read it."""
    return re.findall(rf'id="id_{field}_\d_date">[^<]*<time datetime="([^"]*)"', page)


@pytest.fixture
def old(issue: Issue) -> Issued:
    return issue(name="Production API", environment="staging")


# -- The question ----------------------------------------------------------------------------------


@pytest.mark.parametrize("headers", [{}, HTMX], ids=["page", "dialog"])
def test_the_form_names_the_token_and_what_its_successor_takes_over(
    as_alice: Client, old: Issued, headers: dict[str, str]
) -> None:
    page = as_alice.get(path(old.token), headers=headers)
    assert page.status_code == 200
    assert "no-store" in page["Cache-Control"]
    for text in ("Rotate “<bdi>Production API</bdi>”", old.token.masked, "Staging"):
        assert text in page.text
    assert "takes over the name, environment and limits" in page.text
    assert (">Account settings<" in page.text) is not bool(headers)
    assert ApiToken.objects.count() == 1


def test_each_expiration_stands_beside_the_day_counted_from_today(
    as_alice: Client, issue: Issue
) -> None:
    token = issue(now=NOON - timedelta(days=20)).token
    with time_machine.travel(NOON, tick=False):
        page = as_alice.get(path(token)).text
    ends = ["2026-09-30", "2026-11-29", "2027-02-28", "2027-08-31", "2030-08-31"]
    assert instants(page, "expiry") == [f"{day}T12:00:00+00:00" for day in ends]


def test_each_overlap_stands_beside_the_instant_at_which_the_old_token_ends(
    as_alice: Client, issue: Issue
) -> None:
    token = issue(now=NOON - timedelta(days=20)).token
    with time_machine.travel(NOON, tick=False):
        page = as_alice.get(path(token)).text
    ends = ["08-31T12:00", "08-31T13:00", "09-01T12:00", "09-07T12:00"]
    assert instants(page, "overlap") == [f"2026-{end}:00+00:00" for end in ends]
    assert re.search(r'value="24h"[^>]* checked', page)
    assert "Its own expiry" not in page


def test_no_overlap_promises_more_than_the_life_that_is_left(
    as_alice: Client, issue: Issue
) -> None:
    token = issue(now=NOON - timedelta(days=90) + timedelta(hours=2)).token
    with time_machine.travel(NOON, tick=False):
        page = as_alice.get(path(token)).text
    ends = ["12:00", "13:00", "14:00", "14:00"]
    assert instants(page, "overlap") == [f"2026-08-31T{end}:00+00:00" for end in ends]
    assert page.count("Its own expiry") == 2


def test_the_policy_is_explained_on_the_form(as_alice: Client, old: Issued) -> None:
    TokenPolicy.objects.create(pk=1, longest_life=100, unused_days=60, tokens_per_person=1)
    page = as_alice.get(path(old.token)).text
    assert "A token lives at most 100 days here." in page
    assert "not used for 60 days is revoked" in page
    assert len(instants(page, "expiry")) == 2
    assert "Each person may have" not in page  # a successor takes nobody's place


# -- The answer ------------------------------------------------------------------------------------


@pytest.mark.parametrize("headers", [{}, HTMX], ids=["page", "dialog"])
def test_the_successor_is_shown_whole_once_and_both_work(
    as_alice: Client, old: Issued, api: Api, headers: dict[str, str]
) -> None:
    answer = as_alice.post(path(old.token), answers(), headers=headers)
    (plaintext,) = set(WHOLE_TOKEN.findall(answer.text))
    assert "no-store" in answer["Cache-Control"]
    assert f"It replaces <code>{old.token.identifier}</code>" in answer.text
    for token in (old.plaintext, plaintext):
        assert api("/api/v1/me", token).status_code == 200
    for page in (TOKENS, path(old.token, ""), path(old.token)):
        assert plaintext not in as_alice.get(page).text


@pytest.mark.parametrize("overlap", Overlap)
def test_the_old_token_ends_as_chosen(as_alice: Client, issue: Issue, overlap: Overlap) -> None:
    token = issue(now=NOON - timedelta(days=20)).token
    with time_machine.travel(NOON, tick=False):
        rotate(as_alice, token, overlap=overlap.value)
    token.refresh_from_db()
    assert token.expires_at == NOON + overlap.length
    assert token.successor.expires_at == Expiry.ONE_YEAR.counted_from(NOON)


def test_the_log_says_who_rotated_what_by_which_way(as_alice: Client, old: Issued) -> None:
    rotate(as_alice, old.token)
    new = old.token.successor
    rotated, created = old.token.events.get(kind=Kind.ROTATED), new.events.get()
    assert (rotated.way, rotated.who, created.way) == ("page", "Alice", "page")
    assert f"Replaced by {new.identifier}; ends " in rotated.detail
    assert created.detail == f"Replaces {old.token.identifier}"


def test_nothing_that_is_sent_widens_the_successor(as_alice: Client, old: Issued) -> None:
    ApiToken.objects.update(minute_limit=7, burst_limit=2)
    more = {"name": "Other", "environment": "production", "minute_limit": 999, "scopes": "*"}
    rotate(as_alice, old.token, **more, owner="1", burst_limit="")
    new = ApiToken.objects.get(rotated_from=old.token)
    assert (new.name, new.environment) == ("Production API", Environment.STAGING)
    assert (new.minute_limit, new.burst_limit, new.owner) == (7, 2, old.token.owner)


def test_successor_and_predecessor_show_their_link_and_the_countdown(
    as_alice: Client, old: Issued
) -> None:
    rotate(as_alice, old.token, overlap="7d")
    new = old.token.successor
    ends = r"ends <time [^>]*>in 7 days</time>"
    to_new = f'Replaced by <a href="{path(new, "")}">{new.identifier}</a>'
    to_old = f'Replaces <a href="{path(old.token, "")}">{old.token.identifier}</a>'
    whole_list = as_alice.get(TOKENS).text
    for text in (to_new, to_old):
        assert text in whole_list
    assert len(re.findall(ends, whole_list)) == 1
    of_old = as_alice.get(path(old.token, "")).text
    assert to_new in of_old
    assert re.search(r"<dt>Ends</dt>.*?in 7 days", of_old, re.DOTALL)
    assert to_old in as_alice.get(path(new, "")).text
    for page in (whole_list, of_old):
        assert path(old.token) not in page  # it is rotated once


# -- Refusals --------------------------------------------------------------------------------------


@pytest.mark.parametrize("headers", [{}, HTMX], ids=["page", "dialog"])
def test_a_refused_form_keeps_what_was_chosen(
    as_alice: Client, old: Issued, headers: dict[str, str]
) -> None:
    key = uuid.uuid4()
    wrong = answers(expiry="9y", overlap="7d", form_key=key)
    answer = as_alice.post(path(old.token), wrong, headers=headers)
    assert answer.status_code == 422
    assert "Choose one of those offered." in answer.text
    assert re.search(r'value="7d"[^>]* checked', answer.text)
    assert f'name="form_key" value="{key}"' in answer.text
    assert ApiToken.objects.get().rotated_at is None


@pytest.mark.parametrize("field", ["expiry", "overlap", "form_key"])
@pytest.mark.parametrize("value", [None, "", "x", "\x00", "9" * 5000, "1y\n"])
def test_what_can_not_be_meant_is_told_and_rotates_nothing(
    as_alice: Client, old: Issued, field: str, value: str | None
) -> None:
    form = {name: text for name, text in answers(**{field: value}).items() if text is not None}
    assert as_alice.post(path(old.token), form).status_code in {400, 422}
    assert ApiToken.objects.get().rotated_at is None


def test_a_policy_that_came_meanwhile_is_explained_beside_the_choice(
    as_alice: Client, old: Issued
) -> None:
    TokenPolicy.objects.create(pk=1, offered=["30d"])
    answer = rotate(as_alice, old.token, expiry="1y", overlap="1h")
    assert answer.status_code == 422
    assert 'id="id_expiry_error"' in answer.text
    assert re.search(r'value="1h"[^>]* checked', answer.text)
    assert ApiToken.objects.get().rotated_at is None


def test_one_opened_form_rotates_once(as_alice: Client, old: Issued) -> None:
    key = uuid.uuid4()
    assert rotate(as_alice, old.token, form_key=key).status_code == 200
    again = rotate(as_alice, old.token, form_key=key)
    assert again.status_code == 409
    assert "rotate that token" in again.text
    assert not WHOLE_TOKEN.search(again.text)
    assert ApiToken.objects.count() == 2


def revoke(token: ApiToken) -> None:
    token.revoke()


def rotate_already(token: ApiToken) -> None:
    token.rotate(expiry=Expiry.ONE_YEAR)


def expire(token: ApiToken) -> None:
    created = timezone.now() - timedelta(days=2)
    ended = created + timedelta(days=1)
    ApiToken.objects.filter(pk=token.pk).update(created_at=created, expires_at=ended)


@pytest.mark.parametrize(
    ("end", "reason"),
    [
        (revoke, "It was revoked"),
        (expire, "It expired"),
        (rotate_already, "Its successor is"),
    ],
)
def test_a_token_that_can_have_no_successor_says_why(
    as_alice: Client, old: Issued, end: Any, reason: str
) -> None:
    end(old.token)
    before = ApiToken.objects.count()
    for answer in (as_alice.get(path(old.token)), rotate(as_alice, old.token)):
        assert answer.status_code == 409
        assert reason in answer.text
    assert ApiToken.objects.count() == before


def test_someone_else_s_token_is_as_unknown_as_one_that_does_not_exist(
    as_bob: Client, old: Issued, bob: User
) -> None:
    missing = ApiToken(identifier="mtz_" + "0" * 20)
    for token in (old.token, missing):
        assert as_bob.get(path(token)).status_code == rotate(as_bob, token).status_code == 404
    assert ApiToken.objects.get().rotated_at is None


def test_strangers_are_sent_to_sign_in(client: Client, old: Issued) -> None:
    for answer in (client.get(path(old.token)), rotate(client, old.token)):
        assert answer["Location"].startswith("/account/sign-in/")
    assert ApiToken.objects.get().rotated_at is None
