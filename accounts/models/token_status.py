"""The four words for how a token is."""

from datetime import timedelta

from django.db import models

EXPIRING_SOON = timedelta(days=7)


class Status(models.TextChoices):
    ACTIVE = "active", "Active"
    EXPIRING = "expiring", "Expiring soon"
    EXPIRED = "expired", "Expired"
    REVOKED = "revoked", "Revoked"
