"""Writes the demo down: its tokens by the same verbs as everybody's, its calls in bulk."""

import random
from collections.abc import Callable, Iterable
from dataclasses import replace
from datetime import datetime, timedelta
from functools import partial

from django.db import transaction

from accounts import alerts, reminders
from accounts.demo.programs import PROGRAMS, Program, Revocation, Rotation
from accounts.demo.traffic import DAY, Use, calls_of_day, days, last_call
from accounts.expiry import Expiry
from accounts.models import ApiToken, Kind, KnownAddress, Reminder, TokenEvent, TokenPolicy, User
from accounts.origin import Origin, Way
from accounts.usage import Call, marks, partitions, writing
from accounts.usage.addresses import place
from accounts.usage.retention import LOG_DAYS

EMAIL = "demo@meetzy.localhost"
# Of a program's calls, those of a part that nobody remembered when the rest took the new token.
FORGOTTEN = 0.08
BROWSER = "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0"
DESK = "203.0.113.80"

type Progress = Callable[[int, int], None]
type Act = tuple[datetime, Callable[[], None]]


def fill(owner: User, *, now: datetime, progress: Progress, scale: float = 1) -> None:
    """All or nothing. Tells `progress` how many days of how many are written; `scale` makes the
    traffic thinner or thicker."""
    with transaction.atomic():
        Account(owner, now, scale).live(progress)


