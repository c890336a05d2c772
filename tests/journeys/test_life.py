"""The life of a token: rotated with an overlap, found by filters, revoked with others.

Each once with JavaScript, where things change in place, and once without, where pages follow.
"""

import re
from datetime import timedelta

import httpx
import pytest
from playwright.sync_api import Locator, Page, expect

from accounts.expiry import Expiry
from accounts.models import Status, User
from tests.journeys.inspection import problems
from tests.journeys.steps import TOKENS, YEAR, revealed, row, shown_token, status
from tests.support.types import Issue

pytestmark = pytest.mark.browser

without_scripts = pytest.mark.browser_context_args(java_script_enabled=False)
HOUR = "In 1 hour"


def names(page: Page) -> list[str]:
    return page.locator(".table__name").all_inner_texts()


# -- Rotate with an overlap ------------------------------------------------------------------------


def rotate(page: Page, name: str) -> str:
    """From the row on: a year for the successor, an hour for the old token; what is shown."""
    row(page, name).get_by_role("button", name=f"Rotate {name}").click()
    form = page.locator("#rotate")
    expect(form.get_by_role("radio", name="In 24 hours")).to_be_checked()
    form.get_by_role("radio", name=YEAR).check()
    form.get_by_role("radio", name=HOUR).check()
    form.get_by_role("button", name=f"Rotate {name}").click()
    return shown_token(page)


def both_show_their_link_and_the_countdown(page: Page, old: str, new: str) -> None:
    old_row, new_row = page.locator(f"tr#{old[:24]}"), page.locator(f"tr#{new[:24]}")
    expect(old_row).to_contain_text(f"Replaced by {new[:24]}")
    expect(old_row).to_contain_text(re.compile(r"ends in (60 min|1 h)"))
    expect(old_row.get_by_role("button", name="Rotate")).to_have_count(0)
    expect(new_row).to_contain_text(f"Replaces {old[:24]}")


def test_a_token_is_rotated_with_an_overlap_in_place(
    desk: Page, issue: Issue, base_url: str
) -> None:
    old = issue(name="Nightly").plaintext
    desk.goto(TOKENS)
    new = rotate(desk, "Nightly")
    assert not problems(desk)
    assert {status(base_url, token) for token in (old, new)} == {httpx.codes.OK}
    both_show_their_link_and_the_countdown(desk, old, new)
    revealed(desk).get_by_role("button", name="Copy", exact=True).click()
    expect(revealed(desk).get_by_role("button", name="Copied!", exact=True)).to_be_visible()
    desk.keyboard.press("Escape")
    expect(desk.get_by_role("dialog")).to_be_hidden()
    expect(desk.locator("#dialog-body")).to_be_empty()  # its close event comes after it is hidden
    assert new not in desk.content()
    assert desk.url.endswith(TOKENS)


@without_scripts
def test_a_token_is_rotated_with_an_overlap_on_pages(
    desk: Page, issue: Issue, base_url: str
) -> None:
    old = issue(name="Nightly").plaintext
    desk.goto(TOKENS)
    new = rotate(desk, "Nightly")
    assert {status(base_url, token) for token in (old, new)} == {httpx.codes.OK}
    desk.get_by_role("link", name="Done").click()
    both_show_their_link_and_the_countdown(desk, old, new)
    desk.get_by_role("link", name=new[:24]).click()
    expect(desk.get_by_role("heading", level=1, name="Nightly")).to_be_visible()
    assert new not in desk.content()


def test_a_token_is_rotated_by_keyboard_alone(desk: Page, issue: Issue, alice: User) -> None:
    issue(name="Nightly")
    desk.goto(TOKENS)
    row(desk, "Nightly").get_by_role("button", name="Rotate Nightly").focus()
    desk.keyboard.press("Enter")
    dialog = desk.get_by_role("dialog")
    dialog.get_by_role("radio", name="In 24 hours").focus()
    desk.keyboard.press("ArrowDown")
    expect(dialog.get_by_role("radio", name="In 7 days")).to_be_checked()
    desk.keyboard.press("Enter")
    shown_token(desk)
    old = alice.tokens.get(successor__isnull=False)
    assert old.rotated_at
    assert old.expires_at - old.rotated_at == timedelta(days=7)


# -- Revoke several --------------------------------------------------------------------------------


def choose(page: Page, *chosen: str) -> None:
    for name in chosen:
        page.get_by_role("checkbox", name=f"Choose {name}").check()
    page.get_by_role("button", name="Revoke selected").click()


def confirm(scope: Page | Locator, *chosen: str) -> None:
    number = f"{len(chosen)} tokens"
    expect(scope.get_by_role("heading", name=f"Revoke {number}?")).to_be_visible()
    expect(scope.locator("#revoke-selected strong")).to_have_text(chosen)
    scope.get_by_role("button", name=f"Revoke {number}").click()


def only_the_third_lives(page: Page, alice: User) -> None:
    for name in ("One", "Two"):
        expect(row(page, name)).to_contain_text("Revoked")
    expect(row(page, "Three")).to_contain_text("Active")
    assert [token.name for token in alice.tokens.having_status(Status.ACTIVE)] == ["Three"]


@pytest.fixture
def three(issue: Issue) -> None:
    for name in ("Three", "Two", "One"):
        issue(name=name, expiry=Expiry.ONE_YEAR)


def test_several_tokens_are_revoked_in_place(desk: Page, alice: User, three: None) -> None:
    desk.goto(f"{TOKENS}?sort=name")
    choose(desk, "One", "Two")
    dialog = desk.get_by_role("dialog")
    assert not problems(desk)
    confirm(dialog, "One", "Two")
    expect(dialog).to_be_hidden()
    only_the_third_lives(desk, alice)
    expect(desk.get_by_text("2 tokens were revoked.")).to_be_attached()
    assert desk.url.endswith("?sort=name")


