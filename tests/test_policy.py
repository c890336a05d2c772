"""The operator's rules hold wherever a token is made, rotated or left lying about."""

import io
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import time_machine
from django.core.management import CommandError, call_command
from django.db import IntegrityError, connection, transaction
from django.test import Client
from django.utils import timezone

from accounts.expiry import Expiry
from accounts.models import ApiToken, Issued, Kind, PolicyViolation, Reminder, TokenPolicy, User
from accounts.reminders import revocable, send_due
from tests.support.types import Api, Issue

type Rule = Callable[..., TokenPolicy]


@pytest.fixture
def rule(db: None) -> Rule:
    """`rule(tokens_per_person=2)`: what the operator has decided."""

    def rule(**fields: Any) -> TokenPolicy:
        return TokenPolicy.objects.update_or_create(pk=1, defaults=fields)[0]

    return rule


# -- The rules -------------------------------------------------------------------------------------


@pytest.mark.django_db
def test_without_a_rule_nothing_is_restricted() -> None:
    policy = TokenPolicy.current()
    assert policy.allowed_expiries(timezone.now()) == list(Expiry)
    policy.require_room(10_000)


def test_there_is_one_policy(rule: Rule) -> None:
    rule()
    with pytest.raises(IntegrityError), transaction.atomic():
        TokenPolicy.objects.create(pk=2)


@pytest.mark.parametrize(
    ("longest_life", "allowed"),
    [(30, "30d"), (89, "30d"), (90, "30d 90d"), (180, "30d 90d"), (366, "30d 90d 6m 1y")],
)
def test_the_longest_lifetime_leaves_what_fits(rule: Rule, longest_life: int, allowed: str) -> None:
    start = datetime(2026, 1, 31, 12, tzinfo=UTC)  # six months are 181 days here
    assert rule(longest_life=longest_life).allowed_expiries(start) == allowed.split()


def test_a_leap_year_is_a_day_longer(rule: Rule) -> None:
    policy = rule(longest_life=365)
    ordinary, leap = datetime(2026, 3, 1, tzinfo=UTC), datetime(2027, 3, 1, tzinfo=UTC)
    assert Expiry.ONE_YEAR in policy.allowed_expiries(ordinary)
    assert Expiry.ONE_YEAR not in policy.allowed_expiries(leap)


# -- On every path ---------------------------------------------------------------------------------


def create_on_the_page(old: Issued, api: Api, browser: Client) -> Any:
    form = {"name": "New", "environment": "production", "form_key": "0" * 31 + "1"}
    return browser.post("/account/tokens/new/", form | {"expiry": "1y"})


def create_by_command(old: Issued, api: Api, browser: Client) -> Any:
    call_command("create_token", old.token.owner.email, "New", expires="1y", stdout=io.StringIO())


def rotate_on_the_page(old: Issued, api: Api, browser: Client) -> Any:
    form = {"overlap": "24h", "form_key": "0" * 31 + "1", "expiry": "1y"}
    return browser.post(f"/account/tokens/{old.token.identifier}/rotate/", form)


def rotate_by_api(old: Issued, api: Api, browser: Client) -> Any:
    return api(
        "/api/v1/token/rotate",
        old.plaintext,
        method="POST",
        data='{"expires": "1y"}',
        content_type="application/json",
    )


def refusal(path: Callable[..., Any], *arguments: Any) -> str:
    """What was answered instead of a token; "" when there is one."""
    try:
        answer = path(*arguments)
    except CommandError as refused:
        return str(refused)
    return "" if answer is None or answer.status_code < 400 else str(answer.text)


PATHS = [create_on_the_page, create_by_command, rotate_on_the_page, rotate_by_api]


@pytest.mark.parametrize("path", PATHS)
def test_what_is_not_offered_is_not_made(
    issue: Issue, rule: Rule, api: Api, as_alice: Client, path: Callable[..., Any]
) -> None:
    old = issue()
    rule(offered=["30d", "90d"])
    assert refusal(path, old, api, as_alice)
    assert ApiToken.objects.get().rotated_at is None
    rule(offered=list(Expiry.values))
    assert not refusal(path, old, api, as_alice)
    assert ApiToken.objects.count() == 2


