"""The cast, their clients, and the servers that tests may use."""

# isort: off
from tests.support import environment  # noqa: F401  (first: it sets Django up)
# isort: on

import os
import shutil
import signal
from collections import Counter
from collections.abc import Iterator
from contextlib import ExitStack
from typing import TYPE_CHECKING, Any

import hypothesis
import pytest
from django.conf import settings
from django.core.cache import caches
from django.core.management import call_command
from django.db import connection
from django.test import Client, override_settings
from playwright.sync_api import BrowserContext, expect
from pytest_django.live_server_helper import LiveServer

from accounts import throttling
from accounts.expiry import Expiry
from accounts.models import ApiToken, Issued, User
from accounts.usage import usage
from meetzy_tokens import redis as shared_redis
from tests.support.postgres import Postgres
from tests.support.site import Site
from tests.support.types import Api, Issue, Serve
from tests.support.valkey import Valkey

if TYPE_CHECKING:
    from django.test.client import _MonkeyPatchedWSGIResponse as Response

PASSWORD = "correct horse battery staple"
BROWSER_SECONDS = 5

# A busy machine is no failure.
hypothesis.settings.register_profile("tests", deadline=None)
hypothesis.settings.load_profile("tests")
expect.set_options(timeout=BROWSER_SECONDS * 1000)


def end_softly(*_: object) -> None:
    """Told to end, do as after Ctrl-C, so that fixtures end the servers that they started."""
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    signal.raise_signal(signal.SIGINT)


signal.signal(signal.SIGTERM, end_softly)


# -- Each test starts from nothing -----------------------------------------------------------------


@pytest.fixture(autouse=True)
def nothing_counted() -> None:
    """No budget is used, no use waits to be written, no cache remembers."""
    throttling._limiters.clear()
    usage.clear()
    for cache in caches.all():
        cache.clear()
    if settings.REDIS_URL:
        shared_redis.server(settings.REDIS_URL).client.flushdb()


# -- The cast --------------------------------------------------------------------------------------


@pytest.fixture
def alice(db: None) -> User:
    """She owns what the test is about."""
    return User.objects.create_user("alice@example.com", PASSWORD, name="Alice")


@pytest.fixture
def bob(db: None) -> User:
    """He must not see or touch what is Alice's."""
    return User.objects.create_user("bob@example.com", PASSWORD, name="Bob")


@pytest.fixture
def charlie(db: None) -> User:
    """His account is switched off."""
    return User.objects.create_user(
        "charlie@example.com", PASSWORD, name="Charlie", is_active=False
    )


@pytest.fixture
def admin_user(db: None) -> User:
    return User.objects.create_superuser("admin@example.com", PASSWORD, name="Admin")


def signed_in(user: User) -> Client:
    client = Client()
    client.force_login(user)
    return client


@pytest.fixture
def as_alice(alice: User) -> Client:
    return signed_in(alice)


@pytest.fixture
def as_bob(bob: User) -> Client:
    return signed_in(bob)


@pytest.fixture
def as_admin(admin_user: User) -> Client:
    return signed_in(admin_user)


@pytest.fixture
def issue(alice: User) -> Issue:
    """Issue a token, Alice's unless told otherwise: `issued = issue()` has a row (`.token`) and,
    beside it, the `.plaintext`."""

    def issue(**fields: Any) -> Issued:
        usual: dict[str, Any] = {
            "owner": alice,
            "name": "Billing export",
            "expiry": Expiry.NINETY_DAYS,
        }
        return ApiToken.objects.issue(**usual | fields)

    return issue


@pytest.fixture
def api(db: None) -> Api:
    """Call the API: `api("/api/v1/me", plaintext)`; a fault of ours shows as its 500."""

    def call(
        path: str, token: str | None = None, *, method: str = "GET", **options: Any
    ) -> "Response":
        headers = {"Authorization": f"Bearer {token}"} if token is not None else {}
        headers |= options.pop("headers", {})
        client = Client(raise_request_exception=False)
        return client.generic(method, path, headers=headers, **options)

    return call


# -- The product in a process of its own -----------------------------------------------------------


@pytest.fixture(scope="session")
def collected_static() -> None:
    own = {"BACKEND": "whitenoise.storage.CompressedManifestStaticFilesStorage"}
    # Overridden, not patched: Django then forgets the storage that a live server has used.
    with override_settings(STORAGES=settings.STORAGES | {"staticfiles": own}):
        call_command("collectstatic", interactive=False, verbosity=0)


