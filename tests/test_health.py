"""`/healthz`: what load balancers and operators are told."""

from typing import Any

import pytest
from django.db import OperationalError, connection
from django.test import Client

from accounts import throttling
from accounts.models import ApiToken


def test_all_is_well(client: Client, db: None, settings: Any) -> None:
    response = client.get("/healthz")
    assert response.status_code == 200
    counters = "redis" if settings.REDIS_URL else "memory"
    assert response.json() == {"status": "ok", "database": "ok", "rate_limits": counters}


def test_everyone_may_ask_and_nobody_gets_a_cookie(client: Client, db: None) -> None:
    assert not client.get("/healthz").cookies
    assert client.head("/healthz").status_code == 200
    assert client.post("/healthz").status_code == 405


def test_it_asks_nothing_but_whether_tokens_can_be_read(
    client: Client, django_assert_num_queries: Any, db: None
) -> None:
    with django_assert_num_queries(1) as queries:
        client.get("/healthz")
    assert "accounts_apitoken" in queries[0]["sql"]


def test_without_redis_each_process_counts_alone_and_that_is_said(
    client: Client, db: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(type(throttling.limiter()), "state", lambda _: "fallback")
    response = client.get("/healthz")
    assert response.status_code == 200
    assert response.json() == {"status": "degraded", "database": "ok", "rate_limits": "fallback"}


def test_without_a_database_nothing_works(
    client: Client, db: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    def away(*_: object) -> bool:
        raise OperationalError("connection refused by secret.internal, password=hunter2")

    monkeypatch.setattr(connection, "close", lambda: None)
    monkeypatch.setattr(type(ApiToken.objects), "exists", away)
    response = client.get("/healthz")
    assert response.status_code == 503
    assert response.json()["status"] == "unavailable"
    assert response.json()["database"] == "unreachable"
    assert b"secret" not in response.content