def test_the_page_offers_what_may_be_chosen(issue: Issue, rule: Rule, as_alice: Client) -> None:
    rule(offered=["30d", "6m"])
    for path in ("new/", f"{issue(expiry=Expiry.THIRTY_DAYS).token.identifier}/rotate/"):
        page = as_alice.get(f"/account/tokens/{path}").text
        assert page.count('type="radio" name="expiry"') == page.count('name="expiry"') == 2
        assert Expiry.SIX_MONTHS.label in page
        assert Expiry.ONE_YEAR.label not in page


def test_the_page_explains_every_rule(issue: Issue, rule: Rule, as_alice: Client) -> None:
    token = issue(expiry=Expiry.THIRTY_DAYS).token
    paths = ("/account/tokens/new/", f"/account/tokens/{token.identifier}/rotate/")
    assert not any('id="policy"' in as_alice.get(path).text for path in paths)
    rule(longest_life=100, offered=["30d"], unused_days=60, tokens_per_person=5)
    for path in paths:
        page = as_alice.get(path).text
        assert "A token lives at most 100 days here." in page
        assert "Only the periods below are offered here." in page
        assert "not used for 60 days is revoked; you get a reminder a week before." in page
    room = "Each person may have 5 living tokens here; you have 1."
    assert [room in as_alice.get(path).text for path in paths] == [True, False]


@pytest.mark.parametrize("path", PATHS[:2])
def test_more_than_the_limit_is_not_made(
    issue: Issue, rule: Rule, api: Api, as_alice: Client, path: Callable[..., Any]
) -> None:
    old = issue()
    rule(tokens_per_person=1)
    assert "1 is the most that one person may have here" in refusal(path, old, api, as_alice)
    assert ApiToken.objects.count() == 1
    old.token.revoke()
    path(old, api, as_alice)
    assert ApiToken.objects.count() == 2


@pytest.mark.parametrize("path", PATHS[2:])
def test_who_has_all_their_tokens_may_still_rotate_them(
    issue: Issue, rule: Rule, api: Api, as_alice: Client, path: Callable[..., Any]
) -> None:
    old = issue()
    rule(tokens_per_person=1)
    path(old, api, as_alice)
    assert ApiToken.objects.count() == 2
    with pytest.raises(PolicyViolation):
        issue()


def test_a_rotated_token_in_its_overlap_does_not_count(issue: Issue, rule: Rule) -> None:
    rule(tokens_per_person=2)
    issue().token.rotate(expiry=Expiry.NINETY_DAYS)
    issue()
    assert ApiToken.objects.living().count() == 3
    with pytest.raises(PolicyViolation):
        issue()


def test_the_limit_is_for_each_person(issue: Issue, rule: Rule, bob: User) -> None:
    rule(tokens_per_person=1)
    issue()
    issue(owner=bob)
    assert ApiToken.objects.count() == 2


@pytest.mark.django_db(transaction=True)
def test_twenty_at_once_make_exactly_as_many_as_allowed(issue: Issue, rule: Rule) -> None:
    rule(tokens_per_person=7)
    start = threading.Barrier(20)

    def make(_: int) -> str:
        start.wait()
        try:
            issue()
        except PolicyViolation:
            return "refused"
        finally:
            connection.close()
        return "made"

    with ThreadPoolExecutor(20) as pool:
        outcomes = sorted(pool.map(make, range(20)))
    assert outcomes == ["made"] * 7 + ["refused"] * 13
    assert ApiToken.objects.count() == 7


# -- Tokens that nobody uses -----------------------------------------------------------------------

DAY = timedelta(days=1)
MADE = datetime(2026, 1, 15, 12, tzinfo=UTC)
# With a rule of 30 days.
TOLD, OVER = MADE + 23 * DAY, MADE + 30 * DAY


@pytest.fixture
def forgotten(issue: Issue) -> ApiToken:
    token: ApiToken = issue(now=MADE, expiry=Expiry.ONE_YEAR).token
    return token


@pytest.fixture
def run_at(mailoutbox: list[Any]) -> Callable[[datetime], tuple[list[str], str]]:
    """Both commands at that instant: subjects of the mails, and what the second one printed."""

    def run_at(instant: datetime) -> tuple[list[str], str]:
        printed = io.StringIO()
        with time_machine.travel(instant, tick=False):
            send_due()
            call_command("revoke_unused_tokens", stdout=printed)
        subjects = [mail.subject for mail in mailoutbox]
        mailoutbox.clear()
        return subjects, printed.getvalue().strip()

    return run_at


