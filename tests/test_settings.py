"""What the environment makes of the settings."""

import importlib.util
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from types import ModuleType

import pytest
from django.core.exceptions import ImproperlyConfigured
from django.core.mail import mailers
from django.core.mail.backends import console, dummy, filebased, smtp
from django.test import override_settings

from accounts.tokens import Keyring
from meetzy_tokens import settings as this_run
from meetzy_tokens.mail import mailer
from meetzy_tokens.redis import connect
from tests.support.site import ROOT

OWN = {"SECRET_KEY": "s" * 60, "TOKEN_PEPPERS": "1:a pepper of one's own"}

type Load = Callable[..., ModuleType]


@pytest.fixture
def load(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Load:
    """The settings as a process with exactly this environment would have them."""

    def load(**environment: str) -> ModuleType:
        for name in list(os.environ):
            monkeypatch.delenv(name)
        for name, value in {"MEETZY_VAR": str(tmp_path), **environment}.items():
            monkeypatch.setenv(name, value)
        spec = importlib.util.spec_from_file_location("variant", this_run.__file__)
        assert spec
        assert spec.loader
        variant = importlib.util.module_from_spec(spec)
        spec.loader.exec_module(variant)
        return variant

    return load


# -- Secrets ---------------------------------------------------------------------------------------


def test_own_secrets_are_used(load: Load) -> None:
    settings = load(**OWN)
    secret, keyring = settings.SECRET_KEY, settings.TOKEN_KEYRING
    assert secret == OWN["SECRET_KEY"]
    assert keyring == Keyring({1: b"a pepper of one's own"})


@pytest.mark.parametrize("name", OWN)
def test_without_an_own_secret_nothing_starts(load: Load, tmp_path: Path, name: str) -> None:
    with pytest.raises(ImproperlyConfigured, match=f"{name} is not set"):
        load(**OWN | {name: ""})
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("name", ["DEBUG", "MEETZY_GENERATE_SECRETS"])
def test_development_makes_secrets_which_then_count_as_own(load: Load, name: str) -> None:
    made = load(**{name: "yes"})
    later = load()
    assert later.SECRET_KEY == made.SECRET_KEY
    assert later.TOKEN_KEYRING == made.TOKEN_KEYRING


def test_a_file_without_secrets_counts_for_nothing(load: Load, tmp_path: Path) -> None:
    (tmp_path / "secrets.env").touch()
    with pytest.raises(ImproperlyConfigured, match="SECRET_KEY is not set"):
        load()


def test_a_pepper_that_cannot_be_read_is_not_repeated(load: Load) -> None:
    with pytest.raises(ImproperlyConfigured, match="TOKEN_PEPPERS can't be read: entry 2") as told:
        load(**OWN | {"TOKEN_PEPPERS": "1:hushhushhushhush,hush"})
    assert "hush" not in str(told.value)
    assert told.value.__suppress_context__


@pytest.mark.parametrize(
    "command",
    [["manage.py", "check"], ["-c", "import meetzy_tokens.wsgi"]],
    ids=["a command", "the web server"],
)
def test_a_process_without_secrets_refuses_to_start_and_says_why(
    command: list[str], tmp_path: Path
) -> None:
    kept = {name: os.environ[name] for name in ("PATH", "HOME") if name in os.environ}
    for own, outcome in ((OWN, 0), ({}, 1)):
        process = subprocess.run(
            [sys.executable, *command],
            cwd=ROOT,
            env=kept | own | {"MEETZY_VAR": str(tmp_path)},
            capture_output=True,
            text=True,
            check=False,
        )
        assert process.returncode == outcome, process.stderr
    assert "SECRET_KEY is not set. Give this installation its own" in process.stderr


# -- Stores ----------------------------------------------------------------------------------------


def test_by_default_everything_lies_in_the_var_folder(load: Load, tmp_path: Path) -> None:
    settings = load(**OWN)
    assert settings.DATABASE["ENGINE"] == "django.db.backends.sqlite3"
    assert settings.DATABASE["NAME"] == str(tmp_path / "db.sqlite3")
    assert settings.REDIS_URL is None
    assert settings.CACHES["counters"] == settings.COUNTERS_IN_MEMORY


@pytest.mark.parametrize("scheme", ["postgres", "postgresql"])
def test_a_password_in_a_database_url_may_hold_anything(load: Load, scheme: str) -> None:
    url = f"{scheme}://me%40team:p%40ss%3A%2F%23%25@db.example.com:6432/meetzy?sslmode=require"
    database = load(DATABASE_URL=url, **OWN).DATABASE
    assert database["ENGINE"] == "meetzy_tokens.postgresql"
    assert (database["USER"], database["PASSWORD"]) == ("me@team", "p@ss:/#%")
    assert (database["HOST"], database["PORT"]) == ("db.example.com", 6432)
    assert database["NAME"] == "meetzy"
    assert database["OPTIONS"] == {"connect_timeout": 2, "sslmode": "require"}


@pytest.mark.parametrize(
    "url", ["mysql://me:hush@db/meetzy", "hush", "postgres://me:hush@db:hush/meetzy"]
)
def test_a_database_that_cannot_be_used_is_refused_without_its_password(
    load: Load, url: str
) -> None:
    with pytest.raises(Exception, match="DATABASE_URL") as told:
        load(DATABASE_URL=url, **OWN)
    assert "hush" not in str(told.value)


def test_a_password_in_a_redis_url_may_hold_anything(load: Load) -> None:
    settings = load(REDIS_URL="rediss://me:p%40ss%3A%2F%23%25@cache.example.com:6380/3", **OWN)
    assert settings.CACHES["counters"]["LOCATION"] == settings.REDIS_URL
    chosen = connect(settings.REDIS_URL).client.connection_pool.connection_kwargs
    assert (chosen["username"], chosen["password"]) == ("me", "p@ss:/#%")
    assert (chosen["host"], chosen["port"], chosen["db"]) == ("cache.example.com", 6380, 3)


def test_an_empty_redis_url_is_none(load: Load) -> None:
    assert load(REDIS_URL="", **OWN).REDIS_URL is None


# -- Mail ------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("url", "host", "port", "tls", "ssl"),
    [
        ("smtp://mail.example.com", "mail.example.com", 25, False, False),
        ("smtp+tls://mail.example.com", "mail.example.com", 587, True, False),
        ("submission://mail.example.com:2525/", "mail.example.com", 2525, True, False),
        ("smtp+ssl://[2001:db8::25]", "2001:db8::25", 465, False, True),
        ("smtps://mail.example.com:4650", "mail.example.com", 4650, False, True),
    ],
)
def test_mail_goes_by_smtp(url: str, host: str, port: int, tls: bool, ssl: bool) -> None:
    backend = backend_of(url)
    assert isinstance(backend, smtp.EmailBackend)
    assert (backend.host, backend.port) == (host, port)
    assert (backend.use_tls, backend.use_ssl) == (tls, ssl)
    assert backend.timeout == 10
    assert not backend.username


