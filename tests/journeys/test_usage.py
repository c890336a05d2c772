"""What calls did, in a browser: the first one, the charts, and the log as it grows."""

import re
from datetime import timedelta

import pytest
from django.conf import settings
from django.utils import timezone
from playwright.sync_api import BrowserContext, Locator, Page, Request, expect

from accounts.models import ApiToken, User
from tests.conftest import signed_in
from tests.journeys.inspection import problems
from tests.journeys.steps import TOKENS, create, revealed
from tests.support.calls import write_calls
from tests.support.site import Site
from tests.support.types import Issue

pytestmark = pytest.mark.browser

CALLS = "/account/activity/calls/"
# An age at which no page of the log moves by itself.
HOUR = timedelta(hours=1)


@pytest.fixture
def token(issue: Issue) -> ApiToken:
    return issue(name="Nightly", now=timezone.now() - timedelta(days=40)).token


@pytest.fixture
def called(token: ApiToken) -> ApiToken:
    """Every outcome has its bar, and the log more than one page."""
    write_calls(token, 55, at=timezone.now() - HOUR)
    for number, (status, code) in enumerate(
        [(404, "not_found"), (403, "ip_not_allowed"), (429, "rate_limited"), (503, "unavailable")]
    ):
        write_calls(token, at=timezone.now() - HOUR, first=900 + number, status=status, code=code)
    return token


def path(token: ApiToken, query: str = "") -> str:
    return f"{TOKENS}{token.identifier}/{query}"


def rows(page: Page) -> Locator:
    return page.locator("#call-rows > tr")


def follow(page: Page) -> None:
    page.get_by_role("checkbox", name="Live").check()
    page.mouse.move(0, 0)


def top(element: Locator) -> float:
    box = element.bounding_box()
    assert box
    return box["y"]


# -- The first call --------------------------------------------------------------------------------


def test_the_reveal_tells_of_the_first_call_and_then_asks_no_more(
    page: Page, context: BrowserContext, alice: User, server: Site
) -> None:
    session = signed_in(alice).cookies[settings.SESSION_COOKIE_NAME]
    context.add_cookies(
        [{"name": settings.SESSION_COOKIE_NAME, "value": session.value, "url": server.url}]
    )
    page.goto(server.url + TOKENS)
    plaintext = create(page, "Nightly")
    line = revealed(page).locator("#first-call")
    expect(line).to_have_text("Waiting for the first call…")
    headers = {"Authorization": f"Bearer {plaintext}", "User-Agent": "<b>curl</b>/8.5"}
    server.client.get("/api/v1/me", headers=headers)
    expect(line).to_have_text("First call received: <b>curl</b>/8.5 from 127.0.0.1")
    asked = requests_to(page, "first-call")
    page.wait_for_timeout(1500)
    assert not asked


def test_the_call_is_written_and_asked_for_within_two_seconds(desk: Page) -> None:
    desk.goto(TOKENS)
    create(desk, "Nightly")
    every = desk.locator("#first-call").get_attribute("data-poll")
    assert every
    assert int(every) / 1000 + default_flush_seconds() < 2


def default_flush_seconds() -> float:
    """What a site has; tests have none."""
    command = "from django.conf import settings; print(settings.USAGE_FLUSH_SECONDS)"
    return float(Site().manage("shell", "--verbosity=0", "--command", command))


def requests_to(page: Page, part: str) -> list[str]:
    """Fills up with the addresses of what the page asks for from now on."""
    asked: list[str] = []

    def hear(request: Request) -> None:
        if part in request.url:
            asked.append(request.url)

    page.on("request", hear)
    return asked


def test_waiting_stops_while_nobody_looks_and_ends_after_ten_minutes(desk: Page) -> None:
    desk.clock.install()
    desk.goto(TOKENS)
    create(desk, "Nightly")
    asked = requests_to(desk, "first-call")
    hide(desk, "hidden")
    desk.clock.run_for(5_000)
    assert not asked
    hide(desk, "visible")
    with desk.expect_request("**/first-call/"):
        desk.clock.run_for(1_000)
    desk.clock.fast_forward("11:00")
    desk.clock.run_for(1_000)
    expect(desk.locator("#first-call")).to_contain_text("No call so far.")


def hide(page: Page, state: str) -> None:
    page.evaluate(
        "(state) => Object.defineProperty(document, 'visibilityState', "
        "{value: state, configurable: true})",
        state,
    )


# -- The chart -------------------------------------------------------------------------------------


def bars(page: Page) -> Locator:
    return page.get_by_role("listbox", name="Calls of the last").get_by_role("option")


def test_bars_are_read_with_the_arrow_keys(desk: Page, called: ApiToken) -> None:
    desk.goto(path(called, "?view=month"))
    last = bars(desk).last
    last.focus()
    readout = desk.locator("[data-chart-readout]")
    expect(readout).to_contain_text("(so far): 59 calls, 55 OK, 1 client error, 1 refused")
    desk.keyboard.press("ArrowLeft")
    expect(readout).to_contain_text("no calls")
    expect(bars(desk).nth(11)).to_be_focused()
    desk.keyboard.press("End")
    expect(last).to_be_focused()


