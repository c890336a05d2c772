"""The list of a person's tokens as its address describes it: search, filters, order and page."""

from collections.abc import Container
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import Self

from django.db.models import BooleanField, Case, Count, F, Q, Value, When
from django.db.models.functions import Coalesce, Lower
from django.http import QueryDict

from accounts.keyset import Key, Page, instant, page
from accounts.models import ApiToken, Environment, Status
from accounts.models.token_queryset import ApiTokenQuerySet
from accounts.models.token_status import EXPIRING_SOON
from accounts.tokens import searchable

PAGE_LENGTH = 50
SEARCH_LENGTH = 100
UNUSED = timedelta(days=90)
# "No expiration" is four years; whoever asks for such tokens means those that live very long.
VERY_LONG = timedelta(days=3 * 366)
NEVER = datetime(1970, 1, 1, tzinfo=UTC)

SORTS = {
    "newest": ("Newest first", Key("created_at", descending=True, read=instant)),
    "used": ("Last used first", Key("used_at", descending=True, read=instant)),
    "expires": ("Expiring first", Key("expires_at", read=instant)),
    "name": ("By name", Key("sort_name")),
}
DEAD_LAST = Key("is_dead", read=bool)
LAST = Key("id", descending=True, read=int)

CARDS = {
    "expiring": "expiring soon",
    "unused": "unused for 90 days",
    "never_used": "never used",
    "no_expiry": "without expiration",
}
# The other ends of both links, whose digests no page needs either.
LINKED = ("rotated_from", "successor")


def risks(now: datetime) -> dict[str, Q]:
    """What each card counts, among living tokens that were not rotated out."""
    living = Q(revoked_at=None, expires_at__gt=now, rotated_at=None)
    return {
        "expiring": living & Q(expires_at__lte=now + EXPIRING_SOON),
        "unused": living & Q(last_used_at__lte=now - UNUSED),
        "never_used": living & Q(last_used_at=None),
        "no_expiry": living & Q(expires_at__gt=F("created_at") + VERY_LONG),
    }


@dataclass(frozen=True, slots=True)
class Counts:
    """How many tokens there are, and how many of them each card has."""

    total: int
    risks: dict[str, int]

    @classmethod
    def of(cls, tokens: ApiTokenQuerySet, now: datetime) -> Self:
        """One query."""
        counted = {name: Count("pk", filter=condition) for name, condition in risks(now).items()}
        found: dict[str, int] = tokens.aggregate(total=Count("pk"), **counted)
        return cls(found.pop("total"), found)

    def cards(self) -> list[tuple[str, str, int]]:
        return [(name, label, self.risks[name]) for name, label in CARDS.items()]


def with_links(tokens: ApiTokenQuerySet) -> ApiTokenQuerySet:
    """The tokens together with those that they replace and are replaced by, without digests."""
    digests = [f"{link}__digest" for link in LINKED]
    return tokens.select_related(*LINKED).defer("digest", *digests)


@dataclass(frozen=True, slots=True)
class Review:
    """Unknown values count as not given: an old or a mangled address shows the whole list."""

    search: str = ""
    status: str = ""
    environment: str = ""
    risk: str = ""
    sort: str = "newest"
    after: str = ""
    before: str = ""

    @classmethod
    def read(cls, query: QueryDict) -> Self:
        return cls(
            search=searchable(query.get("q", "").replace("\x00", ""))[:SEARCH_LENGTH].strip(),
            status=one_of(query.get("status"), Status.values),
            environment=one_of(query.get("environment"), Environment.values),
            risk=one_of(query.get("risk"), CARDS),
            sort=one_of(query.get("sort"), SORTS) or "newest",
            after=query.get("after", ""),
            before=query.get("before", ""),
        )

    @property
    def filters(self) -> dict[str, str]:
        """Those given, by their names in an address."""
        named = {
            "q": self.search,
            "status": self.status,
            "environment": self.environment,
            "risk": self.risk,
        }
        return {name: value for name, value in named.items() if value}

    @property
    def address(self) -> dict[str, str]:
        """The parameters of the list's first page."""
        return self.filters | ({"sort": self.sort} if self.sort != "newest" else {})

    def tokens(self, tokens: ApiTokenQuerySet, now: datetime) -> ApiTokenQuerySet:
        if self.search:
            named = Q(name__icontains=self.search) | Q(identifier__icontains=self.search)
            tokens = tokens.filter(named)
        if self.status:
            tokens = tokens.having_status(Status(self.status), now)
        if self.environment:
            tokens = tokens.filter(environment=self.environment)
        if self.risk:
            tokens = tokens.filter(risks(now)[self.risk])
        return tokens

    def page(self, tokens: ApiTokenQuerySet, now: datetime) -> Page[ApiToken]:
        """Two queries, however many there are.

        One would join all of a person's tokens to their links, to show fifty.
        """
        rows = with_keys(self.tokens(tokens, now), now)
        found = page(rows, self.keys, after=self.after, before=self.before, length=PAGE_LENGTH)
        linked = with_links(tokens).in_bulk([token.pk for token in found.rows])
        return replace(found, rows=[linked[row.pk] for row in found.rows if row.pk in linked])

    @property
    def keys(self) -> tuple[Key, ...]:
        """Living tokens first, then by the chosen order."""
        return (DEAD_LAST, SORTS[self.sort][1], LAST)


def with_keys(tokens: ApiTokenQuerySet, now: datetime) -> ApiTokenQuerySet:
    """The tokens together with what any order goes by."""
    living = When(revoked_at=None, expires_at__gt=now, then=Value(False))
    return tokens.defer("digest").annotate(
        is_dead=Case(living, default=Value(True), output_field=BooleanField()),
        used_at=Coalesce("last_used_at", Value(NEVER)),
        sort_name=Lower("name"),
    )


def one_of(value: str | None, known: Container[str]) -> str:
    return value if value is not None and value in known else ""
