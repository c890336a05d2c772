"""The account to look around in."""

import random
from collections import Counter
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from django.core.management import CommandError
from django.db.models import Sum
from django.utils import timezone
from pytest_django import Settings

from accounts.demo import traffic
from accounts.demo.account import EMAIL
from accounts.demo.programs import PROGRAMS, Rhythm
from accounts.models import ApiToken, HourlyUsage, Kind, LoggedCall, Status, TokenPolicy, User
from accounts.review import Counts
from accounts.usage import Outcome
from accounts.usage.calls import Call
from tests.test_commands import output

NOW = datetime(2026, 3, 11, 15, 20, tzinfo=UTC)  # a Wednesday


def demo() -> str:
    return output("demo", "--scale=0.1")


@pytest.fixture(scope="module")
def office() -> traffic.Use:
    program = next(p for p in PROGRAMS if p.name == "Customer portal")
    return traffic.Use(7, program, NOW - timedelta(days=200), NOW, NOW, "token_expired")


def calls_of(use: traffic.Use, seed: str = "a seed") -> list[Call]:
    chance = random.Random(seed)  # noqa: S311
    return [
        call
        for midnight in traffic.days(NOW)
        for call in traffic.calls_of_day(use, midnight, NOW, chance)
    ]


# -- Traffic ---------------------------------------------------------------------------------------


def test_the_same_seed_makes_the_same_calls(office: traffic.Use) -> None:
    assert calls_of(office) == calls_of(office)
    assert calls_of(office) != calls_of(office, "another seed")


def test_traffic_covers_ninety_days_and_grows(office: traffic.Use) -> None:
    days = Counter(call.at.date() for call in calls_of(office))
    assert len(days) == traffic.DAYS
    assert max(call.at for call in calls_of(office)) < NOW
    weeks = [sum(days[day] for day in sorted(days)[begin : begin + 14]) for begin in (0, 70)]
    assert weeks[1] > 1.2 * weeks[0]


def test_offices_rest_at_night_and_at_weekends() -> None:
    monday, sunday = (Rhythm.OFFICE.share(10, weekend=weekend) for weekend in (False, True))
    assert monday > 5 * sunday
    assert Rhythm.OFFICE.share(3, weekend=False) == 0


def test_after_its_end_a_token_is_refused(office: traffic.Use) -> None:
    ends = NOW - timedelta(days=5)
    calls = calls_of(traffic.Use(7, office.program, office.begins, NOW, ends, "token_revoked"))
    assert {call.code for call in calls if call.at >= ends} == {"token_revoked"}
    assert "token_revoked" not in {call.code for call in calls if call.at < ends}


def test_bursts_are_limited_and_one_day_has_an_incident(office: traffic.Use) -> None:
    calls = calls_of(office)
    outcomes = Counter(call.outcome for call in calls)
    assert outcomes[Outcome.LIMITED] > 10
    failed = {call.at.date() for call in calls if call.outcome is Outcome.SERVER_ERROR}
    assert failed == {date(2026, 3, 4)}


# -- The account -----------------------------------------------------------------------------------


@pytest.mark.django_db
def test_the_demo_has_tokens_in_every_state() -> None:
    demo()
    tokens = ApiToken.objects.filter(owner__email=EMAIL)
    assert 40 <= tokens.count() <= 50
    assert {token.status for token in tokens} == set(Status)
    assert min(Counts.of(tokens, timezone.now()).risks.values()) >= 2
    assert {token.environment for token in tokens} == {"production", "staging", "development"}
    assert max(len(token.name) for token in tokens) > 90
    rotated = [token for token in tokens if token.rotated_at]
    assert any(token.is_living for token in rotated)
    assert any(not token.is_living and token.refused_count for token in rotated)
    assert tokens.get(name="Contractor laptop").refused_count