class Account:
    """Day by day, so that what happened later is written later, as in a real account.

    The tokens' secrets come from where all secrets come from and are known to nobody; what the
    programs do comes from a seed.
    """

    def __init__(self, owner: User, now: datetime, scale: float) -> None:
        self.owner, self.now, self.scale = owner, now, scale
        self.days = days(now)
        self.chance = random.Random("meetzy")  # noqa: S311 - for traffic, not for secrets
        self.offered = TokenPolicy.current().allowed_expiries(now)
        self.token_of: dict[Program, ApiToken] = {}
        self.tokens: dict[int, ApiToken] = {}  # those of programs, and their successors
        self.uses: list[Use] = []
        self.told: set[tuple[int, str]] = set()  # the addresses and reuses that are in the log
        self.marks: dict[int, marks.Marks] = {}

    def live(self, progress: Progress) -> None:
        acts = sorted((act for p in PROGRAMS for act in self.acts(p)), key=lambda act: act[0])
        partitions.ensure({day.date() for day in self.days[-LOG_DAYS:]})
        for number, midnight in enumerate(self.days, start=1):
            while acts and acts[0][0] < midnight + DAY:
                acts.pop(0)[1]()
            self.write(self.calls(midnight), logged=number > len(self.days) - LOG_DAYS)
            progress(number, len(self.days))
        marks.leave(self.marks)

    def ago(self, days: float, program: Program) -> datetime:
        """At another time of day for each program."""
        return self.now - timedelta(days=days, minutes=37 * len(program.name) % 599)

    # -- What happened to the tokens ---------------------------------------------------------------

    def acts(self, program: Program) -> Iterable[Act]:
        """What happens when to the program's token, beginning with its creation."""
        born = self.ago(program.age, program)
        yield born, partial(self.create, program, born)
        if program.formerly:
            yield born + DAY, partial(self.rename, program, born + DAY)
        if program.limits:
            yield born + DAY, partial(self.limit, program, program.limits, born + DAY)
        for at in self.reminded(program):
            yield at, partial(self.remind, program, at)
        if program.rotation:
            at = self.ago(program.rotation.days_ago, program)
            yield at, partial(self.rotate, program, program.rotation, at)
        if program.revocation:
            at = self.ago(program.revocation.days_ago, program)
            yield at, partial(self.revoke, program, program.revocation, at)

    def expiry(self, wanted: Expiry) -> Expiry:
        return wanted if wanted in self.offered else self.offered[-1]

    def origin(self, by: str) -> Origin:
        if by in {Way.SYSTEM, Way.API}:
            return Origin(Way(by))
        return Origin(Way(by), self.owner, DESK, BROWSER)

    def create(self, program: Program, at: datetime) -> None:
        issued = ApiToken.objects.issue(
            owner=self.owner,
            name=program.formerly or program.name,
            environment=program.environment,
            expiry=self.expiry(program.expiry),
            origin=self.origin("page"),
            now=at,
        )
        self.token_of[program] = issued.token
        self.take_into_use(issued.token, program, at + DAY / 50)

    def rename(self, program: Program, at: datetime) -> None:
        token = self.token_of[program]
        change = f"“{program.formerly}” → “{program.name}”"
        ApiToken.objects.filter(pk=token.pk).update(name=program.name)
        token.name = program.name
        self.record(Kind.RENAMED, token, at, change)

    def limit(self, program: Program, limits: tuple[int, int], at: datetime) -> None:
        token, (minute, burst) = self.token_of[program], limits
        ApiToken.objects.filter(pk=token.pk).update(minute_limit=minute, burst_limit=burst)
        detail = f"{minute} calls a minute, {burst} a second"
        self.record(Kind.LIMITED, token, at, detail, by="admin")

    def rotate(self, program: Program, rotation: Rotation, at: datetime) -> None:
        if self.token_of[program].expires_at <= at:  # where the policy allows short lives alone
            return
        issued = self.token_of[program].rotate(
            expiry=self.expiry(rotation.expiry),
            overlap=timedelta(hours=rotation.overlap_hours),
            origin=self.origin(rotation.by),
            now=at,
        )
        if rotation.switched is not None:
            later = replace(program, stubborn=False, rotation=None)
            self.take_into_use(issued.token, later, self.ago(rotation.switched, program))

    def revoke(self, program: Program, revocation: Revocation, at: datetime) -> None:
        ApiToken.objects.filter(pk=self.token_of[program].pk).revoke(
            reason=revocation.reason, origin=self.origin(revocation.by), now=at
        )

    def reminded(self, program: Program) -> Iterable[datetime]:
        """When its owner was written to, while the token was neither revoked nor replaced."""
        fate = program.rotation or program.revocation
        end = self.ago(fate.days_ago, program) if fate else self.now
        expires = self.expiry(program.expiry).counted_from(self.ago(program.age, program))
        instants = (expires - timedelta(days=days) for days in reminders.THRESHOLDS)
        return [at for at in instants if at < min(end, expires)]

    def remind(self, program: Program, at: datetime) -> None:
        token = self.token_of[program]
        due = reminders.due_to_expiry(token, at)
        if due is not None:
            Reminder.objects.create(token=token, key=due.key, claimed_at=at, sent_at=at)
            self.record(Kind.REMINDED, token, at, reminders.reason_of(due), by="system")

    def record(
        self, kind: Kind, token: ApiToken, at: datetime, detail: str, *, by: str = "page"
    ) -> None:
        TokenEvent.objects.record(kind, [token], origin=self.origin(by), detail=detail, at=at)

    # -- What the programs did ---------------------------------------------------------------------

    def take_into_use(self, token: ApiToken, program: Program, begins: datetime) -> None:
        self.tokens[token.pk] = token
        if not program.calls:
            return
        use = self.use(token, program, begins)
        self.uses.append(use)
        if program.stubborn and program.rotation:
            rest = replace(program, calls=program.calls * FORGOTTEN)
            self.uses.append(replace(use, program=rest, begins=use.stops, stops=self.now))
        if begins < self.days[0]:  # its first days are not told: its addresses are known since
            for source in program.sources:
                self.meet(Call(token.pk, begins, "GET", "", 200, "", 0, *source, ""))
        if use.stops < self.days[0]:
            self.mark([last_call(use, self.chance)])

    def use(self, token: ApiToken, program: Program, begins: datetime) -> Use:
        ends, code = token.expires_at, "token_expired"
        stops = self.ago(program.stopped, program) if program.stopped else self.now
        if revocation := program.revocation:
            ends, code = self.ago(revocation.days_ago, program), "token_revoked"
        if rotation := program.rotation:
            ends = min(ends, self.ago(rotation.days_ago - rotation.overlap_hours / 24, program))
            if rotation.switched is not None:
                stops = self.ago(rotation.switched, program)
        if not program.stubborn:
            stops = min(stops, ends)
        return Use(token.pk, program, begins, stops, ends, code)

    def calls(self, midnight: datetime) -> list[Call]:
        made = (
            call
            for use in self.uses
            for call in calls_of_day(use, midnight, self.now, self.chance, scale=self.scale)
        )
        return sorted(made, key=lambda call: call.at)

    def write(self, calls: list[Call], *, logged: bool) -> None:
        if logged:
            writing.log(calls)
        writing.add_to_counters(calls)
        self.mark(calls)
        for call in calls:
            self.meet(call)

    def mark(self, calls: list[Call]) -> None:
        for token_id, mark in marks.gather(calls).items():
            self.marks.setdefault(token_id, marks.Marks()).merge(mark)

    def meet(self, call: Call) -> None:
        """The events that a call leaves: the first from an address, the first after rotation."""
        token = self.tokens[call.token_id]
        if call.is_use:
            where = place(call.address)
            if self.is_news(token, where):
                KnownAddress.objects.create(token=token, address=where, first_used_at=call.at)
                self.record_call(Kind.NEW_ADDRESS, token, call)
        elif call.met_a_dead_token and token.rotated_at and self.is_news(token, "reused"):
            self.record_call(Kind.REUSED, token, call, "Refused: its overlap is over")

    def is_news(self, token: ApiToken, what: str) -> bool:
        key = (token.pk, what)
        is_new = key not in self.told
        self.told.add(key)
        return is_new

    def record_call(self, kind: Kind, token: ApiToken, call: Call, detail: str = "") -> None:
        origin = alerts.origin_of(call)
        TokenEvent.objects.record(kind, [token], origin=origin, detail=detail, at=call.at)
