"""Verbs for tokens that are not one row yet, or many."""

import uuid
from dataclasses import dataclass, field
from datetime import datetime
from typing import TYPE_CHECKING, Any

from django.conf import settings
from django.db import IntegrityError, transaction
from django.db.models import Q, QuerySet
from django.utils import timezone
from django.views.decorators.debug import sensitive_variables

from accounts.expiry import Expiry
from accounts.models.token_event import Kind, TokenEvent
from accounts.models.token_policy import PolicyViolation, TokenPolicy
from accounts.models.token_status import EXPIRING_SOON, Status
from accounts.models.user import User
from accounts.origin import SYSTEM, Origin
from accounts.tokens import generate, identifier_of

if TYPE_CHECKING:
    from accounts.models.api_token import ApiToken


@dataclass(frozen=True, slots=True)
class Issued:
    """A new token's row and, beside it and nowhere else, its plaintext."""

    token: "ApiToken"
    plaintext: str = field(repr=False)


class FormAlreadyUsed(Exception):
    """The opened form has made its one token already."""

    def __init__(self, token: "ApiToken") -> None:
        super().__init__(token.identifier)
        self.token = token


class ApiTokenQuerySet(QuerySet["ApiToken"]):
    def issue(
        self,
        *,
        owner: User,
        name: str,
        expiry: Expiry,
        environment: str = "production",
        form_key: uuid.UUID | None = None,
        origin: Origin = SYSTEM,
        now: datetime | None = None,
    ) -> Issued:
        """Make a token; `form_key` lets one opened form make at most one.

        Raises FormAlreadyUsed when the owner has a token of that `form_key`, and PolicyViolation.
        """
        now = now or timezone.now()
        try:
            with transaction.atomic():
                self._require_policy(owner, expiry, now)
                issued = self.insert(
                    owner=owner,
                    name=name,
                    environment=environment,
                    created_at=now,
                    expires_at=expiry.counted_from(now),
                    form_key=form_key or uuid.uuid4(),
                )
                TokenEvent.objects.record(Kind.CREATED, [issued.token], origin=origin, at=now)
        except (IntegrityError, PolicyViolation):
            self.require_unused_form(owner, form_key)
            raise
        return issued

    @sensitive_variables("plaintext")
    def insert(self, *, plaintext: str | None = None, **fields: Any) -> Issued:
        """The row of a new token, without asking anybody's policy."""
        plaintext = plaintext or generate()
        signature = settings.TOKEN_KEYRING.sign(plaintext)
        token = self.model(
            identifier=identifier_of(plaintext),
            digest=signature.digest,
            pepper=signature.pepper,
            **fields,
        )
        token.save(force_insert=True)
        return Issued(token, plaintext)

    def require_unused_form(self, owner: User, form_key: uuid.UUID | None) -> None:
        """Raises FormAlreadyUsed."""
        earlier = self.filter(owner=owner, form_key=form_key).first() if form_key else None
        if earlier is not None:
            raise FormAlreadyUsed(earlier) from None

    def _require_policy(self, owner: User, expiry: Expiry, now: datetime) -> None:
        policy = TokenPolicy.current()
        policy.require_expiry(expiry, now)
        if policy.tokens_per_person is not None:
            # Two at once for the last free place wait for each other here.
            User.objects.select_for_update(no_key=True).get(pk=owner.pk)
            policy.require_room(self.filter(owner=owner, rotated_at=None).living(now).count())

    def living(self, now: datetime | None = None) -> "ApiTokenQuerySet":
        return self.filter(revoked_at=None, expires_at__gt=now or timezone.now())

    def idle_since_before(self, instant: datetime) -> "ApiTokenQuerySet":
        """Last used at `instant` or earlier, or made then and never used."""
        never = Q(last_used_at=None, created_at__lte=instant)
        return self.filter(Q(last_used_at__lte=instant) | never)

    def having_status(self, status: Status, now: datetime | None = None) -> "ApiTokenQuerySet":
        """Those whose `status_at(now)` it is, asked of the database."""
        now = now or timezone.now()
        soon = now + EXPIRING_SOON
        match status:
            case Status.REVOKED:
                return self.exclude(revoked_at=None)
            case Status.EXPIRED:
                return self.filter(revoked_at=None, expires_at__lte=now)
            case Status.EXPIRING:
                return self.living(now).filter(expires_at__lte=soon)
            case Status.ACTIVE:
                return self.filter(revoked_at=None, expires_at__gt=soon)

    def revoke(
        self, *, reason: str = "", origin: Origin = SYSTEM, now: datetime | None = None
    ) -> "list[ApiToken]":
        """Kill every token of this set that is not revoked yet; these are returned.

        Rows are locked in the order of their ids, as everywhere: two such calls can't deadlock.
        """
        now = now or timezone.now()
        with transaction.atomic():
            doomed = list(
                self.filter(revoked_at=None).select_for_update(no_key=True).order_by("pk")
            )
            for token in doomed:
                # The clock of the host that made the token may be ahead of this one's.
                token.revoked_at, token.revoked_reason = max(now, token.created_at), reason
            self.model.objects.bulk_update(doomed, ["revoked_at", "revoked_reason"], 500)
            TokenEvent.objects.record(Kind.REVOKED, doomed, origin=origin, detail=reason, at=now)
        return doomed

    def revoke_every(self, *, reason: str, origin: Origin) -> "list[ApiToken]":
        """Kill every token of this set, those included that begin meanwhile: one that was waited
        for because it was being rotated has a successor by now."""
        revoked: list[ApiToken] = []
        while some := self.revoke(reason=reason, origin=origin):
            revoked += some
        return revoked
