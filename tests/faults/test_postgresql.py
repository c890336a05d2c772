"""PostgreSQL stopped, restarted, killed and frozen under a site that serves from it."""

import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor

import pytest

from tests.faults.calls import PROMISE, at_once, call, seconds_until
from tests.support.postgres import Postgres
from tests.support.site import Site
from tests.support.types import Serve

pytestmark = pytest.mark.fault

LIMITS = """
from accounts.models import ApiToken
ApiToken.objects.update(minute_limit=100_000, burst_limit=100_000)
"""


@pytest.fixture(scope="module")
def lasting_site(own_postgres: Postgres, collected_static: None) -> Iterator[Site]:
    """One for all tests here: it gets over everything by itself."""
    with Site(DATABASE_URL=own_postgres.url, REDIS_URL="") as site:
        yield site.start()


@pytest.fixture(scope="module")
def lasting_token(lasting_site: Site) -> str:
    token = lasting_site.issue()
    lasting_site.manage("shell", "--verbosity=0", "--command", LIMITS)
    return token


@pytest.fixture
def token(lasting_token: str) -> str:
    return lasting_token


@pytest.fixture
def site(lasting_site: Site, token: str, postgres: Postgres) -> Site:
    """It is well, and every thread of it has a connection that it keeps."""
    seconds_until(lasting_site, token, 200, within=5)
    assert {call.status for call in at_once(lasting_site, token, 12)} == {200}
    return lasting_site


def assert_unavailable(site: Site, token: str) -> None:
    for answer in at_once(site, token, 12):
        assert (answer.status, answer.code) == (503, "unavailable")
        assert answer.headers["Retry-After"] == "2"
        assert answer.seconds < PROMISE


def test_without_a_database_calls_are_unavailable_until_it_returns(
    site: Site, token: str, postgres: Postgres
) -> None:
    postgres.stop()
    assert_unavailable(site, token)
    assert_unavailable(site, token)
    postgres.start()
    assert seconds_until(site, token, 200, within=2) < 2


def test_a_killed_database_is_the_same(site: Site, token: str, postgres: Postgres) -> None:
    postgres.kill()
    assert_unavailable(site, token)
    postgres.start()
    assert seconds_until(site, token, 200, within=2) < 2


def test_a_restart_between_two_calls_is_not_noticed(
    site: Site, token: str, postgres: Postgres
) -> None:
    restart(postgres)
    assert {call.status for call in at_once(site, token, 12)} == {200}


def restart(postgres: Postgres) -> None:
    postgres.stop()
    postgres.start()


def test_while_it_restarts_calls_are_answered_or_unavailable_and_nothing_else(
    site: Site, token: str, postgres: Postgres
) -> None:
    restarted = threading.Event()
    statuses: set[int] = set()

    def keep_calling() -> None:
        while not restarted.is_set():
            statuses.update(answer.status for answer in at_once(site, token, 6))

    with ThreadPoolExecutor(1) as pool:
        calls = pool.submit(keep_calling)
        restart(postgres)
        restarted.set()
        calls.result()
    assert 503 in statuses
    assert statuses <= {200, 503}


def test_a_frozen_database_is_unavailable_in_time_on_kept_and_on_new_connections(
    site: Site, token: str, postgres: Postgres
) -> None:
    postgres.freeze()
    assert_unavailable(site, token)  # on connections that were kept
    assert_unavailable(site, token)  # on none, or on new ones
    postgres.thaw()
    assert seconds_until(site, token, 200, within=5) < 5


def test_a_site_that_never_had_a_connection_is_in_time_as_well(
    serve: Serve, token: str, postgres: Postgres
) -> None:
    postgres.freeze()
    site = serve(DATABASE_URL=postgres.url, REDIS_URL="")
    assert_unavailable(site, token)


def test_strangers_are_refused_without_a_database(
    site: Site, token: str, postgres: Postgres
) -> None:
    postgres.stop()
    assert call(site, token).status == 503
    assert (call(site, "junk").status, call(site, "junk").code) == (401, "invalid_token")


def test_health_tells_of_it(site: Site, token: str, postgres: Postgres) -> None:
    assert site.client.get("/healthz").json()["database"] == "ok"
    postgres.stop()
    response = site.client.get("/healthz")
    assert response.status_code == 503
    assert response.json()["database"] == "unreachable"
    assert postgres.password not in response.text


def test_the_log_says_so_once_and_holds_no_token(
    site: Site, token: str, postgres: Postgres
) -> None:
    before = len(site.log.read_text())
    postgres.freeze()
    assert_unavailable(site, token)
    log = site.log.read_text()[before:]
    assert log.count("The database failed") == 1
    assert "Traceback" not in log
    assert token[24:] not in log


# -- Pages -----------------------------------------------------------------------------------------


SESSION = {"Cookie": f"session={'a' * 32}"}


@pytest.mark.parametrize("trouble", [Postgres.stop, Postgres.kill, Postgres.freeze])
def test_pages_say_that_they_are_back_in_a_moment(
    site: Site, token: str, postgres: Postgres, trouble: Callable[[Postgres], None]
) -> None:
    assert site.client.get("/account/tokens/", headers=SESSION).status_code == 302
    trouble(postgres)
    for _ in range(6):
        response = site.client.get("/account/tokens/", headers=SESSION)
        assert response.status_code == 503
        assert response.elapsed.total_seconds() < PROMISE
        assert response.headers["Retry-After"] == "5"
        assert "Back in a moment" in response.text
    postgres.restore()
    seconds_until(site, token, 200, within=5)
    assert site.client.get("/account/tokens/", headers=SESSION).status_code == 302