def test_bars_are_read_with_the_pointer(desk: Page, called: ApiToken) -> None:
    desk.goto(path(called, "?view=month"))
    bars(desk).last.hover()
    expect(desk.locator("[data-chart-readout]")).to_contain_text("59 calls")


def test_another_view_takes_its_place_and_the_bars_can_be_read(
    desk: Page, called: ApiToken
) -> None:
    desk.goto(path(called))
    desk.get_by_role("link", name="Month").click()
    expect(desk).to_have_url(re.compile("view=month"))
    expect(desk.get_by_role("link", name="Month")).to_be_focused()
    expect(bars(desk)).to_have_count(13)


# -- The log ---------------------------------------------------------------------------------------


def test_filters_change_the_log_in_place_and_the_address(desk: Page, called: ApiToken) -> None:
    desk.goto(path(called, "?view=hour"))
    outcome = desk.get_by_label("Outcome", exact=True)
    outcome.focus()
    outcome.select_option("Refused")
    expect(rows(desk)).to_have_count(1)
    expect(desk).to_have_url(re.compile("view=hour.*outcome=refused"))
    expect(outcome).to_be_focused()
    desk.get_by_role("link", name="Clear filters").click()
    expect(rows(desk)).to_have_count(50)


def test_new_calls_show_and_are_announced_while_the_log_is_followed(
    desk: Page, token: ApiToken
) -> None:
    desk.goto(path(token))
    expect(desk.get_by_text("No calls in the last 30 days.")).to_be_visible()
    follow(desk)
    write_calls(token)
    expect(rows(desk)).to_have_count(1)
    expect(desk.locator("#announcer")).to_have_text("1 new call")
    expect(desk.get_by_role("checkbox", name="Live")).to_be_focused()
    write_calls(token, first=1, path="/api/v1/token")
    expect(rows(desk).first).to_contain_text("/api/v1/token")


def test_the_log_is_asked_for_only_while_it_is_followed_and_seen(
    desk: Page, called: ApiToken
) -> None:
    desk.clock.install()
    desk.goto(path(called))
    asked = requests_to(desk, "tail")
    desk.clock.run_for(5_000)
    assert not asked
    follow(desk)
    with desk.expect_request("**/tail/*"):
        desk.clock.run_for(2_000)
    asked.clear()
    hide(desk, "hidden")
    desk.clock.run_for(5_000)
    assert not asked


def test_what_is_being_read_stays_where_it_is(desk: Page, called: ApiToken) -> None:
    desk.goto(path(called))
    follow(desk)
    read = desk.locator(f"#{rows(desk).nth(40).get_attribute('id')}")
    read.evaluate("(row) => row.scrollIntoView({block: 'center'})")
    before = top(read)
    write_calls(called, 3, first=990)
    expect(rows(desk)).to_have_count(53)
    assert top(read) == pytest.approx(before, abs=1)


def test_nothing_moves_under_the_pointer_or_the_focus(desk: Page, called: ApiToken) -> None:
    desk.clock.install()
    desk.goto(CALLS)
    follow(desk)
    rows(desk).first.hover()
    asked = requests_to(desk, "tail")
    expect(desk.get_by_text("Paused while you are in the table")).to_be_visible()
    desk.clock.run_for(5_000)
    desk.mouse.move(0, 0)
    rows(desk).first.get_by_role("link").focus()
    desk.clock.run_for(5_000)
    assert not asked


def test_an_ended_session_ends_the_asking_and_the_page_stays(
    desk: Page, called: ApiToken, context: BrowserContext
) -> None:
    desk.goto(path(called))
    follow(desk)
    context.clear_cookies()
    expect(desk.locator("#call-rows[data-poll]")).to_have_count(0)
    expect(rows(desk)).to_have_count(50)
    expect(desk).to_have_url(re.compile(called.identifier))


# -- Every page of it ------------------------------------------------------------------------------


@pytest.mark.parametrize("query", ["?view=hour", "?view=month&outcome=limited", "?address=x"])
def test_pages_of_calls_are_accessible_and_fit(desk: Page, called: ApiToken, query: str) -> None:
    for address in (path(called, query), CALLS + query):
        desk.goto(address)
        assert not problems(desk)


def test_pages_without_calls_are_accessible_and_fit(desk: Page, token: ApiToken) -> None:
    for address in (path(token), CALLS, f"{TOKENS}"):
        desk.goto(address)
        assert not problems(desk)


def test_the_numbers_as_a_table_fit_too(desk: Page, called: ApiToken) -> None:
    desk.goto(path(called, "?view=month"))
    desk.get_by_text("Show the numbers as a table").click()
    expect(desk.get_by_role("cell", name="59", exact=True)).to_be_visible()
    assert not problems(desk)
