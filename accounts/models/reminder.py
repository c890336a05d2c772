"""Which reminder was sent for which token: the database lets each be claimed once."""

from datetime import datetime, timedelta
from typing import TYPE_CHECKING, ClassVar

from django.db import models

if TYPE_CHECKING:
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


class Reminder(models.Model):
    token = models.ForeignKey("accounts.ApiToken", models.CASCADE, related_name="reminders")
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
