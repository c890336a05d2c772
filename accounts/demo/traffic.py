"""What the demo's programs do: calls by day and hour, the same for the same seed. Pure."""

import math
import random
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from accounts.demo.programs import Program, Rhythm, Source
from accounts.usage.calls import Call

DAYS = 90
HOUR = timedelta(hours=1)
DAY = timedelta(days=1)
# The bad hours of one day: some calls fail, all are slow.
INCIDENT_HOURS, INCIDENT_FAILURES = range(9, 13), 0.35
WEDNESDAY = 2

# Path and how often it is called, then how long it usually takes in microseconds.
PATHS = (
    ("/api/v1/me", 55, 2_600),
    ("/api/v1/token", 22, 2_300),
    ("/api/v1/rate-limit", 15, 1_900),
    ("/api/v1/token/usage", 8, 6_500),
)
UNKNOWN = ("/api/v1/calls", "/api/v1/contacts", "/api/v2/me")
WEIGHTS = [weight for _, weight, _ in PATHS]


@dataclass(frozen=True, slots=True)
class Use:
    """One token in the hands of its program, from `begins` until before `stops`; the token opens
    nothing from `ends` on, which `code` explains."""

    token_id: int
    program: Program
    begins: datetime
    stops: datetime
    ends: datetime
    code: str


def calls_of_day(
    use: Use, midnight: datetime, now: datetime, chance: random.Random, *, scale: float = 1
) -> Iterator[Call]:
    """In no order. `scale` makes all programs busier or quieter."""
    scale *= chance.lognormvariate(0, 0.15)  # no day is like another
    for number in range(24):
        hour = midnight + number * HOUR
        if hour + HOUR <= use.begins or hour >= min(use.stops, now):
            continue
        for call in calls_of_hour(use, hour, now, chance, scale):
            if use.begins <= call.at < min(use.stops, now):
                yield call


def calls_of_hour(
    use: Use, hour: datetime, now: datetime, chance: random.Random, scale: float
) -> Iterator[Call]:
    number = about(rate(use.program, hour, now) * scale, chance)
    slow = is_incident(hour, now)
    # Jobs begin at the full hour, people whenever they like.
    within = 600 if use.program.rhythm is Rhythm.NIGHT else 3600
    for _ in range(number):
        at = hour + timedelta(seconds=chance.random() * within)
        yield one_call(use, at, slow, chance)
    if number and chance.random() < use.program.bursts and not slow:
        yield from overrun(use, hour, chance, scale)


def rate(program: Program, hour: datetime, now: datetime) -> float:
    """Calls that one hour would usually see."""
    days_ago = (now - hour) / DAY
    trend = math.pow(program.growth, -days_ago / DAYS)
    weekend = hour.weekday() >= 5
    return program.calls * trend * program.rhythm.share(hour.hour, weekend=weekend)


def about(expected: float, chance: random.Random) -> int:
    """A whole number around it: over many hours as many as expected."""
    return int(max(0, chance.gauss(expected, math.sqrt(expected) / 2)) + chance.random())


def is_incident(hour: datetime, now: datetime) -> bool:
    return hour.date() == incident_day(now) and hour.hour in INCIDENT_HOURS


def incident_day(now: datetime) -> date:
    """The latest Wednesday that is a week ago or longer."""
    week_ago = now.date() - 7 * DAY
    return week_ago - DAY * ((week_ago.weekday() - WEDNESDAY) % 7)


def one_call(use: Use, at: datetime, slow: bool, chance: random.Random) -> Call:
    path, _, usual = chance.choices(PATHS, WEIGHTS)[0]
    if at >= use.ends:
        return made(use, at, path, 401, use.code, 700, chance)
    if slow and chance.random() < INCIDENT_FAILURES:
        return made(use, at, path, 500, "internal_error", 900_000, chance)
    if chance.random() < use.program.mistakes:
        return made(use, at, chance.choice(UNKNOWN), 404, "not_found", 1_400, chance)
    return made(use, at, path, 200, "", usual * (60 if slow else 1), chance)


def overrun(use: Use, hour: datetime, chance: random.Random, scale: float) -> Iterator[Call]:
    """A loop without a pause: what the limit lets through, then refusals for a minute."""
    begins = hour + timedelta(minutes=chance.randrange(58))
    for second in range(about(60 * scale, chance)):
        at = begins + timedelta(seconds=second, milliseconds=chance.randrange(1000))
        if at < use.ends:
            yield made(use, at, PATHS[0][0], 429, "rate_limited", 600, chance)


def made(
    use: Use,
    at: datetime,
    path: str,
    status: int,
    code: str,
    microseconds: int,
    chance: random.Random,
) -> Call:
    source = source_at(use.program, at, chance)
    return Call(
        token_id=use.token_id,
        at=at,
        method="GET",
        path=path,
        status=status,
        code=code,
        microseconds=int(chance.lognormvariate(math.log(microseconds), 0.5)),
        address=source.address,
        agent=source.agent,
        request_id=f"{chance.getrandbits(96):024x}",
    )


def source_at(program: Program, at: datetime, chance: random.Random) -> Source:
    """The first most of the time."""
    first, *others = program.sources
    return chance.choice(others) if others and chance.random() < 0.3 else first


def days(now: datetime, number: int = DAYS) -> list[datetime]:
    """The midnights that begin the latest days, today's last."""
    today = now.replace(hour=0, minute=0, second=0, microsecond=0)
    return [today - DAY * back for back in reversed(range(number))]


def last_call(use: Use, chance: random.Random) -> Call:
    """Of a program that fell silent before the days that are told here."""
    return one_call(use, use.stops, slow=False, chance=chance)
