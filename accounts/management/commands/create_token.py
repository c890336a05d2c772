"""An API token without a browser: for scripts, and for the first token of a server."""

from argparse import ArgumentParser
from typing import Any

from django.core.exceptions import ValidationError
from django.core.management.base import BaseCommand, CommandError
from django.views.decorators.debug import sensitive_variables

from accounts.expiry import Expiry
from accounts.forms import NameField
from accounts.models import ApiToken, Environment, PolicyViolation, User
from accounts.origin import COMMAND


class Command(BaseCommand):
    help = "Create an API token and print it, alone, on standard output. It is shown this once."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("email", help="whose account the token acts for")
        parser.add_argument("name", help="the program that will use it")
        parser.add_argument("--expires", choices=Expiry.values, default=Expiry.NINETY_DAYS.value)
        parser.add_argument(
            "--environment", choices=Environment.values, default=Environment.PRODUCTION.value
        )

    @sensitive_variables("issued")
    def handle(
        self, *, email: str, name: str, expires: str, environment: str, **options: Any
    ) -> None:
        try:
            issued = ApiToken.objects.issue(
                owner=active_account(email),
                name=readable(name),
                expiry=Expiry(expires),
                environment=environment,
                origin=COMMAND,
            )
        except PolicyViolation as violation:
            raise CommandError(violation.message) from None
        self.stdout.write(issued.plaintext)


def active_account(email: str) -> User:
    try:
        owner = User.objects.get_by_natural_key(email)
    except User.DoesNotExist:
        raise CommandError(
            f"There is no account {email}. Add it in the admin under Users, or with "
            "'manage.py createsuperuser --email …'."
        ) from None
    if not owner.is_active:
        raise CommandError(
            f"The account {owner} is switched off, and so its tokens would be refused. Switch it "
            "on in the admin under Users first."
        )
    return owner


def readable(name: str) -> str:
    try:
        cleaned: str = NameField().clean(name)
    except ValidationError as invalid:
        raise CommandError(" ".join(invalid.messages)) from None
    return cleaned
