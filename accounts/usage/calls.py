"""One API call as it is remembered: never a body, a query string or a header's value."""

from datetime import datetime
from enum import StrEnum
from typing import NamedTuple


class Outcome(StrEnum):
    OK = "ok"
    CLIENT_ERROR = "client_error"
    REFUSED = "refused"
    LIMITED = "limited"
    SERVER_ERROR = "server_error"


TURNED_AWAY = (Outcome.REFUSED, Outcome.LIMITED)
# What turns a genuine token away for a reason of its own, not of its pace.
REFUSALS = (401, 403)


def outcome_of(status: int) -> Outcome:
    if status < 400:
        return Outcome.OK
    if status in REFUSALS:
        return Outcome.REFUSED
    if status == 429:
        return Outcome.LIMITED
    return Outcome.CLIENT_ERROR if status < 500 else Outcome.SERVER_ERROR


class Call(NamedTuple):
    """An admitted call, or the refusal of a genuine token (`code` says why, "" when admitted)."""

    token_id: int
    at: datetime
    method: str
    path: str
    status: int
    code: str
    microseconds: int
    address: str
    agent: str
    request_id: str

    @property
    def outcome(self) -> Outcome:
        return outcome_of(self.status)

    @property
    def is_use(self) -> bool:
        """Whether the token opened something: what a refused call does not."""
        return self.outcome not in TURNED_AWAY

    @property
    def met_a_dead_token(self) -> bool:
        return self.code in {"token_revoked", "token_expired"}
