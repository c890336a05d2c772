from argparse import ArgumentParser
from datetime import datetime
from typing import Any

from django.core.management.base import BaseCommand
from django.utils import timezone

from accounts.usage import retention


class Command(BaseCommand):
    help = (
        f"Forget calls after {retention.LOG_DAYS} days and counters after "
        f"{retention.COUNTER_MONTHS} months. Run it daily, from any host."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--dry-run", action="store_true", help="only say what would go")

    def handle(self, *args: Any, dry_run: bool, **options: Any) -> None:
        now = timezone.now()
        if dry_run:
            days, hours = retention.old_days(now), retention.old_hours(now)
            self.stdout.write(f"Days of the log to remove: {len(days)}; counters: {hours}")
            return
        retention.make_days_ahead(now)
        self.prune_log(now)
        self.prune_counters(now)

    def prune_log(self, now: datetime) -> None:
        days = set()
        for day in retention.prune_log(now):
            if day not in days:
                self.stdout.write(f"Removing the log of {day}")
            days.add(day)
        self.stdout.write(f"Days of the log removed: {len(days)}")

    def prune_counters(self, now: datetime) -> None:
        removed = 0
        for hours in retention.prune_counters(now):
            removed += hours
        self.stdout.write(f"Counters removed: {removed}")
