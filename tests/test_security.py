"""Changing a password, and resetting a forgotten one by mail."""

import re
import time
from datetime import UTC, datetime
from typing import Any

import pytest
import time_machine
from django.core import mail
from django.core.mail import EmailMultiAlternatives
from django.test import Client

from accounts.models import Issued, User
from tests.conftest import PASSWORD, signed_in
from tests.support.types import Issue

NEW = "an entirely different phrase"
LONG_AGO = datetime(2020, 1, 1, tzinfo=UTC)
RESET = "/account/password/reset/"


def change(client: Client, **fields: str) -> Any:
    data = {"old_password": PASSWORD, "new_password1": NEW, "new_password2": NEW} | fields
    return client.post("/account/security/", data)


def can_sign_in(email: str, password: str) -> bool:
    data = {"username": email, "password": password}
    return bool(Client().post("/account/sign-in/", data).status_code == 302)


def is_living(issued: Issued) -> bool:
    issued.token.refresh_from_db()
    return issued.token.is_living


# -- Changing it -----------------------------------------------------------------------------------


def test_a_password_is_changed(as_alice: Client, alice: User) -> None:
    assert change(as_alice)["Location"] == "/account/security/"
    assert "Your password was changed." in as_alice.get("/account/security/").text
    assert can_sign_in(alice.email, NEW)
    assert not can_sign_in(alice.email, PASSWORD)


def test_a_change_signs_out_every_other_browser(as_alice: Client, alice: User) -> None:
    elsewhere = signed_in(alice)
    change(as_alice)
    assert as_alice.get("/account/").status_code == 200
    assert elsewhere.get("/account/").status_code == 302


def test_tokens_outlive_a_change(as_alice: Client, issue: Issue) -> None:
    issued = issue()
    page = security_page(as_alice)
    assert 'name="revoke_tokens"' in page
    assert "checked" not in page
    change(as_alice)
    assert is_living(issued)


def security_page(client: Client) -> str:
    return client.get("/account/security/").content.decode()


def test_tokens_end_with_the_password_when_asked(
    as_alice: Client, alice: User, bob: User, issue: Issue
) -> None:
    own, expired, bobs = issue(), issue(now=LONG_AGO), issue(owner=bob)
    change(as_alice, revoke_tokens="on")
    assert "One API token was revoked." in security_page(as_alice)
    assert not is_living(own)
    assert own.token.revoked_reason == "Password changed"
    expired.token.refresh_from_db()
    assert expired.token.revoked_at is None
    assert is_living(bobs)


@pytest.mark.parametrize(
    ("fields", "at"),
    [
        ({"old_password": "wrong"}, "old_password"),
        ({"new_password2": "another"}, "new_password2"),
        ({"new_password1": "12345678", "new_password2": "12345678"}, "new_password2"),
    ],
)
def test_a_refused_change_changes_nothing(
    as_alice: Client, alice: User, issue: Issue, fields: dict[str, str], at: str
) -> None:
    issued = issue()
    response = change(as_alice, revoke_tokens="on", **fields)
    assert response.status_code == 422
    assert f'id="id_{at}_error"' in response.text
    assert PASSWORD not in response.text
    assert can_sign_in(alice.email, PASSWORD)
    assert is_living(issued)


def test_whoever_finds_an_open_browser_guesses_five_times(as_alice: Client, alice: User) -> None:
    with time_machine.travel("2026-03-02T12:00:00Z", tick=False):
        for _ in range(5):
            assert change(as_alice, old_password="a guess").status_code == 422
        response = change(as_alice)
    assert response.status_code == 429
    assert "Retry-After" in response
    assert can_sign_in(alice.email, PASSWORD)


# -- Asking for the mail ---------------------------------------------------------------------------


def ask(email: str, **options: Any) -> Any:
    return Client().post(RESET, {"email": email}, **options)


def letter() -> Any:
    """The one that was sent, once it is: it leaves behind the answer's back."""
    deadline = time.monotonic() + 5
    while not mail.outbox and time.monotonic() < deadline:
        time.sleep(0.01)
    (message,) = mail.outbox
    return message


def link_in(text: str) -> str:
    match = re.search(r"https?://[^\s\"]+/reset/[^\s\"]+", text)
    assert match
    return match[0]


def test_a_mail_brings_the_link_in_both_its_parts(alice: User, settings: Any) -> None:
    response = ask("ALICE@example.com")
    assert response["Location"] == "/account/password/reset/sent/"
    message = letter()
    assert message.to == [alice.email]
    assert message.subject == "Reset your Meetzy password"
    html = str(message.alternatives[0].content)
    assert link_in(str(message.body)) == link_in(html)
    assert link_in(html).startswith(f"{settings.SITE_URL}{RESET}")


def test_the_link_leads_here_whatever_host_the_request_named(alice: User, settings: Any) -> None:
    settings.ALLOWED_HOSTS = ["*"]
    ask(alice.email, headers={"Host": "evil.example"})
    assert "evil.example" not in letter().message().as_string()


