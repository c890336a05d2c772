"""accounts/throttling/budgets.py, header_fields.py and which limiter a process has"""

import pytest
from pytest_django import Settings

from accounts import throttling
from accounts.throttling import Budget, Decision, Window, headers, limiter, windows
from accounts.throttling.budgets import SECOND, Usage, decide

MINUTE, BURST = windows(None, None)


def test_a_token_has_100_calls_a_minute_and_10_a_second() -> None:
    assert windows(None, None) == (Window("minute", 100, 60), Window("burst", 10, 1))


def test_a_token_may_have_quotas_of_its_own() -> None:
    assert windows(5000, None) == (Window("minute", 5000, 60), Window("burst", 10, 1))
    assert windows(None, 2) == (Window("minute", 100, 60), Window("burst", 2, 1))


def test_a_first_call_passes_and_is_the_oldest_of_both_windows() -> None:
    decision = decide((MINUTE, BURST), (Usage(0, 0), Usage(0, 0)), consume=True)
    assert decision == Decision(True, 0, (Budget(MINUTE, 99, 60), Budget(BURST, 9, 1)))


def test_looking_at_an_unused_budget_finds_all_of_it() -> None:
    decision = decide((MINUTE, BURST), (Usage(0, 0), Usage(0, 0)), consume=False)
    assert decision == Decision(True, 0, (Budget(MINUTE, 100, 0), Budget(BURST, 10, 0)))


def test_a_call_is_refused_when_either_window_is_full() -> None:
    spent = (Usage(42, 23 * SECOND), Usage(10, 1))
    decision = decide((MINUTE, BURST), spent, consume=True)
    assert decision == Decision(False, 1, (Budget(MINUTE, 58, 23), Budget(BURST, 0, 1)))


def test_retry_after_waits_for_every_full_window_and_rounds_up() -> None:
    spent = (Usage(100, 22 * SECOND + 1), Usage(10, SECOND // 2))
    assert decide((MINUTE, BURST), spent, consume=True).retry_after == 23


def test_a_quota_of_nothing_never_has_room() -> None:
    decision = decide(windows(0, None), (Usage(0, 0), Usage(0, 0)), consume=True)
    assert (decision.allowed, decision.retry_after) == (False, 60)


def test_budgets_are_told_as_structured_field_lists() -> None:
    decision = Decision(True, 0, (Budget(MINUTE, 57, 23), Budget(BURST, 9, 1)))
    assert headers(decision, now=1_760_000_000.25) == {
        "RateLimit-Policy": '"minute";q=100;w=60, "burst";q=10;w=1',
        "RateLimit": '"minute";r=57;t=23, "burst";r=9;t=1',
        "X-RateLimit-Limit": "100",
        "X-RateLimit-Remaining": "57",
        "X-RateLimit-Reset": "1760000024",
    }


def test_a_refusal_also_says_when_to_retry() -> None:
    decision = Decision(False, 1, (Budget(MINUTE, 57, 23), Budget(BURST, 0, 1)))
    assert headers(decision, now=1_760_000_000)["Retry-After"] == "1"


def test_a_process_has_one_limiter(settings: Settings) -> None:
    settings.REDIS_URL = None
    assert limiter() is limiter()
    assert limiter().state() == "memory"


def test_starting_anew_forgets_what_memory_counted(settings: Settings) -> None:
    settings.REDIS_URL = None
    assert limiter().take("anew", windows(1, None)).allowed
    assert not limiter().take("anew", windows(1, None)).allowed
    throttling.reset()
    assert limiter().take("anew", windows(1, None)).allowed


@pytest.mark.parametrize("url", ["http://127.0.0.1", "localhost:6379"])
def test_an_address_that_names_no_redis_is_refused(settings: Settings, url: str) -> None:
    settings.REDIS_URL = url
    with pytest.raises(ValueError, match="scheme"):
        limiter()
