"""Reminders: when each is due, by the clock of the person, and that it comes once."""

import smtplib
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
import time_machine
from django.core.mail import EmailMultiAlternatives
from django.db import connection

from accounts.expiry import Expiry
from accounts.mail import Mail
from accounts.models import ApiToken, Kind, Reminder, TokenEvent, User
from accounts.models.reminder import CLAIM_HOLDS
from accounts.reminders import GIVE_UP_AFTER, Run, send_due
from tests.support.types import Issue

HOUR, DAY = timedelta(hours=1), timedelta(days=1)
MADE = datetime.fromisoformat("2026-01-15T12:00:00Z")
ENDS = Expiry.NINETY_DAYS.counted_from(MADE)  # 15 April, 12:00 UTC

type Run_at = Callable[[datetime], list[str]]
type MoveTo = Callable[[str], None]


@pytest.fixture
def run_at(mailoutbox: list[Any]) -> Run_at:
    """Run the command's work at that instant: the subjects of the mails that went out."""

    def run_at(instant: datetime) -> list[str]:
        with time_machine.travel(instant, tick=False):
            send_due()
        subjects = [mail.subject for mail in mailoutbox]
        mailoutbox.clear()
        return subjects

    return run_at


@pytest.fixture
def token(issue: Issue) -> ApiToken:
    token: ApiToken = issue(now=MADE).token
    return token


@pytest.fixture
def move_to(alice: User) -> MoveTo:
    def move_to(zone: str) -> None:
        User.objects.filter(pk=alice.pk).update(time_zone=zone)

    return move_to


def local(text: str, zone: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=ZoneInfo(zone))


def days_told(run_at: Run_at, begin: datetime, end: datetime, step: timedelta) -> list[datetime]:
    told, instant = [], begin
    while instant < end:
        if run_at(instant):
            told.append(instant)
        instant += step
    return told


# -- When ------------------------------------------------------------------------------------------


def test_reminders_come_30_7_and_1_days_ahead_and_on_the_day(
    token: ApiToken, run_at: Run_at
) -> None:
    runs = {days: run_at(ENDS - days * DAY - HOUR) for days in (31, 30, 29, 8, 7, 6, 2, 1, 0)}
    assert {days for days, subjects in runs.items() if subjects} == {30, 7, 1, 0}
    assert runs[30] == ["“Billing export” expires in 30 days"]
    assert runs[1] == ["“Billing export” expires tomorrow"]
    assert runs[0] == ["“Billing export” expires today"]


@pytest.mark.parametrize(
    "zone", ["UTC", "Pacific/Kiritimati", "Pacific/Niue", "Asia/Kolkata", "Europe/Berlin"]
)
def test_each_day_begins_at_the_person_s_midnight(
    token: ApiToken, run_at: Run_at, move_to: MoveTo, zone: str
) -> None:
    """UTC+14 and UTC-11 among them, and the hour that Berlin leaves out in between."""
    move_to(zone)
    end = ENDS.astimezone(ZoneInfo(zone))
    for days in (30, 7, 1, 0):
        first = end.replace(hour=0, minute=0, second=0) - days * DAY  # by the wall clock
        midnight = first.astimezone(UTC)
        assert run_at(midnight - timedelta(microseconds=1)) == []
        assert len(run_at(midnight)) == 1


@pytest.mark.parametrize(
    ("made", "zone", "first"),
    [
        ("2026-10-01T00:30", "Europe/Berlin", "2026-11-29T00:00"),  # clocks go back between
        ("2026-02-01T23:30", "Europe/Berlin", "2026-04-03T00:00"),  # clocks go forward between
        ("2026-02-01T23:30", "Australia/Lord_Howe", "2026-04-02T00:00"),  # by half an hour
    ],
)
def test_days_are_counted_by_the_calendar_where_clocks_change(
    issue: Issue, run_at: Run_at, move_to: MoveTo, made: str, zone: str, first: str
) -> None:
    move_to(zone)
    issue(now=local(made, zone))
    midnight = local(first, zone)
    assert run_at(midnight.astimezone(UTC) - timedelta(seconds=1)) == []
    assert run_at(midnight) == ["“Billing export” expires in 30 days"]


