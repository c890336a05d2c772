"""Expiry dates for people's own calendars (RFC 5545): one token's event, or a feed of all."""

from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from urllib.parse import urlsplit

from django.conf import settings
from django.core.signing import BadSignature, Signer
from django.urls import reverse
from django.utils import timezone
from icalendar import Alarm, Calendar, Event

from accounts.models import ApiToken, User

SEQUENCE_EPOCH = datetime(2020, 1, 1, tzinfo=UTC)
ALARM_BEFORE = timedelta(days=7)

signer = Signer(salt="accounts.calendars")


def calendar_of(tokens: Iterable[ApiToken]) -> bytes:
    calendar = Calendar()
    calendar.add("prodid", "-//Meetzy//API Tokens//EN")
    calendar.add("version", "2.0")
    calendar.add("method", "PUBLISH")
    calendar.add("x-wr-calname", "Meetzy API tokens")
    for token in tokens:
        calendar.add_component(event_of(token))
    return bytes(calendar.to_ical())


def event_of(token: ApiToken) -> Event:
    """The UID belongs to the family: when a token is rotated its event moves, none is added."""
    event = Event()
    event.add("uid", f"{token.family}@{urlsplit(settings.SITE_URL).hostname}")
    event.add("sequence", int((token.created_at - SEQUENCE_EPOCH).total_seconds() // 60))
    event.add("dtstamp", timezone.now())
    event.add("dtstart", token.expires_at)
    event.add("summary", f"API token “{token.name}” expires")
    url = settings.SITE_URL + reverse("token_detail", args=[token.identifier])
    event.add("description", f"Rotate {token.masked} before then: {url}")
    event.add("url", url)
    event.add("transp", "TRANSPARENT")
    alarm = Alarm()
    alarm.add("action", "DISPLAY")
    alarm.add("trigger", -ALARM_BEFORE)
    alarm.add("description", f"API token “{token.name}” expires in a week")
    event.add_component(alarm)
    return event


def feed_tokens(user: User) -> Iterable[ApiToken]:
    return user.tokens.filter(rotated_at=None).living().order_by("expires_at")


def feed_secret(user: User) -> str:
    """The unguessable part of the feed's address; "" while the feed is switched off.

    It is computed, not stored. Raising the version revokes the address for good.
    """
    return signer.sign(f"{user.pk}-{user.calendar_version}") if user.calendar_version else ""


def owner_of_feed(secret: str) -> User | None:
    try:
        pk, version = signer.unsign(secret).split("-")
    except (BadSignature, ValueError):
        return None
    # Zero and below mean switched off, keeping the count for the next address.
    return User.objects.filter(
        pk=pk, calendar_version=version, calendar_version__gt=0, is_active=True
    ).first()
