from typing import Any

from django.core.management.base import BaseCommand
from django.utils import timezone

from accounts import reminders


class Command(BaseCommand):
    help = "Mail people whose API tokens end soon. Run it daily or hourly, from any host."

    def handle(self, *args: Any, **options: Any) -> None:
        self.stdout.write(f"{reminders.send_due(timezone.now())} mails sent")
