"""How often a form may be sent: counted by django-ratelimit, in fixed windows.

At the edge of two windows twice as many pass, which is good enough for what people type; API calls
have budgets of their own. A store that can't count limits nobody.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass

from django.http import HttpRequest
from django_ratelimit.core import get_usage


@dataclass(frozen=True, slots=True)
class Limit:
    """`rate` as in "5/10m". `key` is "ip" or a function that names whom the attempt counts for."""

    group: str
    rate: str
    key: str | Callable[[str, HttpRequest], str]


def seconds_to_wait(request: HttpRequest, limits: Iterable[Limit]) -> int:
    """Count this attempt against one limit after another; 0 when all of them let it pass.

    The first that is exhausted ends the count: a stranger whose address is refused uses up nothing
    of what is counted for the account that he names.
    """
    for limit in limits:
        usage = get_usage(
            request, group=limit.group, key=limit.key, rate=limit.rate, increment=True
        )
        if usage and usage["should_limit"] and usage["limit"]:
            return max(1, int(usage["time_left"]))
    return 0


def in_words(seconds: int) -> str:
    """A wait rounded up: "1 second", "40 seconds", "5 minutes"."""
    count, unit = (seconds, "second") if seconds < 60 else (-(-seconds // 60), "minute")
    return f"{count} {unit}{'' if count == 1 else 's'}"
