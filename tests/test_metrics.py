"""`/metrics`: who may read it, and what it counts."""

import re
from pathlib import Path

import pytest
import redis
from django.test import Client
from django.utils import timezone
from prometheus_client import generate_latest
from pytest_django import DjangoAssertNumQueries, Settings

from accounts.models import ApiToken, User
from accounts.throttling import windows
from accounts.throttling.memory import MemoryLimiter
from accounts.throttling.redis import ResilientLimiter
from accounts.usage import CallBuffer
from meetzy_tokens import metrics
from meetzy_tokens.breaker import PAUSE, Breaker
from meetzy_tokens.redis import Server
from tests.conftest import signed_in
from tests.support.calls import usual_call
from tests.support.site import Site
from tests.support.types import Api, Issue, Serve

TOKEN = "what prometheus sends, long enough"


def scraped(text: str) -> dict[str, float]:
    lines = [line.rpartition(" ") for line in text.splitlines() if not line.startswith("#")]
    return {name: float(value) for name, _, value in lines}


def counted() -> dict[str, float]:
    return scraped(generate_latest(metrics.OWN).decode())


class Difference:
    """What was counted since it was made."""

    def __init__(self) -> None:
        self.before = counted()

    def __call__(self, name: str) -> float:
        return counted().get(name, 0) - self.before.get(name, 0)


# -- Who may read it -------------------------------------------------------------------------------


def test_staff_read_it_and_others_find_nothing(
    client: Client, as_alice: Client, as_admin: Client
) -> None:
    response = as_admin.get("/metrics")
    assert response.status_code == 200
    assert response.headers["Content-Type"].startswith("text/plain; version=0.0.4")
    assert "no-store" in response.headers["Cache-Control"]
    assert "meetzy_authentications" in response.text
    assert client.get("/metrics").status_code == as_alice.get("/metrics").status_code == 404


@pytest.mark.django_db
def test_the_metrics_token_opens_it(client: Client, settings: Settings) -> None:
    settings.METRICS_TOKEN = TOKEN
    for scheme in ("Bearer", "bearer"):
        response = client.get("/metrics", headers={"Authorization": f"{scheme} {TOKEN}"})
        assert response.status_code == 200
    assert client.get("/metrics").status_code == 404


def test_a_scrape_does_not_ask_the_database(
    client: Client, settings: Settings, django_assert_num_queries: DjangoAssertNumQueries, db: None
) -> None:
    settings.METRICS_TOKEN = TOKEN
    with django_assert_num_queries(0):
        response = client.get("/metrics", headers={"Authorization": f"Bearer {TOKEN}"})
    assert response.status_code == 200


@pytest.mark.django_db
@pytest.mark.parametrize("sent", ["Bearer wrong", "Bearer", "", f"Basic {TOKEN}", "Bearer \u00e9"])
def test_a_wrong_metrics_token_is_told_so(client: Client, settings: Settings, sent: str) -> None:
    settings.METRICS_TOKEN = TOKEN
    response = client.get("/metrics", headers={"Authorization": sent})
    assert response.status_code == 401
    assert response.headers["WWW-Authenticate"] == 'Bearer realm="metrics"'
    assert response.content == b""


@pytest.mark.django_db
@pytest.mark.parametrize("sent", ["Bearer ", "Bearer", ""])
def test_without_a_metrics_token_no_bearer_opens_it(client: Client, sent: str) -> None:
    assert client.get("/metrics", headers={"Authorization": sent}).status_code == 404


def test_neither_an_api_token_nor_a_former_operator_opens_it(
    client: Client, issue: Issue, settings: Settings, admin_user: User
) -> None:
    settings.METRICS_TOKEN = TOKEN
    bearer = {"Authorization": f"Bearer {issue().plaintext}"}
    assert client.get("/metrics", headers=bearer).status_code == 401
    former = signed_in(admin_user)
    User.objects.filter(pk=admin_user.pk).update(is_staff=False)
    assert former.get("/metrics").status_code == 404


def test_it_only_reads(as_admin: Client) -> None:
    assert as_admin.head("/metrics").status_code == 200
    assert as_admin.post("/metrics").status_code == 405


# -- What it counts --------------------------------------------------------------------------------


def test_authentications_are_counted_by_outcome(api: Api, issue: Issue) -> None:
    difference, issued, revoked = Difference(), issue(), issue()
    revoked.token.revoke()
    for token in (issued.plaintext, revoked.plaintext, "junk", None):
        api("/api/v1/me", token)
    for outcome in ("ok", "token_revoked", "invalid_token", "missing_token"):
        assert difference(f'meetzy_authentications_total{{outcome="{outcome}"}}') == 1
    assert difference('meetzy_requests_total{kind="api",status="401"}') == 3
    assert difference('meetzy_request_seconds_count{kind="api"}') == 4


