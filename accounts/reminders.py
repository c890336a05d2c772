"""Reminders before tokens end: 30, 7 and 1 days ahead and on the day, in the owner's time zone.

Safe to run as often and from as many hosts as one likes: each reminder is claimed in the database
before its mail goes out. A run that comes late sends what is due now, not what it missed. A host
that dies after the mail server took a mail and before it could note that sends it once more.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import NamedTuple
from zoneinfo import ZoneInfo

from django.db import transaction
from django.utils import timezone

from accounts import mail
from accounts.models import ApiToken, Kind, Reminder, TokenEvent, TokenPolicy, User
from accounts.models.token_queryset import ApiTokenQuerySet

THRESHOLDS = (0, 1, 7, 30)
# No calendar counts 30 days where more than this is left.
EARLIEST = timedelta(days=32)
UNUSED_NOTICE = timedelta(days=7)
# A mail server that fails so often in a row is down: the next run tries again.
GIVE_UP_AFTER = 5


@dataclass(frozen=True, slots=True)
class Due:
    """`days` until the token ends, or until it is revoked for not being used."""

    token: ApiToken
    key: str
    days: int
    unused: bool = False


class Run(NamedTuple):
    """Mails that went out, and those that did not."""

    sent: int = 0
    failed: int = 0


def send_due() -> Run:
    """Mail every person whose tokens are due.

    One person's failing address does not keep others from their mail; it is tried again next time.
    """
    policy = TokenPolicy.current()
    sent = failed = in_a_row = 0
    # Everybody's ids first: a result kept open would lock SQLite out of writing beside others.
    for owner_id in owners_of_candidates(policy, timezone.now()):
        # The clock is read anew: a claim must not look lost because a long run began long ago.
        went_out = remind(owner_id, policy, timezone.now())
        if went_out is None:
            continue
        sent, failed = sent + went_out, failed + (not went_out)
        in_a_row = 0 if went_out else in_a_row + 1
        if in_a_row == GIVE_UP_AFTER:
            break
    return Run(sent, failed)


def owners_of_candidates(policy: TokenPolicy, now: datetime) -> list[int]:
    owners = candidates(policy, now).order_by("owner_id").values_list("owner_id", flat=True)
    return list(owners.distinct())


def candidates(policy: TokenPolicy, now: datetime) -> ApiTokenQuerySet:
    """Living tokens that may be due, of people who are not switched off."""
    living = ApiToken.objects.living(now).filter(rotated_at=None, owner__is_active=True)
    if policy.unused_days is not None:
        return living
    return living.filter(expires_at__lt=now + EARLIEST, owner__expiry_reminders=True)


def due_of(owner_id: int, policy: TokenPolicy, now: datetime) -> list[Due]:
    """What one person was not yet told, the first to end first."""
    tokens = candidates(policy, now).filter(owner=owner_id).order_by("expires_at", "pk")
    return [
        item
        for token in tokens.select_related("owner").prefetch_related("reminders").defer("digest")
        for item in (due_to_expiry(token, now), due_to_disuse(token, policy, now))
        if item is not None and not was_told(item)
    ]


def was_told(item: Due) -> bool:
    return any(told.key == item.key and told.sent_at for told in item.token.reminders.all())


def due_to_expiry(token: ApiToken, now: datetime) -> Due | None:
    if not token.owner.expiry_reminders:
        return None
    days = days_between(now, token.expires_at, token.owner.zone)
    threshold = next((t for t in THRESHOLDS if days <= t), None)
    # "Ends in 30 days" on the day a 30-day token is made tells nobody anything. Its life is
    # measured, not counted: near midnight its calendar days may be 31 when clocks are put forward.
    life = token.expires_at - token.created_at
    if threshold is None or life <= timedelta(days=threshold):
        return None
    return Due(token, f"expires:{threshold}", days)


def due_to_disuse(token: ApiToken, policy: TokenPolicy, now: datetime) -> Due | None:
    """A notice that no switch turns off: without it, the token may not be revoked."""
    limit = policy.unused_until(token)
    if limit is None or now < limit - UNUSED_NOTICE:
        return None
    end = max(limit, now + UNUSED_NOTICE)
    if token.expires_at <= end:
        return None
    days = days_between(now, end, token.owner.zone)
    return Due(token, unused_key(token), days, unused=True)


def unused_key(token: ApiToken) -> str:
    """Names one spell of disuse: after another use there is another notice."""
    return f"unused:{token.idle_since:%Y-%m-%dT%H:%M:%S}"


def revocable(policy: TokenPolicy, now: datetime) -> ApiTokenQuerySet:
    """Living tokens beyond the policy's days of disuse whose owners were told a week ago.

    Whoever locks these rows looks again: a token used in the meantime is no longer among them.
    """
    if policy.unused_days is None:
        return ApiToken.objects.none()
    unused = ApiToken.objects.living(now).filter(rotated_at=None)
    unused = unused.idle_since_before(now - timedelta(days=policy.unused_days))
    told = Reminder.objects.filter(
        key__startswith="unused:", sent_at__lte=now - UNUSED_NOTICE, token__in=unused
    )
    return unused.filter(
        pk__in=[
            reminder.token_id
            for reminder in told.select_related("token")
            if reminder.key == unused_key(reminder.token)
        ]
    )


def days_between(start: datetime, end: datetime, zone: ZoneInfo) -> int:
    """Midnights between two instants as the person's calendar counts them, DST or not."""
    return (end.astimezone(zone).date() - start.astimezone(zone).date()).days


def remind(owner_id: int, policy: TokenPolicy, now: datetime) -> bool | None:
    """Whether the mail went out; None when there was nothing to say."""
    if not due_of(owner_id, policy, now):
        return None
    claimed = claim(owner_id, policy, now)
    if not claimed:
        return None
    try:
        send(list(claimed.values()))
    except Exception:
        mail.logger.exception("a reminder could not be sent; the next run tries again")
        Reminder.objects.release(claimed, now)
        return False
    with transaction.atomic():
        Reminder.objects.confirm(claimed, now)
        for item in claimed.values():
            TokenEvent.objects.record(Kind.REMINDED, [item.token], detail=reason_of(item), at=now)
    return True


def claim(owner_id: int, policy: TokenPolicy, now: datetime) -> dict[int, Due]:
    """What is ours to mail, by the id of its reminder.

    The owner's row is locked meanwhile, so that one host takes all of a person's and one mail lists
    them all.
    """
    with transaction.atomic():
        User.objects.select_for_update(no_key=True).get(pk=owner_id)
        claims = [
            (Reminder.objects.claim(item.token, item.key, now), item)
            for item in due_of(owner_id, policy, now)
        ]
    return {reminder.pk: item for reminder, item in claims if reminder is not None}


def send(due: list[Due]) -> None:
    """A way to unsubscribe is offered where it has an effect: no switch stops a notice."""
    switch = "" if all(item.unused for item in due) else "expiry_reminders"
    mail.send("expiry_reminder", due[0].token.owner, switch=switch, due=due)


def reason_of(item: Due) -> str:
    when = {0: "today", 1: "tomorrow"}.get(item.days, f"in {item.days} days")
    return f"Unused: will be revoked {when}" if item.unused else f"Expires {when}"
