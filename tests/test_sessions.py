"""Signing in and out, and what a stranger who guesses passwords can and can't do."""

import re
from typing import Any

import pytest
import time_machine
from django.contrib.auth import SESSION_KEY
from django.test import Client

from accounts.attempts import in_words
from accounts.models import User
from tests.conftest import PASSWORD

SIGN_IN = "/account/sign-in/"
WIDE_A = "\N{FULLWIDTH LATIN SMALL LETTER A}"  # signs in as "a", so it counts as one
NOON = "2026-03-02T12:00:00Z"


@pytest.fixture
def noon() -> Any:
    """Windows of attempts have edges; a clock that stands still has none."""
    with time_machine.travel(NOON, tick=False) as clock:
        yield clock


def sign_in(client: Client, email: str, password: str = PASSWORD, **options: Any) -> Any:
    data = {"username": email, "password": password} | options.pop("data", {})
    return client.post(SIGN_IN, data, **options)


def guess(client: Client, times: int, email: str = "alice@example.com", **options: Any) -> int:
    """Wrong passwords; the status of the last answer."""
    return int([sign_in(client, email, "a guess", **options) for _ in range(times)][-1].status_code)


def is_signed_in(client: Client) -> bool:
    return SESSION_KEY in client.session


def test_the_right_password_opens_the_token_page(client: Client, alice: User) -> None:
    response = sign_in(client, "alice@example.com")
    assert (response.status_code, response["Location"]) == (302, "/account/tokens/")
    assert is_signed_in(client)


@pytest.mark.parametrize(
    "spelling", ["ALICE@Example.COM", "  alice@example.com ", f"{WIDE_A}lice@example.com"]
)
def test_the_address_is_known_in_every_spelling(client: Client, alice: User, spelling: str) -> None:
    assert sign_in(client, spelling).status_code == 302


def test_a_wrong_password_is_refused_and_the_address_kept(client: Client, alice: User) -> None:
    response = sign_in(client, "alice@example.com", "wrong")
    assert response.status_code == 422
    assert 'value="alice@example.com"' in response.text
    assert "is not right" in response.text
    assert "wrong" not in response.text
    assert not is_signed_in(client)


@pytest.mark.parametrize("email", ["charlie@example.com", "nobody@example.com"])
def test_nobody_learns_which_accounts_exist(
    client: Client, alice: User, charlie: User, email: str
) -> None:
    known = sign_in(client, "alice@example.com", "wrong").text
    other = sign_in(client, email).text
    assert visible(other).replace(email, "") == visible(known).replace("alice@example.com", "")


def visible(page: str) -> str:
    """The page without what differs each time it is opened."""
    return re.sub(r'nonce="[^"]+"', "", "\n".join(_ for _ in page.splitlines() if "csrf" not in _))


# -- Where it leads --------------------------------------------------------------------------------


def test_one_lands_where_one_wanted_to_go(client: Client, alice: User) -> None:
    asked = client.get("/account/security/")
    assert asked["Location"] == f"{SIGN_IN}?next=/account/security/"
    page = client.get(asked["Location"]).text
    assert '<input type="hidden" name="next" value="/account/security/">' in page
    response = sign_in(client, alice.email, data={"next": "/account/security/"})
    assert response["Location"] == "/account/security/"


@pytest.mark.parametrize(
    "elsewhere",
    ["https://evil.example/", "//evil.example", "/\\evil.example", "javascript:alert(1)", SIGN_IN],
)
def test_no_link_leads_elsewhere_after_signing_in(
    client: Client, alice: User, elsewhere: str
) -> None:
    response = sign_in(client, alice.email, data={"next": elsewhere})
    assert response["Location"] == "/account/tokens/"
    response = client.get(SIGN_IN, {"next": elsewhere})
    assert response["Location"] == "/account/tokens/"


def test_who_signs_in_gets_a_new_session(client: Client, alice: User) -> None:
    client.session["planted"] = "by someone else"
    client.session.save()
    before = client.session.session_key
    sign_in(client, alice.email)
    assert client.session.session_key != before


# -- Signing out -----------------------------------------------------------------------------------


def test_signing_out_ends_the_session(as_alice: Client) -> None:
    key = as_alice.session.session_key
    response = as_alice.post("/account/sign-out/")
    assert (response.status_code, response["Location"]) == (302, SIGN_IN)
    as_alice.cookies["session"] = str(key)
    assert as_alice.get("/account/").status_code == 302


def test_a_link_signs_nobody_out(as_alice: Client) -> None:
    assert as_alice.get("/account/sign-out/").status_code == 405
    assert is_signed_in(as_alice)


def test_signing_out_twice_does_no_harm(client: Client, db: None) -> None:
    assert client.post("/account/sign-out/")["Location"] == SIGN_IN