def test_a_password_in_an_email_url_may_hold_anything() -> None:
    backend = backend_of("smtp+tls://me%40example.com:p%40ss%3A%2F%23%3F%25@mail.example.com")
    assert isinstance(backend, smtp.EmailBackend)
    assert (backend.username, backend.password) == ("me@example.com", "p@ss:/#?%")


def test_mail_goes_to_a_file_to_the_console_or_nowhere(tmp_path: Path) -> None:
    folder = tmp_path / "sent mails"
    to_file = backend_of(f"file://{str(folder).replace(' ', '%20')}")
    assert isinstance(to_file, filebased.EmailBackend)
    assert Path(to_file.file_path) == folder
    assert isinstance(backend_of("console://"), console.EmailBackend)
    assert isinstance(backend_of("dummy://"), dummy.EmailBackend)


@pytest.mark.parametrize(
    "url",
    [
        "",
        "hush",
        "gopher://me:hush@mail.example.com",
        "smtp://",
        "smtp://me:hush#hush@mail.example.com",
        "smtp://me:hush/hush@mail.example.com",
        "smtp://me:hush@mail.example.com?tls=yes",
        "smtp://me:pass@mail.example.com:hush",
        "smtp://[hush",
        "file://hush",
        "file://hush/hush",
        "file:///",
        "console://hush",
    ],
)
def test_a_mailer_that_cannot_be_used_is_refused_without_its_password(url: str) -> None:
    with pytest.raises(ImproperlyConfigured, match="EMAIL_URL can't be read") as told:
        mailer(url)
    assert "hush" not in str(told.value)
    assert told.value.__suppress_context__


