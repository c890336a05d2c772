"""Calls as the usage buffer gets them."""

from datetime import datetime
from typing import Any

from accounts.usage import Call


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
