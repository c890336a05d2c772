"""The same with JavaScript off: every dialog is a page of its own."""

import httpx
import pytest
from playwright.sync_api import Error, Page, expect

from accounts.models import User
from tests.conftest import PASSWORD
from tests.journeys.steps import TOKENS, YEAR, create, row, status
from tests.support.calls import write_calls
from tests.support.types import Issue

pytestmark = [pytest.mark.browser, pytest.mark.browser_context_args(java_script_enabled=False)]


def test_a_token_is_created_used_and_revoked_on_pages(
    page: Page, base_url: str, alice: User
) -> None:
    page.goto("/")
    page.get_by_label("E-mail address").fill(alice.email)
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_role("button", name="Sign in").click()
    token = create(page, "Nightly")
    assert status(base_url, token) == httpx.codes.OK

    page.get_by_role("link", name="Done").click()
    assert token not in page.content()
    row(page, "Nightly").get_by_role("button", name="Revoke Nightly").click()
    expect(page.get_by_role("heading", name="Revoke “Nightly”?")).to_be_visible()
    page.get_by_role("button", name="Revoke Nightly").click()
    expect(page.get_by_text("was revoked")).to_be_visible()
    expect(row(page, "Nightly")).to_contain_text("Revoked")
    assert status(base_url, token) == httpx.codes.UNAUTHORIZED


def test_a_double_click_creates_one_token(desk: Page, alice: User) -> None:
    desk.goto(f"{TOKENS}new/")
    desk.get_by_label("Name").fill("Nightly")
    desk.get_by_role("button", name="Create Token").dblclick()
    expect(desk.get_by_role("heading", level=1)).not_to_have_text("New token")
    assert alice.tokens.get().name == "Nightly"


def test_a_reloaded_reveal_says_that_the_token_exists(desk: Page, alice: User) -> None:
    desk.goto(TOKENS)
    token = create(desk, "Nightly")
    desk.reload()
    expect(desk.get_by_role("heading", name="This form was used already")).to_be_visible()
    assert token not in desk.content()
    assert alice.tokens.get().identifier == token[:24]


def test_back_does_not_show_the_value_again(desk: Page) -> None:
    desk.goto(TOKENS)
    token = create(desk, "Nightly")
    desk.goto(TOKENS)
    with pytest.raises(Error, match="ERR_CACHE_MISS"):
        desk.go_back()
    expect(desk.get_by_text(token)).to_have_count(0)


def test_a_refused_form_keeps_what_was_typed_and_leads_to_the_error(desk: Page) -> None:
    desk.goto("/account/tokens/new/")
    desk.get_by_label("Name").fill("n" * 101)
    desk.get_by_role("radio", name=YEAR).check()
    desk.get_by_role("button", name="Create Token").click()
    expect(desk.locator(".error-summary")).to_be_focused()
    expect(desk.get_by_label("Name")).to_have_value("n" * 101)
    expect(desk.get_by_role("radio", name=YEAR)).to_be_checked()


def test_every_example_is_in_view(desk: Page) -> None:
    desk.goto(TOKENS)
    create(desk, "Nightly")
    for language in ("JavaScript", "Python", "cURL"):
        expect(desk.get_by_role("heading", name=language)).to_be_visible()


def test_renaming_changes_the_page(desk: Page, issue: Issue) -> None:
    issued = issue(name="Nightly")
    desk.goto(f"{TOKENS}{issued.token.identifier}/")
    desk.get_by_role("textbox", name="Name").fill("Weekly")
    desk.get_by_role("button", name="Rename").click()
    expect(desk.get_by_role("heading", level=1, name="Weekly")).to_be_visible()


def test_calls_are_read_filtered_and_exported_on_pages(desk: Page, issue: Issue) -> None:
    token = issue(name="Nightly").token
    write_calls(token, 3)
    write_calls(token, first=9, status=404, code="not_found")
    desk.goto(f"{TOKENS}{token.identifier}/")
    expect(desk.get_by_role("checkbox", name="Live")).to_have_count(0)
    desk.get_by_role("link", name="Month").click()
    desk.get_by_label("Outcome", exact=True).select_option("Client errors")
    desk.get_by_role("button", name="Filter").click()
    expect(desk.locator("#call-rows > tr")).to_have_count(1)
    expect(desk.get_by_role("link", name="Month")).to_have_attribute("aria-current", "true")
    with desk.expect_download() as download:
        desk.get_by_role("link", name="Export as CSV").click()
    assert download.value.path().read_text().count("\n") == 2
