from typing import Any

from django.core.management.base import BaseCommand, CommandError

from accounts import reminders


class Command(BaseCommand):
    help = "Mail people whose API tokens end soon. Run it hourly, from any host."

    def handle(self, *args: Any, **options: Any) -> None:
        run = reminders.send_due()
        self.stdout.write(f"{run.sent} mails sent")
        if run.failed:
            raise CommandError(f"{run.failed} mails could not be sent. The next run tries again.")
