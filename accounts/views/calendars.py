"""Expiry dates for people's own calendars."""

from collections.abc import Mapping

from django.contrib import messages
from django.contrib.auth.decorators import login_not_required
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.urls import reverse
from django.views.decorators.http import require_POST, require_safe

from accounts import calendars
from accounts.views import SignedInRequest

ICALENDAR = "text/calendar; charset=utf-8"
# The feed's address is its key: it must not get into search engines or to where a page leads.
SECRET_ADDRESS = {"X-Robots-Tag": "noindex, nofollow", "Referrer-Policy": "no-referrer"}


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
    calendar = calendars.calendar_of(calendars.feed_tokens(owner))
    return download(calendar, "meetzy-tokens.ics", SECRET_ADDRESS)


@require_POST
def renew(request: SignedInRequest) -> HttpResponse:
    """A new address; whoever has the old one finds nothing there any more."""
    replaces = bool(calendars.feed_url(request.user))
    request.user.renew_calendar()
    change = "has a new address" if replaces else "is switched on"
    messages.success(request, f"Your calendar feed {change}: give its address to your calendar.")
    return redirect(reverse("profile", fragment="calendar"))


@require_POST
def close(request: SignedInRequest) -> HttpResponse:
    request.user.close_calendar()
    messages.success(request, "Your calendar feed is switched off.")
    return redirect(reverse("profile", fragment="calendar"))


def download(calendar: bytes, name: str, headers: Mapping[str, str] | None = None) -> HttpResponse:
    disposition = {"Content-Disposition": f'inline; filename="{name}"'}
    return HttpResponse(calendar, content_type=ICALENDAR, headers=disposition | dict(headers or {}))
