"""The pages on which people create, see, rename and revoke their tokens."""

import json
import re
import uuid
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from typing import Any

import httpx
import pytest
from django.conf import settings
from django.test import Client
from django.utils import timezone
from django.views.debug import ExceptionReporter

from accounts import examples
from accounts.expiry import Expiry
from accounts.models import ApiToken, User
from tests.conftest import signed_in
from tests.support.site import Site
from tests.support.types import Issue

TOKENS = "/account/tokens/"
NEW = "/account/tokens/new/"
WHOLE_TOKEN = re.compile(r"mtz_[0-9A-Za-z]{62}")
HTMX = {"HX-Request": "true", "HX-Current-URL": f"http://testserver{TOKENS}"}


def answers(**changes: Any) -> dict[str, Any]:
    usual = {"name": "Nightly", "expiry": "1y", "environment": "staging", "form_key": uuid.uuid4()}
    return usual | changes


def create(client: Client, *, headers: dict[str, str] | None = None, **changes: Any) -> Any:
    return client.post(NEW, answers(**changes), headers=headers)


def path(token: ApiToken, verb: str = "") -> str:
    return f"{TOKENS}{token.identifier}/{verb}"


def names(page: Any) -> list[str]:
    return re.findall(r'class="table__name"[^>]*><bdi>(.*?)</bdi>', page.text)


# -- The list --------------------------------------------------------------------------------------


def test_the_list_shows_every_column(as_alice: Client, issue: Issue) -> None:
    token = issue(name="Nightly", environment="staging").token
    page = as_alice.get(TOKENS).text
    for text in (f"{token.identifier}••••••••", "Staging", "never", "in 90 days", "Active"):
        assert text in page
    assert f'value="{token.life_left}"' in page


def test_the_list_never_shows_a_whole_token_or_its_digest(as_alice: Client, issue: Issue) -> None:
    issued = issue()
    page = as_alice.get(TOKENS).text
    assert issued.token.identifier in page
    assert WHOLE_TOKEN.search(page) is None
    assert issued.token.digest.hex() not in page


def test_everyone_sees_only_their_own(as_alice: Client, as_bob: Client, issue: Issue) -> None:
    issue(name="Nightly")
    assert names(as_alice.get(TOKENS)) == ["Nightly"]
    assert "You have no API tokens yet." in as_bob.get(TOKENS).text


def test_living_tokens_stand_first_and_the_newest_on_top(as_alice: Client, issue: Issue) -> None:
    now = timezone.now()
    issue(name="old", now=now - timedelta(days=10))
    issue(name="revoked").token.revoke()
    issue(name="expired", expiry=Expiry.THIRTY_DAYS, now=now - timedelta(days=31))
    issue(name="new", now=now)
    assert names(as_alice.get(TOKENS)) == ["new", "old", "revoked", "expired"]


def test_a_dead_token_stays_in_the_list_without_a_way_to_revoke_it(
    as_alice: Client, issue: Issue
) -> None:
    token = issue().token
    assert path(token, "revoke/") in as_alice.get(TOKENS).text
    token.revoke()
    page = as_alice.get(TOKENS).text
    assert token.identifier in page
    assert path(token, "revoke/") not in page


def test_without_tokens_the_page_leads_to_the_first_call(as_alice: Client) -> None:
    page = as_alice.get(TOKENS).text
    assert page.count(">New Token</button>") == 1
    assert page.count("<li>") == 3


def test_a_name_can_not_become_markup_or_turn_the_line_around(
    as_alice: Client, issue: Issue
) -> None:
    token = issue(name='<img src="x">').token
    for page in (TOKENS, path(token), path(token, "revoke/")):
        text = as_alice.get(page).text
        assert "<bdi" in text
        assert "&lt;img src=&quot;x&quot;&gt;" in text
        assert "<img src=&quot;x" not in text


def test_a_search_that_signing_in_interrupted_leads_to_the_list(as_alice: Client) -> None:
    answer = as_alice.get(f"{TOKENS}search/")
    assert (answer.status_code, answer["Location"]) == (302, TOKENS)


# -- Creating --------------------------------------------------------------------------------------


def test_the_form_offers_the_products_own_words(as_alice: Client) -> None:
    page = as_alice.get(NEW).text
    for expiry in Expiry:
        assert expiry.label in page
        assert expiry.counted_from(timezone.now()).strftime("%Y</time>") in page
    assert re.search(r'name="form_key" value="[0-9a-f-]{36}"', page)


def test_a_new_token_is_shown_whole_in_the_answer(as_alice: Client, alice: User) -> None:
    response = create(as_alice)
    token = alice.tokens.get()
    shown = WHOLE_TOKEN.findall(response.text)
    assert (response.status_code, len(set(shown))) == (200, 1)
    assert (token.name, token.environment) == ("Nightly", "staging")
    assert shown[0].startswith(token.identifier)
    assert f"MEETZY_API_TOKEN={shown[0]}" in response.text
    assert "the full value will never be displayed again" in response.text


