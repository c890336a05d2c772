"""From the sign-in page to the first refused call, on the server that people run."""

import re

import httpx
import pytest
from playwright.sync_api import Page, expect

from accounts.models import User
from tests.conftest import PASSWORD
from tests.journeys.steps import create, revealed, row
from tests.support.site import Site

pytestmark = pytest.mark.browser


def test_a_token_is_created_copied_used_and_revoked(server: Site, page: Page, alice: User) -> None:
    sign_in(page, server.url, alice)
    token = create(page, "Nightly export")
    assert copied(page) == token
    assert server.call("/api/v1/me", token).status_code == httpx.codes.OK

    page.get_by_role("link", name="Done").click()
    expect(row(page, "Nightly export")).to_contain_text(f"{token[:24]}••••••••")
    assert token not in page.content()

    revoke(page, "Nightly export")
    refusal = server.call("/api/v1/me", token)
    assert refusal.status_code == httpx.codes.UNAUTHORIZED
    assert refusal.json()["error"]["code"] == "token_revoked"


def sign_in(page: Page, url: str, user: User) -> None:
    page.goto(url)
    page.get_by_label("E-mail address").fill(user.email)
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_role("button", name="Sign in").click()
    expect(page.get_by_role("heading", name="API Tokens")).to_be_visible()


def copied(page: Page) -> str:
    """What the clipboard holds after the button was pressed."""
    region = revealed(page)
    region.get_by_role("button", name="Copy", exact=True).click()
    expect(region.get_by_role("button", name="Copied!", exact=True)).to_be_visible()
    return str(page.evaluate("navigator.clipboard.readText()"))


def revoke(page: Page, name: str) -> None:
    row(page, name).get_by_role("button", name=f"Revoke {name}").click()
    question = page.get_by_role("dialog", name=f"Revoke “{name}”?")
    expect(question).to_contain_text(re.compile("Last used|never been used"))
    question.get_by_role("button", name=f"Revoke {name}").click()
    expect(row(page, name)).to_contain_text("Revoked")
