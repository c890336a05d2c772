"""The developer guide: what it shows runs as it stands, and what it explains can't drift."""

import re
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings
from django.test import Client
from django.utils.html import escape
from django.utils.http import http_date

from accounts import guide
from accounts.api.problems import PROBLEMS
from accounts.examples import VARIABLE, Example, first_call
from accounts.expiry import Expiry
from accounts.models import ApiToken
from accounts.tokens import generate
from tests.support.shell import run
from tests.support.site import Site
from tests.support.types import Issue

ADVICE = Path(settings.BASE_DIR) / "templates/accounts/guide/advice"


@pytest.fixture
def text(client: Client, db: None) -> str:
    return str(client.get("/account/guide/").text)


# -- The page --------------------------------------------------------------------------------------


def test_strangers_may_read_it_without_the_tabs_of_an_account(text: str) -> None:
    assert "<h1>Developer guide</h1>" in text
    assert "Account settings" not in text


def test_for_its_owner_it_is_a_tab_of_the_account(as_alice: Client) -> None:
    page = as_alice.get("/account/guide/").text
    assert "<h1>Developer guide</h1>" in page
    assert re.search(r'<a href="/account/guide/" aria-current="page">', page)


def test_every_example_is_shown_as_it_is_tested_below(text: str) -> None:
    site_url = settings.SITE_URL
    shown = [each.code for each in (*first_call(site_url), *guide.patient_calls(site_url))]
    for code in (*shown, guide.expiry_command(site_url), guide.IGNORE, guide.LEAKS):
        assert f">{escape(code)}</code>" in text
        assert "mtz_" not in code.replace("mtz_[0-9A-Za-z]{62}", "")


def test_every_error_code_is_explained_where_its_answers_point(text: str, api: Any) -> None:
    for code, problem in PROBLEMS.items():
        (article,) = re.findall(rf'<article[^>]* id="{code}".*?</article>', text, re.DOTALL)
        assert escape(problem.message) in article
        assert f">{problem.status}</span>" in article
        assert (ADVICE / f"_{code}.html").exists()
    assert api("/api/v1/me").json()["type"] == f"{settings.SITE_URL}/account/guide/#missing_token"


def test_every_status_is_explained(text: str) -> None:
    (table,) = re.findall(r'<table[^>]* id="statuses".*?</table>', text, re.DOTALL)
    for problem in PROBLEMS.values():
        assert str(problem.status) in table


def test_an_error_code_without_advice_still_has_its_place(
    client: Client, db: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(PROBLEMS, "brand_new", PROBLEMS["not_found"])
    assert 'id="brand_new"' in client.get("/account/guide/").text


def test_the_choices_of_expiry_are_those_of_the_product(text: str) -> None:
    for label in Expiry.labels:
        assert f"<li>{label}</li>" in text


def test_no_anchor_leads_nowhere(text: str) -> None:
    ids = re.findall(r'\bid="([^"]+)"', text)
    assert len(ids) == len(set(ids))
    assert set(re.findall(r'href="#([^"]+)"', text)) <= set(ids)


# -- Running it ------------------------------------------------------------------------------------

TWELVE_ANSWERS = [f"{number} 200" for number in range(1, 13)]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """An empty folder that is a git repository."""
    run(tmp_path, "git init --quiet && git config user.name Alice && git config user.email a@b.c")
    return tmp_path


def save(folder: Path, language: str, site: Site, plaintext: str) -> Example:
    """The patient example in its file, beside the `.env` of a token."""
    (folder / ".env").write_text(f"{VARIABLE}={plaintext}\n")
    shown = next(each for each in guide.patient_calls(site.url) if each.language == language)
    (folder / shown.filename).write_text(shown.code)
    return shown


def issue_to_hurry(issue: Issue, site: Site) -> str:
    """The plaintext of a token whose calls are refused when they come as fast as they can."""
    plaintext = issue().plaintext
    assert 429 in [site.call("/api/v1/me", plaintext).status_code for _ in range(12)]
    return plaintext


def test_the_patient_python_example_outlasts_refusals(
    folder: Path, server: Site, issue: Issue
) -> None:
    shown = save(folder, "Python", server, issue_to_hurry(issue, server))
    command = shown.code.splitlines()[0].removeprefix("# ")
    output = run(folder, command.replace("python ", f"{sys.executable} "))
    assert output.splitlines() == TWELVE_ANSWERS


@pytest.mark.node
def test_the_patient_javascript_example_outlasts_refusals(
    folder: Path, server: Site, issue: Issue, node: str
) -> None:
    shown = save(folder, "JavaScript", server, issue_to_hurry(issue, server))
    command = shown.code.splitlines()[0].removeprefix("// ")
    output = run(folder, command.replace("node ", f"{node} "))
    assert output.splitlines() == TWELVE_ANSWERS


def test_the_patient_curl_example_outlasts_refusals(
    folder: Path, server: Site, issue: Issue
) -> None:
    issued = issue()
    ApiToken.objects.filter(pk=issued.token.pk).update(burst_limit=1)
    shown = save(folder, "cURL", server, issued.plaintext)
    with ThreadPoolExecutor() as together:
        outputs = list(together.map(run, [folder] * 3, [f"exec 2>&1; {shown.code}"] * 3))
    assert all('"email": "alice@example.com"' in output for output in outputs)
    assert any("error: 429" in output for output in outputs)


def test_the_expiry_command_shows_the_date(folder: Path, server: Site, issue: Issue) -> None:
    issued = issue()
    save(folder, "cURL", server, issued.plaintext)
    output = run(folder, guide.expiry_command(server.url))
    assert http_date(issued.token.expires_at.timestamp()) in output


def test_the_ignore_command_keeps_the_token_out_of_version_control(folder: Path) -> None:
    (folder / ".env").write_text("a token")
    run(folder, f"{guide.IGNORE}git add .")
    assert run(folder, "git ls-files") == ".gitignore\n"


def test_the_leaks_command_names_what_holds_a_token(folder: Path) -> None:
    (folder / "harmless.py").write_text("print('mtz_ and nothing else')")
    (folder / "leak.py").write_text(f"TOKEN = '{generate()}'")
    run(folder, "git add . && git commit --quiet -m first && git rm --quiet leak.py")
    run(folder, "git commit --quiet -m 'Remove what should not be there'")
    found = run(folder, guide.LEAKS)
    assert "leak.py" in found
    assert "harmless" not in found
    assert "mtz_" not in found
