"""Signing in, a forgotten password and the profile, as a browser really does them."""

import re
import time
from collections.abc import Iterator
from urllib.parse import urlsplit

import pytest
from django.core import mail
from django.test import Client
from playwright.sync_api import Browser, Locator, Page, expect

from accounts.mail import unsubscribe_path
from accounts.models import User
from tests.conftest import PASSWORD
from tests.journeys.inspection import problems
from tests.support.types import Issue

pytestmark = pytest.mark.browser

NEW = "an entirely different phrase"


@pytest.fixture
def in_kolkata(browser: Browser, alice: User, base_url: str) -> Iterator[Page]:
    """A browser there, at the sign-in page."""
    context = browser.new_context(base_url=base_url, timezone_id="Asia/Calcutta")
    page = context.new_page()
    page.goto("/account/sign-in/")
    yield page
    context.close()


def sign_in(page: Page, email: str, password: str) -> None:
    """With the keyboard alone: the page begins at the first field."""
    expect(page.get_by_label("E-mail address")).to_be_focused()
    page.keyboard.type(email)
    page.keyboard.press("Tab")
    page.keyboard.type(password)
    page.keyboard.press("Enter")


def test_one_signs_in_by_keyboard_and_lands_where_one_wanted_to_go(page: Page, alice: User) -> None:
    page.goto("/account/security/")
    sign_in(page, alice.email, PASSWORD)
    expect(page.get_by_role("heading", level=1, name="Security")).to_be_visible()


def test_signing_out_leaves_nothing_for_back(page: Page, alice: User) -> None:
    page.goto("/account/sign-in/")
    sign_in(page, alice.email, PASSWORD)
    page.get_by_role("button", name="Account menu").click()
    page.get_by_role("button", name="Sign out").click()
    expect(page.get_by_role("heading", level=1, name="Sign in")).to_be_visible()
    page.go_back()
    expect(page.get_by_role("heading", level=1, name="Sign in")).to_be_visible()


def test_a_forgotten_password_is_replaced_through_the_mail(
    page: Page, alice: User, issue: Issue
) -> None:
    issued = issue()
    page.goto("/account/sign-in/")
    page.get_by_role("link", name="Forgotten your password?").click()
    page.get_by_label("E-mail address").fill(alice.email)
    page.get_by_role("button", name="Send the link").click()
    expect(page.get_by_role("heading", level=1, name="Look into your mailbox")).to_be_visible()
    page.goto(link_in_the_mail())
    page.get_by_label("New password", exact=True).fill(NEW)
    page.get_by_label("New password again").fill(NEW)
    expect(page.get_by_label("Also revoke my API tokens")).to_be_checked()
    page.get_by_role("button", name="Set the password").click()
    expect(page.get_by_role("status").first).to_have_text(re.compile("One API token was revoked"))
    page.get_by_role("link", name="Sign in").click()
    sign_in(page, alice.email, NEW)
    expect(page.get_by_role("heading", level=1, name="API Tokens")).to_be_visible()
    issued.token.refresh_from_db()
    assert issued.token.revoked_reason == "Password changed"


def link_in_the_mail() -> str:
    deadline = time.monotonic() + 5
    while not mail.outbox and time.monotonic() < deadline:
        time.sleep(0.01)
    match = re.search(r"/account/password/reset/\S+", str(mail.outbox[0].body))
    assert match
    return match[0]


def test_the_browser_s_own_time_zone_is_offered(in_kolkata: Page, alice: User) -> None:
    page = in_kolkata
    sign_in(page, alice.email, PASSWORD)
    page.get_by_role("link", name="Profile").click()
    expect(page.get_by_label("Time zone")).to_have_value("UTC")
    page.get_by_role("button", name="Choose it").click()
    expect(page.get_by_label("Time zone")).to_be_focused()
    expect(page.get_by_role("button", name="Choose it")).to_be_hidden()
    page.get_by_role("button", name="Save").click()
    expect(page.get_by_text("Your profile was saved.")).to_be_visible()
    alice.refresh_from_db()
    assert alice.time_zone == "Asia/Calcutta"


def test_an_address_of_the_guide_leads_to_its_error_code(page: Page, db: None) -> None:
    page.goto("/account/guide/#token_expired")
    expect(page.get_by_role("article", name="token_expired")).to_be_in_viewport()


def test_the_calendar_feed_is_switched_on_copied_renewed_and_switched_off(
    desk: Page, issue: Issue
) -> None:
    issue(name="Production API")
    desk.goto("/account/")
    feed = desk.get_by_role("region", name="Calendar feed")
    feed.get_by_role("button", name="Switch on").click()
    first = copied(desk, feed)
    assert "SUMMARY:API token “Production API” expires" in read(first)
    assert problems(desk) == []
    feed.get_by_role("button", name="New address").click()
    expect(desk.get_by_text("Your calendar feed has a new address")).to_be_visible()
    second = copied(desk, feed)
    assert "VCALENDAR" not in read(first)
    assert "VCALENDAR" in read(second)
    feed.get_by_role("button", name="Switch off").click()
    expect(feed.get_by_role("button", name="Copy")).to_have_count(0)
    assert "VCALENDAR" not in read(second)


def copied(page: Page, feed: Locator) -> str:
    feed.get_by_role("button", name="Copy the address").click()
    expect(feed.get_by_text("Copied!")).to_be_visible()
    return str(page.evaluate("() => navigator.clipboard.readText()"))


def read(address: str) -> str:
    """Signed out, as a calendar program asks."""
    return Client().get(urlsplit(address).path).text


@pytest.mark.parametrize("scripts", [True, False], ids=["with scripts", "without"])
def test_one_click_from_a_mail_stops_these_mails(
    browser: Browser, base_url: str, alice: User, scripts: bool
) -> None:
    context = browser.new_context(base_url=base_url, java_script_enabled=scripts)
    page = context.new_page()
    page.goto(unsubscribe_path(alice, "expiry_reminders"))
    page.get_by_role("button", name="Stop these mails").click()
    expect(page.get_by_text("We no longer mail alice@example.com before your API")).to_be_visible()
    assert not scripts or problems(page) == []
    context.close()
    alice.refresh_from_db()
    assert (alice.expiry_reminders, alice.new_address_mails) == (False, True)


def test_mails_are_chosen_by_keyboard(desk: Page, alice: User) -> None:
    desk.goto("/account/")
    expect(desk.get_by_role("group", name="Mail me").get_by_role("checkbox")).to_have_count(2)
    desk.get_by_label("When an API token is used from a new address").focus()
    desk.keyboard.press("Space")
    desk.keyboard.press("Enter")
    expect(desk.get_by_text("Your profile was saved.")).to_be_visible()
    alice.refresh_from_db()
    assert (alice.expiry_reminders, alice.new_address_mails) == (True, False)
