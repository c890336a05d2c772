"""Budgets as header fields (draft-ietf-httpapi-ratelimit-headers-10 and the older X-RateLimit)."""

import math

from accounts.throttling.budgets import Budget, Decision


def headers(decision: Decision, *, now: float) -> dict[str, str]:
    """The fields of an answer, whose `now` is in epoch seconds; Retry-After only on a refusal."""
    minute = decision.budgets[0]
    fields = {
        "RateLimit-Policy": ", ".join(map(_policy, decision.budgets)),
        "RateLimit": ", ".join(map(_service_limit, decision.budgets)),
        "X-RateLimit-Limit": str(minute.window.quota),
        "X-RateLimit-Remaining": str(minute.remaining),
        "X-RateLimit-Reset": str(math.ceil(now + minute.reset)),
    }
    if not decision.allowed:
        fields["Retry-After"] = str(decision.retry_after)
    return fields


def _policy(budget: Budget) -> str:
    window = budget.window
    return f'"{window.name}";q={window.quota};w={window.seconds}'


def _service_limit(budget: Budget) -> str:
    return f'"{budget.window.name}";r={budget.remaining};t={budget.reset}'