type RunAt = Callable[[datetime], tuple[list[str], str]]

SILENT: tuple[list[str], str] = ([], "Tokens revoked: 0")
NOTICE = (["“Billing export” will be revoked in 7 days"], "Tokens revoked: 0")
REVOKED: tuple[list[str], str] = ([], "Tokens revoked: 1")


def test_an_unused_token_is_revoked_a_week_after_its_notice(
    forgotten: ApiToken, rule: Rule, run_at: RunAt
) -> None:
    rule(unused_days=30)
    assert run_at(TOLD - timedelta(microseconds=1)) == SILENT
    assert run_at(TOLD) == NOTICE
    assert run_at(OVER - timedelta(microseconds=1)) == SILENT
    assert run_at(OVER) == REVOKED
    assert run_at(OVER) == SILENT
    forgotten.refresh_from_db()
    assert forgotten.revoked_reason == "Not used for 30 days"
    kinds = list(forgotten.events.order_by("pk").values_list("kind", "way"))
    assert kinds == [("created", "system"), ("reminded", "system"), ("revoked", "command")]


def test_nobody_is_revoked_without_the_rule(forgotten: ApiToken, run_at: RunAt) -> None:
    assert run_at(MADE + 200 * DAY) == ([], "The policy revokes no unused tokens.")


def test_without_a_notice_nothing_is_revoked_however_long_unused(
    forgotten: ApiToken, rule: Rule, run_at: RunAt
) -> None:
    rule(unused_days=30)
    late = MADE + 200 * DAY
    assert run_at(late) == NOTICE
    assert run_at(late + 7 * DAY - timedelta(seconds=1)) == SILENT
    assert run_at(late + 7 * DAY) == REVOKED


def test_a_use_begins_the_days_anew(forgotten: ApiToken, rule: Rule, run_at: RunAt) -> None:
    rule(unused_days=30)
    assert run_at(TOLD) == NOTICE
    used = OVER - timedelta(hours=1)
    ApiToken.objects.filter(pk=forgotten.pk).update(last_used_at=used)
    assert run_at(OVER) == SILENT
    assert run_at(used + 23 * DAY) == NOTICE
    assert run_at(used + 30 * DAY) == REVOKED


def test_a_use_while_the_command_runs_saves_the_token(forgotten: ApiToken, rule: Rule) -> None:
    policy, key = rule(unused_days=30), f"unused:{MADE:%Y-%m-%dT%H:%M:%S}"
    Reminder.objects.create(token=forgotten, key=key, claimed_at=TOLD, sent_at=TOLD)
    found = revocable(policy, OVER)
    assert list(found.all()) == [forgotten]
    ApiToken.objects.update(last_used_at=OVER)
    assert found.revoke(reason="Not used") == []


def test_the_notice_comes_to_who_wants_no_reminders_and_offers_no_switch(
    forgotten: ApiToken, rule: Rule, alice: User, mailoutbox: list[Any]
) -> None:
    rule(unused_days=30)
    User.objects.update(expiry_reminders=False)
    with time_machine.travel(TOLD, tick=False):
        send_due()
    (mail,) = mailoutbox
    assert "List-Unsubscribe" not in mail.extra_headers
    assert "Stop these mails" not in mail.body
    assert "is unused and will be revoked in 7 days" in mail.body


def test_tokens_that_end_anyway_need_no_notice(
    issue: Issue, rule: Rule, run_at: RunAt, alice: User
) -> None:
    rule(unused_days=30)
    User.objects.update(expiry_reminders=False)
    issue(now=MADE, expiry=Expiry.THIRTY_DAYS)
    issue(now=MADE).token.rotate(expiry=Expiry.ONE_YEAR, now=TOLD - DAY)
    revoked = issue(now=MADE).token
    revoked.revoke()
    assert run_at(TOLD) == SILENT
    assert run_at(OVER) == SILENT
    assert not Reminder.objects.exists()
    assert ApiToken.objects.filter(events__kind=Kind.REVOKED).get() == revoked


def test_the_tokens_of_an_inactive_account_are_left_alone(
    forgotten: ApiToken, rule: Rule, run_at: RunAt
) -> None:
    rule(unused_days=30)
    User.objects.update(is_active=False)
    assert run_at(TOLD) == SILENT
    assert run_at(OVER) == SILENT
