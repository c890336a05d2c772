"""What one narrow read says about a presented token: the hot path of every API call."""

import logging
from datetime import UTC, datetime
from functools import cache
from typing import Any, NamedTuple, Self

from django.conf import settings
from django.db import DatabaseError

from accounts.tokens import Signature, identifier_of
from meetzy_tokens import database

logger = logging.getLogger(__name__)

# In the order of Bearer's fields. Model instances cost twice this read.
INSTANTS = ("created_at", "expires_at", "revoked_at", "rotated_at", "last_used_at")
TOKEN_COLUMNS = ("id", "identifier", "name", "environment", "minute_limit", "burst_limit")
OWNER_COLUMNS = ("id", "email", "name", "is_active")


class Bearer(NamedTuple):
    """A genuine token, alive or not, and the account behind it."""

    created_at: datetime
    expires_at: datetime
    revoked_at: datetime | None
    rotated_at: datetime | None
    last_used_at: datetime | None
    token_id: int
    identifier: str
    name: str
    environment: str
    minute_limit: int | None
    burst_limit: int | None
    owner_id: int
    owner_email: str
    owner_name: str
    owner_is_active: bool

    @classmethod
    def find(cls, token: str) -> Self | None:
        """Look a well-formed token up; None for one that is unknown or has another secret.

        One query. Raises django.db.Error when the database can't be asked.
        """
        with database.cursor() as cursor:
            cursor.execute(lookup_sql(), [identifier_of(token)])
            row = cursor.fetchone()
        # An unknown identifier is compared too, so that it takes as long as a wrong secret.
        signature = Signature(bytes(row[0]), row[1]) if row else settings.TOKEN_KEYRING.sign("")
        if not settings.TOKEN_KEYRING.verify(token, signature) or row is None:
            return None
        instants, others = row[2 : 2 + len(INSTANTS)], row[2 + len(INSTANTS) :]
        bearer = cls(*map(in_utc, instants), *others)
        if signature.pepper != settings.TOKEN_KEYRING.current:
            bearer.sign_again(token, signature)
        return bearer

    @property
    def is_replaced(self) -> bool:
        """Whether it has a successor that its owner, who is not switched off, may still use."""
        return self.rotated_at is not None and self.owner_is_active

    def refusal(self, now: datetime) -> str | None:
        """The error code of why this token opens nothing at `now`, or None."""
        if self.revoked_at is not None:
            return "token_revoked"
        if self.expires_at <= now:
            return "token_expired"
        if not self.owner_is_active:
            return "account_inactive"
        return None

    def sign_again(self, token: str, old: Signature) -> None:
        """Move the stored digest to the current pepper; only the first of several does.

        A call is not refused because this failed: the next one tries again.
        """
        from accounts.models.api_token import ApiToken

        new = settings.TOKEN_KEYRING.sign(token)
        try:
            ApiToken.objects.filter(pk=self.token_id, pepper=old.pepper).update(
                digest=new.digest, pepper=new.pepper
            )
        except DatabaseError:
            logger.exception("the digest of %s could not be re-signed", self.identifier)


def in_utc(instant: datetime | None) -> Any:
    """SQLite hands out naive instants, PostgreSQL aware ones; both are in UTC."""
    return instant and instant.replace(tzinfo=UTC)


@cache
def lookup_sql() -> str:
    from accounts.models.api_token import ApiToken
    from accounts.models.user import User

    columns = [f"token.{name}" for name in ("digest", "pepper", *INSTANTS, *TOKEN_COLUMNS)]
    columns += [f"owner.{name}" for name in OWNER_COLUMNS]
    return (
        f"SELECT {', '.join(columns)} FROM {ApiToken._meta.db_table} token "  # noqa: S608
        f"JOIN {User._meta.db_table} owner ON owner.id = token.owner_id "
        "WHERE token.identifier = %s"
    )
