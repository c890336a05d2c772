from typing import Any

from django.core.management.base import BaseCommand
from django.utils import timezone

from accounts.models import TokenPolicy
from accounts.origin import COMMAND
from accounts.reminders import revocable


class Command(BaseCommand):
    help = "Revoke tokens that nobody used for the days that the policy in the admin names."

    def handle(self, *args: Any, **options: Any) -> None:
        policy, now = TokenPolicy.current(), timezone.now()
        if policy.unused_days is None:
            self.stdout.write("The policy revokes no unused tokens.")
            return
        revoked = revocable(policy, now).revoke(
            reason=f"Not used for {policy.unused_days} days", origin=COMMAND, now=now
        )
        self.stdout.write(f"Tokens revoked: {len(revoked)}")
