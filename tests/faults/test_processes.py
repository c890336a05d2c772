"""Two processes, as behind a load balancer, and processes that end."""

import time
from datetime import datetime

import pytest

from accounts.models import ApiToken, Issued
from tests.faults.calls import ME, at_once, call
from tests.support.postgres import Postgres
from tests.support.site import Site
from tests.support.types import Issue, Serve

pytestmark = pytest.mark.fault


@pytest.fixture
def two(serve: Serve) -> tuple[Site, Site]:
    return serve(), serve()


def test_a_token_that_one_process_revokes_is_dead_at_once_in_the_other(
    two: tuple[Site, Site], issue: Issue
) -> None:
    here, there = two
    for _ in range(10):
        token = issue().plaintext
        assert [call(site, token).status for site in two] == [200, 200]
        assert here.call("/api/v1/token", token, method="DELETE").status_code == 204
        assert call(there, token).code == "token_revoked"


def test_processes_that_share_redis_keep_one_limit(
    redis_url: str, two: tuple[Site, Site], issue: Issue
) -> None:
    token = issue().plaintext
    ApiToken.objects.update(minute_limit=10, burst_limit=10)
    answers = [answer for site in two for answer in at_once(site, token, 10)]
    assert sorted(answer.status for answer in answers) == [200] * 10 + [429] * 10
    for site in two:
        budgets = site.call("/api/v1/rate-limit", token).json()["data"]
        assert budgets["minute"]["remaining"] == 0


# -- Last uses -------------------------------------------------------------------------------------


def used_at(issued: Issued) -> datetime | None:
    issued.token.refresh_from_db()
    return issued.token.last_used_at


def assert_written(issued: Issued, *, within: float, after: datetime | None = None) -> None:
    deadline = time.monotonic() + within
    while used_at(issued) == after:
        assert time.monotonic() < deadline
        time.sleep(0.05)


def test_a_last_use_is_written_about_a_second_later(server: Site, issue: Issue) -> None:
    issued = issue()
    server.call(ME, issued.plaintext)
    assert used_at(issued) is None
    assert_written(issued, within=3)
    assert issued.token.last_used_ip == "127.0.0.1"
    assert issued.token.last_used_agent.startswith("python-httpx/")


def test_a_process_that_is_told_to_end_writes_at_once(server: Site, issue: Issue) -> None:
    issued = issue()
    assert call(server, issued.plaintext).status == 200
    server.stop()
    assert used_at(issued)


def test_a_process_that_is_killed_loses_its_last_second_at_most(server: Site, issue: Issue) -> None:
    issued = issue()
    call(server, issued.plaintext)
    assert_written(issued, within=3)
    before = used_at(issued)
    call(server, issued.plaintext)
    server.kill()
    assert used_at(issued) >= before  # type: ignore[operator]


LAST_USED = """
from accounts.models import ApiToken
print(ApiToken.objects.filter(last_used_agent="while away").exists())
"""


def test_uses_during_an_outage_are_written_after_it(serve: Serve, postgres: Postgres) -> None:
    site = serve(DATABASE_URL=postgres.url, REDIS_URL="")
    token = site.issue()
    assert call(site, token).status == 200
    headers = {"Authorization": f"Bearer {token}", "User-Agent": "while away"}
    assert site.client.get(ME, headers=headers).status_code == 200
    postgres.stop()
    time.sleep(2.5)  # two attempts to write
    assert call(site, token).status == 503
    postgres.start()
    time.sleep(2)
    assert site.manage("shell", "--verbosity=0", "--command", LAST_USED).strip() == "True"
