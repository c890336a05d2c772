"""Which reminder was sent for which token: the database lets each be claimed once."""

from datetime import datetime, timedelta
from typing import TYPE_CHECKING, ClassVar

from django.db import models

if TYPE_CHECKING:
    from collections.abc import Iterable

    from accounts.models.api_token import ApiToken

# A claim whose host died before the mail went out is free again after this long.
CLAIM_HOLDS = timedelta(minutes=15)


class ReminderQuerySet(models.QuerySet["Reminder"]):
    def claim(self, token: "ApiToken", key: str, now: datetime) -> "Reminder | None":
        """The reminder, ours to send; None when it was sent or another host is sending it."""
        reminder, fresh = self.get_or_create(token=token, key=key, defaults={"claimed_at": now})
        if fresh:
            return reminder
        lost = self.filter(pk=reminder.pk, sent_at=None, claimed_at__lt=now - CLAIM_HOLDS)
        return reminder if lost.update(claimed_at=now) else None

    def confirm(self, claimed: "Iterable[int]", at: datetime) -> None:
        """The mail of these, claimed at `at`, went out."""
        self.filter(pk__in=claimed, claimed_at=at).update(sent_at=at)

    def release(self, claimed: "Iterable[int]", at: datetime) -> None:
        """The mail of these, claimed at `at`, did not go out: anybody may claim them anew."""
        self.filter(pk__in=claimed, claimed_at=at, sent_at=None).delete()

    def once_in(self, period: timedelta, token: "ApiToken", key: str, at: datetime) -> bool:
        """Whether `key` may be told of `token` at `at`: over all hosts once in each `period`."""
        told, fresh = self.get_or_create(
            token=token, key=key, defaults={"claimed_at": at, "sent_at": at}
        )
        if fresh:
            return True
        again = self.filter(pk=told.pk, claimed_at__lte=at - period)
        return bool(again.update(claimed_at=at, sent_at=at))

    def forget_disuse(self) -> None:
        """Let everybody be told anew before an unused token is revoked: the rule has changed."""
        self.filter(key__startswith="unused:").delete()


class Reminder(models.Model):
    token = models.ForeignKey("accounts.ApiToken", models.CASCADE, related_name="reminders")
    # What was told: "expires:<days>", "unused:<since when>" or "new_address".
    key = models.CharField(max_length=40)
    claimed_at = models.DateTimeField()
    sent_at = models.DateTimeField(null=True)

    objects: ClassVar[ReminderQuerySet] = ReminderQuerySet.as_manager()  # type: ignore[assignment]

    class Meta:
        constraints = (
            models.UniqueConstraint(fields=("token", "key"), name="one_reminder_of_a_kind"),
        )

    def __str__(self) -> str:
        return f"{self.key} for token {self.token_id}"