@pytest.mark.parametrize("email", ["charlie@example.com", "nobody@example.com"])
def test_nobody_learns_whether_there_is_an_account(alice: User, charlie: User, email: str) -> None:
    known, unknown = ask(alice.email), ask(email)
    assert letter().to == [alice.email]
    assert known.headers.pop("X-Request-ID") != unknown.headers.pop("X-Request-ID")
    assert known.status_code == unknown.status_code
    assert dict(known.headers) == dict(unknown.headers)


def test_the_answer_does_not_wait_for_the_mail(
    alice: User, settings: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings.MAIL_IN_BACKGROUND = True

    def slow(self: EmailMultiAlternatives, **_: Any) -> None:
        time.sleep(0.5)
        mail.outbox.append(self)

    monkeypatch.setattr(EmailMultiAlternatives, "send", slow)
    ask(alice.email)
    assert not mail.outbox
    assert letter()


@pytest.mark.parametrize("email", ["alice@example.com", "nobody@example.com"])
def test_three_mails_an_hour_go_to_one_account(alice: User, email: str) -> None:
    with time_machine.travel("2026-03-02T12:00:00Z", tick=False):
        for number in range(3):
            assert ask(email, REMOTE_ADDR=f"203.0.113.{number}").status_code == 302
        response = ask(email.upper())
    assert response.status_code == 429
    assert int(response["Retry-After"]) > 0
    assert f'value="{email.upper()}"' in response.text


def test_ten_accounts_an_hour_are_asked_for_from_one_address(db: None) -> None:
    with time_machine.travel("2026-03-02T12:00:00Z", tick=False):
        for number in range(10):
            assert ask(f"number{number}@example.com").status_code == 302
        assert ask("number10@example.com").status_code == 429


def test_what_is_no_address_is_refused_at_its_field(db: None) -> None:
    response = ask("not an address")
    assert response.status_code == 422
    assert 'id="id_email_error"' in response.text


# -- Following the link ----------------------------------------------------------------------------


@pytest.fixture
def link(alice: User) -> str:
    ask(alice.email)
    return link_in(str(letter().body)).partition("8000")[2]


def follow(client: Client, link: str) -> tuple[str, str]:
    """The address of the form behind the link, and its page."""
    path = client.get(link)["Location"]
    return path, client.get(path).text


def set_password(client: Client, path: str, **fields: str) -> Any:
    return client.post(path, {"new_password1": NEW, "new_password2": NEW} | fields)


def test_the_link_sets_a_new_password_once(client: Client, alice: User, link: str) -> None:
    path, page = follow(client, link)
    assert alice.email in page
    assert set_password(client, path)["Location"] == "/account/password/reset/done/"
    assert "Your password was changed." in client.get("/account/password/reset/done/").text
    assert can_sign_in(alice.email, NEW)
    assert "does not work any more" in Client().get(link).text


def test_the_secret_of_the_link_leaves_the_address_and_leaks_nowhere(
    client: Client, link: str
) -> None:
    response = client.get(link)
    assert response["Referrer-Policy"] == "no-referrer"
    assert link.rstrip("/").rpartition("/")[2] not in response["Location"]
    page = client.get(response["Location"])
    assert page["Referrer-Policy"] == "strict-origin"
    assert page["Cache-Control"] >= "max-age=0, no-cache, no-store"


def test_a_reset_offers_to_end_tokens_and_does_unless_told_not_to(
    client: Client, issue: Issue, link: str
) -> None:
    issued = issue()
    path, page = follow(client, link)
    assert re.search(r'<input type="checkbox" name="revoke_tokens"[^>]* checked>', page)
    set_password(client, path, revoke_tokens="on")
    assert not is_living(issued)
    assert "One API token was revoked." in client.get("/account/password/reset/done/").text


def test_a_reset_leaves_tokens_alone_when_told_so(client: Client, issue: Issue, link: str) -> None:
    issued = issue()
    path, _ = follow(client, link)
    set_password(client, path)
    assert is_living(issued)


def test_a_refused_new_password_is_explained_and_keeps_the_choice(
    client: Client, alice: User, link: str
) -> None:
    path, _ = follow(client, link)
    response = set_password(client, path, new_password2="another")
    assert response.status_code == 422
    assert 'id="id_new_password2_error"' in response.text
    assert "checked" not in response.text
    assert can_sign_in(alice.email, PASSWORD)


@pytest.mark.parametrize(
    "path",
    ["MQ/abc-def/", "MQ/set-password/", "AAAA/abc-def/", "%F0%9F/x-y/", f"{'9' * 5000}/a-b/"],
)
def test_a_link_that_nobody_sent_opens_nothing(client: Client, alice: User, path: str) -> None:
    response = client.get(RESET + path)
    assert response.status_code < 500
    assert response["Referrer-Policy"]
    assert "new_password1" not in response.text


def test_a_link_is_dead_after_an_hour(client: Client, alice: User, link: str) -> None:
    with time_machine.travel(time.time() + 3601):
        assert "does not work any more" in client.get(link).text


def test_whoever_proved_the_mailbox_signs_in_even_while_strangers_guess(
    client: Client, alice: User, link: str
) -> None:
    path, _ = follow(client, link)
    set_password(client, path)
    for _ in range(6):
        can_sign_in(alice.email, "a guess")
    assert not can_sign_in(alice.email, NEW)
    data = {"username": alice.email, "password": NEW}
    assert client.post("/account/sign-in/", data).status_code == 302
