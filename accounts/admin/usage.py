"""Which tokens are busiest, most refused and most limited: where to look first."""

from dataclasses import dataclass

from django.contrib import admin
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.template.response import TemplateResponse
from django.utils import timezone
from django.views.decorators.http import require_safe

from accounts.models import ApiToken
from accounts.usage.reading import Busy, Order, leaders

PERIODS = {"24h": ("24 hours", 24), "7d": ("7 days", 7 * 24), "30d": ("30 days", 30 * 24)}
BOARDS: dict[Order, tuple[str, str]] = {
    "calls": ("Busiest", "No token was used."),
    "refused": ("Most refused", "No genuine token was refused."),
    "limited": ("Most limited", "No token exceeded its rate limit."),
}
COLUMNS = {"calls": "Calls", "refused": "Refused", "limited": "Limited", "server_error": "Failed"}


@dataclass(frozen=True, slots=True)
class Line:
    """`token` is None when its row is gone; `share`: percent of the first line's number; `counts`:
    one for each column of its board."""

    token: ApiToken | None
    share: int
    counts: list[str]


@dataclass(frozen=True, slots=True)
class Board:
    order: Order
    title: str
    nothing: str
    columns: list[str]
    lines: list[Line]


@require_safe
def usage(request: HttpRequest) -> HttpResponse:
    """`?period=24h`, `7d` or `30d`; two queries for all of it."""
    if not request.user.has_perm("accounts.view_apitoken"):
        raise PermissionDenied
    period = request.GET.get("period", "")
    period = period if period in PERIODS else "24h"
    name, hours = PERIODS[period]
    context = {
        **admin.site.each_context(request),
        "title": f"Usage in the latest {name}",
        "periods": [(key, label, key == period) for key, (label, _) in PERIODS.items()],
        "boards": boards(hours),
    }
    return TemplateResponse(request, "admin/accounts/usage.html", context)


def boards(hours: int) -> list[Board]:
    found = leaders(now=timezone.now(), hours=hours)
    tokens = by_id({busy.token_id for board in found.values() for busy in board})
    return [
        Board(order, title, nothing, columns(order), lines(found[order], order, tokens))
        for order, (title, nothing) in BOARDS.items()
    ]


def names(order: Order) -> list[str]:
    """What a board counts, first that by which it is ordered."""
    return [order, *(name for name in COLUMNS if name != order)]


def columns(order: Order) -> list[str]:
    return [COLUMNS[name] for name in names(order)]


def lines(found: list[Busy], order: Order, tokens: dict[int, ApiToken]) -> list[Line]:
    most = getattr(found[0], order) if found else 1
    return [
        Line(
            tokens.get(busy.token_id),
            round(100 * getattr(busy, order) / most),
            [f"{getattr(busy, name):,}" for name in names(order)],
        )
        for busy in found
    ]


def by_id(ids: set[int]) -> dict[int, ApiToken]:
    return ApiToken.objects.select_related("owner").defer("digest").in_bulk(ids)
