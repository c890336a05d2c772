"""Reminders before tokens end: 30, 7 and 1 days ahead and on the day, in the owner's time zone.

Safe to run as often and from as many hosts as one likes. A run that comes late sends what is due
now, not what it missed.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import groupby
from zoneinfo import ZoneInfo

from django.db import transaction
from django.db.models import Q

from accounts import mail
from accounts.models import ApiToken, Kind, Reminder, TokenEvent, TokenPolicy, User

THRESHOLDS = (0, 1, 7, 30)
UNUSED_NOTICE = timedelta(days=7)


@dataclass(frozen=True, slots=True)
class Due:
    """`days` until the token ends, or until it is revoked for not being used."""

    token: ApiToken
    key: str
    days: int
    unused: bool = False


def send_due(now: datetime) -> int:
    """Mail every person whose tokens are due at `now`; how many mails went out.

    One person's failing address does not keep others from their mail; it is tried again next time.
    """
    policy = TokenPolicy.current()
    sent = 0
    for owner, tokens in groupby(candidates(now, policy), key=lambda token: token.owner):
        due = [item for token in tokens for item in due_for(token, policy, now)]
        sent += bool(due) and remind(owner, due, now)
    return sent


def candidates(now: datetime, policy: TokenPolicy) -> Iterable[ApiToken]:
    ending = Q(expires_at__range=(now - timedelta(days=1), now + timedelta(days=32)))
    if policy.unused_days is not None:
        ending |= Q(expires_at__gt=now)
    return (
        ApiToken.objects.filter(ending, revoked_at=None, rotated_at=None)
        .filter(owner__is_active=True)
        .select_related("owner")
        .order_by("owner_id", "expires_at", "pk")
        .iterator(chunk_size=500)
    )


def due_for(token: ApiToken, policy: TokenPolicy, now: datetime) -> list[Due]:
    due = [due_to_expiry(token, now) if token.owner.expiry_reminders else None]
    due.append(due_to_disuse(token, policy, now))
    return [item for item in due if item is not None]


def due_to_expiry(token: ApiToken, now: datetime) -> Due | None:
    days = days_between(now, token.expires_at, token.owner.zone)
    threshold = next((t for t in THRESHOLDS if 0 <= days <= t), None)
    # "Ends in 30 days" on the day a 30-day token is made tells nobody anything.
    life = days_between(token.created_at, token.expires_at, token.owner.zone)
    if threshold is None or life <= threshold:
        return None
    return Due(token, f"expires:{threshold}", days)


def due_to_disuse(token: ApiToken, policy: TokenPolicy, now: datetime) -> Due | None:
    """A notice that no switch turns off: without it, the token may not be revoked."""
    limit = policy.unused_until(token)
    if limit is None or now >= token.expires_at or now < limit - UNUSED_NOTICE:
        return None
    days = days_between(now, max(limit, now + UNUSED_NOTICE), token.owner.zone)
    return Due(token, unused_key(token), days, unused=True)


def unused_key(token: ApiToken) -> str:
    """Names one spell of disuse: after another use there is another notice."""
    return f"unused:{token.idle_since:%Y-%m-%dT%H:%M:%S}"


def revocable(policy: TokenPolicy, now: datetime) -> list[ApiToken]:
    """Living tokens beyond the policy's days of disuse whose owners were told a week ago."""
    told = Reminder.objects.filter(
        key__startswith="unused:",
        sent_at__lte=now - UNUSED_NOTICE,
        token__in=ApiToken.objects.living(now),
    )
    return [
        reminder.token
        for reminder in told.select_related("token")
        if reminder.key == unused_key(reminder.token)
        and (policy.unused_until(reminder.token) or now) <= now
    ]


def days_between(start: datetime, end: datetime, zone: ZoneInfo) -> int:
    """Midnights between two instants as the person's calendar counts them, DST or not."""
    return (end.astimezone(zone).date() - start.astimezone(zone).date()).days


def remind(owner: User, due: list[Due], now: datetime) -> bool:
    claimed = claim(owner, due, now)
    if not claimed:
        return False
    try:
        mail.send("expiry_reminder", owner, switch="expiry_reminders", due=list(claimed.values()))
    except Exception:
        mail.logger.exception("a reminder could not be sent; the next run tries again")
        Reminder.objects.filter(pk__in=claimed).delete()
        return False
    with transaction.atomic():
        Reminder.objects.filter(pk__in=claimed).update(sent_at=now)
        for item in claimed.values():
            TokenEvent.objects.record(Kind.REMINDED, [item.token], detail=reason_of(item), at=now)
    return True


def claim(owner: User, due: list[Due], now: datetime) -> dict[int, Due]:
    """Those of `due` that are ours to mail, by the id of their reminder.

    The owner's row is locked meanwhile, so that one host takes all of a person's and one mail lists
    them all.
    """
    claimed: dict[int, Due] = {}
    with transaction.atomic():
        User.objects.select_for_update(no_key=True).get(pk=owner.pk)
        for item in due:
            reminder = Reminder.objects.claim(item.token, item.key, now)
            if reminder is not None:
                claimed[reminder.pk] = item
    return claimed


def reason_of(item: Due) -> str:
    when = {0: "today", 1: "tomorrow"}.get(item.days, f"in {item.days} days")
    return f"Unused: will be revoked {when}" if item.unused else f"Expires {when}"
