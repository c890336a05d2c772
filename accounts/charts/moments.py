"""Hours, days and months in words. Each `start` is in the person's own time zone."""

from datetime import UTC, datetime, timedelta
from typing import Literal, NamedTuple

type View = Literal["hour", "day", "month"]


class Label(NamedTuple):
    """Under a bar. A minor one is left out where there is little room."""

    text: str
    minor: bool = False


def label(start: datetime, view: View) -> Label | None:
    """What stands under the bar that begins at `start`; None under most."""
    if view == "hour":
        if start.hour % 6:
            return None
        return Label(day(start) if start.hour == 0 else f"{start:%H:%M}", start.hour in {6, 18})
    if view == "day":
        return None if start.weekday() else Label(day(start), start.isocalendar().week % 2 == 1)
    if start.month == 1:
        return Label(f"{start:%Y}")
    return Label(f"{start:%b}", start.month % 3 != 1)


def name(start: datetime, view: View) -> str:
    """`Tue 24 Nov, 14:00 to 15:00`, `Tuesday 24 November 2026`, `November 2026`."""
    if view == "hour":
        end = (start.astimezone(UTC) + timedelta(hours=1)).astimezone(start.tzinfo)
        return f"{start:%a} {day(start)}, {start:%H:%M} to {end:%H:%M}"
    if view == "day":
        return f"{start:%A} {start.day} {start:%B %Y}"
    return f"{start:%B %Y}"


def day(start: datetime) -> str:
    return f"{start.day} {start:%b}"
