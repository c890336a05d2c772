"""Expiry dates in people's own calendars, read by a parser of iCalendar."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import urlsplit

import pytest
import time_machine
from django.test import Client
from icalendar import Calendar, Event

from accounts import calendars
from accounts.expiry import Expiry
from accounts.models import ApiToken, User
from tests.support.types import Issue

NAMES = [
    "Plain",
    "Commas, semicolons; colons: and \\backslashes\\n",
    "“Quotes” and emoji 🎉👩‍👩‍👧 " + "long " * 12,
    "BEGIN:VALARM",
    "ß" * 100,
]


def events(calendar: bytes) -> list[Any]:
    return [
        event for event in Calendar.from_ical(calendar).walk("VEVENT") if isinstance(event, Event)
    ]


def text(event: Any, name: str) -> str:
    return str(event[name])


# -- Form ------------------------------------------------------------------------------------------


@pytest.fixture
def calendar(issue: Issue) -> bytes:
    return calendars.calendar_of([issue(name=name).token for name in NAMES])


def test_a_parser_reads_what_was_written(calendar: bytes, alice: User) -> None:
    read = {text(event, "SUMMARY") for event in events(calendar)}
    assert read == {f"API token “{name.strip()}” expires" for name in NAMES}
    starts = {event.start for event in events(calendar)}
    assert starts == {token.expires_at.replace(microsecond=0) for token in alice.tokens.all()}
    assert Calendar.from_ical(calendar).errors == []


def test_nothing_is_lost_when_it_is_written_again(calendar: bytes) -> None:
    assert Calendar.from_ical(calendar).to_ical() == calendar


def test_what_the_standard_requires_is_there(calendar: bytes) -> None:
    parsed = Calendar.from_ical(calendar)
    assert (parsed["VERSION"], parsed["PRODID"]) == ("2.0", "-//Meetzy//API Tokens//EN")
    for event in events(calendar):
        assert {"UID", "DTSTAMP", "DTSTART", "SUMMARY", "SEQUENCE", "URL"} <= event.keys()
        (alarm,) = event.walk("VALARM")
        assert {"ACTION", "TRIGGER", "DESCRIPTION"} <= alarm.keys()
        assert event["DTSTAMP"].dt.utcoffset() == event.start.utcoffset() == timedelta(0)


def test_lines_end_and_fold_as_the_standard_says(calendar: bytes) -> None:
    assert calendar.endswith(b"END:VCALENDAR\r\n")
    lines = calendar.removesuffix(b"\r\n").split(b"\r\n")
    assert max(map(len, lines)) <= 75
    assert not any(b"\r" in line or b"\n" in line for line in lines)
    for line in lines:
        line.decode()  # no character is cut in two


@pytest.mark.parametrize("end", ["\n", "\r\n", "\r", "\u2028", "\0", "\x07"], ids=ascii)
def test_no_name_begins_a_property(issue: Issue, end: str) -> None:
    token = issue().token
    token.name = f"a{end}ATTENDEE:mailto:eve@example.com"
    (event,) = events(calendars.calendar_of([token]))
    assert text(event, "SUMMARY") == "API token “a ATTENDEE:mailto:eve@example.com” expires"
    assert "ATTENDEE" not in event


def test_an_empty_calendar_is_one_too(alice: User) -> None:
    assert events(calendars.calendar_of(calendars.feed_tokens(alice))) == []


# -- What moves ------------------------------------------------------------------------------------


def test_a_rotated_token_s_event_moves(issue: Issue, alice: User) -> None:
    made = datetime(2026, 3, 1, 12, tzinfo=UTC)
    old = issue(now=made).token
    with time_machine.travel(made + timedelta(seconds=1), tick=False):
        (before,) = events(calendars.calendar_of(calendars.feed_tokens(alice)))
        new = old.rotate(expiry=Expiry.ONE_YEAR).token
        (after,) = events(calendars.calendar_of(calendars.feed_tokens(alice)))
    assert text(before, "UID") == text(after, "UID") == f"{old.family}@127.0.0.1"
    assert after["SEQUENCE"] > before["SEQUENCE"]
    assert (before.start, after.start) == (old.created_at + timedelta(days=90), new.expires_at)
    assert new.identifier in text(after, "DESCRIPTION")


def test_the_same_calendar_twice_differs_in_its_stamp_alone(issue: Issue) -> None:
    token = issue().token
    (one,) = events(calendars.calendar_of([token]))
    with time_machine.travel(token.created_at + timedelta(hours=5), tick=False):
        (two,) = events(calendars.calendar_of([token]))
    assert one["DTSTAMP"] != two["DTSTAMP"]
    one["DTSTAMP"] = two["DTSTAMP"]
    assert one.to_ical() == two.to_ical()


# -- One token's file ------------------------------------------------------------------------------


def file_of(token: ApiToken) -> str:
    return f"/account/tokens/{token.identifier}/expiry.ics"


def test_a_token_s_date_is_a_file(issue: Issue, as_alice: Client) -> None:
    issued = issue(name="Billing export")
    response = as_alice.get(file_of(issued.token))
    assert response["Content-Type"] == "text/calendar; charset=utf-8"
    assert response["Content-Disposition"] == f'inline; filename="{issued.token.identifier}.ics"'
    assert "private" in response["Cache-Control"]
    (event,) = events(response.content)
    assert text(event, "SUMMARY") == "API token “Billing export” expires"
    assert issued.plaintext[24:] not in response.text


def test_the_page_of_a_living_token_leads_to_it(issue: Issue, as_alice: Client) -> None:
    token = issue().token
    page = f"/account/tokens/{token.identifier}/"
    assert f'href="{file_of(token)}"' in as_alice.get(page).text
    successor = token.rotate(expiry=Expiry.ONE_YEAR).token  # whose event it is from now on
    assert file_of(token) not in as_alice.get(page).text
    page = f"/account/tokens/{successor.identifier}/"
    assert f'href="{file_of(successor)}"' in as_alice.get(page).text
    successor.revoke()
    assert file_of(successor) not in as_alice.get(page).text


def test_nobody_else_gets_it(issue: Issue, as_bob: Client, client: Client) -> None:
    path = file_of(issue().token)
    assert as_bob.get(path).status_code == 404
    assert client.get(path)["Location"].startswith("/account/sign-in/")


# -- The feed --------------------------------------------------------------------------------------


@pytest.fixture
def feed(alice: User) -> Callable[[], str]:
    """Where Alice's feed is now: `feed()`."""
    alice.renew_calendar()
    return lambda: urlsplit(calendars.feed_url(alice)).path


