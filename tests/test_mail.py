"""Mails as a mail program reads them, and the way out of those that repeat."""

import email
import email.policy
import re
import smtplib
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from email.message import EmailMessage
from html.parser import HTMLParser
from typing import Any

import pytest
import time_machine
from django.core import signing
from django.test import Client
from django.utils import timezone

from accounts import mail
from accounts.models import User
from accounts.reminders import Due, send
from tests.support.types import Issue

HOSTILE = "<b>Bcc: eve@example.com</b> & “quoted” {{ user.password }} %(x)s 🎉"

type Reminded = Callable[..., Any]


@pytest.fixture
def reminded(issue: Issue, mailoutbox: list[Any]) -> Reminded:
    """`reminded(name, …)`: the mail that reminds Alice of tokens with these names."""

    def reminded(*names: str) -> Any:
        send([Due(issue(name=name).token, "expires:7", 7) for name in names])
        return mailoutbox.pop()

    return reminded


def sent(message: Any) -> bytes:
    """What goes to the mail server."""
    return bytes(message.message(policy=email.policy.SMTP).as_bytes())


def received(message: Any) -> EmailMessage:
    return email.message_from_bytes(sent(message), policy=email.policy.default)


def part(message: EmailMessage, kind: str) -> str:
    found: Any = message.get_body((kind,))
    return str(found.get_content())


class Links(HTMLParser):
    def __init__(self, html: str) -> None:
        super().__init__()
        self.links: list[str] = []
        self.elements: set[str] = set()
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.add(tag)
        self.links += [value for name, value in attrs if name == "href" and value]


# -- Content ---------------------------------------------------------------------------------------


def test_a_mail_has_a_text_and_an_html_part_that_say_the_same(reminded: Reminded) -> None:
    message = received(reminded("Billing export"))
    assert message.get_content_type() == "multipart/alternative"
    assert [each.get_content_type() for each in message.iter_parts()] == ["text/plain", "text/html"]
    assert message["Subject"] == "“Billing export” expires in 7 days"
    assert message["To"] == "alice@example.com"
    text, html = part(message, "plain"), part(message, "html")
    assert "Hello Alice" in text
    assert "expires in 7 days" in " ".join(html.split())
    for link in re.findall(r"http\S+", text):
        assert link in Links(html).links


def test_each_token_has_a_link_of_its_own(reminded: Reminded, alice: User) -> None:
    message = received(reminded("One", "Two", "Three"))
    assert message["Subject"] == "3 of your API tokens end soon"
    links = Links(part(message, "html")).links
    for token in alice.tokens.all():
        rotate = f"http://127.0.0.1:8000/account/tokens/{token.identifier}/rotate/"
        assert links.count(rotate) == part(message, "plain").count(rotate) == 1


def test_a_hostile_name_is_text_in_both_parts(reminded: Reminded) -> None:
    message = received(reminded(HOSTILE))
    assert HOSTILE in message["Subject"]
    assert HOSTILE in part(message, "plain")
    assert "&lt;b&gt;Bcc: eve@example.com&lt;/b&gt; &amp; “quoted”" in part(message, "html")
    assert "b" not in Links(part(message, "html")).elements
    assert message["Bcc"] is None


@pytest.mark.parametrize("end", ["\n", "\r\n", "\r", "\u2028", "\x0b", "\x85", "\0"], ids=ascii)
def test_no_name_begins_a_header(reminded: Reminded, monkeypatch: Any, end: str) -> None:
    assert mail.one_line(f"a{end}Bcc: eve@example.com") == "a Bcc: eve@example.com"


def test_no_mail_holds_a_secret(issue: Issue, mailoutbox: list[Any]) -> None:
    issued = issue()
    send([Due(issued.token, "expires:7", 7)])
    text = sent(mailoutbox[0]).replace(b"=\r\n", b"").decode()
    assert issued.token.identifier in text
    assert issued.plaintext[24:] not in text
    assert bytes(issued.token.digest).hex() not in text


def test_dates_are_those_of_the_reader(reminded: Reminded, alice: User) -> None:
    alice.time_zone = "Asia/Kolkata"
    alice.save()
    assert re.search(r"\d\d:\d\d IST", part(received(reminded("One")), "plain"))


def test_a_mail_that_fails_in_the_background_is_logged_without_its_content(
    alice: User, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture, issue: Issue
) -> None:
    def refuse(self: mail.Mail) -> None:
        raise smtplib.SMTPServerDisconnected("gone")

    monkeypatch.setattr(mail.Mail, "send", refuse)
    due = [Due(issue(name="Very private").token, "expires:7", 7)]
    mail.send_later("expiry_reminder", alice, due=due)
    assert "the mail expiry_reminder could not be sent" in caplog.text
    assert "Very private" not in caplog.text


