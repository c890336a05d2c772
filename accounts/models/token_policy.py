"""The operator's rules for tokens. They hold on every path that creates or rotates one."""

from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Self

from django.core.exceptions import ValidationError
from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models
from django.utils import timezone

from accounts.expiry import Expiry

if TYPE_CHECKING:
    from accounts.models.api_token import ApiToken


# Ten years: what is longer is no limit, and much longer no date.
LONGEST_DAYS = 3660


class PolicyViolation(Exception):
    """A sentence for people: what the policy forbids and what to do; `field` is its place."""

    def __init__(self, message: str, field: str) -> None:
        super().__init__(message)
        self.message = message
        self.field = field


def every_choice() -> list[str]:
    return list(Expiry.values)


def validate_choices(value: object) -> None:
    if not isinstance(value, list) or not value or set(value) - set(Expiry.values):
        raise ValidationError("Offer at least one of the five expiry periods.")


class TokenPolicy(models.Model):
    """A single row; without it nothing is restricted."""

    longest_life = models.PositiveIntegerField(
        "longest lifetime in days",
        null=True,
        blank=True,
        validators=[MinValueValidator(30), MaxValueValidator(LONGEST_DAYS)],
        help_text="Empty: no limit. 366 allows a year, 1461 four years.",
    )
    offered = models.JSONField(
        "expiry periods offered", default=every_choice, validators=[validate_choices]
    )
    tokens_per_person = models.PositiveIntegerField(
        "living tokens per person",
        null=True,
        blank=True,
        validators=[MinValueValidator(1)],
        help_text="Empty: no limit. A token in its overlap after rotation does not count. Who has "
        "more already keeps them, and makes no other.",
    )
    unused_days = models.PositiveIntegerField(
        "revoke after unused days",
        null=True,
        blank=True,
        validators=[MinValueValidator(14), MaxValueValidator(LONGEST_DAYS)],
        help_text="Empty: never. Owners are told a week before, and a token that is used again "
        "begins anew. Both commands must run: send_expiry_reminders and revoke_unused_tokens.",
    )

    class Meta:
        verbose_name = "token policy"
        verbose_name_plural = "token policy"
        constraints = (
            models.CheckConstraint(condition=models.Q(pk=1), name="there_is_one_token_policy"),
        )

    def __str__(self) -> str:
        return "Token policy"

    def clean(self) -> None:
        if not self.allowed_expiries(timezone.now()):
            raise ValidationError("No expiry period that is offered fits the longest lifetime.")

    @classmethod
    def current(cls) -> Self:
        return cls.objects.filter(pk=1).first() or cls(pk=1)

    def allowed_expiries(self, now: datetime) -> list[Expiry]:
        return [expiry for expiry in Expiry if self._allows(expiry, now)]

    def _allows(self, expiry: Expiry, now: datetime) -> bool:
        if expiry.value not in self.offered:
            return False
        if self.longest_life is None:
            return True
        longest = timedelta(days=min(self.longest_life, LONGEST_DAYS))
        return expiry.counted_from(now) - now <= longest

    def unused_until(self, token: "ApiToken") -> datetime | None:
        """When `token` is revoked unless it is used before; None without such a rule."""
        if self.unused_days is None:
            return None
        return token.idle_since + timedelta(days=self.unused_days)

    def require_expiry(self, expiry: Expiry, now: datetime) -> None:
        """Raises PolicyViolation."""
        if not self._allows(expiry, now):
            allowed = ", ".join(choice.value for choice in self.allowed_expiries(now)) or "none"
            raise PolicyViolation(
                f"The policy of this installation does not allow this period. Allowed: {allowed}.",
                "expires",
            )

    def require_room(self, living: int) -> None:
        """Raises PolicyViolation when an owner of `living` tokens may not have one more."""
        if self.tokens_per_person is not None and living >= self.tokens_per_person:
            raise PolicyViolation(
                f"You have {living} living tokens, and {self.tokens_per_person} is the most that "
                "one person may have here. Revoke one that you no longer need first.",
                "name",
            )