def test_the_limiter_s_decisions_are_counted_and_questions_are_none(api: Api, issue: Issue) -> None:
    difference, issued = Difference(), issue()
    ApiToken.objects.update(minute_limit=2)
    for path in ["/api/v1/me"] * 3 + ["/api/v1/nothing", "/api/v1/rate-limit"]:
        api(path, issued.plaintext)
    api("/api/v1/me", "junk")
    assert difference('meetzy_limiter_decisions_total{decision="allowed"}') == 2
    assert difference('meetzy_limiter_decisions_total{decision="limited"}') == 2
    assert difference('meetzy_authentications_total{outcome="ok"}') == 5


def test_doing_without_redis_is_counted_and_shown() -> None:
    metrics.doing_without("redis").set(0)  # other tests leave servers that never came back
    difference = Difference()
    now = 0.0
    breaker = Breaker("Redis", failures=(redis.RedisError,), clock=lambda: now)
    nobody = redis.Redis(host="127.0.0.1", port=1)
    limiter = ResilientLimiter(Server(nobody, breaker), MemoryLimiter())
    for _ in range(3):
        assert limiter.take("key", windows(None, None)).allowed
    assert difference("meetzy_limiter_fallbacks_total") == 3
    assert difference('meetzy_doing_without{server="redis"}') == 1
    now = PAUSE
    assert breaker.run(lambda: "well", lambda: "away") == "well"
    assert difference('meetzy_doing_without{server="redis"}') == 0


@pytest.mark.django_db
def test_writing_calls_is_timed_and_what_waits_is_shown() -> None:
    difference, buffer = Difference(), CallBuffer()
    buffer.record(usual_call(1, at=timezone.now()))
    buffer._write_or_keep()
    assert counted()["meetzy_usage_waiting"] == 1
    assert difference("meetzy_usage_flush_seconds_count") == 1
    assert difference("meetzy_usage_flush_failures_total") == 0
    buffer._write_or_keep()
    assert counted()["meetzy_usage_waiting"] == 0


@pytest.mark.django_db
def test_failures_to_write_and_dropped_calls_are_counted(
    monkeypatch: pytest.MonkeyPatch, issue: Issue
) -> None:
    difference, buffer = Difference(), CallBuffer(capacity=2)
    for number in range(5):
        buffer.record(usual_call(1, at=timezone.now(), number=number))
    monkeypatch.setattr("accounts.usage.buffer.write", lambda batch: 1 / 0)
    monkeypatch.setattr("accounts.usage.buffer.connection.close", lambda: None)
    buffer._write_or_keep()
    assert difference("meetzy_usage_dropped_total") == buffer.dropped == 3
    assert difference("meetzy_usage_flush_failures_total") == 1
    assert len(buffer) == 2


def test_pages_and_the_admin_are_counted_and_files_are_not(as_admin: Client) -> None:
    difference = Difference()
    for path in ("/account/tokens/", "/admin/", "/nothing", "/static/nothing.css"):
        as_admin.get(path)
    assert difference('meetzy_requests_total{kind="page",status="200"}') == 1
    assert difference('meetzy_requests_total{kind="page",status="404"}') == 1
    assert difference('meetzy_requests_total{kind="admin",status="200"}') == 1


# -- Several processes -----------------------------------------------------------------------------


@pytest.mark.slow
def test_processes_that_share_a_folder_add_up(serve: Serve, issue: Issue, tmp_path: Path) -> None:
    token = issue().plaintext
    ApiToken.objects.update(burst_limit=1000)
    shared = {"PROMETHEUS_MULTIPROC_DIR": str(tmp_path), "METRICS_TOKEN": TOKEN}
    sites = [serve(**shared), serve(**shared)]
    for site, times in zip(sites, (3, 5), strict=True):
        for _ in range(times):
            assert site.call("/api/v1/me", token).status_code == 200
    assert {authenticated(site) for site in sites} == {8}
    sites[0].kill()
    assert authenticated(sites[1]) == 8  # a sum that falls would look like a restart


def authenticated(site: Site) -> float:
    text = site.client.get("/metrics", headers={"Authorization": f"Bearer {TOKEN}"}).text
    return scraped(text)['meetzy_authentications_total{outcome="ok"}']


def test_the_state_of_a_dead_process_is_forgotten(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(metrics, "is_alive", lambda pid: pid == 17)
    for name in ("gauge_livesum_17.db", "gauge_livesum_18.db", "counter_18.db"):
        (tmp_path / name).touch()
    metrics.forget_states_of_dead_processes(tmp_path)
    assert {file.name for file in tmp_path.iterdir()} == {"gauge_livesum_17.db", "counter_18.db"}


def test_every_metric_says_what_it_is() -> None:
    text = generate_latest(metrics.OWN).decode()
    named = set(re.findall(r"^# TYPE (meetzy\w+)", text, re.MULTILINE))
    explained = set(re.findall(r"^# HELP (meetzy\w+) \w", text, re.MULTILINE))
    assert named == explained
