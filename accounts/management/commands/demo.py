"""An account to look around in, on one's own machine."""

import secrets
from argparse import ArgumentParser, ArgumentTypeError
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError
from django.db import transaction
from django.utils import timezone

from accounts.demo.account import EMAIL, fill
from accounts.management.sign_in import how_to_sign_in
from accounts.models import PolicyViolation, User

# Names under it never leave a machine (RFC 6761): whoever has another address may be real.
OWN_DOMAIN = ".localhost"


class Command(BaseCommand):
    help = (
        "Make an account with some forty tokens and ninety days of traffic, to look around in. "
        "Only where nobody real has an account; once it is there, nothing is changed any more."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument(
            "--scale", type=scale_of, default=1.0, help="of the traffic: 0.1 is a tenth of it"
        )

    def handle(self, *, scale: float, **options: Any) -> None:
        require_own_machine()
        if User.objects.filter(email=EMAIL).exists():
            self.stdout.write(
                f"The demo is there already, and stays as it is. Sign in as {EMAIL}; "
                f"'./dev manage changepassword {EMAIL}' sets another password."
            )
            return
        password = secrets.token_urlsafe(12)
        self.make(password, scale)
        self.stdout.write(how_to_sign_in(EMAIL, password))

    def make(self, password: str, scale: float) -> None:
        try:
            with transaction.atomic():
                owner = User.objects.create_superuser(EMAIL, password, name="Demo")
                fill(owner, now=timezone.now(), progress=self.progress, scale=scale)
        except PolicyViolation as violation:
            raise CommandError(f"The token policy is in the way. {violation.message}") from None

    def progress(self, done: int, total: int) -> None:
        """One line that counts at a terminal, and some lines elsewhere."""
        is_last = done == total
        ending = "\r" if self.stdout.isatty() and not is_last else "\n"
        if self.stdout.isatty() or is_last or done % 30 == 0:
            self.stdout.write(f"Filling the demo: day {done} of {total}", ending=ending)
            self.stdout.flush()


def scale_of(text: str) -> float:
    """Raises ArgumentTypeError; ten times the traffic is as much as a demo needs."""
    try:
        scale = float(text)
    except ValueError:
        scale = 0
    if not 0 < scale <= 10:
        raise ArgumentTypeError("Write a number above 0 and up to 10, such as 0.1.")
    return scale


def require_own_machine() -> None:
    """Raises CommandError wherever somebody real might be."""
    if settings.HTTPS:
        raise CommandError(
            f"The demo is for one's own machine, and this installation is {settings.SITE_URL}. "
            "'./dev run --demo' starts one."
        )
    if User.objects.exclude(email__endswith=OWN_DOMAIN).exists():
        raise CommandError(
            "There are people in this database, and the demo does not go among them. Give it a "
            "folder of its own: MEETZY_VAR=var-demo ./dev run --demo"
        )
