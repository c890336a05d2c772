"""People: their login is their e-mail address."""

import zoneinfo
from typing import Any, ClassVar

from django.contrib.auth.base_user import AbstractBaseUser, BaseUserManager
from django.contrib.auth.models import PermissionsMixin
from django.core.exceptions import ValidationError
from django.core.mail import send_mail
from django.db import models
from django.db.models.functions import Abs, Lower
from django.utils import timezone


def validate_time_zone(key: str) -> None:
    if key not in zoneinfo.available_timezones():
        raise ValidationError("Choose a time zone from the list.")


class UserManager(BaseUserManager["User"]):
    use_in_migrations = True

    @classmethod
    def normalize_email(cls, email: str | None) -> str:
        """Lower case throughout: nobody has two accounts that differ only in capitals."""
        return (email or "").strip().lower()

    def get_by_natural_key(self, username: str | None) -> "User":
        return self.get(email=self.normalize_email(username))

    def create_user(self, email: str, password: str | None = None, **fields: Any) -> "User":
        if not self.normalize_email(email):
            raise ValueError("an account needs an e-mail address")
        user = self.model(email=self.normalize_email(email), **fields)
        user.set_password(password)
        user.save(using=self._db)
        return user

    def create_superuser(self, email: str, password: str | None = None, **fields: Any) -> "User":
        return self.create_user(
            email, password, **{"is_staff": True, "is_superuser": True, **fields}
        )


class User(AbstractBaseUser, PermissionsMixin):
    email = models.EmailField(
        "e-mail address",
        unique=True,
        error_messages={"unique": "There is an account with this e-mail address already."},
    )
    name = models.CharField(max_length=100, blank=True)
    time_zone = models.CharField(max_length=64, default="UTC", validators=[validate_time_zone])
    is_active = models.BooleanField(
        "active",
        default=True,
        help_text="Switched off, nobody can sign in to it and its API tokens are refused at once.",
    )
    is_staff = models.BooleanField(
        "operator", default=False, help_text="Whether this person may open this admin."
    )
    expiry_reminders = models.BooleanField("mail me before API tokens expire", default=True)
    new_address_mails = models.BooleanField(
        "mail me when an API token is used from a new address", default=True
    )
    # The calendar feed's address is made of it: 0 never switched on, negative switched off.
    calendar_version = models.IntegerField(default=0, editable=False)
    date_joined = models.DateTimeField(default=timezone.now, editable=False)

    objects: ClassVar[UserManager] = UserManager()

    USERNAME_FIELD = "email"
    EMAIL_FIELD = "email"
    REQUIRED_FIELDS: ClassVar[list[str]] = []

    class Meta:
        ordering = ("email",)
        constraints = (
            models.CheckConstraint(
                condition=models.Q(email=Lower("email")),
                name="user_email_is_lower_case",
                violation_error_message="Write the e-mail address in lower case.",
            ),
            models.CheckConstraint(condition=~models.Q(email=""), name="user_has_an_email"),
        )

    def clean(self) -> None:
        self.email = type(self).objects.normalize_email(self.email)

    def __str__(self) -> str:
        return self.email

    def get_full_name(self) -> str:
        return self.name or self.email

    def get_short_name(self) -> str:
        return self.name or self.email

    @property
    def zone(self) -> zoneinfo.ZoneInfo:
        """The person's time zone; UTC when this host does not know it (any more)."""
        try:
            return zoneinfo.ZoneInfo(self.time_zone)
        except (zoneinfo.ZoneInfoNotFoundError, ValueError):
            return zoneinfo.ZoneInfo("UTC")

    def renew_calendar(self) -> None:
        """Give the calendar feed a new address; the old one opens nothing from now on."""
        self._set_calendar_version(Abs("calendar_version") + 1)

    def close_calendar(self) -> None:
        self._set_calendar_version(-Abs("calendar_version"))

    def _set_calendar_version(self, version: models.Expression) -> None:
        """Computed by the database: two clicks at once must not bring an old address back."""
        User.objects.filter(pk=self.pk).update(calendar_version=version)
        self.refresh_from_db(fields=["calendar_version"])

    def email_user(self, subject: str, message: str) -> None:
        send_mail(subject, message, None, [self.email])
