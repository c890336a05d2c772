"""What templates/accounts/usage shows: of one token, of all of a person's, of a list's rows."""

from collections.abc import Iterable, Mapping
from typing import Any, cast

from django.urls import reverse
from django.utils import timezone

from accounts.api.problems import PROBLEMS
from accounts.charts.calls import OUTCOMES
from accounts.models import ApiToken
from accounts.usage import reading
from accounts.usage.reading import CallFilters, Daily, View
from accounts.usage.retention import LOG_DAYS
from accounts.views import SignedInRequest

FOUND = "accounts/usage/_found.txt"
DAYS = LOG_DAYS
VIEWS = ("hour", "day", "month")
FILTERS = ("token", "outcome", "code", "address", "since", "until")
# No log of anybody's has these: who sends them has shown no genuine token.
OF_STRANGERS = {"missing_token", "invalid_request", "invalid_token"}
CODES = [(code, code) for code in sorted(PROBLEMS.keys() - OF_STRANGERS)]


def calls_of_token(request: SignedInRequest, token: ApiToken) -> dict[str, Any]:
    """Four queries."""
    return calls(request, [token.pk]) | {
        "token": token,
        "page_url": reverse("token_detail", args=(token.identifier,)),
        "tail_url": reverse("token_tail", args=(token.identifier,)),
        "export_url": reverse("token_calls_export", args=(token.identifier,)),
    }


def calls_of_account(request: SignedInRequest) -> dict[str, Any]:
    """Of all tokens, or of the one that the address names; five queries."""
    tokens = own_tokens(request)
    choices = sorted((token.name, token.identifier) for token in tokens.values())
    return calls(request, chosen(request, tokens)) | {
        "tokens": tokens,
        "token_choices": [(identifier, name) for name, identifier in choices],
        "chosen_token": request.GET.get("token", ""),
        "page_url": reverse("activity_calls"),
        "tail_url": reverse("activity_tail"),
        "export_url": reverse("activity_calls_export"),
    }


def own_tokens(request: SignedInRequest) -> dict[int, ApiToken]:
    return {token.pk: token for token in request.user.tokens.only("identifier", "name")}


def chosen(request: SignedInRequest, tokens: Mapping[int, ApiToken]) -> list[int]:
    """Of the person's tokens that one which the address names; all without a name of theirs."""
    identifier = request.GET.get("token", "")
    return [pk for pk, token in tokens.items() if token.identifier == identifier] or list(tokens)


def calls(request: SignedInRequest, token_ids: list[int]) -> dict[str, Any]:
    filters = CallFilters.read(request.GET, request.user.zone)
    log = reading.log_page(token_ids, filters)
    return picture(request, token_ids) | {
        "filters": filters,
        "wrong_address": "" if filters.address else request.GET.get("address", "").strip(),
        "outcomes": [(outcome, words[0]) for outcome, words in OUTCOMES.items()],
        "codes": CODES,
        "log": log,
        "log_address": first_page(request),
        "live": request.GET.get("live") == "1",
        "newest": log.rows[0].at if log.rows else timezone.now(),
    }


def picture(request: SignedInRequest, token_ids: list[int]) -> dict[str, Any]:
    clock: dict[str, Any] = {"now": timezone.now(), "zone": request.user.zone}
    view, summary = chosen_view(request), reading.summary(token_ids, days=DAYS, **clock)
    return {
        "view": view,
        "views": VIEWS,
        "points": reading.series(token_ids, view=view, **clock),
        "summary": summary,
        "summary_days": DAYS,
        "not_ok_share": percent(summary.errors, summary.calls),
        "counted": reading.LATEST if summary.calls > reading.LATEST else None,
    }


def first_page(request: SignedInRequest) -> dict[str, str]:
    """The parameters of the log's newest calls, as its address has them now."""
    given = request.GET
    return {name: given[name] for name in ("view", *FILTERS) if given.get(name)}


def chosen_view(request: SignedInRequest) -> View:
    asked = request.GET.get("view")
    return cast("View", asked) if asked in VIEWS else "day"


def percent(part: int, whole: int) -> str:
    share = 100 * part / whole if whole else 0
    return f"{share:.0f} %" if share >= 10 or not part else f"{max(share, 0.1):.1f} %"


def daily_calls(request: SignedInRequest, tokens: Iterable[ApiToken]) -> dict[int, list[Daily]]:
    """For the sparklines of a list; one query."""
    ids = [token.pk for token in tokens]
    return reading.daily_calls(ids, days=DAYS, now=timezone.now(), zone=request.user.zone)
