"""Whole days of a person's calendar, as addresses give them and as queries are bounded by them."""

from datetime import date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from django.db.models import Q


def read_day(text: str) -> date | None:
    try:
        day = date.fromisoformat(text)
    except ValueError:
        return None
    # Beyond these no zone's midnight can be reckoned.
    return day if date(1900, 1, 1) <= day <= date(9990, 1, 1) else None


def within(since: date | None, until: date | None, zone: ZoneInfo) -> Q:
    """What happened `at` an instant of these days, both included; None is no bound."""
    condition = Q()
    if since:
        condition &= Q(at__gte=midnight(since, zone))
    if until:
        condition &= Q(at__lt=midnight(until + timedelta(days=1), zone))
    return condition


def midnight(day: date, zone: ZoneInfo) -> datetime:
    return datetime.combine(day, time.min, zone)
