"""The list of a person's tokens as its address describes it: search, filters, order and page."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Self

from django.db.models import BooleanField, Case, Count, F, Q, Value, When
from django.db.models.functions import Coalesce, Lower
from django.http import QueryDict

from accounts.keyset import Key, Page, instant, page
from accounts.models import ApiToken, Environment, Status
from accounts.models.token_queryset import ApiTokenQuerySet
from accounts.models.token_status import EXPIRING_SOON
from accounts.tokens import redact

PAGE_LENGTH = 50
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


def risks(now: datetime) -> dict[str, Q]:
    """What each card counts, among living tokens that were not rotated out."""
    living = Q(revoked_at=None, expires_at__gt=now, rotated_at=None)
    return {
        "expiring": living & Q(expires_at__lte=now + EXPIRING_SOON),
        "unused": living & Q(last_used_at__lte=now - UNUSED),
        "never_used": living & Q(last_used_at=None),
        "no_expiry": living & Q(expires_at__gt=F("created_at") + VERY_LONG),
    }


def count_risks(tokens: ApiTokenQuerySet, now: datetime) -> dict[str, int]:
    """How many tokens each card has, in one query."""
    return tokens.aggregate(
        **{name: Count("pk", filter=condition) for name, condition in risks(now).items()}
    )


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
            search=redact(query.get("q", "").replace("\x00", "").strip())[:100],
            status=one_of(query.get("status"), Status.values),
            environment=one_of(query.get("environment"), Environment.values),
            risk=one_of(query.get("risk"), CARDS),
            sort=one_of(query.get("sort"), SORTS) or "newest",
            after=query.get("after", ""),
            before=query.get("before", ""),
        )

    @property
    def is_filtered(self) -> bool:
        return bool(self.search or self.status or self.environment or self.risk)

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
        """Living tokens first, then by the chosen order; one query."""
        living = When(revoked_at=None, expires_at__gt=now, then=Value(False))
        rows = (
            self.tokens(tokens, now)
            .defer("digest")
            .annotate(
                is_dead=Case(living, default=Value(True), output_field=BooleanField()),
                used_at=Coalesce("last_used_at", Value(NEVER)),
                sort_name=Lower("name"),
            )
        )
        keys = (DEAD_LAST, SORTS[self.sort][1], LAST)
        return page(rows, keys, after=self.after, before=self.before, length=PAGE_LENGTH)


def one_of(value: str | None, known: object) -> str:
    return value if value is not None and value in known else ""  # type: ignore[operator]
