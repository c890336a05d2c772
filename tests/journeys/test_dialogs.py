"""New Token, the reveal and Revoke as dialogs of the tokens page."""

import re

import pytest
from django.contrib.sessions.models import Session
from playwright.sync_api import Page, expect

from accounts.models import ApiToken, User
from tests.journeys.steps import TOKENS, YEAR, create, open_new_token, revealed, row, shown_token
from tests.support.types import Issue

pytestmark = pytest.mark.browser

EVERYTHING_KEPT = """
document.documentElement.outerHTML
  + JSON.stringify([{...localStorage}, {...sessionStorage}, history.state])
  + document.cookie + location.href
"""


def test_a_new_token_appears_in_the_list_behind_the_dialog(desk: Page) -> None:
    desk.goto(TOKENS)
    token = create(desk, "Nightly")
    desk.keyboard.press("Escape")
    revealed(desk).get_by_role("button", name="Close without copying").click()
    expect(desk.get_by_role("dialog")).to_be_hidden()
    expect(row(desk, "Nightly")).to_contain_text(f"{token[:24]}••••••••")
    expect(row(desk, "Nightly")).to_contain_text("Active")


def test_a_closed_reveal_leaves_the_value_nowhere(desk: Page) -> None:
    desk.goto(TOKENS)
    token = create(desk, "Nightly")
    assert token in desk.evaluate(EVERYTHING_KEPT)
    revealed(desk).get_by_role("button", name="Copy", exact=True).click()
    revealed(desk).get_by_role("link", name="Done").click()
    expect(desk.locator("#dialog-body")).to_be_empty()
    assert token[24:] not in desk.evaluate(EVERYTHING_KEPT)


def test_back_forward_and_reload_never_show_the_value_again(desk: Page) -> None:
    desk.goto(TOKENS)
    token = create(desk, "Nightly")
    desk.goto("/account/guide/")
    for move in (desk.go_back, desk.go_forward, desk.go_back, desk.reload):
        move()
        assert token[24:] not in desk.evaluate(EVERYTHING_KEPT)


def test_a_page_that_the_browser_keeps_for_back_has_lost_the_value(desk: Page) -> None:
    """Chromium keeps no such page over plain http, so it is told here that it does."""
    desk.goto(TOKENS)
    token = create(desk, "Nightly")
    desk.evaluate("dispatchEvent(new PageTransitionEvent('pagehide', {persisted: true}))")
    expect(desk.get_by_role("dialog")).to_be_hidden()
    assert token[24:] not in desk.evaluate(EVERYTHING_KEPT)


def test_the_value_is_copied_also_where_pages_get_no_clipboard(desk: Page) -> None:
    """As over plain http: the button then copies like Ctrl+C."""
    desk.add_init_script("Object.defineProperty(navigator, 'clipboard', {value: undefined})")
    desk.goto(TOKENS)
    token = create(desk, "Nightly")
    revealed(desk).get_by_role("button", name="Copy", exact=True).click()
    expect(revealed(desk).get_by_role("button", name="Copied!", exact=True)).to_be_visible()
    revealed(desk).get_by_role("link", name="Done").click()
    name = open_new_token(desk).get_by_label("Name")
    name.press("Control+v")
    expect(name).to_have_value(token)


@pytest.mark.parametrize("path", [TOKENS, "/account/tokens/new/"], ids=["dialog", "page"])
def test_a_double_click_creates_one_token_and_shows_it(desk: Page, alice: User, path: str) -> None:
    desk.goto(path)
    form = open_new_token(desk) if path == TOKENS else desk.locator("#new-token-form")
    form.get_by_label("Name").fill("Nightly")
    form.get_by_role("button", name="Create Token").dblclick()
    assert shown_token(desk).startswith(alice.tokens.get().identifier)


def test_a_refused_form_keeps_what_was_typed_and_leads_to_the_error(desk: Page) -> None:
    desk.goto(TOKENS)
    form = open_new_token(desk)
    form.get_by_label("Name").fill("n" * 101)
    form.get_by_role("radio", name=YEAR).check()
    form.get_by_role("radio", name="Staging").check()
    form.get_by_role("button", name="Create Token").click()
    expect(desk.locator(".error-summary")).to_be_focused()
    expect(form.get_by_label("Name")).to_have_value("n" * 101)
    expect(form.get_by_label("Name")).to_have_accessible_description(re.compile("at most 100"))
    expect(form.get_by_role("radio", name=YEAR)).to_be_checked()
    expect(form.get_by_role("radio", name="Staging")).to_be_checked()
    form.get_by_role("link", name="Name: Use at most").click()
    expect(form.get_by_label("Name")).to_be_focused()


def test_revoking_changes_the_row_in_place_and_says_so(desk: Page, issue: Issue) -> None:
    issue(name="Nightly")
    desk.goto(TOKENS)
    row(desk, "Nightly").get_by_role("button", name="Revoke Nightly").click()
    question = desk.get_by_role("dialog", name="Revoke “Nightly”?")
    expect(question.get_by_role("link", name="Cancel")).to_be_focused()
    question.get_by_role("button", name="Revoke Nightly").click()
    expect(row(desk, "Nightly")).to_contain_text("Revoked")
    expect(row(desk, "Nightly").get_by_role("button")).to_have_count(0)
    expect(row(desk, "Nightly").get_by_role("link", name="Nightly")).to_be_focused()
    expect(desk.locator("#announcer")).to_have_text("“\u2068Nightly\u2069” was revoked.")


def test_revoking_on_the_page_of_a_token_leads_to_the_list(desk: Page, issue: Issue) -> None:
    desk.goto(f"{TOKENS}{issue(name='Nightly').token.identifier}/")
    desk.get_by_role("button", name="Revoke Nightly").click()
    desk.get_by_role("dialog").get_by_role("button", name="Revoke Nightly").click()
    desk.wait_for_url(f"**{TOKENS}")
    expect(desk.get_by_text("“\u2068Nightly\u2069” was revoked.")).to_be_visible()
    expect(row(desk, "Nightly")).to_contain_text("Revoked")


def test_a_revocation_that_is_thought_better_of_changes_nothing(desk: Page, issue: Issue) -> None:
    token = issue(name="Nightly").token
    desk.goto(TOKENS)
    button = row(desk, "Nightly").get_by_role("button", name="Revoke Nightly")
    button.click()
    desk.get_by_role("dialog").get_by_role("link", name="Cancel").click()
    expect(desk.get_by_role("dialog")).to_be_hidden()
    expect(button).to_be_focused()
    assert ApiToken.objects.get(pk=token.pk).revoked_at is None


def test_someone_signed_out_meanwhile_gets_the_whole_sign_in_page(desk: Page) -> None:
    desk.goto(TOKENS)
    Session.objects.all().delete()
    desk.get_by_role("button", name="New Token").click()
    desk.wait_for_url(re.compile("/account/sign-in/[?]next="))
    expect(desk.get_by_role("heading", level=1, name="Sign in")).to_be_visible()
    expect(desk.get_by_role("dialog")).to_have_count(0)
