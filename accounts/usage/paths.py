"""The path of a call as its log keeps it: few different ones, and no secret in any."""

from functools import lru_cache

from django.urls import Resolver404, resolve

from accounts.origin import printable

LENGTH = 200


@lru_cache(maxsize=1024)
def template(path: str) -> str:
    """The pattern that answers it (``/api/v1/things/<int:id>``), or itself where none does."""
    try:
        return f"/{resolve(path).route}"[:LENGTH]
    except Resolver404:
        return printable(path)
