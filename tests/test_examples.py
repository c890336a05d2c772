"""The first call as it is shown: it must run as it stands, and hold no token."""

import sys
from pathlib import Path

import pytest

from accounts.examples import VARIABLE, Example, first_call
from tests.support import shell
from tests.support.site import Site
from tests.support.types import Issue

SITE_URL = "https://tokens.example.com"


def example(language: str, site_url: str = SITE_URL) -> Example:
    return next(each for each in first_call(site_url) if each.language == language)


@pytest.mark.parametrize("language", ["JavaScript", "Python", "cURL"])
def test_an_example_reads_the_token_from_the_environment(language: str) -> None:
    code = example(language).code
    assert VARIABLE in code
    assert f'"{SITE_URL}/api/v1/me"' in code
    assert "mtz_" not in code
    assert len(code.splitlines()) <= 10


@pytest.fixture
def folder(tmp_path: Path, issue: Issue) -> Path:
    """Where Alice saved the `.env` line beside her new token."""
    (tmp_path / ".env").write_text(f"{VARIABLE}={issue().plaintext}\n")
    return tmp_path


def run(folder: Path, shown: Example, command: str) -> str:
    (folder / shown.filename).write_text(shown.code)
    return shell.run(folder, command)


def test_the_python_example_runs(folder: Path, server: Site) -> None:
    shown = example("Python", server.url)
    command = shown.code.splitlines()[0].removeprefix("# ").replace("python ", f"{sys.executable} ")
    assert "alice@example.com" in run(folder, shown, command)


@pytest.mark.node
def test_the_javascript_example_runs(folder: Path, server: Site, node: str) -> None:
    shown = example("JavaScript", server.url)
    command = shown.code.splitlines()[0].removeprefix("// ").replace("node ", f"{node} ")
    assert "alice@example.com" in run(folder, shown, command)


def test_the_curl_example_runs(folder: Path, server: Site) -> None:
    shown = example("cURL", server.url)
    assert "alice@example.com" in run(folder, shown, shown.code)
