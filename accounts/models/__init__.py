from accounts.models.api_token import (
    DEFAULT_OVERLAP,
    LONGEST_OVERLAP,
    ApiToken,
    Environment,
    NotRotatable,
)
from accounts.models.bearer import Bearer
from accounts.models.known_address import ADDRESSES_PER_TOKEN, KnownAddress
from accounts.models.reminder import Reminder
from accounts.models.token_event import Kind, TokenEvent
from accounts.models.token_policy import PolicyViolation, TokenPolicy
from accounts.models.token_queryset import FormAlreadyUsed, Issued
from accounts.models.token_status import Status
from accounts.models.usage import HourlyUsage, LoggedCall
from accounts.models.user import User

__all__ = [
    "ADDRESSES_PER_TOKEN",
    "DEFAULT_OVERLAP",
    "LONGEST_OVERLAP",
    "ApiToken",
    "Bearer",
    "Environment",
    "FormAlreadyUsed",
    "HourlyUsage",
    "Issued",
    "Kind",
    "KnownAddress",
    "LoggedCall",
    "NotRotatable",
    "PolicyViolation",
    "Reminder",
    "Status",
    "TokenEvent",
    "TokenPolicy",
    "User",
]
