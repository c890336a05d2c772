"""The account that a newcomer signs in with."""

import secrets
from typing import Any

from django.core.management.base import BaseCommand

from accounts.models import User

EMAIL = "admin@meetzy.localhost"


class Command(BaseCommand):
    help = "Create the first account and print its password once; say nothing when there is one."

    def handle(self, *args: Any, **options: Any) -> None:
        if User.objects.exists():
            return
        password = secrets.token_urlsafe(12)
        User.objects.create_superuser(EMAIL, password, name="Admin")
        self.stdout.write(
            f"\n  Your account:   {EMAIL}\n"
            f"  Its password:   {password}\n"
            "  It is shown this once. Change it under Account settings, Security.\n"
        )
