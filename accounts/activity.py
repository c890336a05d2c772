"""The account's log as its address describes it, and the same as CSV."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from typing import TYPE_CHECKING, Self
from zoneinfo import ZoneInfo

from django.http import QueryDict

from accounts import spreadsheet
from accounts.days import read_day, within
from accounts.keyset import Key, Page, every, instant, page
from accounts.models import Kind, TokenEvent
from accounts.tokens import IDENTIFIER_PATTERN

if TYPE_CHECKING:
    from django.db.models import QuerySet

PAGE_LENGTH = 50
CHUNK = 1_000  # rows of a CSV that are read at a time
KEYS = (Key("at", descending=True, read=instant), Key("id", descending=True, read=int))
COLUMNS = ("time", "event", "token", "name", "by", "way", "address", "agent", "detail")


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
    def filters(self) -> dict[str, str]:
        """Those given, by their names in an address."""
        since, until = (day.isoformat() if day else "" for day in (self.since, self.until))
        named = {"kind": self.kind, "token": self.token, "since": since, "until": until}
        return {name: value for name, value in named.items() if value}

    def events(self, events: "QuerySet[TokenEvent]") -> "QuerySet[TokenEvent]":
        if self.kind:
            events = events.filter(kind=self.kind)
        if self.token:
            events = events.filter(token__identifier=self.token)
        events = events.filter(within(self.since, self.until, self.zone))
        return events.select_related("token", "actor").defer("token__digest")

    def page(self, events: "QuerySet[TokenEvent]") -> Page[TokenEvent]:
        """One query."""
        rows = self.events(events)
        return page(rows, KEYS, after=self.after, before=self.before, length=PAGE_LENGTH)

    def csv_lines(self, events: "QuerySet[TokenEvent]") -> Iterator[str]:
        """Everything that the filters let through, newest first, line by line; times in UTC."""
        rows = every(self.events(events), KEYS, chunk=CHUNK)
        return spreadsheet.csv_lines(COLUMNS, map(cells, rows))


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