@pytest.fixture
def serve(transactional_db: None, collected_static: None) -> Iterator[Serve]:
    """Start a site on the tests' own database: `serve()`, as often as needed.

    What tests create through the ORM is there; `serve(REDIS_URL=…)` sets its environment.
    """
    with ExitStack() as running:

        def start(**options: Any) -> Site:
            stores = {"DATABASE_URL": test_database_url(), "REDIS_URL": settings.REDIS_URL or ""}
            return running.enter_context(Site(**stores | options)).start()

        yield start


@pytest.fixture
def server(serve: Serve) -> Site:
    return serve()


def test_database_url() -> str:
    database = connection.settings_dict
    if connection.vendor == "sqlite":
        return f"sqlite:///{database['NAME']}"
    return "postgres://{USER}:{PASSWORD}@{HOST}:{PORT}/{NAME}".format_map(database)


# -- Stores that a test may freeze or kill ---------------------------------------------------------


def unless_without_stores() -> None:
    if "MEETZY_TESTS_WITHOUT_STORES" in os.environ:
        pytest.skip("needs PostgreSQL or Valkey: the other run of ./dev test has them")


@pytest.fixture(scope="session")
def own_postgres() -> Iterator[Postgres]:
    unless_without_stores()
    with Postgres() as postgres:
        with Site(DATABASE_URL=postgres.start().url) as site:
            site.manage("migrate", "--verbosity=0")
        yield postgres


@pytest.fixture
def postgres(own_postgres: Postgres) -> Iterator[Postgres]:
    """A migrated PostgreSQL beside the tests' own, to freeze or kill: `serve(DATABASE_URL=…)`."""
    yield own_postgres
    own_postgres.restore()


@pytest.fixture(scope="session")
def own_valkey() -> Iterator[Valkey]:
    unless_without_stores()
    with Valkey() as valkey:
        yield valkey.start()


@pytest.fixture
def valkey(own_valkey: Valkey) -> Iterator[Valkey]:
    """A Valkey beside the tests' own, to freeze or kill."""
    yield own_valkey
    own_valkey.restore()


@pytest.fixture
def redis_url() -> str:
    """The Redis of this run, which all processes share."""
    if not settings.REDIS_URL:
        unless_without_stores()
        pytest.skip("REDIS_URL is not set")
    return str(settings.REDIS_URL)


# -- A browser and node ----------------------------------------------------------------------------

MISSING = pytest.StashKey[list[str]]()


def pytest_configure(config: pytest.Config) -> None:
    config.stash[MISSING] = []


def need(config: pytest.Config, program: str | None, name: str) -> str:
    """The program's path. Without it tests are skipped loudly, and in CI they fail."""
    if program:
        return program
    config.stash[MISSING].append(name)
    if os.environ.get("CI"):
        pytest.fail(f"{name} is missing, and CI shows everything", pytrace=False)
    pytest.skip(f"{name} is missing")


def pytest_terminal_summary(terminalreporter: Any, config: pytest.Config) -> None:
    skipped = terminalreporter.stats.get("skipped", [])
    for reason, number in Counter(report.longrepr[2] for report in skipped).items():
        terminalreporter.write_line(f"{number}: {reason}")
    names: list[str] = config.stash[MISSING]
    for name in sorted(set(names)):
        terminalreporter.section(f"NOT TESTED: {name} is missing", red=True, bold=True)


@pytest.fixture(scope="session")
def chromium(pytestconfig: pytest.Config) -> str:
    names = (os.environ.get("CHROMIUM"), "chromium", "chromium-browser", "google-chrome")
    found = next(filter(None, (shutil.which(name) for name in names if name)), None)
    return need(pytestconfig, found, "Chromium")


@pytest.fixture(scope="session")
def node(pytestconfig: pytest.Config) -> str:
    return need(pytestconfig, shutil.which("node"), "Node.js")


@pytest.fixture(scope="session")
def browser_type_launch_args(
    browser_type_launch_args: dict[str, Any], chromium: str
) -> dict[str, Any]:
    quiet = ("gpu", "quic", "background-networking", "component-update", "sync")
    return browser_type_launch_args | {
        "executable_path": chromium,
        "args": ["--no-sandbox", "--no-first-run", *(f"--disable-{name}" for name in quiet)],
    }


@pytest.fixture(scope="session")
def base_url(live_server: LiveServer) -> str:
    """Where `page.goto("/account/")` leads."""
    return live_server.url


@pytest.fixture
def context(context: BrowserContext) -> BrowserContext:
    context.set_default_timeout(BROWSER_SECONDS * 1000)
    return context