def test_the_feed_holds_what_will_expire(
    issue: Issue, client: Client, bob: User, feed: Callable[[], str]
) -> None:
    issue(name="Living")
    issue(name="Rotated").token.rotate(expiry=Expiry.ONE_YEAR)
    issue(name="Revoked").token.revoke()
    issue(name="Expired", now=datetime(2020, 1, 1, tzinfo=UTC))
    issue(name="His", owner=bob)
    response = client.get(feed())
    names = sorted(text(event, "SUMMARY") for event in events(response.content))
    assert names == ["API token “Living” expires", "API token “Rotated” expires"]
    assert len({text(event, "UID") for event in events(response.content)}) == 2


def test_a_feed_that_would_be_too_long_holds_what_ends_first(
    issue: Issue, alice: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(calendars, "MOST_EVENTS", 2)
    for expiry in (Expiry.ONE_YEAR, Expiry.THIRTY_DAYS, Expiry.NINETY_DAYS):
        issue(expiry=expiry, name=expiry.value)
    names = [token.name for token in calendars.feed_tokens(alice)]
    assert names == ["30d", "90d"]


def test_a_date_leaves_the_feed_at_its_instant(
    issue: Issue, client: Client, feed: Callable[[], str]
) -> None:
    """Made at the end of August for six months, which is the end of February."""
    token = issue(now=datetime(2026, 8, 31, 12, tzinfo=UTC), expiry=Expiry.SIX_MONTHS).token
    end, seen = datetime(2027, 2, 28, 12, tzinfo=UTC), []
    for instant in (end - timedelta(microseconds=1), end):
        with time_machine.travel(instant, tick=False):
            seen.append([event.start for event in events(client.get(feed()).content)])
    assert seen == [[end], []]
    assert token.expires_at == end


def test_the_feed_is_found_by_its_address_alone(client: Client, feed: Callable[[], str]) -> None:
    response = client.get(feed())
    assert response["X-Robots-Tag"] == "noindex, nofollow"
    assert response["Referrer-Policy"] == "no-referrer"
    assert "private" in response["Cache-Control"]
    assert not response.cookies
    assert client.head(feed()).status_code == 200
    assert client.post(feed()).status_code == 405


def test_a_longer_feed_costs_no_more_queries(
    issue: Issue, client: Client, feed: Callable[[], str], django_assert_num_queries: Any
) -> None:
    for _ in range(3):
        issue()
        with django_assert_num_queries(2):  # whose it is, and the tokens
            client.get(feed())


def test_the_old_address_opens_nothing(
    alice: User, client: Client, feed: Callable[[], str]
) -> None:
    seen = []
    for change in (alice.renew_calendar, alice.close_calendar, alice.renew_calendar):
        seen.append(feed())
        assert client.get(seen[-1]).status_code == 200
        change()
        assert {client.get(path).status_code for path in seen if path} == {404}
        if not feed():
            alice.renew_calendar()
    assert client.get(feed()).status_code == 200
    assert len(set(seen)) == len(seen)


def test_switched_off_there_is_no_address(alice: User, feed: Callable[[], str]) -> None:
    assert feed()
    alice.close_calendar()
    alice.close_calendar()
    assert not feed()


def test_the_feed_of_an_account_that_is_switched_off_is_closed(
    alice: User, client: Client, feed: Callable[[], str]
) -> None:
    User.objects.filter(pk=alice.pk).update(is_active=False)
    assert client.get(feed()).status_code == 404


@pytest.mark.parametrize("version", [0, -1, 2, "1-1"])
def test_no_other_version_opens_it(client: Client, alice: User, feed: object, version: Any) -> None:
    secret = calendars.signer.sign(f"{alice.pk}-{version}")
    assert client.get(f"/account/calendar/{secret}.ics").status_code == 404


def test_a_wrong_address_costs_no_query(
    client: Client, alice: User, feed: Callable[[], str], django_assert_num_queries: Any
) -> None:
    damaged = feed().removesuffix(".ics")[:-1] + "_.ics"
    with django_assert_num_queries(0):
        for wrong in (damaged, f"/account/calendar/{alice.pk}-1.ics", "/account/calendar/x.ics"):
            assert client.get(wrong).status_code == 404


# -- The switch on the profile ---------------------------------------------------------------------


def test_people_switch_the_feed_on_renew_it_and_switch_it_off(
    as_alice: Client, client: Client, alice: User
) -> None:
    assert "Switch on" in as_alice.get("/account/").text
    addresses = []
    for _ in range(2):
        assert as_alice.post("/account/calendar/renew/")["Location"] == "/account/#calendar"
        alice.refresh_from_db()
        addresses.append(calendars.feed_url(alice))
        assert addresses[-1] in as_alice.get("/account/").text
    assert [client.get(urlsplit(url).path).status_code for url in addresses] == [404, 200]
    as_alice.post("/account/calendar/close/")
    assert client.get(urlsplit(addresses[-1]).path).status_code == 404
    assert "calendar feed is switched off" in as_alice.get("/account/").text


def test_a_visit_changes_no_address(as_alice: Client, client: Client, alice: User) -> None:
    for path in ("/account/calendar/renew/", "/account/calendar/close/"):
        assert as_alice.get(path).status_code == 405
        assert client.post(path)["Location"].startswith("/account/sign-in/")
    alice.refresh_from_db()
    assert alice.calendar_version == 0
