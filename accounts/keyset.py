"""Pages that begin after a row instead of after a count.

They are as fast deep in the list as at its top, and nothing is shown twice or skipped when rows
come and go meanwhile.
"""

import base64
import binascii
import json
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from django.db.models import F, Model, Q, QuerySet
from django.db.models.expressions import Combinable


def text(value: Any) -> str:
    """Raises ValueError for what databases don't take: NUL and lone surrogates."""
    if not isinstance(value, str) or "\x00" in value:
        raise ValueError("not a text that could be stored")
    value.encode()
    return value


def instant(value: Any) -> datetime:
    """In UTC, for PostgreSQL reads no offset of 16 hours or more.

    Raises ValueError also near both ends of the calendar, where other zones have no time.
    """
    moment = datetime.fromisoformat(value)
    if moment.tzinfo is None or not 1900 <= moment.year <= 9990:
        raise ValueError("not an instant that could be stored")
    return moment.astimezone(UTC)


@dataclass(frozen=True, slots=True)
class Key:
    """One part of an order: an annotation or field that is never null, and how to read it back."""

    name: str
    descending: bool = False
    read: Callable[[Any], Any] = text

    def ordering(self, *, backwards: bool) -> Combinable:
        return F(self.name).desc() if self.descending != backwards else F(self.name).asc()

    def beyond(self, value: Any, *, backwards: bool) -> Q:
        lookup = "lt" if self.descending != backwards else "gt"
        return Q(**{f"{self.name}__{lookup}": value})

    def bound(self, value: Any, *, backwards: bool) -> Q:
        lookup = "lte" if self.descending != backwards else "gte"
        return Q(**{f"{self.name}__{lookup}": value})


@dataclass(frozen=True, slots=True)
class Page[Row: Model]:
    """`previous` and `next` are cursors for the pages beside this one; "" where there is none."""

    rows: Sequence[Row]
    previous: str
    next: str


def page[Row: Model](
    rows: "QuerySet[Row]",
    keys: Sequence[Key],
    *,
    after: str = "",
    before: str = "",
    length: int,
    fetch: "Callable[[QuerySet[Row]], list[Row]]" = list,
) -> Page[Row]:
    """The page after or before a cursor, the first without one; one query.

    The last key must be unique. A cursor that can't be read counts as none: the list begins anew.
    `fetch` asks the database for an ordered queryset with a limit.
    """
    backwards = bool(before)
    cursor = read_cursor(before or after, keys)
    backwards = backwards and cursor is not None
    ordered = rows.order_by(*(key.ordering(backwards=backwards) for key in keys))
    if cursor is not None:
        ordered = ordered.filter(beyond(cursor, keys, backwards=backwards))
    found = fetch(ordered[: length + 1])
    more, found = len(found) > length, found[:length]
    if backwards:
        found.reverse()
    has_previous = more if backwards else cursor is not None
    has_next = True if backwards else more
    return Page(
        found,
        cursor_at(found[0], keys) if found and has_previous else "",
        cursor_at(found[-1], keys) if found and has_next else "",
    )


def every[Row: Model](rows: "QuerySet[Row]", keys: Sequence[Key], *, chunk: int) -> "Iterator[Row]":
    """All of the rows, so many at a time, each in a short query of its own: who reads them slowly
    keeps neither a transaction nor a cursor, and poolers have nothing to lose."""
    after = ""
    while True:
        found = page(rows, keys, after=after, length=chunk)
        yield from found.rows
        after = found.next
        if not after:
            return


def beyond(values: Sequence[Any], keys: Sequence[Key], *, backwards: bool) -> Q:
    """(a, b, c) beyond (x, y, z), spelled out, since the directions may differ.

    The first key's own bound says nothing new, but an index can begin there.
    """
    condition, same = Q(pk__in=[]), Q()
    for key, value in zip(keys, values, strict=True):
        condition |= same & key.beyond(value, backwards=backwards)
        same &= Q(**{key.name: value})
    return keys[0].bound(values[0], backwards=backwards) & condition


def cursor_at(row: Model, keys: Sequence[Key]) -> str:
    values = [getattr(row, key.name) for key in keys]
    plain = [value.isoformat() if isinstance(value, datetime) else value for value in values]
    return base64.urlsafe_b64encode(json.dumps(plain).encode()).decode().rstrip("=")


def read_cursor(cursor: str, keys: Sequence[Key]) -> list[Any] | None:
    if not cursor:
        return None
    try:
        padded = cursor.encode("ascii") + b"=" * (-len(cursor) % 4)
        values = json.loads(base64.urlsafe_b64decode(padded))
        return [key.read(value) for key, value in zip(keys, values, strict=True)]
    except (ValueError, TypeError, OverflowError, binascii.Error, RecursionError):
        return None
