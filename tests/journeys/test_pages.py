"""Every page, in each of its states: accessible, no wider than the window, and quiet."""

from collections.abc import Callable
from datetime import timedelta

import pytest
from django.contrib.auth.tokens import default_token_generator
from django.urls import reverse
from django.utils import timezone
from django.utils.http import urlsafe_base64_encode
from playwright.sync_api import Page, expect

from accounts.models import ApiToken, User
from accounts.models.api_token import Environment
from tests.journeys.inspection import WIDTHS, excess, problems
from tests.journeys.steps import TOKENS, create, open_new_token, revealed, row
from tests.support.types import Issue

pytestmark = pytest.mark.browser

# Left to right, right to left, and as wide or as composed as names can be.
NAMES = {
    "right to left": "مفتاح الإنتاج للتقارير الليلية",
    "emoji": "🚀👩‍👩‍👧‍👦 " * 10 + "🏳️‍🌈",
    "one long word": "W" * 100,
    "many words": "many words " * 9 + "!",
}


@pytest.fixture
def tokens(issue: Issue) -> dict[str, ApiToken]:
    """One in each state, by the word for it."""
    now = timezone.now()
    days = {"active": 3, "expiring": 85, "expired": 100, "revoked": 12}
    tokens = {
        status: issue(
            name=f"Nightly export, {status}",
            environment=environment,
            now=now - timedelta(days=days[status]),
        ).token
        for status, environment in zip(days, [*Environment, Environment.PRODUCTION], strict=True)
    }
    tokens["revoked"].revoke(reason="Found in a public repository")
    ApiToken.objects.filter(pk=tokens["active"].pk).update(
        last_used_at=now,
        last_used_ip="2001:db8:1234:5678:9abc:def0:1234:5678",
        last_used_agent="curl/8.5",
    )
    return tokens


# -- Pages for everyone ----------------------------------------------------------------------------

OPEN = (
    "/account/sign-in/",
    "/account/password/reset/",
    "/account/password/reset/sent/",
    "/account/password/reset/done/",
    "/account/password/reset/MQ/worn-out/",
    "/api/docs",
    "/admin/login/",
    "/nowhere/",
)


@pytest.mark.parametrize("path", OPEN)
def test_a_page_for_everyone_is_accessible_and_fits(page: Page, path: str) -> None:
    page.goto(path)
    assert not problems(page)


def test_a_refused_sign_in_is_accessible_and_fits(page: Page, db: None) -> None:
    page.goto("/account/sign-in/")
    page.get_by_label("E-mail address").fill("nobody@example.com")
    page.get_by_label("Password").fill("wrong")
    page.get_by_role("button", name="Sign in").click()
    expect(page).to_have_title("Error: Sign in · Meetzy")
    assert not problems(page)


def test_choosing_a_new_password_is_accessible_and_fits(page: Page, alice: User) -> None:
    user, key = (
        urlsafe_base64_encode(str(alice.pk).encode()),
        default_token_generator.make_token(alice),
    )
    page.goto(reverse("password_reset_confirm", args=(user, key)))
    expect(page.get_by_label("New password", exact=True)).to_be_visible()
    assert not problems(page)


@pytest.mark.urls("tests.test_error_pages")
@pytest.mark.parametrize("what", ["forbidden", "fault", "operational"])
def test_an_error_page_is_accessible_and_fits(page: Page, what: str) -> None:
    page.goto(f"/failing/{what}/")
    assert not problems(page)


# -- Pages of the signed in ------------------------------------------------------------------------


@pytest.mark.parametrize(
    "path", ["/account/", "/account/security/", "/account/activity/", "/account/guide/", TOKENS]
)
def test_a_tab_of_the_account_is_accessible_and_fits(desk: Page, path: str) -> None:
    desk.goto(path)
    desk.get_by_role("button", name="Account menu").click()
    assert not problems(desk)


@pytest.mark.parametrize(
    ("path", "button"),
    [
        ("/account/", "Save"),
        ("/account/security/", "Change password"),
        ("/account/tokens/new/", "Create Token"),
    ],
)
def test_a_refused_form_is_accessible_and_fits(desk: Page, path: str, button: str) -> None:
    desk.goto(path)
    for field in desk.get_by_role("main").locator("input[type=text]").all():
        field.fill("n" * 101)
    desk.get_by_role("button", name=button).click()
    expect(desk.locator(".error-summary")).to_be_focused()
    assert not problems(desk)


@pytest.mark.parametrize(
    "path",
    [
        "",
        "new/",
        "{active}/",
        "{expired}/",
        "{revoked}/",
        "{active}/rotate/",
        "{revoked}/rotate/",
        "{active}/revoke/",
        "{revoked}/revoke/",
    ],
)
def test_a_page_about_tokens_is_accessible_and_fits(
    desk: Page, tokens: dict[str, ApiToken], path: str
) -> None:
    identifiers = {status: token.identifier for status, token in tokens.items()}
    desk.goto(TOKENS + path.format_map(identifiers))
    assert not problems(desk)


@pytest.mark.parametrize("name", NAMES.values(), ids=NAMES.keys())
def test_any_name_fits(desk: Page, issue: Issue, name: str) -> None:
    address = f"{TOKENS}{issue(name=name).token.identifier}/"
    for path in (TOKENS, address, f"{address}revoke/"):
        desk.goto(path)
        assert not [problem for width in (*WIDTHS, 768) for problem in excess(desk, width)]


# -- Dialogs ---------------------------------------------------------------------------------------


def test_the_dialogs_of_a_new_token_are_accessible_and_fit(desk: Page) -> None:
    desk.goto(TOKENS)
    form = open_new_token(desk)
    assert not problems(desk)
    form.get_by_role("button", name="Create Token").click()
    expect(desk.locator(".error-summary")).to_be_focused()
    assert not problems(desk)
    desk.keyboard.press("Escape")
    create(desk, NAMES["one long word"])
    desk.keyboard.press("Escape")
    expect(revealed(desk).get_by_role("alert")).to_be_visible()
    assert not problems(desk)


def test_the_question_before_revoking_is_accessible_and_fits(desk: Page, issue: Issue) -> None:
    issue(name=NAMES["one long word"])
    desk.goto(TOKENS)
    row(desk, NAMES["one long word"]).get_by_role("button", name="Revoke").click()
    expect(desk.get_by_role("dialog")).to_be_visible()
    assert not problems(desk)


# -- The admin -------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "path",
    [
        "",
        "accounts/user/",
        "accounts/user/add/",
        "accounts/apitoken/",
        "accounts/apitoken/{token.pk}/change/",
        "accounts/apitoken/revoke/?tokens={token.identifier}",
    ],
)
def test_a_page_of_the_admin_is_accessible_and_fits(
    page: Page,
    admin_user: User,
    sign_in: Callable[[User], None],
    tokens: dict[str, ApiToken],
    path: str,
) -> None:
    sign_in(admin_user)
    page.goto("/admin/" + path.format(token=tokens["active"]))
    assert not problems(page)
