"""What calls leave on the token's own row: its last use, and attempts made after its end."""

from collections.abc import Iterable
from dataclasses import dataclass
from itertools import batched
from typing import TYPE_CHECKING, Self

from django.db import connection, transaction
from django.db.models import F

from accounts import alerts
from accounts.origin import printable
from accounts.usage.calls import Call
from meetzy_tokens import database

if TYPE_CHECKING:
    from accounts.models import ApiToken

# Rows locked at once: few enough that nobody waits for them noticeably.
ROWS = 500


@dataclass(slots=True)
class Marks:
    use: Call | None = None
    attempts: int = 0
    last_attempt: Call | None = None

    def add(self, call: Call) -> None:
        if call.is_use:
            self.use = later(self.use, call)
        elif call.met_a_dead_token:
            self.attempts += 1
            self.last_attempt = later(self.last_attempt, call)

    def merge(self, other: Self) -> None:
        self.attempts += other.attempts
        self.use = later(self.use, other.use)
        self.last_attempt = later(self.last_attempt, other.last_attempt)


def later(one: Call | None, other: Call | None) -> Call | None:
    if one is None or other is None:
        return one or other
    return max(one, other, key=lambda call: call.at)


def gather(calls: Iterable[Call]) -> dict[int, Marks]:
    marks: dict[int, Marks] = {}
    for call in calls:
        if call.is_use or call.met_a_dead_token:
            marks.setdefault(call.token_id, Marks()).add(call)
    return marks


def leave(marks: dict[int, Marks]) -> None:
    """Write the marks and take from `marks` what is written; a use never sets an earlier one.

    Those stay whose rows someone else holds right now: who waits for one row while holding others
    can deadlock, so they wait for the next time instead. Raises django.db.Error, and then what was
    written before is gone from `marks`, so that no attempt counts twice.
    """
    for ids in batched(sorted(marks), ROWS):
        held = leave_on_rows({pk: marks[pk] for pk in ids})
        for pk in set(ids) - held:
            del marks[pk]


def leave_on_rows(marks: dict[int, Marks]) -> set[int]:
    """The ids of the rows that someone else holds."""
    from accounts.models import ApiToken

    rows = ApiToken.objects.filter(pk__in=marks).order_by("pk")
    with transaction.atomic():
        lock = rows.select_for_update(skip_locked=True, no_key=True)
        free = list(lock.values_list("pk", flat=True))
        touch_used([use for pk in free if (use := marks[pk].use)])
        dead = [pk for pk in free if marks[pk].attempts]
        for token in rows.filter(pk__in=dead).defer("digest"):
            count_attempts(token, marks[token.pk])
    held = marks.keys() - set(free)
    if held:  # or deleted meanwhile
        held &= set(rows.filter(pk__in=held).values_list("pk", flat=True))
    return held


def touch_used(uses: list[Call]) -> None:
    from accounts.models import ApiToken

    instant = connection.ops.adapt_datetimefield_value
    with database.cursor() as cursor:
        cursor.executemany(
            f"UPDATE {ApiToken._meta.db_table} "  # noqa: S608
            "SET last_used_at = %s, last_used_ip = %s, last_used_agent = %s "
            "WHERE id = %s AND (last_used_at IS NULL OR last_used_at < %s)",
            [
                (instant(use.at), use.address, printable(use.agent), use.token_id, instant(use.at))
                for use in uses
            ],
        )


def count_attempts(token: "ApiToken", marks: Marks) -> None:
    from accounts.models import ApiToken

    if marks.last_attempt is None:
        return
    if token.rotated_at and not token.revoked_at:
        alerts.rotated_token_was_reused(token, marks.last_attempt)
    latest = {}
    if token.refused_at is None or token.refused_at <= marks.last_attempt.at:
        latest = {
            "refused_at": marks.last_attempt.at,
            "refused_ip": marks.last_attempt.address,
            "refused_agent": printable(marks.last_attempt.agent),
        }
    counted = F("refused_count") + marks.attempts
    ApiToken.objects.filter(pk=token.pk).update(refused_count=counted, **latest)
