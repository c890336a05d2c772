"""What a person's tokens did: the request log, its newest calls, and the first one of a token."""

from collections.abc import Collection
from datetime import datetime, timedelta
from typing import Any

from django.http import HttpResponse, StreamingHttpResponse
from django.shortcuts import get_object_or_404, render
from django.utils import timezone
from django.views.decorators.http import require_safe

from accounts.keyset import instant
from accounts.models import ApiToken, LoggedCall
from accounts.usage import reading
from accounts.usage.calls import REFUSALS
from accounts.usage.reading import CallFilters
from accounts.views import SignedInRequest, announce_found, csv_file
from accounts.views.calls import FOUND, calls_of_account, chosen, own_tokens
from accounts.views.tokens import own_token

# Calls that one answer to whoever follows the log holds.
TAIL = 100
# Processes write about once a second, each at its own beat: a call may show after a later one.
OVERLAP = timedelta(seconds=5)
FIRST_USE = ("identifier", "created_at", "last_used_at", "last_used_ip", "last_used_agent")


@require_safe
def account_calls(request: SignedInRequest) -> HttpResponse:
    context = calls_of_account(request)
    response = render(request, "accounts/usage/index.html", context)
    return announce_found(request, response, FOUND, context)


@require_safe
def token_tail(request: SignedInRequest, identifier: str) -> HttpResponse:
    return tail(request, [own_token(request, identifier).pk], {})


@require_safe
def account_tail(request: SignedInRequest) -> HttpResponse:
    tokens = own_tokens(request)
    return tail(request, chosen(request, tokens), {"tokens": tokens})


def tail(
    request: SignedInRequest, token_ids: Collection[int], context: dict[str, Any]
) -> HttpResponse:
    """The rows of the newest calls, some of which the page may have; one query for them."""
    newest = newest_shown(request)
    filters = CallFilters.read(request.GET, request.user.zone)
    since = newest - OVERLAP
    rows = reading.log_page(token_ids, filters, length=TAIL + 1, since=since).rows
    if not rows:
        return HttpResponse(status=204)
    left_out = len(rows) > TAIL and rows[TAIL].at > newest
    context |= {"calls": rows[:TAIL], "left_out": left_out}
    return render(request, "accounts/usage/_rows.html", context)


def newest_shown(request: SignedInRequest) -> datetime:
    """When the newest call on the page was made; now, for a page that doesn't say it."""
    try:
        return instant(request.GET.get("newest", ""))
    except ValueError:
        return timezone.now()


@require_safe
def first_call(request: SignedInRequest, identifier: str) -> HttpResponse:
    """204 as long as there is nothing new to say. Asked more than once a second, so it reads two
    narrow rows, and after the first use one."""
    token = get_object_or_404(request.user.tokens.only(*FIRST_USE), identifier=identifier)
    if token.last_used_at:
        return render(request, "accounts/usage/_first_call_received.html", {"token": token})
    refused = latest_call(token)
    if refused is None or refused.request_id == request.GET.get("seen"):
        return HttpResponse(status=204)
    context = {"token": token, "refused": refused}
    return render(request, "accounts/usage/_first_call_awaited.html", context)


def latest_call(token: ApiToken) -> LoggedCall | None:
    """Of a token without a use: refused, unless its use is just being written."""
    calls = LoggedCall.objects.filter(token_id=token.pk, at__gte=token.created_at)
    return calls.filter(status__in=REFUSALS).order_by("-at").first()


@require_safe
def export_token_calls(request: SignedInRequest, identifier: str) -> StreamingHttpResponse:
    token = own_token(request, identifier)
    return csv(request, {token.pk: token.identifier}, f"meetzy-{token.identifier}-calls")


@require_safe
def export_account_calls(request: SignedInRequest) -> StreamingHttpResponse:
    """Of all tokens, or of the one that the address names."""
    tokens = own_tokens(request)
    wanted = {pk: tokens[pk].identifier for pk in chosen(request, tokens)}
    return csv(request, wanted, "meetzy-calls")


def csv(request: SignedInRequest, identifiers: dict[int, str], name: str) -> StreamingHttpResponse:
    """The calls that the filters let through, newest first."""
    lines = reading.log_csv(identifiers, CallFilters.read(request.GET, request.user.zone))
    return csv_file(name, lines)
