"""What happened to tokens: an append-only log, which the database guards with triggers."""

from datetime import datetime
from typing import TYPE_CHECKING, ClassVar

from django.db import models
from django.utils import timezone

from accounts.models.user import User
from accounts.origin import AGENT_LENGTH, SYSTEM, Origin, Way

if TYPE_CHECKING:
    from collections.abc import Iterable

    from accounts.models.api_token import ApiToken

DETAIL_LENGTH = 300


class Kind(models.TextChoices):
    CREATED = "created", "Created"
    RENAMED = "renamed", "Renamed"
    ROTATED = "rotated", "Rotated"
    REVOKED = "revoked", "Revoked"
    LIMITED = "limited", "Limits changed"
    REMINDED = "reminded", "Reminder sent"
    REUSED = "reused", "Used after rotation"
    NEW_ADDRESS = "new_address", "First use from a new address"


class TokenEventQuerySet(models.QuerySet["TokenEvent"]):
    def record(
        self,
        kind: Kind,
        tokens: "Iterable[ApiToken]",
        *,
        origin: Origin = SYSTEM,
        detail: str = "",
        at: datetime | None = None,
    ) -> None:
        """One row for each token. `detail` is a sentence for people; it never holds a secret."""
        at = at or timezone.now()
        self.bulk_create(
            TokenEvent(
                token=token,
                owner_id=token.owner_id,
                at=at,
                kind=kind,
                way=origin.way,
                actor=origin.actor,
                address=origin.address,
                agent=origin.agent,
                detail=detail[:DETAIL_LENGTH],
            )
            for token in tokens
        )


class TokenEvent(models.Model):
    token = models.ForeignKey("accounts.ApiToken", models.PROTECT, related_name="events")
    # The token's owner, repeated here for the index that the account's log is read by.
    owner = models.ForeignKey(User, models.PROTECT, related_name="token_events")
    at = models.DateTimeField("when")
    kind = models.CharField(max_length=12, choices=Kind.choices)
    way = models.CharField(max_length=8, choices=Way.choices)
    actor = models.ForeignKey(User, models.PROTECT, null=True, related_name="+")
    address = models.GenericIPAddressField(null=True)
    agent = models.CharField(max_length=AGENT_LENGTH, blank=True)
    detail = models.CharField(max_length=DETAIL_LENGTH, blank=True)

    objects: ClassVar[models.Manager["TokenEvent"]] = TokenEventQuerySet.as_manager()

    class Meta:
        ordering = ("-at", "-id")
        constraints = (
            models.CheckConstraint(
                condition=models.Q(kind__in=Kind.values), name="event_kind_is_known"
            ),
        )
        indexes = (
            models.Index(fields=("owner", "-at", "-id"), name="events_of_an_owner"),
            models.Index(fields=("token", "-at", "-id"), name="events_of_a_token"),
        )

    def __str__(self) -> str:
        return f"{self.get_kind_display()} at {self.at:%Y-%m-%d %H:%M:%S}"

    @property
    def who(self) -> str:
        """The person, or what acted without one."""
        if self.actor is not None:
            return self.actor.get_full_name()
        return "the token itself" if self.way == Way.API else "Meetzy"
