"""It looks at no header, so any will do."""

from typing import NoReturn

JUNK = FORGED = "Bearer nobody-looks"


def seed(count: int) -> list[str]:
    return [JUNK]


def create() -> NoReturn:
    raise NotImplementedError


def revoke(token: object) -> NoReturn:
    raise NotImplementedError
