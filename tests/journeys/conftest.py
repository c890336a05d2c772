"""A browser that fails a test when it has anything to complain about."""

from collections.abc import Callable, Iterator
from typing import Any

import pytest
from django.conf import settings
from playwright.sync_api import BrowserContext, ConsoleMessage, Page, Response

from accounts.models import User
from tests.conftest import signed_in

REPORT_VIOLATIONS = """
document.addEventListener("securitypolicyviolation", (event) =>
  console.error("Content-Security-Policy:", event.violatedDirective, event.blockedURI));
"""
# The browser complains about every answer above 399, also where that answer is the right one.
STATUS = "Failed to load resource: the server responded with a status of"
ANSWERS = {"document", "fetch", "xhr"}


@pytest.fixture(scope="session")
def browser_context_args(browser_context_args: dict[str, Any]) -> dict[str, Any]:
    return browser_context_args | {
        "permissions": ["clipboard-read", "clipboard-write"],
        "reduced_motion": "reduce",
    }


@pytest.fixture
def context(context: BrowserContext) -> Iterator[BrowserContext]:
    """No page of it may log an error, violate the policy, or miss a file."""
    complaints: list[str] = []

    def hear(message: ConsoleMessage) -> None:
        if message.type == "error" and not message.text.startswith(STATUS):
            complaints.append(f"{message.text} ({message.location['url']})")

    def see(response: Response) -> None:
        if response.status >= 400 and response.request.resource_type not in ANSWERS:
            complaints.append(f"{response.status} for {response.url}")

    context.add_init_script(REPORT_VIOLATIONS)
    context.on("console", hear)
    context.on("response", see)
    context.on("weberror", lambda error: complaints.append(str(error.error)))
    yield context
    context.cookies()  # lets what is still on its way arrive
    assert not complaints


@pytest.fixture
def sign_in(context: BrowserContext, base_url: str) -> Callable[[User], None]:
    """Give the browser a session without the way through the sign-in page."""

    def sign_in(user: User) -> None:
        name = settings.SESSION_COOKIE_NAME
        cookie = signed_in(user).cookies[name]
        context.add_cookies([{"name": name, "value": cookie.value, "url": base_url}])

    return sign_in


@pytest.fixture
def desk(page: Page, alice: User, sign_in: Callable[[User], None]) -> Page:
    """Alice's browser, signed in, with no page open yet."""
    sign_in(alice)
    return page
