# mypy: disable-error-code="import-untyped, import-not-found, misc, no-any-return"
from datetime import timedelta

from django.contrib.auth.models import User
from django.utils import timezone
from knox.models import AuthToken, get_digest_token
from knox.settings import CONSTANTS

from benchmarks.peers.bulk import insert
from benchmarks.peers.people import make_people

JUNK = "Token nobody-issued-this"
FORGED = "Token " + "0123456789abcdef" * 4
LIFE = timedelta(days=90)


def seed(count: int) -> list[str]:
    people = make_people(count)
    pairs = [get_digest_token() for _ in people]
    rows = (
        AuthToken(
            digest=digest,
            token_key=token[: CONSTANTS.TOKEN_KEY_LENGTH],
            user=person,
            expiry=timezone.now() + LIFE,
        )
        for person, (digest, token) in zip(people, pairs, strict=True)
    )
    insert(AuthToken, rows)
    return [f"Token {token}" for _, token in pairs]


def create() -> AuthToken:
    row, _ = AuthToken.objects.create(User.objects.first(), expiry=LIFE)
    return row


def revoke(token: AuthToken) -> None:
    token.delete()
