"""A token as the API describes it, whether from the hot path's narrow read or from its row."""

from typing import Any

from accounts import throttling
from accounts.api.schemas import Limits
from accounts.models import ApiToken, Bearer, Environment

FULL_ACCESS = ["*"]


def described_token(token: ApiToken | Bearer) -> dict[str, Any]:
    """The fields of ``schemas.Token``."""
    minute, burst = throttling.windows(token.minute_limit, token.burst_limit)
    return {
        "identifier": token.identifier,
        "name": token.name,
        "environment": Environment(token.environment),
        "scopes": FULL_ACCESS,
        "created_at": token.created_at,
        "expires_at": token.expires_at,
        "last_used_at": token.last_used_at,
        "limits": Limits(minute=minute.quota, burst=burst.quota),
    }
