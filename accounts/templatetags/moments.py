"""Instants as people read them: relative or short, with the exact one on hover and for programs.

Every tag writes `<time datetime="…" title="3 September 2026, 14:05 CEST">…</time>` in the time zone
that is active, which TimeZoneMiddleware sets to the signed-in person's.
"""

from datetime import datetime, timedelta

from django import template
from django.utils import timezone
from django.utils.dateformat import format as format_date
from django.utils.html import format_html
from django.utils.safestring import SafeString

register = template.Library()

MINUTE = timedelta(minutes=1)
HOUR = timedelta(hours=1)
DAY = timedelta(days=1)
MONTH = timedelta(days=30.44)
YEAR = timedelta(days=365.25)

# Up to which distance which unit is clearest, and how a number of them reads.
UNITS = (
    (HOUR, MINUTE, "{} min", "{} min"),
    (2 * DAY, HOUR, "{} h", "{} h"),
    (120 * DAY, DAY, "{} day", "{} days"),
    (2 * YEAR, MONTH, "{} month", "{} months"),
    (timedelta.max, YEAR, "{} year", "{} years"),
)


@register.simple_tag
def ago(moment: datetime) -> SafeString:
    """`just now`, `2 min ago`, `5 days ago`; `3 Sep` when it is more than 30 days ago."""
    age = timezone.now() - moment
    if age < MINUTE:
        return time_element(moment, "just now")
    if age > 30 * DAY:
        return day(moment)
    return time_element(moment, f"{span(age)} ago")


@register.simple_tag
def until(moment: datetime) -> SafeString:
    """`in 41 days`, `in 4 years`; `3 days ago` when it has passed."""
    left = moment - timezone.now()
    if left <= timedelta(0):
        return ago(moment)
    return time_element(moment, f"in {span(left)}" if left >= MINUTE else "in under a minute")


@register.simple_tag
def day(moment: datetime) -> SafeString:
    """`3 Sep`, with the year when it is another one than now."""
    this_year = timezone.localtime(moment).year == timezone.localtime().year
    return time_element(moment, written(moment, "j M" if this_year else "j M Y"))


@register.simple_tag
def full_day(moment: datetime) -> SafeString:
    """`3 Sep 2026`."""
    return time_element(moment, written(moment, "j M Y"))


@register.simple_tag
def exact(moment: datetime) -> SafeString:
    """`3 September 2026, 14:05 CEST`."""
    return format_html('<time datetime="{}">{}</time>', moment.isoformat(), in_full(moment))


@register.simple_tag
def second(moment: datetime) -> SafeString:
    """`14:05:09`, with the day when it is another one than today."""
    is_today = timezone.localdate(moment) == timezone.localdate()
    return time_element(moment, written(moment, "H:i:s" if is_today else "j M, H:i:s"))


def span(length: timedelta) -> str:
    """A length of a minute or more in its clearest unit, to the nearest whole one."""
    unit, singular, plural = next(unit[1:] for unit in UNITS if length < unit[0])
    count = max(1, round(length / unit))
    return (singular if count == 1 else plural).format(count)


def time_element(moment: datetime, text: str) -> SafeString:
    return format_html(
        '<time datetime="{}" title="{}">{}</time>', moment.isoformat(), in_full(moment), text
    )


def in_full(moment: datetime) -> str:
    return written(moment, "j F Y, H:i T")


def written(moment: datetime, style: str) -> str:
    return format_date(timezone.localtime(moment), style)