@without_scripts
def test_several_tokens_are_revoked_on_pages(desk: Page, alice: User, three: None) -> None:
    desk.goto(TOKENS)
    choose(desk, "One", "Two")
    confirm(desk, "One", "Two")
    expect(desk.get_by_text("2 tokens were revoked.")).to_be_visible()
    only_the_third_lives(desk, alice)


def test_several_tokens_are_revoked_by_keyboard_alone(desk: Page, alice: User, three: None) -> None:
    desk.goto(TOKENS)
    for name in ("One", "Two"):
        desk.get_by_role("checkbox", name=f"Choose {name}").focus()
        desk.keyboard.press("Space")
    desk.get_by_role("button", name="Revoke selected").focus()
    desk.keyboard.press("Enter")
    cancel = desk.get_by_role("dialog").get_by_role("link", name="Cancel")
    expect(cancel).to_be_focused()
    desk.keyboard.press("Tab")
    desk.keyboard.press("Enter")
    expect(desk.get_by_role("dialog")).to_be_hidden()
    only_the_third_lives(desk, alice)


def test_thinking_better_of_it_revokes_nothing(desk: Page, alice: User, three: None) -> None:
    desk.goto(TOKENS)
    choose(desk, "One", "Two")
    expect(desk.get_by_role("dialog")).to_be_visible()
    desk.keyboard.press("Escape")
    expect(desk.get_by_role("dialog")).to_be_hidden()
    expect(desk.get_by_role("checkbox", name="Choose One")).to_be_checked()
    assert alice.tokens.living().count() == 3


# -- Filters ---------------------------------------------------------------------------------------


@pytest.fixture
def several(issue: Issue) -> None:
    issue(name="Billing", environment="staging")
    issue(name="Backup", environment="staging", expiry=Expiry.FOUR_YEARS)
    issue(name="Analytics")
    issue(name="Old backup").token.revoke()


def test_filters_change_the_list_in_place_and_the_address_with_it(
    desk: Page, several: None
) -> None:
    desk.goto(TOKENS)
    desk.get_by_label("Environment").select_option("Staging")
    expect(desk.locator(".table__name")).to_have_text(["Backup", "Billing"])
    desk.get_by_label("Sort").select_option("By name")
    expect(desk).to_have_url(re.compile("sort=name$"))
    desk.get_by_label("Search").fill("back")
    desk.keyboard.press("Enter")
    expect(desk.locator(".table__name")).to_have_text(["Backup"])
    expect(desk.get_by_label("Search")).to_be_focused()
    assert desk.url.endswith(f"{TOKENS}?q=back&environment=staging&sort=name")
    desk.reload()
    expect(desk.locator(".table__name")).to_have_text(["Backup"])
    desk.go_back()
    expect(desk.locator(".table__name")).to_have_text(["Backup", "Billing"])
    desk.get_by_role("link", name="Clear filters").click()
    expect(desk.locator(".table__name")).to_have_count(4)


def test_a_card_filters_the_list(desk: Page, several: None) -> None:
    desk.goto(TOKENS)
    desk.get_by_role("link", name="1 without expiration").click()
    expect(desk.locator(".table__name")).to_have_text(["Backup"])
    assert desk.url.endswith("?risk=no_expiry")
    assert not problems(desk)
    desk.get_by_label("Environment").select_option("Development")
    expect(desk.get_by_text("None of your tokens fits these filters.")).to_be_visible()
    assert "risk=no_expiry" in desk.url


@without_scripts
def test_filters_lead_to_pages_whose_address_says_them(desk: Page, several: None) -> None:
    desk.goto(TOKENS)
    desk.get_by_label("Environment").select_option("Staging")
    desk.get_by_label("Sort").select_option("By name")
    desk.get_by_label("Search").fill("b")
    desk.get_by_role("button", name="Search").click()
    assert names(desk) == ["Backup", "Billing"]
    assert desk.url.endswith(f"{TOKENS}?q=b&environment=staging&sort=name")
    desk.get_by_role("link", name="1 without expiration").click()
    assert names(desk) == ["Backup"]
    desk.get_by_role("link", name="Clear filters").click()
    assert len(names(desk)) == 4


@pytest.mark.parametrize(
    "scripts", [True, pytest.param(False, marks=without_scripts)], ids=["in place", "on pages"]
)
def test_activity_is_filtered_and_its_address_says_so(
    desk: Page, several: None, scripts: bool
) -> None:
    desk.goto("/account/activity/")
    kinds = desk.get_by_role("table", name="What happened").locator("td:first-child strong")
    expect(kinds).to_have_text(["Revoked", *["Created"] * 4])
    desk.get_by_label("Event", exact=True).select_option("Revoked")
    if not scripts:
        desk.get_by_role("button", name="Filter").click()
    expect(kinds).to_have_text(["Revoked"])
    assert "kind=revoked" in desk.url
    with desk.expect_download() as export:
        desk.get_by_role("link", name="Export as CSV").click()
    assert export.value.path().read_text().count("Revoked") == 1
    desk.get_by_label("From").fill("2020-01-01")
    desk.get_by_label("To").fill("2020-12-31")
    desk.get_by_role("button", name="Filter").click()
    expect(desk.get_by_text("Nothing that happened fits these filters.")).to_be_visible()
    assert "since=2020-01-01&until=2020-12-31" in desk.url