# -- Guessing --------------------------------------------------------------------------------------


def test_five_guesses_at_an_account_are_answered_and_no_sixth(
    client: Client, alice: User, noon: Any
) -> None:
    assert guess(client, 5) == 422
    response = sign_in(client, alice.email)
    assert response.status_code == 429
    assert 1 <= int(response["Retry-After"]) <= 300
    assert "You can sign in again in" in response.text
    assert f'value="{alice.email}"' in response.text
    assert not is_signed_in(client)


@pytest.mark.parametrize(
    ("seconds", "words"),
    [(1, "1 second"), (59, "59 seconds"), (60, "1 minute"), (61, "2 minutes"), (300, "5 minutes")],
)
def test_a_wait_is_told_in_words_that_are_long_enough(seconds: int, words: str) -> None:
    assert in_words(seconds) == words


def test_the_account_is_counted_in_every_spelling(client: Client, alice: User, noon: Any) -> None:
    for spelling in ("alice@example.com", "ALICE@example.com", " " * 300 + "alice@example.com"):
        guess(client, 1, spelling)
    assert guess(client, 2, f"{WIDE_A}lice@example.com") == 422
    assert guess(client, 1) == 429


def test_guesses_from_many_addresses_count_together(alice: User, noon: Any) -> None:
    statuses = [guess(Client(), 1, REMOTE_ADDR=f"203.0.113.{n}") for n in range(6)]
    assert statuses == [422] * 5 + [429]


def test_an_unknown_account_is_refused_just_the_same(client: Client, db: None, noon: Any) -> None:
    assert guess(client, 5, "nobody@example.com") == 422
    assert guess(client, 1, "nobody@example.com") == 429


def test_ten_attempts_a_minute_come_from_one_address(alice: User, noon: Any) -> None:
    for number in range(10):
        assert guess(Client(), 1, f"number{number}@example.com") == 422
    assert sign_in(Client(), alice.email).status_code == 429
    assert sign_in(Client(), alice.email, REMOTE_ADDR="203.0.113.9").status_code == 302


def test_a_slow_guesser_meets_the_hourly_limit(db: None) -> None:
    with time_machine.travel(NOON, tick=False) as clock:
        for number in range(100):
            assert guess(Client(), 1, f"number{number}@example.com") == 422
            clock.shift(7)
        assert guess(Client(), 1, "number101@example.com") == 429


def test_waiting_as_told_opens_the_door_again(client: Client, alice: User, noon: Any) -> None:
    guess(client, 5)
    wait = int(sign_in(client, alice.email)["Retry-After"])
    noon.shift(wait + 1)
    assert sign_in(client, alice.email).status_code == 302


def test_strangers_lock_nobody_out_of_a_browser_used_before(alice: User, noon: Any) -> None:
    own = Client()
    sign_in(own, alice.email)
    own.post("/account/sign-out/")
    assert guess(Client(), 11) == 429
    assert sign_in(own, alice.email).status_code == 302


def test_a_browser_known_to_one_account_is_a_stranger_to_others(
    alice: User, bob: User, noon: Any
) -> None:
    bobs = Client()
    sign_in(bobs, bob.email)
    bobs.post("/account/sign-out/")
    assert guess(bobs, 5) == 422
    assert guess(bobs, 1) == 429


def test_a_known_browser_may_not_guess_for_ever(client: Client, alice: User, noon: Any) -> None:
    sign_in(client, alice.email)
    client.post("/account/sign-out/")
    assert guess(client, 10) == 422
    assert guess(client, 1) == 429


def test_a_forged_cookie_makes_no_browser_known(client: Client, alice: User, noon: Any) -> None:
    client.cookies["known_browser"] = "00000000000000000000000000000000:1aaaaa:forged"
    assert guess(client, 5) == 422
    assert guess(client, 1) == 429


def test_the_cookie_of_a_known_browser_tells_nobody_whose_it_is(
    client: Client, alice: User
) -> None:
    cookie = sign_in(client, alice.email).cookies["known_browser"]
    assert "alice" not in cookie.value
    assert (cookie["path"], cookie["samesite"], cookie["httponly"]) == (SIGN_IN, "Lax", True)


@pytest.mark.fault
def test_without_its_store_the_throttle_locks_nobody_out(
    alice: User, settings: Any, valkey: Any, client: Client
) -> None:
    settings.REDIS_URL = valkey.url
    settings.CACHES = settings.CACHES | {
        "counters": {
            "BACKEND": "meetzy_tokens.cache.ResilientRedisCache",
            "LOCATION": valkey.url,
        }
    }
    valkey.kill()
    assert sign_in(client, alice.email).status_code == 302