def backend_of(url: str) -> object:
    with override_settings(MAILERS={"default": mailer(url)}):
        return mailers["default"]


# -- Where it is reached ---------------------------------------------------------------------------


def test_a_site_behind_https_keeps_its_cookies_there(load: Load) -> None:
    settings = load(SITE_URL="https://tokens.example.com", **OWN)
    assert settings.SESSION_COOKIE_SECURE
    assert settings.CSRF_COOKIE_SECURE
    assert settings.SESSION_COOKIE_NAME.startswith("__Host-")
    assert settings.SECURE_SSL_REDIRECT
    assert settings.SECURE_HSTS_SECONDS >= 31_536_000
    assert settings.ALLOWED_HOSTS[0] == "tokens.example.com"


@pytest.mark.parametrize("url", ["http://127.0.0.1:8000", "http://localhost:8000/"])
def test_plain_http_is_for_ones_own_machine(load: Load, url: str) -> None:
    settings = load(SITE_URL=url, **OWN)
    assert not settings.SESSION_COOKIE_SECURE
    assert not settings.SECURE_SSL_REDIRECT
    assert not settings.SECURE_HSTS_SECONDS
    assert not settings.SITE_URL.endswith("/")


@pytest.mark.parametrize("url", [None, "http://tokens.example.com", "http://127.0.0.1.evil.test"])
def test_anything_else_is_https(load: Load, url: str | None) -> None:
    settings = load(**OWN | ({"SITE_URL": url} if url else {}))
    assert settings.SESSION_COOKIE_SECURE
    assert settings.SECURE_SSL_REDIRECT


def test_cookies_are_out_of_reach_for_scripts_and_other_sites(load: Load) -> None:
    for settings in (load(**OWN), load(SITE_URL="http://localhost:8000", **OWN)):
        assert settings.SESSION_COOKIE_HTTPONLY
        assert settings.CSRF_COOKIE_HTTPONLY
        assert settings.SESSION_COOKIE_SAMESITE == settings.CSRF_COOKIE_SAMESITE == "Lax"


def test_nothing_inline_and_nothing_foreign_runs(load: Load) -> None:
    policy = load(**OWN).SECURE_CSP
    assert policy["default-src"] == ["'none'"]
    assert policy["frame-ancestors"] == ["'none'"]
    sources = {source for allowed in policy.values() for source in allowed}
    assert not {"'unsafe-inline'", "'unsafe-eval'", "*", "https:"} & {str(s) for s in sources}


def test_only_proxies_that_are_there_are_believed(load: Load) -> None:
    assert not hasattr(load(**OWN), "SECURE_PROXY_SSL_HEADER")
    settings = load(TRUSTED_PROXIES="1", **OWN)
    assert settings.TRUSTED_PROXIES == 1
    assert settings.SECURE_PROXY_SSL_HEADER == ("HTTP_X_FORWARDED_PROTO", "https")


@pytest.mark.parametrize(
    "environment",
    [
        {"LOG_FORMAT": "xml"},
        {"METRICS_TOKEN": "short"},
        {"PROMETHEUS_MULTIPROC_DIR": "/nowhere/at/all"},
    ],
)
def test_what_operators_see_is_not_guessed(load: Load, environment: dict[str, str]) -> None:
    (name,) = environment
    with pytest.raises(ImproperlyConfigured, match=name):
        load(**OWN, **environment)


def test_lists_are_separated_by_commas(load: Load) -> None:
    settings = load(
        ALLOWED_HOSTS="a.example.com,b.example.com",
        CSRF_TRUSTED_ORIGINS="https://a.example.com,https://b.example.com",
        **OWN,
    )
    assert settings.ALLOWED_HOSTS == ["a.example.com", "b.example.com"]
    assert settings.CSRF_TRUSTED_ORIGINS == ["https://a.example.com", "https://b.example.com"]