def test_a_mail_at_the_very_end_of_a_process_goes_out_all_the_same(
    alice: User, settings: Any, mailoutbox: list[Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    settings.MAIL_IN_BACKGROUND = True
    threads = ThreadPoolExecutor(1)
    threads.shutdown()
    monkeypatch.setattr(mail, "postman", threads)
    mail.send_later("expiry_reminder", alice, due=[])
    assert [message.to for message in mailoutbox] == [["alice@example.com"]]


# -- Unsubscribing ---------------------------------------------------------------------------------


def test_mail_programs_find_the_way_out(reminded: Reminded) -> None:
    """Read from the wire: a parser would decode what mail programs do not (RFC 2369)."""
    mail_out = reminded("Billing export")
    lines = sent(mail_out).split(b"\r\n")
    (header,) = [line.decode() for line in lines if line.startswith(b"List-Unsubscribe: ")]
    assert re.fullmatch(r"List-Unsubscribe: <http://127[^<> ?]+/account/unsubscribe/\S+/>", header)
    assert b"List-Unsubscribe-Post: List-Unsubscribe=One-Click" in lines
    assert max(map(len, lines)) <= 998
    assert header[len("List-Unsubscribe: <") : -1] in Links(part(received(mail_out), "html")).links


def unsubscribe_path(user: User, switch: str = "expiry_reminders") -> str:
    return mail.unsubscribe_path(user, switch)


@pytest.mark.parametrize("switch", mail.SWITCHES)
def test_one_click_without_signing_in_turns_one_switch_off(alice: User, switch: str) -> None:
    client = Client(enforce_csrf_checks=True)
    form = {"List-Unsubscribe": "One-Click"}
    response = client.post(unsubscribe_path(alice, switch), form)
    assert (response.status_code, "Unsubscribed" in response.text) == (200, True)
    alice.refresh_from_db()
    assert {name: getattr(alice, name) for name in mail.SWITCHES} == {
        name: name != switch for name in mail.SWITCHES
    }


def test_a_visit_alone_changes_nothing(client: Client, alice: User) -> None:
    response = client.get(unsubscribe_path(alice))
    assert "Stop these mails" in response.text
    assert client.head(unsubscribe_path(alice)).status_code == 200
    alice.refresh_from_db()
    assert alice.expiry_reminders


def test_two_clicks_are_one(client: Client, alice: User) -> None:
    for _ in range(2):
        assert client.post(unsubscribe_path(alice)).status_code == 200
    alice.refresh_from_db()
    assert not alice.expiry_reminders


def test_nobody_is_unsubscribed_by_somebody_else(alice: User, as_bob: Client, bob: User) -> None:
    """Who the browser is signed in as does not count; who got the mail does."""
    as_bob.post(unsubscribe_path(alice))
    bob.refresh_from_db()
    assert bob.expiry_reminders


@pytest.mark.parametrize(
    "ticket",
    [
        lambda alice: signing.dumps([alice.pk, "is_active"], salt=mail.UNSUBSCRIBE_SALT),
        lambda alice: signing.dumps([0, "expiry_reminders"], salt=mail.UNSUBSCRIBE_SALT),
        lambda alice: signing.dumps([alice.pk, "expiry_reminders"], salt="of something else"),
        lambda alice: signing.dumps([alice.pk, "expiry_reminders"]) + "x",
        lambda alice: "x" * 3000,
        lambda alice: ":",
    ],
    ids=["no such switch", "nobody", "other salt", "damaged", "long", "empty"],
)
def test_a_forged_ticket_opens_nothing(
    client: Client, alice: User, ticket: Callable[[User], str]
) -> None:
    for answer in (client.get, client.post):
        assert answer(f"/account/unsubscribe/{ticket(alice)}/").status_code == 404
    alice.refresh_from_db()
    assert alice.expiry_reminders
    assert alice.is_active


def test_a_ticket_of_long_ago_opens_nothing(client: Client, alice: User) -> None:
    now, path = timezone.now(), unsubscribe_path(alice)
    with time_machine.travel(now + timedelta(days=364), tick=False):
        assert client.get(path).status_code == 200
    with time_machine.travel(now + timedelta(days=366), tick=False):
        assert client.post(path).status_code == 404
    alice.refresh_from_db()
    assert alice.expiry_reminders
