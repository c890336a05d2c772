"""The request log as an address describes it, a page at a time and as CSV."""

import re
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from itertools import batched, islice
from typing import TYPE_CHECKING, Self
from zoneinfo import ZoneInfo

from django.db import connection
from django.db.models import Q
from django.http import QueryDict

from accounts.addresses import normalise
from accounts.days import read_day, within
from accounts.keyset import Key, Page, instant, page, text
from accounts.models import LoggedCall
from accounts.models.usage import FAILED
from accounts.spreadsheet import csv_lines
from accounts.usage.calls import REFUSALS, Outcome

if TYPE_CHECKING:
    from django.db.models import QuerySet

PAGE_LENGTH = 50
# Rows of a CSV that are read at a time: each in a short query of its own, so that a slow reader
# keeps neither a transaction nor a partition.
CHUNK = 2_000
# The most rows of a CSV; spreadsheets take 1,048,576.
LONGEST = 1_000_000
# Of 500 that SQLite puts together.
MOST_PARTS = 400
CODE = re.compile("[a-z_]{1,32}")
KEYS = (Key("at", descending=True, read=instant), Key("request_id", descending=True, read=text))
COLUMNS = (
    "time",
    "token",
    "method",
    "path",
    "status",
    "code",
    "milliseconds",
    "address",
    "agent",
    "request_id",
)
OUTCOMES = {
    Outcome.OK: Q(status__lt=400),
    Outcome.CLIENT_ERROR: Q(status__gte=400, status__lt=500) & ~Q(status__in=(*REFUSALS, 429)),
    Outcome.REFUSED: Q(status__in=REFUSALS),
    Outcome.LIMITED: Q(status=429),
    Outcome.SERVER_ERROR: Q(status__gte=500),
}


@dataclass(frozen=True, slots=True)
class CallFilters:
    """Unknown values count as not given. Days are whole ones in `zone`, both included."""

    zone: ZoneInfo
    outcome: str = ""
    code: str = ""
    address: str = ""
    since: date | None = None
    until: date | None = None
    after: str = ""
    before: str = ""

    @classmethod
    def read(cls, query: QueryDict, zone: ZoneInfo) -> Self:
        outcome, code = query.get("outcome", ""), query.get("code", "")
        return cls(
            zone,
            outcome=outcome if outcome in set(Outcome) else "",
            code=code if CODE.fullmatch(code) else "",
            address=normalise(query.get("address", "")),
            since=read_day(query.get("since", "")),
            until=read_day(query.get("until", "")),
            after=query.get("after", ""),
            before=query.get("before", ""),
        )

    @property
    def is_filtered(self) -> bool:
        return bool(self.outcome or self.code or self.address or self.since or self.until)

    def calls(self, token_ids: Collection[int]) -> "QuerySet[LoggedCall]":
        calls = LoggedCall.objects.filter(token_id__in=token_ids)
        if self.outcome:
            calls = calls.filter(OUTCOMES[Outcome(self.outcome)])
        if connection.vendor == "sqlite":
            calls = calls.filter(self._what_indexes_say())
        if self.code:
            calls = calls.filter(code=self.code)
        if self.address:
            calls = calls.filter(address=self.address)
        return calls.filter(within(self.since, self.until, self.zone))

    def _what_indexes_say(self) -> Q:
        """SQLite uses an index of some rows only for a query that says of which. PostgreSQL infers
        it, and would take what is said twice for something rarer."""
        condition = Q()
        if self.outcome not in {"", Outcome.OK}:
            condition &= Q(status__gte=FAILED)
        if self.code:
            condition &= Q(code__gt="")
        return condition

    def parts(self, token_ids: Collection[int]) -> "list[QuerySet[LoggedCall]]":
        """The calls, split where that saves work: SQLite would sort all calls of several tokens for
        the newest of them, which it finds in each token's index at once."""
        if connection.vendor != "sqlite" or len(token_ids) < 2:
            return [self.calls(token_ids)]
        some = batched(token_ids, -(-len(token_ids) // MOST_PARTS))
        return [self.calls(ids) for ids in some]


def log_page(
    token_ids: Collection[int], filters: CallFilters, *, length: int = PAGE_LENGTH
) -> Page[LoggedCall]:
    """Newest first; one query."""
    calls = filters.parts(token_ids)
    return page(calls, KEYS, after=filters.after, before=filters.before, length=length)


def log_csv(identifiers: Mapping[int, str], filters: CallFilters) -> Iterator[str]:
    """The calls of the tokens (by their row's id) that the filters let through, newest first, line
    by line, a million at most."""
    rows = islice(every_call(filters.parts(identifiers)), LONGEST)
    return csv_lines(COLUMNS, (cells(call, identifiers[call.token_id]) for call in rows))


def every_call(calls: "list[QuerySet[LoggedCall]]") -> Iterator[LoggedCall]:
    after = ""
    while True:
        found = page(calls, KEYS, after=after, length=CHUNK)
        yield from found.rows
        after = found.next
        if not after:
            return


def cells(call: LoggedCall, identifier: str) -> tuple[str, ...]:
    return (
        call.at.isoformat(timespec="milliseconds"),
        identifier,
        call.method,
        call.path,
        str(call.status),
        call.code,
        f"{call.milliseconds:.1f}",
        call.address,
        call.agent,
        call.request_id,
    )
