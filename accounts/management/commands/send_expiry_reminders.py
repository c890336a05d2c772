from typing import Any

from django.core.management.base import BaseCommand, CommandError

from accounts import reminders


class Command(BaseCommand):
    help = "Mail people whose API tokens end soon. Run it hourly, from any host."

    def handle(self, *args: Any, **options: Any) -> None:
        run = reminders.send_due()
        self.stdout.write(f"Mails sent: {run.sent}")
        if run.failed:
            raise CommandError(f"Mails not sent: {run.failed}. The next run tries again.")
