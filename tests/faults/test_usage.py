"""Calls in numbers, on processes that end and on databases that fail: each is in the log once.

MEETZY_LOAD_CALLS (2,000) says how many are sent where they are counted, MEETZY_OUTAGE_SECONDS (3)
how long the database is stopped.
"""

import os
import re
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager

import psycopg
import pytest
from django.db import connection, transaction

from accounts.models import ApiToken, HourlyUsage, LoggedCall
from tests.faults.calls import seconds_until
from tests.faults.test_postgresql import LIMITS
from tests.support.load import ME, Caller, admitted, load, send
from tests.support.load import SMALL_CAPACITY as CAPACITY
from tests.support.postgres import Postgres
from tests.support.site import Site
from tests.support.types import Issue, Serve

pytestmark = pytest.mark.fault

CALLS = int(os.environ.get("MEETZY_LOAD_CALLS", "2000"))
OUTAGE = float(os.environ.get("MEETZY_OUTAGE_SECONDS", "3"))
FLUSH = 1.0  # seconds between two writes
NO_LIMITS = {"minute_limit": 10_000_000, "burst_limit": 10_000_000}


@pytest.fixture
def token(issue: Issue) -> str:
    plaintext = issue().plaintext
    ApiToken.objects.update(**NO_LIMITS)
    return plaintext


def logged() -> set[str]:
    return set(LoggedCall.objects.values_list("request_id", flat=True))


def totals() -> tuple[int, ...]:
    names = ("ok", "client_error", "refused", "limited", "server_error")
    return tuple(map(sum, zip(*HourlyUsage.objects.values_list(*names), strict=True)))


# -- Counts ----------------------------------------------------------------------------------------


def test_counts_are_what_was_sent_to_two_processes(serve: Serve, issue: Issue) -> None:
    sites, used, revoked = (serve(), serve()), issue(), issue()
    ApiToken.objects.update(**NO_LIMITS)
    revoked.token.revoke()
    ways = [(used, ME), (used, "/api/v1/nothing"), (revoked, ME), (used, ME)]
    callers = [Caller(site, token.plaintext, path) for site in sites for token, path in ways]
    share = CALLS // len(callers)
    answers = send(callers, share)
    for site in sites:
        site.stop()
    assert Counter(answer.status for answer in answers) == {
        200: 4 * share,
        404: 2 * share,
        401: 2 * share,
    }
    assert logged() == {answer.request_id for answer in answers}
    assert LoggedCall.objects.count() == len(answers)
    assert totals() == (4 * share, 2 * share, 2 * share, 0, 0)
    revoked.token.refresh_from_db()
    assert revoked.token.refused_count == 2 * share
    assert all("deadlock" not in site.log.read_text() for site in sites)


# -- The end of a process --------------------------------------------------------------------------


def test_a_process_that_is_told_to_end_under_load_loses_none(server: Site, token: str) -> None:
    with load([Caller(server, token) for _ in range(3)]) as answers:
        time.sleep(1.5)
        server.stop()
    assert len(admitted(answers)) > 10
    assert admitted(answers) <= logged()


def test_a_killed_process_loses_its_last_flush_at_most(server: Site, token: str) -> None:
    with load([Caller(server, token) for _ in range(2)]) as answers:
        time.sleep(3.5)
        killed = time.monotonic()
        server.kill()
    # Every second a write begins; it is given another one to end.
    earlier = admitted(answers, before=killed - 2 * FLUSH)
    assert len(earlier) > 10
    assert earlier <= logged()
    assert LoggedCall.objects.count() == sum(totals())


# -- A database that fails -------------------------------------------------------------------------


@contextmanager
def nothing_can_be_written() -> Iterator[None]:
    """Calls are answered, for that reads suffice. On SQLite a transaction locks by itself."""
    with transaction.atomic(), connection.cursor() as cursor:
        if connection.vendor == "postgresql":
            cursor.execute("LOCK TABLE accounts_loggedcall IN SHARE MODE")
        yield


def test_calls_that_can_not_be_written_wait(server: Site, token: str) -> None:
    callers = [Caller(server, token) for _ in range(2)]
    with nothing_can_be_written():
        answers = send(callers, 100)
        time.sleep(2.5 * FLUSH)  # attempts to write
    server.stop()
    assert {answer.status for answer in answers} == {200}
    assert logged() == admitted(answers)
    assert totals() == (200, 0, 0, 0, 0)


def test_beyond_the_bound_the_oldest_are_dropped_and_counted(serve: Serve, token: str) -> None:
    site = serve(application="tests.support.small_buffer:application")
    with nothing_can_be_written():
        answers = send([Caller(site, token) for _ in range(2)], 2 * CAPACITY)
    site.stop()
    dropped = sum(map(int, re.findall(r"(\d+) calls were dropped", site.log.read_text())))
    # One batch may be in the writer's hands while the next ones wait.
    assert CAPACITY <= len(logged()) <= 2 * CAPACITY
    assert len(logged()) + dropped == len(answers) == 4 * CAPACITY
    newest = sorted(answers, key=lambda answer: answer.at)[-CAPACITY // 2 :]
    assert admitted(newest) <= logged()


def test_a_stopped_database_under_load_loses_none(serve: Serve, postgres: Postgres) -> None:
    site = serve(DATABASE_URL=postgres.url, REDIS_URL="")
    token = site.issue()
    site.manage("shell", "--verbosity=0", "--command", LIMITS)
    with load([Caller(site, token) for _ in range(3)]) as answers:
        time.sleep(1)
        postgres.stop()
        time.sleep(OUTAGE)
        postgres.start()
        seconds_until(site, token, 200, within=5)
        time.sleep(1)
    site.stop()
    with psycopg.connect(postgres.url) as database:
        rows = database.execute("SELECT request_id FROM accounts_loggedcall").fetchall()
    assert {answer.status for answer in answers} == {200, 503}
    assert admitted(answers) <= {request_id for (request_id,) in rows}