def test_months_of_any_length_are_counted_in_days(issue: Issue, run_at: Run_at) -> None:
    issue(now=datetime(2027, 8, 31, 8, tzinfo=UTC), expiry=Expiry.SIX_MONTHS)  # 29 February 2028
    assert run_at(datetime(2028, 1, 29, 23, 59, 59, tzinfo=UTC)) == []
    assert run_at(datetime(2028, 1, 30, tzinfo=UTC)) == ["“Billing export” expires in 30 days"]
    assert run_at(datetime(2028, 2, 28, 9, tzinfo=UTC)) == ["“Billing export” expires tomorrow"]


def test_at_the_instant_of_expiry_there_is_nothing_to_remind_of(
    token: ApiToken, run_at: Run_at
) -> None:
    assert run_at(ENDS) == []
    assert run_at(ENDS - timedelta(microseconds=1)) == ["“Billing export” expires today"]


@pytest.mark.parametrize("zone", ["UTC", "Europe/Berlin", "Pacific/Kiritimati"])
def test_nobody_is_told_in_its_first_days_that_a_30_day_token_ends_in_30(
    issue: Issue, run_at: Run_at, move_to: MoveTo, zone: str
) -> None:
    """Also made half an hour before midnight, when the calendar counts 31 days in March."""
    move_to(zone)
    made = local("2026-03-10T23:30", zone).astimezone(UTC)
    issue(now=made, expiry=Expiry.THIRTY_DAYS)
    assert days_told(run_at, made, made + 22 * DAY, 6 * HOUR) == []
    assert run_at(made + 23 * DAY) == ["“Billing export” expires in 7 days"]


def test_a_late_run_tells_what_is_due_now_and_not_what_it_missed(
    token: ApiToken, run_at: Run_at
) -> None:
    assert run_at(ENDS - 5 * DAY) == ["“Billing export” expires in 5 days"]
    assert run_at(ENDS - 4 * DAY) == []
    assert run_at(ENDS - HOUR) == ["“Billing export” expires today"]


# -- Whom and what ---------------------------------------------------------------------------------


def revoke(token: ApiToken) -> None:
    token.revoke()


def rotate(token: ApiToken) -> None:
    token.rotate(expiry=Expiry.ONE_YEAR, now=ENDS - 8 * DAY, overlap=7 * DAY)


def switch_owner_off(token: ApiToken) -> None:
    User.objects.filter(pk=token.owner_id).update(is_active=False)


def switch_reminders_off(token: ApiToken) -> None:
    User.objects.filter(pk=token.owner_id).update(expiry_reminders=False)


@pytest.mark.parametrize("ended", [revoke, rotate, switch_owner_off, switch_reminders_off])
def test_nobody_is_reminded_of_a_token_that_needs_nothing(
    token: ApiToken, run_at: Run_at, ended: Callable[[ApiToken], None]
) -> None:
    with time_machine.travel(ENDS - 8 * DAY, tick=False):
        ended(token)
    for days in (7, 1, 0):
        assert run_at(ENDS - days * DAY - HOUR) == []


def test_one_mail_lists_all_that_is_due_to_a_person(
    issue: Issue, bob: User, run_at: Run_at, mailoutbox: list[Any]
) -> None:
    for name in ("One", "Two", "Three"):
        issue(name=name, now=MADE)
    issue(name="His", now=MADE, owner=bob)
    issue(name="Later", now=MADE + 40 * DAY)
    assert run_at(ENDS - 7 * DAY - HOUR) == [
        "3 of your API tokens end soon",
        "“His” expires in 7 days",
    ]
    assert run_at(ENDS - 7 * DAY) == []


def test_what_was_told_stands_in_the_log(token: ApiToken, run_at: Run_at) -> None:
    run_at(ENDS - 7 * DAY)
    event = token.events.get(kind=Kind.REMINDED)
    assert (event.detail, event.at, event.way) == ("Expires in 7 days", ENDS - 7 * DAY, "system")


def test_a_longer_list_of_one_person_costs_no_more_looks(
    issue: Issue, run_at: Run_at, django_assert_num_queries: Any
) -> None:
    for number in range(3):
        issue(now=MADE + number * HOUR)
    run_at(ENDS - 7 * DAY)
    for _ in range(20):
        issue(now=MADE + 40 * DAY)
    with django_assert_num_queries(4):  # the policy, whose tokens, the tokens, what was told
        run_at(ENDS - 7 * DAY)


# -- Once ------------------------------------------------------------------------------------------


