"""Expiry dates for people's own calendars."""

from django.contrib import messages
from django.contrib.auth.decorators import login_not_required
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.views.decorators.http import require_POST, require_safe

from accounts import calendars
from accounts.views import SignedInRequest

ICALENDAR = "text/calendar; charset=utf-8"


@require_safe
def token_calendar(request: SignedInRequest, identifier: str) -> HttpResponse:
    token = get_object_or_404(request.user.tokens.defer("digest"), identifier=identifier)
    return download(calendars.calendar_of([token]), f"{token.identifier}.ics")


@login_not_required
@require_safe
def feed(request: HttpRequest, secret: str) -> HttpResponse:
    """What a calendar program subscribes to; the address itself is the secret."""
    owner = calendars.owner_of_feed(secret)
    if owner is None:
        raise Http404
    return download(calendars.calendar_of(calendars.feed_tokens(owner)), "meetzy-api-tokens.ics")


@require_POST
def renew(request: SignedInRequest) -> HttpResponse:
    """A new address; whoever has the old one finds nothing there any more."""
    request.user.renew_calendar()
    messages.success(request, "Your calendar feed has a new address.")
    return redirect("profile")


@require_POST
def close(request: SignedInRequest) -> HttpResponse:
    request.user.close_calendar()
    messages.success(request, "Your calendar feed is switched off.")
    return redirect("profile")


def download(calendar: bytes, name: str) -> HttpResponse:
    headers = {"Content-Disposition": f'inline; filename="{name}"'}
    return HttpResponse(calendar, content_type=ICALENDAR, headers=headers)
