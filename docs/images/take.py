"""Take the pictures of README and docs anew: `.venv/bin/python docs/images/take.py`, once
`./dev test` ran.

It starts the product in a folder of its own with the demo's account, and looks at it with Chromium.
"""

import os
import re
import shutil
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Literal

from playwright.sync_api import Page, sync_playwright

FOLDER = Path(__file__).resolve().parent
sys.path.insert(0, str(FOLDER.parent.parent))

from tests.support.site import Site  # noqa: E402

SIZE = {"width": 1280, "height": 860}


def main() -> None:
    var = tempfile.mkdtemp(prefix="meetzy-pictures-")
    try:
        with Site(MEETZY_VAR=var, MEETZY_GENERATE_SECRETS="1") as site:
            site.manage("collectstatic", "--noinput", "--verbosity=0")
            site.manage("migrate", "--verbosity=0")
            told = site.manage("demo")
            site.start()
            take_all(site.url, *re.findall(r"(?:account|password):\s+(\S+)", told))
    finally:
        shutil.rmtree(var)


def take_all(url: str, email: str, password: str) -> None:
    with sync_playwright() as playwright:
        chromium = os.environ.get("CHROMIUM") or shutil.which("chromium")
        browser = playwright.chromium.launch(executable_path=chromium, args=["--no-sandbox"])
        schemes: tuple[tuple[Literal["light", "dark"], str], ...] = (
            ("light", ""),
            ("dark", "-dark"),
        )
        for scheme, suffix in schemes:
            page = browser.new_page(color_scheme=scheme, viewport=SIZE, base_url=url)
            sign_in(page, email, password)
            for name, show in PICTURES.items():
                if suffix and name not in IN_BOTH_THEMES:
                    continue
                show(page)
                page.screenshot(path=FOLDER / f"{name}{suffix}.png")
            page.close()


def sign_in(page: Page, email: str, password: str) -> None:
    page.goto("/")
    page.get_by_label("E-mail address").fill(email)
    page.get_by_label("Password").fill(password)
    page.get_by_role("button", name="Sign in").click()
    page.get_by_role("heading", name="API Tokens").wait_for()


def tokens(page: Page) -> None:
    page.goto("/account/tokens/?sort=used")


def token(page: Page) -> None:
    page.goto("/account/tokens/?q=Customer+portal")
    page.get_by_role("link", name="Customer portal").click()
    chart = page.get_by_role("heading", name="Calls")
    chart.wait_for()
    chart.evaluate("heading => scrollTo(0, heading.getBoundingClientRect().top + scrollY - 24)")


def reveal(page: Page) -> None:
    page.goto("/account/tokens/")
    page.get_by_role("button", name="New Token").click()
    form = page.locator("#new-token-form")
    form.get_by_label("Name").fill("Release pipeline")
    form.get_by_role("button", name="Create Token").click()
    page.get_by_role("region", name="Copy your token now").wait_for()


def activity(page: Page) -> None:
    page.goto("/account/activity/calls/")


def usage(page: Page) -> None:
    page.goto("/admin/usage/?period=30d")


PICTURES: dict[str, Callable[[Page], None]] = {
    "tokens": tokens,
    "token": token,
    "reveal": reveal,
    "activity": activity,
    "usage": usage,
}
IN_BOTH_THEMES = ("tokens", "token")


if __name__ == "__main__":
    main()
