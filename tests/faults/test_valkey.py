"""Valkey frozen, killed and back again: budgets fall back, tokens work on."""

import time
from collections.abc import Callable

import pytest

from accounts.models import ApiToken
from tests.faults.calls import at_once, call
from tests.support.site import Site
from tests.support.types import Issue, Serve
from tests.support.valkey import Valkey

pytestmark = pytest.mark.fault


def rate_limits(site: Site) -> tuple[int, str]:
    response = site.client.get("/healthz")
    return response.status_code, response.json()["rate_limits"]


@pytest.mark.parametrize("trouble", [Valkey.freeze, Valkey.kill])
def test_calls_are_answered_and_health_tells_of_it_until_it_is_back(
    serve: Serve, issue: Issue, valkey: Valkey, trouble: Callable[[Valkey], None]
) -> None:
    site, token = serve(REDIS_URL=valkey.url), issue().plaintext
    assert call(site, token).status == 200
    assert rate_limits(site) == (200, "redis")
    trouble(valkey)
    for answer in at_once(site, token, 6):
        assert answer.status == 200
        assert answer.seconds < 2
    assert rate_limits(site) == (200, "fallback")
    valkey.restore()
    deadline = time.monotonic() + 10
    while rate_limits(site) != (200, "redis"):
        assert time.monotonic() < deadline
        time.sleep(0.2)
    assert call(site, token).status == 200


def test_limits_hold_and_revocation_is_immediate_without_it(
    serve: Serve, issue: Issue, valkey: Valkey
) -> None:
    site, issued = serve(REDIS_URL=valkey.url), issue()
    ApiToken.objects.update(minute_limit=3, burst_limit=3)
    valkey.kill()
    statuses = [call(site, issued.plaintext).status for _ in range(5)]
    assert statuses == [200, 200, 200, 429, 429]
    issued.token.revoke()
    assert call(site, issued.plaintext).code == "token_revoked"