def test_however_often_it_runs_each_reminder_comes_once(token: ApiToken, run_at: Run_at) -> None:
    told = days_told(run_at, ENDS - 32 * DAY, ENDS + DAY, 3 * HOUR)
    assert [(ENDS - instant).days for instant in told] == [30, 7, 1, 0]
    assert TokenEvent.objects.filter(kind=Kind.REMINDED).count() == 4


@pytest.mark.django_db(transaction=True)
def test_several_hosts_at_once_send_one_mail(issue: Issue, mailoutbox: list[Any]) -> None:
    for number in range(3):
        issue(now=MADE, name=f"Token {number}")
    start = threading.Barrier(6)

    def host(_: int) -> Run:
        start.wait()
        try:
            return send_due()
        finally:
            connection.close()

    with time_machine.travel(ENDS - 7 * DAY, tick=False), ThreadPoolExecutor(6) as pool:
        runs = list(pool.map(host, range(6)))
    assert [mail.subject for mail in mailoutbox] == ["3 of your API tokens end soon"]
    assert sorted(runs)[-2:] == [(0, 0), (1, 0)]


@pytest.fixture
def mail_server(monkeypatch: pytest.MonkeyPatch) -> Any:
    """`mail_server.refused` are the addresses that it takes no mail for; "*" for all."""

    class Server:
        refused: tuple[str, ...] = ()
        attempts = 0

    def send(self: Mail) -> int:
        Server.attempts += 1
        if {"*", *self.to} & set(Server.refused):
            raise smtplib.SMTPRecipientsRefused({self.to[0]: (550, b"no such mailbox")})
        return EmailMultiAlternatives.send(self)

    monkeypatch.setattr(Mail, "send", send)
    return Server


def test_a_mail_that_failed_goes_out_with_the_next_run(
    token: ApiToken, run_at: Run_at, mail_server: Any, caplog: pytest.LogCaptureFixture
) -> None:
    mail_server.refused = ("*",)
    assert run_at(ENDS - 7 * DAY) == []
    assert not TokenEvent.objects.filter(kind=Kind.REMINDED).exists()
    assert not Reminder.objects.exists()
    mail_server.refused = ()
    assert run_at(ENDS - 7 * DAY + timedelta(minutes=1)) == ["“Billing export” expires in 7 days"]
    assert "the next run tries again" in caplog.text


def test_one_failing_address_keeps_nobody_else_from_their_mail(
    issue: Issue, bob: User, run_at: Run_at, mail_server: Any
) -> None:
    issue(now=MADE)
    issue(now=MADE, owner=bob)
    mail_server.refused = ("alice@example.com",)
    assert len(run_at(ENDS - 7 * DAY)) == 1


def test_a_mail_server_that_is_down_is_not_asked_for_everybody(
    issue: Issue, run_at: Run_at, mail_server: Any
) -> None:
    for number in range(GIVE_UP_AFTER + 3):
        issue(now=MADE, owner=User.objects.create_user(f"person{number}@example.com"))
    mail_server.refused = ("*",)
    run_at(ENDS - 7 * DAY)
    assert mail_server.attempts == GIVE_UP_AFTER


def test_what_a_host_that_died_had_claimed_is_told_by_another(
    token: ApiToken, run_at: Run_at, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Killed(BaseException):
        pass

    def die(self: Mail) -> None:
        raise Killed

    with monkeypatch.context() as patched:
        patched.setattr(Mail, "send", die)
        with pytest.raises(Killed):
            run_at(ENDS - 7 * DAY)
    assert run_at(ENDS - 7 * DAY + CLAIM_HOLDS) == []
    assert len(run_at(ENDS - 7 * DAY + CLAIM_HOLDS + timedelta(seconds=1))) == 1
    assert run_at(ENDS - 6 * DAY) == []


def test_claims_of_a_long_run_do_not_look_lost(issue: Issue, bob: User, run_at: Run_at) -> None:
    """Each is as old as itself, not as the run."""
    issue(now=MADE)
    issue(now=MADE, owner=bob)
    with (
        time_machine.travel(ENDS - 7 * DAY, tick=False) as clock,
        pytest.MonkeyPatch.context() as p,
    ):
        p.setattr(Mail, "send", lambda self: clock.shift(2 * CLAIM_HOLDS))
        send_due()
    claimed = list(Reminder.objects.order_by("claimed_at").values_list("claimed_at", flat=True))
    assert claimed == [ENDS - 7 * DAY, ENDS - 7 * DAY + 2 * CLAIM_HOLDS]
