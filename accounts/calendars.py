"""Expiry dates for people's own calendars (RFC 5545): one token's event, or a feed of all.

Without METHOD: to publish is what a calendar object does that names none, and PUBLISH (RFC 5546)
would want an organizer of each event.
"""

from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from urllib.parse import urlsplit

from django.conf import settings
from django.core.signing import BadSignature, Signer
from django.urls import reverse
from django.utils import timezone
from icalendar import Alarm, Calendar, Event, vDuration

from accounts.mail import one_line
from accounts.models import ApiToken, User

SEQUENCE_EPOCH = datetime(2020, 1, 1, tzinfo=UTC)
ALARM_BEFORE = timedelta(days=7)
# How often a calendar program may ask for the feed again (RFC 7986).
REFRESH = timedelta(hours=12)
NAME = "Meetzy API tokens"
# Those that end first: half a millisecond each, and programs ask again and again.
MOST_EVENTS = 500

signer = Signer(salt="accounts.calendars")


def calendar_of(tokens: Iterable[ApiToken]) -> bytes:
    calendar = Calendar()
    calendar.add("prodid", "-//Meetzy//API Tokens//EN")
    calendar.add("version", "2.0")
    calendar.add("name", NAME)
    calendar.add("x-wr-calname", NAME)
    calendar.add("refresh-interval", vDuration(REFRESH), {"VALUE": "DURATION"})
    for token in tokens:
        calendar.add_component(event_of(token))
    return bytes(calendar.to_ical())


def event_of(token: ApiToken) -> Event:
    """The UID belongs to the family: when a token is rotated its event moves, none is added."""
    event = Event()
    event.add("uid", f"{token.family}@{urlsplit(settings.SITE_URL).hostname}")
    # It has to grow when the event moves, and what moves it is a younger token.
    event.add("sequence", int((token.created_at - SEQUENCE_EPOCH).total_seconds()))
    event.add("dtstamp", timezone.now())
    event.add("dtstart", token.expires_at)
    event.add("summary", f"API token “{one_line(token.name)}” expires")
    url = settings.SITE_URL + reverse("token_detail", args=[token.identifier])
    event.add("description", f"Rotate {token.masked} before then: {url}")
    event.add("url", url)
    event.add("transp", "TRANSPARENT")
    alarm = Alarm()
    alarm.add("action", "DISPLAY")
    alarm.add("trigger", -ALARM_BEFORE)
    alarm.add("description", f"API token “{one_line(token.name)}” expires in a week")
    event.add_component(alarm)
    return event


def feed_tokens(user: User) -> Iterable[ApiToken]:
    living = user.tokens.filter(rotated_at=None).living().defer("digest")
    return living.order_by("expires_at", "pk")[:MOST_EVENTS]


def feed_url(user: User) -> str:
    """Where calendar programs find the feed; "" while it is switched off."""
    if user.calendar_version <= 0:
        return ""
    return settings.SITE_URL + reverse("calendar_feed", args=[feed_secret(user)])


def feed_secret(user: User) -> str:
    """The unguessable part of the feed's address.

    It is computed, not stored. Raising the version revokes the address for good.
    """
    return signer.sign(f"{user.pk}-{user.calendar_version}")


def owner_of_feed(secret: str) -> User | None:
    """A wrong secret costs no query."""
    try:
        pk, version = signer.unsign(secret).split("-")
    except (BadSignature, ValueError):
        return None
    # Zero and below mean switched off, keeping the count for the next address.
    return User.objects.filter(
        pk=pk, calendar_version=version, calendar_version__gt=0, is_active=True
    ).first()
