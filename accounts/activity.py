"""The account's log as its address describes it, and the same as CSV."""

import csv
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from typing import TYPE_CHECKING, Self
from zoneinfo import ZoneInfo

from django.http import QueryDict

from accounts.keyset import Key, Page, instant, page
from accounts.models import Kind, TokenEvent
from accounts.tokens import IDENTIFIER_PATTERN

if TYPE_CHECKING:
    from django.db.models import QuerySet

PAGE_LENGTH = 50
KEYS = (Key("at", descending=True, read=instant), Key("id", descending=True, read=int))
COLUMNS = ("time", "event", "token", "name", "by", "way", "address", "agent", "detail")
# What a spreadsheet takes for a formula when a cell begins with it (OWASP, "CSV Injection").
FORMULA = ("=", "+", "-", "@", "\t", "\r")


@dataclass(frozen=True, slots=True)
class Activity:
    """Unknown values count as not given. Days are whole ones in `zone`, both included."""

    zone: ZoneInfo
    kind: str = ""
    token: str = ""
    since: date | None = None
    until: date | None = None
    after: str = ""
    before: str = ""

    @classmethod
    def read(cls, query: QueryDict, zone: ZoneInfo) -> Self:
        kind, token = query.get("kind", ""), query.get("token", "")
        return cls(
            zone,
            kind=kind if kind in Kind.values else "",
            token=token if IDENTIFIER_PATTERN.fullmatch(token) else "",
            since=read_day(query.get("since", "")),
            until=read_day(query.get("until", "")),
            after=query.get("after", ""),
            before=query.get("before", ""),
        )

    @property
    def is_filtered(self) -> bool:
        return bool(self.kind or self.token or self.since or self.until)

    def events(self, events: "QuerySet[TokenEvent]") -> "QuerySet[TokenEvent]":
        if self.kind:
            events = events.filter(kind=self.kind)
        if self.token:
            events = events.filter(token__identifier=self.token)
        if self.since:
            events = events.filter(at__gte=self._midnight(self.since))
        if self.until:
            events = events.filter(at__lt=self._midnight(self.until + timedelta(days=1)))
        return events.select_related("token", "actor").defer("token__digest")

    def page(self, events: "QuerySet[TokenEvent]") -> Page[TokenEvent]:
        """One query."""
        rows = self.events(events)
        return page(rows, KEYS, after=self.after, before=self.before, length=PAGE_LENGTH)

    def _midnight(self, day: date) -> datetime:
        return datetime.combine(day, time.min, self.zone)


def read_day(text: str) -> date | None:
    try:
        day = date.fromisoformat(text)
    except ValueError:
        return None
    # Beyond these no zone's midnight can be reckoned.
    return day if date(1900, 1, 1) <= day <= date(9990, 1, 1) else None


class Echo:
    """What the csv module writes to when each line is wanted by itself."""

    def write(self, line: str) -> str:
        return line


def csv_lines(events: Iterable[TokenEvent]) -> Iterator[str]:
    """RFC 4180, times in UTC, cells that a spreadsheet would run made into text."""
    writer = csv.writer(Echo())
    yield writer.writerow(COLUMNS)
    for event in events:
        yield writer.writerow([as_text(cell) for cell in cells(event)])


def cells(event: TokenEvent) -> tuple[str, ...]:
    return (
        event.at.isoformat(timespec="seconds"),
        event.get_kind_display(),
        event.token.identifier,
        event.token.name,
        event.who,
        event.get_way_display(),
        event.address or "",
        event.agent,
        event.detail,
    )


def as_text(cell: str) -> str:
    """A leading apostrophe makes it text; it is what spreadsheets themselves write."""
    return f"'{cell}" if cell.startswith(FORMULA) else cell
