"""Take the README's pictures anew: `.venv/bin/python docs/images/take.py`, once `./dev test` ran.

It starts the product in a folder of its own, gives one account tokens in every state, and looks at
the list with Chromium, once light and once dark.
"""

import os
import secrets
import shutil
import sys
import tempfile
from pathlib import Path
from typing import Literal

from playwright.sync_api import Browser, sync_playwright

FOLDER = Path(__file__).resolve().parent
sys.path.insert(0, str(FOLDER.parent.parent))

from tests.support.site import Site  # noqa: E402

EMAIL = "admin@meetzy.localhost"
# Name, environment, expiry, age in days, last used so many minutes ago or never.
TOKENS = """
from datetime import timedelta
from django.utils import timezone
from accounts.expiry import Expiry
from accounts.models import ApiToken, User

now = timezone.now()
owner = User.objects.create_superuser({email!r}, {password!r}, name="Admin")
for name, environment, expiry, age, used in [
    ("Legacy importer", "production", "90d", 140, 51 * 1440),
    ("Customer portal", "production", "1y", 211, 3),
    ("Contractor laptop", "development", "30d", 26, 9 * 1440),
    ("Data warehouse sync", "production", "4y", 302, 47),
    ("Load test", "staging", "90d", 40, None),
    ("Analytics Service", "production", "90d", 84, 18),
    ("Staging webhook relay", "staging", "6m", 63, 1300),
    ("Nightly backup", "production", "1y", 34, 200),
    ("Mobile app", "production", "6m", 12, 2),
    ("Production API", "production", "90d", 1, 1),
]:
    made = now - timedelta(days=age, minutes=7 * age)
    token = ApiToken.objects.issue(
        owner=owner, name=name, environment=environment, expiry=Expiry(expiry), now=made
    ).token
    if used is not None:
        ApiToken.objects.filter(pk=token.pk).update(last_used_at=now - timedelta(minutes=used))
ApiToken.objects.get(name="Contractor laptop").revoke(reason="Project ended")
"""


def main() -> None:
    var, password = tempfile.mkdtemp(prefix="meetzy-pictures-"), secrets.token_urlsafe(12)
    try:
        with Site(MEETZY_VAR=var, MEETZY_GENERATE_SECRETS="1") as site:
            site.manage("collectstatic", "--noinput", "--verbosity=0")
            site.manage("migrate", "--verbosity=0")
            site.manage("shell", "--command", TOKENS.format(email=EMAIL, password=password))
            site.start()
            take_both(site.url, password)
    finally:
        shutil.rmtree(var)


def take_both(url: str, password: str) -> None:
    with sync_playwright() as playwright:
        chromium = os.environ.get("CHROMIUM") or shutil.which("chromium")
        browser = playwright.chromium.launch(executable_path=chromium, args=["--no-sandbox"])
        take(browser, url, password, scheme="light", name="tokens.png")
        take(browser, url, password, scheme="dark", name="tokens-dark.png")


def take(
    browser: Browser, url: str, password: str, *, scheme: Literal["light", "dark"], name: str
) -> None:
    page = browser.new_page(color_scheme=scheme, viewport={"width": 1280, "height": 800})
    page.goto(url)
    page.get_by_label("E-mail address").fill(EMAIL)
    page.get_by_label("Password").fill(password)
    page.get_by_role("button", name="Sign in").click()
    page.get_by_role("heading", name="API Tokens").wait_for()
    page.screenshot(path=FOLDER / name, full_page=True)


if __name__ == "__main__":
    main()
