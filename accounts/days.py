"""Days and minutes of a person's calendar, as addresses give them and as they bound queries."""

from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from django.db.models import Q

FIRST, LAST = time.min, time(23, 59)
MINUTE = timedelta(minutes=1)


def read_day(text: str) -> date | None:
    try:
        day = date.fromisoformat(text)
    except ValueError:
        return None
    return day if is_reckonable(day) else None


def read_minute(text: str, *, of_day: time) -> datetime | None:
    """``2026-03-10T14:30``, without a zone; a day alone stands for its minute `of_day`."""
    try:
        minute = datetime.fromisoformat(text)
    except ValueError:
        return None
    if minute.tzinfo or not is_reckonable(minute.date()):
        return None
    if read_day(text):
        return datetime.combine(minute, of_day)
    return minute.replace(second=0, microsecond=0)


def is_reckonable(day: date) -> bool:
    """Beyond these no zone's midnight can be reckoned."""
    return date(1900, 1, 1) <= day <= date(9990, 1, 1)


def within(since: date | None, until: date | None, zone: ZoneInfo) -> Q:
    """What happened `at` an instant of these days, both included; None is no bound."""
    first = datetime.combine(since, FIRST) if since else None
    last = datetime.combine(until, LAST) if until else None
    return between(first, last, zone)


def between(first: datetime | None, last: datetime | None, zone: ZoneInfo) -> Q:
    """What happened `at` an instant of these minutes, both included; None is no bound. Of a minute
    that the clock shows twice, `first` is the earlier and `last` the later one."""
    condition = Q()
    if first:
        condition &= Q(at__gte=first.replace(tzinfo=zone))
    if last:
        end = last.replace(tzinfo=zone, fold=1).astimezone(UTC) + MINUTE
        condition &= Q(at__lt=end)
    return condition