def test_the_reveal_is_kept_by_nobody(as_alice: Client) -> None:
    response = create(as_alice)
    assert "no-store" in response["Cache-Control"]
    plaintext = WHOLE_TOKEN.findall(response.text)[0]
    kept = [*as_alice.cookies.output().split(), json.dumps(dict(as_alice.session))]
    assert not any(plaintext[24:] in text for text in kept)


def test_nothing_shows_the_value_again(as_alice: Client, alice: User) -> None:
    fields = answers()
    plaintext = WHOLE_TOKEN.findall(as_alice.post(NEW, fields).text)[0]
    token = alice.tokens.get()
    pages = [TOKENS, NEW, path(token), path(token, "revoke/")]
    later = [*map(as_alice.get, pages), as_alice.post(NEW, fields)]
    assert not any(plaintext[24:] in response.text for response in later)


def test_an_error_report_does_not_hold_the_value(
    as_alice: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(examples, "first_call", lambda _: 1 / 0)
    with pytest.raises(ZeroDivisionError) as raised:
        create(as_alice)
    report = ExceptionReporter(None, raised.type, raised.value, raised.tb)
    assert "reveal" in report.get_traceback_text()
    assert WHOLE_TOKEN.search(report.get_traceback_html()) is None


def test_the_dialog_gets_the_reveal_and_the_new_list(as_alice: Client) -> None:
    response = create(as_alice, headers=HTMX)
    assert "<html" not in response.text
    assert 'id="reveal"' in response.text
    assert 'id="tokens" hx-swap-oob="true"' in response.text
    assert names(response) == ["Nightly"]


@pytest.mark.parametrize("headers", [{}, HTMX])
def test_an_invalid_form_comes_back_whole(as_alice: Client, headers: dict[str, str]) -> None:
    key = uuid.uuid4()
    response = create(as_alice, name="x" * 101, form_key=key, headers=headers)
    assert response.status_code == 422
    text = response.text
    assert 'aria-describedby="id_name_helptext id_name_error"' in text
    assert 'aria-invalid="true"' in text
    assert '<p class="field__error" id="id_name_error">Use at most 100' in text
    assert "x" * 101 in text
    assert re.search(r'value="1y"[^>]* checked', text)
    assert re.search(r'value="staging"[^>]* checked', text)
    assert f'name="form_key" value="{key}"' in text
    assert not ApiToken.objects.exists()


def test_an_empty_post_is_told_what_is_missing(as_alice: Client) -> None:
    response = as_alice.post(NEW)
    assert response.status_code == 422
    assert "4 answers need another look" in response.text


@pytest.mark.parametrize("headers", [{}, HTMX])
def test_one_form_creates_one_token(as_alice: Client, alice: User, headers: dict[str, str]) -> None:
    key = uuid.uuid4()
    assert create(as_alice, form_key=key).status_code == 200
    again = create(as_alice, form_key=key, name="Another", headers=headers)
    assert again.status_code == 409
    assert "This form has already created" in again.text
    assert path(alice.tokens.get()) in again.text
    assert WHOLE_TOKEN.search(again.text) is None


def test_the_same_key_serves_two_people(as_alice: Client, as_bob: Client) -> None:
    key = uuid.uuid4()
    assert create(as_alice, form_key=key).status_code == 200
    assert create(as_bob, form_key=key).status_code == 200


def test_twenty_posts_at_once_create_one_token(server: Site, alice: User) -> None:
    session = signed_in(alice).cookies[settings.SESSION_COOKIE_NAME].value
    fields = {key: str(value) for key, value in answers(csrfmiddlewaretoken="c" * 32).items()}
    cookies = {settings.SESSION_COOKIE_NAME: session, settings.CSRF_COOKIE_NAME: "c" * 32}

    def post(_: int) -> int:
        with httpx.Client(cookies=cookies, trust_env=False, timeout=30) as client:
            return client.post(server.url + NEW, data=fields).status_code

    with ThreadPoolExecutor(20) as pool:
        statuses = sorted(pool.map(post, range(20)))
    assert statuses == [200] + [409] * 19
    assert alice.tokens.count() == 1


# -- One token -------------------------------------------------------------------------------------


def test_the_page_of_a_token_says_all_that_is_known(as_alice: Client, issue: Issue) -> None:
    token = issue(name="Nightly").token
    token.last_used_at, token.last_used_ip = timezone.now(), "203.0.113.7"
    token.last_used_agent, token.minute_limit = "curl/8.5.0", 500
    token.save()
    page = as_alice.get(path(token)).text
    for text in (token.masked, "203.0.113.7", "curl/8.5.0", "500 calls a minute", "10 a second"):
        assert text in page


def test_the_page_of_a_revoked_token_says_when_and_why(as_alice: Client, issue: Issue) -> None:
    token = issue().token
    token.revoke(reason="Seen in a public repository")
    page = as_alice.get(path(token)).text
    assert "Seen in a public repository" in page
    assert f"{timezone.now():%-d %B %Y}" in page


@pytest.mark.parametrize("verb", ["", "rename/", "revoke/"])
def test_someone_elses_token_is_as_unknown_as_one_that_does_not_exist(
    as_alice: Client, as_bob: Client, issue: Issue, verb: str
) -> None:
    token = issue(name="Nightly").token
    missing = f"{TOKENS}mtz_{'0' * 20}/{verb}"
    assert as_alice.get(path(token, verb), follow=True).status_code == 200
    for send in (as_bob.get, as_bob.post):
        statuses = {send(page).status_code for page in (path(token, verb), missing)}
        assert statuses == ({404} if verb or send == as_bob.get else {405})
    token.refresh_from_db()
    assert (token.name, token.revoked_at) == ("Nightly", None)


def test_a_token_is_renamed(as_alice: Client, issue: Issue) -> None:
    token = issue(name="Nightly").token
    response = as_alice.post(path(token, "rename/"), {"name": " Weekly "}, follow=True)
    assert response.redirect_chain == [(path(token), 302)]
    assert "The token is called “\u2068Weekly\u2069” now." in response.text
    token.refresh_from_db()
    assert token.name == "Weekly"


def test_a_name_that_will_not_do_is_explained_where_it_was_typed(
    as_alice: Client, issue: Issue
) -> None:
    token = issue(name="Nightly").token
    response = as_alice.post(path(token, "rename/"), {"name": "\u200b"})
    assert response.status_code == 422
    assert "Give the token a name that can be read." in response.text
    token.refresh_from_db()
    assert token.name == "Nightly"


# -- Revoking --------------------------------------------------------------------------------------


def test_revoking_asks_first_and_names_what_stops(as_alice: Client, issue: Issue) -> None:
    token = issue(name="Nightly").token
    page = as_alice.get(path(token, "revoke/")).text
    assert "Revoke “<bdi>Nightly</bdi>”?" in page
    assert "It has never been used." in page
    token.refresh_from_db()
    assert token.revoked_at is None


def test_a_token_is_revoked_and_the_list_says_so(as_alice: Client, issue: Issue) -> None:
    token = issue(name="Nightly").token
    response = as_alice.post(path(token, "revoke/"), follow=True)
    assert response.redirect_chain == [(TOKENS, 302)]
    assert "“\u2068Nightly\u2069” was revoked." in response.text
    token.refresh_from_db()
    assert token.revoked_at is not None


@pytest.mark.parametrize("tail", ["", "?sort=name", "#id_name"])
def test_in_the_list_the_row_changes_in_place(as_alice: Client, issue: Issue, tail: str) -> None:
    token = issue(name="Nightly").token
    headers = HTMX | {"HX-Current-URL": f"http://testserver{TOKENS}{tail}"}
    assert "hx-post" in as_alice.get(path(token, "revoke/"), headers=headers).text
    response = as_alice.post(path(token, "revoke/"), headers=headers)
    assert f'<tr role="row" id="{token.identifier}"' in response.text
    assert 'hx-swap-oob="true"' in response.text
    assert "Revoked" in response.text
    events = json.loads(response["HX-Trigger-After-Settle"])
    assert events == {"announce": {"text": "“\u2068Nightly\u2069” was revoked.", "quiet": False}}


def test_elsewhere_the_dialog_sends_a_plain_form(as_alice: Client, issue: Issue) -> None:
    token = issue().token
    headers = HTMX | {"HX-Current-URL": f"http://testserver{path(token)}"}
    dialog = as_alice.get(path(token, "revoke/"), headers=headers).text
    assert 'method="post"' in dialog
    assert "hx-post" not in dialog


def test_revoking_twice_is_no_error_and_changes_nothing(as_alice: Client, issue: Issue) -> None:
    token = issue(name="Nightly").token
    token.revoke(reason="first")
    assert "is revoked already" in as_alice.get(path(token, "revoke/")).text
    response = as_alice.post(path(token, "revoke/"), follow=True)
    assert "“\u2068Nightly\u2069” was revoked already." in response.text
    before = token.revoked_at
    token.refresh_from_db()
    assert (token.revoked_at, token.revoked_reason) == (before, "first")


# -- All of them -----------------------------------------------------------------------------------


def test_strangers_are_sent_to_sign_in(client: Client, issue: Issue) -> None:
    token = issue().token
    for page in (TOKENS, NEW, path(token), path(token, "rename/"), path(token, "revoke/")):
        assert client.get(page)["Location"] == f"/account/sign-in/?next={page}"
        response = client.post(page, headers=HTMX)
        assert response["HX-Redirect"].startswith("/account/sign-in/")
    assert ApiToken.objects.living().count() == 1


def test_no_page_has_anything_that_the_policy_forbids(as_alice: Client, issue: Issue) -> None:
    token = issue().token
    pages = [as_alice.get(page) for page in (TOKENS, NEW, path(token), path(token, "revoke/"))]
    for response in [*pages, create(as_alice), create(as_alice, name="")]:
        policy = response["Content-Security-Policy"]
        assert policy.startswith("default-src 'none'")
        assert "unsafe" not in policy
        assert re.search(r"<[^>]*\s(style|on[a-z]+)=", response.text) is None
        assert re.search(r"<(style|script(?![^>]*\ssrc=))", response.text) is None
