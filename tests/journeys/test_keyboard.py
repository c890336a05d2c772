"""Everything without a pointer: Tab, Enter, Space, arrows and Escape."""

import pytest
from playwright.sync_api import Locator, Page, expect

from tests.journeys.steps import TOKENS, YEAR, create, open_new_token, revealed, row
from tests.support.types import Issue

pytestmark = pytest.mark.browser


def press(page: Page, *keys: str) -> None:
    for key in keys:
        page.keyboard.press(key)


def tab_to(page: Page, target: Locator) -> None:
    """Press Tab until `target` has the focus, as someone does who can't point."""
    for _ in range(40):
        if target.evaluate("element => element === document.activeElement"):
            return
        page.keyboard.press("Tab")
    expect(target).to_be_focused()


def test_the_first_tab_skips_to_the_content(desk: Page) -> None:
    desk.goto(TOKENS)
    press(desk, "Tab")
    expect(desk.get_by_role("link", name="Skip to the content")).to_be_focused()
    press(desk, "Enter", "Tab")
    expect(desk.get_by_role("main").locator(":focus")).to_have_count(1)


def test_the_menu_opens_leads_on_and_closes(desk: Page) -> None:
    desk.goto(TOKENS)
    opener = desk.get_by_role("button", name="Account menu")
    menu = desk.get_by_role("navigation", name="Account menu")
    tab_to(desk, opener)
    press(desk, "Enter", "Tab")
    expect(menu.get_by_role("link", name="Account settings")).to_be_focused()
    press(desk, "Escape")
    expect(menu).to_be_hidden()
    expect(opener).to_be_focused()
    press(desk, "Space", "Tab", "Tab", "Enter")
    expect(desk.get_by_role("heading", level=1, name="Developer guide")).to_be_visible()


def test_a_token_is_created_copied_and_left(desk: Page) -> None:
    desk.goto(TOKENS)
    tab_to(desk, desk.get_by_role("button", name="New Token"))
    press(desk, "Enter")
    form = desk.locator("#new-token-form")
    tab_to(desk, form.get_by_label("Name"))
    desk.keyboard.type("Nightly")
    tab_to(desk, form.get_by_role("radio", name="90 days"))
    press(desk, "ArrowDown", "ArrowDown")
    expect(form.get_by_role("radio", name=YEAR)).to_be_checked()
    press(desk, "Enter")
    tab_to(desk, revealed(desk).get_by_role("button", name="Copy", exact=True))
    press(desk, "Space")
    expect(desk.get_by_role("dialog").get_by_role("status")).to_have_text("Copied!")
    press(desk, "Escape")
    expect(desk.get_by_role("dialog")).to_be_hidden()
    expect(desk.get_by_role("button", name="New Token")).to_be_focused()
    assert desk.evaluate("navigator.clipboard.readText()").startswith("mtz_")


def test_the_focused_token_is_selected_as_a_whole(desk: Page) -> None:
    desk.goto(TOKENS)
    token = create(desk, "Nightly")
    tab_to(desk, revealed(desk).get_by_role("group", name="Token", exact=True))
    assert desk.evaluate("getSelection().toString()") == token
    press(desk, "Control+c")
    assert desk.evaluate("navigator.clipboard.readText()") == token


def test_arrows_move_between_the_examples(desk: Page) -> None:
    desk.goto(TOKENS)
    create(desk, "Nightly")
    tab_to(desk, desk.get_by_role("tab", name="JavaScript"))
    for key, chosen in (("ArrowRight", "Python"), ("End", "cURL"), ("ArrowRight", "JavaScript")):
        press(desk, key)
        expect(desk.get_by_role("tab", name=chosen, selected=True)).to_be_focused()
        expect(desk.get_by_role("tabpanel")).to_have_count(1)
        expect(desk.get_by_role("tabpanel", name=chosen)).to_be_visible()


def test_closing_an_uncopied_token_asks_once(desk: Page) -> None:
    desk.goto(TOKENS)
    create(desk, "Nightly")
    press(desk, "Escape")
    expect(desk.get_by_role("alert")).to_contain_text("The token has not been copied.")
    expect(desk.get_by_role("alert").get_by_role("button").first).to_be_focused()
    press(desk, "Escape")
    expect(desk.get_by_role("dialog")).to_be_hidden()
    expect(desk.get_by_role("button", name="New Token")).to_be_focused()


def test_escape_leaves_a_form_without_a_question(desk: Page) -> None:
    desk.goto(TOKENS)
    open_new_token(desk)
    press(desk, "Escape")
    expect(desk.get_by_role("dialog")).to_be_hidden()
    expect(desk.get_by_role("button", name="New Token")).to_be_focused()


def test_a_token_is_revoked(desk: Page, issue: Issue) -> None:
    issue(name="Nightly")
    desk.goto(TOKENS)
    tab_to(desk, row(desk, "Nightly").get_by_role("button", name="Revoke Nightly"))
    press(desk, "Enter")
    expect(desk.get_by_role("dialog").get_by_role("link", name="Cancel")).to_be_focused()
    press(desk, "Tab", "Enter")
    expect(row(desk, "Nightly")).to_contain_text("Revoked")


def test_focus_stays_in_the_open_dialog(desk: Page) -> None:
    desk.goto(TOKENS)
    open_new_token(desk)
    for _ in range(12):
        press(desk, "Tab")
        assert desk.evaluate(
            "document.activeElement === document.body"
            " || document.activeElement.closest('dialog') !== null"
        )