@pytest.mark.django_db
def test_log_and_counters_tell_the_same() -> None:
    demo()
    # Of a whole day that both have: the log begins at a midnight.
    since = timezone.now() - timedelta(days=20)
    midnight = since.replace(hour=0, minute=0, second=0, microsecond=0)
    logged = LoggedCall.objects.filter(at__gte=midnight)
    counted = HourlyUsage.objects.filter(hour__gte=midnight)
    names = [outcome.value for outcome in Outcome]
    sums = counted.aggregate(**{f"n_{name}": Sum(name) for name in names})
    assert sum(sums.values()) == logged.count() > 0
    assert sums["n_refused"] == logged.filter(status__in=(401, 403)).count() > 0
    days = (timezone.now() - HourlyUsage.objects.earliest("hour").hour).days
    assert traffic.DAYS - 2 <= days <= traffic.DAYS


@pytest.mark.django_db
def test_events_fit_the_tokens_and_come_in_order(mailoutbox: list[Any]) -> None:
    demo()
    owner = User.objects.get(email=EMAIL)
    events = owner.token_events.order_by("pk")
    days = [event.at.date() for event in events if event.at > timezone.now() - timedelta(89)]
    assert days == sorted(days)
    kinds = Counter(event.kind for event in events)
    assert set(kinds) == set(Kind)
    assert kinds[Kind.CREATED] == owner.tokens.count()
    assert kinds[Kind.REVOKED] == owner.tokens.exclude(revoked_at=None).count()
    assert kinds[Kind.REUSED] == 1
    assert mailoutbox == []


@pytest.mark.django_db
def test_the_demo_tells_once_how_to_sign_in() -> None:
    printed = demo()
    assert "day 90 of 90" in printed
    user = User.objects.get(email=EMAIL)
    assert user.check_password(printed.split("password:")[1].split()[0])


@pytest.mark.django_db
def test_a_second_demo_changes_nothing() -> None:
    demo()
    before = list(ApiToken.objects.values()), LoggedCall.objects.count()
    assert "stays as it is" in demo()
    assert (list(ApiToken.objects.values()), LoggedCall.objects.count()) == before


@pytest.mark.django_db
def test_the_demo_goes_beside_the_first_account() -> None:
    output("first_account")
    demo()
    assert User.objects.count() == 2
    assert User.objects.exclude(email=EMAIL).get().tokens.count() == 0


@pytest.mark.django_db
@pytest.mark.parametrize("scale", ["0", "-1", "nan", "inf", "11", "much"])
def test_a_scale_that_makes_no_traffic_is_explained(scale: str) -> None:
    with pytest.raises(CommandError, match="above 0 and up to 10"):
        output("demo", f"--scale={scale}")
    assert not User.objects.exists()


def test_the_demo_does_not_go_among_real_people(alice: User) -> None:
    with pytest.raises(CommandError, match="There are people in this database"):
        demo()
    assert list(User.objects.all()) == [alice]


@pytest.mark.django_db
def test_the_demo_is_for_ones_own_machine(settings: Settings) -> None:
    settings.HTTPS, settings.SITE_URL = True, "https://tokens.example.com"
    with pytest.raises(CommandError, match=r"this installation is https://tokens\.example\.com"):
        demo()
    assert not User.objects.exists()


@pytest.mark.django_db
def test_what_the_policy_does_not_offer_the_demo_does_not_make() -> None:
    TokenPolicy.objects.create(pk=1, offered=["30d", "90d"], longest_life=90)
    demo()
    lives = [token.expires_at - token.created_at for token in ApiToken.objects.all()]
    assert max(lives) <= timedelta(days=90)


@pytest.mark.django_db
def test_a_policy_in_the_way_is_named_and_leaves_nothing_half_done() -> None:
    TokenPolicy.objects.create(pk=1, tokens_per_person=3)
    with pytest.raises(CommandError, match="policy is in the way"):
        demo()
    assert not User.objects.exists()
    assert not ApiToken.objects.exists()


def test_nobody_outside_the_documentation_is_called_by_an_address() -> None:
    reserved = ("192.0.2.", "198.51.100.", "203.0.113.", "2001:db8:")
    sources: list[Any] = [source for program in PROGRAMS for source in program.sources]
    assert all(source.address.startswith(reserved) for source in sources)
    assert len({program.name for program in PROGRAMS}) == len(PROGRAMS)
