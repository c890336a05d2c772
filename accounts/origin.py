"""Who did something to a token, by which way, and from where."""

from dataclasses import dataclass
from typing import TYPE_CHECKING, Self

from django.db import models
from django.http import HttpRequest

from accounts.addresses import client_address
from accounts.tokens import redact

if TYPE_CHECKING:
    from accounts.models import User

AGENT_LENGTH = 200


class Way(models.TextChoices):
    PAGE = "page", "account page"
    ADMIN = "admin", "admin"
    API = "api", "API"
    COMMAND = "command", "command"
    SYSTEM = "system", "Meetzy"


@dataclass(frozen=True, slots=True)
class Origin:
    """`actor` is None for what Meetzy does by itself and for what a token does with itself."""

    way: Way
    actor: "User | None" = None
    address: str | None = None
    agent: str = ""

    @classmethod
    def of(cls, request: HttpRequest, way: Way = Way.PAGE) -> Self:
        user = getattr(request, "user", None)
        return cls(
            way,
            user if user is not None and user.is_authenticated else None,
            client_address(request),
            printable(request.META.get("HTTP_USER_AGENT", "")),
        )


SYSTEM = Origin(Way.SYSTEM)
COMMAND = Origin(Way.COMMAND)


def printable(agent: str) -> str:
    """What a caller wrote as every database and every terminal can take it, without the secret of
    a token in it; 200 characters at most."""
    agent = redact(agent[:AGENT_LENGTH])
    if not agent.isprintable():
        agent = "".join(character if character.isprintable() else " " for character in agent)
    return agent.strip()
