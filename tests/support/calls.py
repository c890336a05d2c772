"""Calls as the usage buffer gets them."""

from datetime import datetime, timedelta
from typing import Any

from django.utils import timezone

from accounts.models import ApiToken
from accounts.usage import Call, CallBuffer


def usual_call(token_id: int, *, at: datetime, number: int = 0, **fields: Any) -> Call:
    """A call that went well; `number` makes its request id."""
    usual: dict[str, Any] = {
        "method": "GET",
        "path": "/api/v1/me",
        "status": 200,
        "code": "",
        "microseconds": 1500,
        "address": "203.0.113.7",
        "agent": "curl/8.5",
        "request_id": f"{number:024x}",
    }
    return Call(token_id=token_id, at=at, **usual | fields)


def write_calls(
    token: ApiToken, count: int = 1, *, at: datetime | None = None, first: int = 0, **fields: Any
) -> None:
    """Write so many calls as the buffer would, a minute apart, the latest one at `at` or now."""
    buffer, latest = CallBuffer(), at or timezone.now()
    for number in range(count):
        when = latest - timedelta(minutes=number)
        buffer.record(usual_call(token.pk, at=when, number=first + number, **fields))
    buffer.flush()
