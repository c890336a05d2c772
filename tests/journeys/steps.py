"""What people do on the token pages, in the words that they see."""

import httpx
from playwright.sync_api import Locator, Page, expect

TOKENS = "/account/tokens/"
YEAR = "1 year - annual renewals"


def open_new_token(page: Page) -> Locator:
    """The dialog of the tokens page, or the form of the page that stands in for it."""
    page.get_by_role("button", name="New Token").click()
    form = page.locator("#new-token-form")
    expect(form).to_be_visible()
    return form


def create(page: Page, name: str) -> str:
    """Create a token; what is shown."""
    form = open_new_token(page)
    form.get_by_label("Name").fill(name)
    form.get_by_role("radio", name=YEAR).check()
    form.get_by_role("button", name="Create Token").click()
    return shown_token(page)


def shown_token(page: Page) -> str:
    return revealed(page).get_by_role("group", name="Token", exact=True).inner_text()


def revealed(page: Page) -> Locator:
    region = page.get_by_role("region", name="Copy your token now")
    expect(region).to_be_visible()
    return region


def row(page: Page, name: str) -> Locator:
    return page.get_by_role("row").filter(has=page.get_by_role("link", name=name, exact=True))


def status(base_url: str, token: str) -> int:
    """What a program is answered that sends it."""
    headers = {"Authorization": f"Bearer {token}"}
    return httpx.get(f"{base_url}/api/v1/me", headers=headers, trust_env=False).status_code
