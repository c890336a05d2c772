"""The time zones of the world in an order in which people find theirs."""

import zoneinfo
from collections import defaultdict
from datetime import datetime
from functools import cache

REGIONS = frozenset(
    "Africa America Antarctica Arctic Asia Atlantic Australia Europe Indian Pacific".split()
)

type Choice = tuple[str, str]


def grouped_by_region(now: datetime, *, keep: str) -> list[tuple[str, list[Choice]]]:
    """Choices for a select: UTC, then each region with its places and their offsets at `now`.

    Zones without a place (GMT+3, EST5EDT) are left out, except `keep`: the one chosen so far.
    """
    regions: defaultdict[str, list[Choice]] = defaultdict(list)
    for zone in places():
        region, _, place = zone.key.partition("/")
        regions[region].append((zone.key, f"{readable(place)} ({offset(zone, now)})"))
    others = {"UTC", keep} - {zone.key for zone in places()}
    return [("Everywhere", [(key, key) for key in sorted(others)]), *regions.items()]


@cache
def places() -> tuple[zoneinfo.ZoneInfo, ...]:
    """Zones named after a place; kept, for each is a file to read."""
    keys = sorted(zoneinfo.available_timezones())
    return tuple(zoneinfo.ZoneInfo(key) for key in keys if key.partition("/")[0] in REGIONS)


def readable(place: str) -> str:
    """``Argentina/Buenos_Aires`` → ``Argentina, Buenos Aires``."""
    return place.replace("_", " ").replace("/", ", ")


def offset(zone: zoneinfo.ZoneInfo, now: datetime) -> str:
    """``UTC+05:30``: what the zone adds to UTC at `now`, daylight saving included."""
    return f"UTC{now.astimezone(zone).isoformat()[-6:]}"
