"""The request log as an address describes it, a page at a time and as CSV."""

import json
import re
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from heapq import merge
from itertools import islice
from typing import TYPE_CHECKING, Any, Self, cast
from zoneinfo import ZoneInfo

from django.db import connection
from django.db.models import BigIntegerField, Q
from django.db.models.expressions import RawSQL
from django.http import QueryDict

from accounts.addresses import normalise
from accounts.days import FIRST, LAST, between, read_minute
from accounts.keyset import Key, Page, every, instant, page, text
from accounts.models import LoggedCall
from accounts.models.usage import FAILED
from accounts.spreadsheet import csv_lines
from accounts.usage.calls import REFUSALS, Outcome

if TYPE_CHECKING:
    from django.db.models import QuerySet

PAGE_LENGTH = 50
CHUNK = 2_000  # rows of a CSV that are read at a time
# Rows that wait in memory to be put in order, unless there are thousands of tokens.
MOST_WAITING = 20_000
SMALLEST_CHUNK = 10  # of one token among those
# The most rows of a CSV; spreadsheets take 1,048,576.
LONGEST = 1_000_000
# Stands for one token in a query that is asked of each.
EACH = RawSQL("each.id", (), output_field=BigIntegerField())
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
    """Unknown values count as not given. Minutes are of the clock in `zone`, both included."""

    zone: ZoneInfo
    outcome: str = ""
    code: str = ""
    address: str = ""
    since: datetime | None = None
    until: datetime | None = None
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
            since=read_minute(query.get("since", ""), of_day=FIRST),
            until=read_minute(query.get("until", ""), of_day=LAST),
            after=query.get("after", ""),
            before=query.get("before", ""),
        )

    @property
    def is_filtered(self) -> bool:
        return bool(self.outcome or self.code or self.address or self.since or self.until)

    def calls(self, token_ids: Collection[int]) -> "QuerySet[LoggedCall]":
        return self._filtered(LoggedCall.objects.filter(token_id__in=token_ids))

    def calls_of_each(self) -> "QuerySet[LoggedCall]":
        """For ``newest_of_each``."""
        return self._filtered(LoggedCall.objects.filter(token_id=EACH))

    def _filtered(self, calls: "QuerySet[LoggedCall]") -> "QuerySet[LoggedCall]":
        if self.outcome:
            calls = calls.filter(OUTCOMES[Outcome(self.outcome)])
        if connection.vendor == "sqlite":
            calls = calls.filter(self._what_indexes_say())
        if self.code:
            calls = calls.filter(code=self.code)
        if self.address:
            calls = calls.filter(address=self.address)
        return calls.filter(between(self.since, self.until, self.zone))

    def _what_indexes_say(self) -> Q:
        """SQLite uses an index of some rows only for a query that says of which. PostgreSQL infers
        it, and would take what is said twice for something rarer."""
        condition = Q()
        if self.outcome not in {"", Outcome.OK}:
            condition &= Q(status__gte=FAILED)
        if self.code:
            condition &= Q(code__gt="")
        return condition


def log_page(
    token_ids: Collection[int],
    filters: CallFilters,
    *,
    length: int = PAGE_LENGTH,
    since: datetime | None = None,
) -> Page[LoggedCall]:
    """Newest first, none from before the instant `since`; one query."""
    where: dict[str, Any] = {"after": filters.after, "before": filters.before, "length": length}
    recent = Q(at__gte=since) if since else Q()
    if len(token_ids) < 2:
        return page(filters.calls(token_ids).filter(recent), KEYS, **where)
    fetch = partial(newest_of_each, token_ids)
    return page(filters.calls_of_each().filter(recent), KEYS, **where, fetch=fetch)


def newest_of_each(token_ids: Collection[int], calls: "QuerySet[LoggedCall]") -> list[LoggedCall]:
    """An ordered and limited query about EACH token, asked of all of them; one query.

    Each token's newest calls are at one end of an index. Asked for those of several tokens at once,
    SQLite sorts all their calls, and PostgreSQL reads the log backwards until it has found enough:
    for tokens that are never used, the whole log.
    """
    ids: Any = [int(token_id) for token_id in token_ids]
    if connection.vendor == "postgresql":
        sql, parameters = calls.query.sql_with_params()
        source = f"unnest(%s::bigint[]) each (id) CROSS JOIN LATERAL ({sql}) newest"
    else:
        # It joins no query to each row, but finds what such a query names.
        sql, parameters = calls.values("at", "request_id").query.sql_with_params()
        source = (
            "(SELECT value AS id FROM json_each(%s)) each "  # noqa: S608
            f"CROSS JOIN {LoggedCall._meta.db_table} newest "
            f"ON (newest.at, newest.request_id) IN ({sql})"
        )
        ids = json.dumps(ids)
    order = ", ".join(
        f"newest.{key.expression.name} {'DESC' if key.descending else 'ASC'}"
        for key in cast("Any", calls.query.order_by)
    )
    limit = calls.query.high_mark
    whole = f"SELECT newest.* FROM {source} ORDER BY {order} LIMIT {limit}"  # noqa: S608
    return list(calls.raw(whole, [ids, *parameters]))


def log_csv(identifiers: Mapping[int, str], filters: CallFilters) -> Iterator[str]:
    """The calls of the tokens (by their row's id) that the filters let through, newest first, line
    by line, a million at most."""
    rows = islice(every_call(identifiers, filters), LONGEST)
    return csv_lines(COLUMNS, (cells(call, identifiers[call.token_id]) for call in rows))


def every_call(token_ids: Collection[int], filters: CallFilters) -> Iterator[LoggedCall]:
    """Each token's calls are read by themselves, each once, and put in order on the way."""
    chunk = min(CHUNK, max(MOST_WAITING // max(len(token_ids), 1), SMALLEST_CHUNK))
    each = (every(filters.calls([token_id]), KEYS, chunk=chunk) for token_id in token_ids)
    return merge(*each, key=lambda call: (call.at, call.request_id), reverse=True)


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
