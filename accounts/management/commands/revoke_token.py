"""The end of one token, from a terminal: for an incident, or a leak that someone reported."""

import getpass
import sys
from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.views.decorators.debug import sensitive_variables

from accounts.models import ApiToken
from accounts.names import clean_name
from accounts.origin import COMMAND
from accounts.tokens import IDENTIFIER_PATTERN

REASON_LENGTH = 200


class Command(BaseCommand):
    help = "Revoke an API token at once. Revoking it again changes nothing."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument(
            "token",
            help="its identifier (the first 24 characters), the whole token, or '-' to read either "
            "from standard input. Use '-' for a whole token: everyone on this machine can see "
            "the arguments of a command, and the shell keeps them in its history.",
        )
        parser.add_argument("--reason", default="Revoked from the command line")

    @sensitive_variables("token")
    def handle(self, *, token: str, reason: str, **options: Any) -> None:
        row = found(token_from_standard_input() if token == "-" else token)
        revoked_now = row.revoke(reason=fitting(reason), origin=COMMAND)
        when = "now" if revoked_now else f"already, since {row.revoked_at:%F %H:%M} UTC"
        self.stdout.write(f"{row} of {row.owner} is revoked {when}. Programs get 401.")


@sensitive_variables()
def token_from_standard_input() -> str:
    """Typed or pasted at a terminal it does not show."""
    if sys.stdin.isatty():
        return getpass.getpass("Token or identifier: ")
    return sys.stdin.readline()


@sensitive_variables("text")
def found(text: str) -> ApiToken:
    """Raises CommandError, which never repeats what may be a secret."""
    match = IDENTIFIER_PATTERN.match(text.strip())
    if not match:
        raise CommandError(
            "That is neither an identifier nor a token. Write the 24 characters, mtz_ and 20 more, "
            "that stand beside the token's name in the admin."
        )
    try:
        return ApiToken.objects.select_related("owner").get(identifier=match[0])
    except ApiToken.DoesNotExist:
        raise CommandError(
            f"There is no token {match[0]}. Compare it with the list in the admin: capitals matter."
        ) from None


def fitting(reason: str) -> str:
    """Without control characters, and without the token that someone wrote into it."""
    cleaned = clean_name(reason)
    if len(cleaned) > REASON_LENGTH:
        raise CommandError(f"Shorten the reason to {REASON_LENGTH} characters.")
    return cleaned
