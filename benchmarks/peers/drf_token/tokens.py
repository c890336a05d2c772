# mypy: disable-error-code="import-untyped, import-not-found, misc, no-any-return"
from django.contrib.auth.models import User
from rest_framework.authtoken.models import Token

from benchmarks.peers.bulk import insert
from benchmarks.peers.people import make_people

JUNK = "Token nobody-issued-this"
FORGED = "Token " + "0123456789abcdef" * 2 + "01234567"


def seed(count: int) -> list[str]:
    """Nobody has two tokens here; the first person is left without one, for `create`."""
    _, *people = make_people(count + 1)
    rows = (Token(key=Token.generate_key(), user=person) for person in people)
    return [f"Token {row.key}" for row in insert(Token, rows)]


def create() -> Token:
    return Token.objects.create(user=User.objects.first())


def revoke(token: Token) -> None:
    token.delete()
