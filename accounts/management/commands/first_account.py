"""The account that a newcomer signs in with."""

import secrets
from typing import Any

from django.core.management.base import BaseCommand

from accounts.management.sign_in import how_to_sign_in
from accounts.models import User

EMAIL = "admin@meetzy.localhost"


class Command(BaseCommand):
    help = "Create the first account and print its password once; say nothing when there is one."

    def handle(self, *args: Any, **options: Any) -> None:
        if User.objects.exists():
            return
        password = secrets.token_urlsafe(12)
        User.objects.create_superuser(EMAIL, password, name="Admin")
        self.stdout.write(how_to_sign_in(EMAIL, password))
