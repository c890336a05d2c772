"""The account's log: filters in the address, days of the person, pages, and CSV."""

import csv
import io
import re
from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from accounts import activity
from accounts.expiry import Expiry
from accounts.models import ApiToken, Kind, TokenEvent, User
from accounts.origin import Origin, Way
from tests.support.paging import pages
from tests.support.types import Issue

ACTIVITY = "/account/activity/"
EXPORT = "/account/activity.csv"
NOON = datetime(2026, 3, 15, 12, tzinfo=UTC)


def shown(page: Any) -> list[str]:
    """What happened, row by row."""
    return re.findall(r'<td role="cell">\s*<strong>(.*?)</strong>', page.text)


def exported(client: Client, query: str = "") -> list[dict[str, str]]:
    answer: Any = client.get(EXPORT + query)
    return list(csv.DictReader(io.StringIO(answer.getvalue().decode(), newline="")))


def happened(token: ApiToken, *instants: datetime, kind: Kind = Kind.RENAMED) -> None:
    for instant in instants:
        TokenEvent.objects.record(kind, [token], at=instant, detail=instant.isoformat())


@pytest.fixture
def token(issue: Issue) -> ApiToken:
    token: ApiToken = issue(name="Nightly", now=NOON).token
    return token


# -- What is shown ---------------------------------------------------------------------------------


def test_what_people_do_is_shown_newest_first(
    as_alice: Client, alice: User, token: ApiToken
) -> None:
    origin = Origin(Way.PAGE, alice, "203.0.113.7", "Firefox")
    token.rename("Weekly", origin=origin)
    token.rotate(expiry=Expiry.ONE_YEAR, origin=origin, now=NOON + timedelta(days=1))
    token.revoke(reason="Seen in a public repository", origin=origin)
    page = as_alice.get(ACTIVITY)
    assert sorted(shown(page)) == ["Created", "Created", "Renamed", "Revoked", "Rotated"]
    for text in ("203.0.113.7", "Firefox", "You", "Seen in a public repository"):
        assert text in page.text
    assert "“Nightly” → “Weekly”" in page.text


def test_everyone_sees_only_their_own(as_bob: Client, bob: User, token: ApiToken) -> None:
    token.rename("Weekly", origin=Origin(Way.ADMIN, bob, "198.51.100.1", ""))
    for query in ("", f"?token={token.identifier}", "?kind=renamed"):
        page = as_bob.get(ACTIVITY + query)
        assert shown(page) == []
        assert "Weekly" not in page.text
        assert exported(as_bob, query) == []


def test_strangers_are_sent_to_sign_in(client: Client) -> None:
    for path in (ACTIVITY, EXPORT):
        assert client.get(path)["Location"].startswith("/account/sign-in/")


def test_nothing_is_changed_here(as_alice: Client) -> None:
    for path in (ACTIVITY, EXPORT):
        assert as_alice.post(path).status_code == as_alice.delete(path).status_code == 405


def test_a_token_s_page_shows_its_latest_ten_and_leads_to_all(
    as_alice: Client, token: ApiToken, issue: Issue
) -> None:
    happened(token, *(NOON + timedelta(hours=hour) for hour in range(12)))
    issue(name="other")
    page = as_alice.get(f"/account/tokens/{token.identifier}/")
    assert shown(page) == ["Renamed"] * 10
    link = f'href="{ACTIVITY}?token={token.identifier}"'
    assert link in page.text
    assert len(shown(as_alice.get(f"{ACTIVITY}?token={token.identifier}"))) == 13


# -- Filters ---------------------------------------------------------------------------------------


@pytest.fixture
def two(token: ApiToken, issue: Issue) -> tuple[ApiToken, ApiToken]:
    other = issue(name="Other", now=NOON).token
    happened(token, NOON + timedelta(days=1))
    happened(other, NOON + timedelta(days=2), kind=Kind.REUSED)
    return token, other


@pytest.mark.parametrize(
    ("query", "kinds"),
    [
        ("", ["Used after rotation", "Renamed", "Created", "Created"]),
        ("kind=created", ["Created", "Created"]),
        ("token={other}", ["Used after rotation", "Created"]),
        ("token={other}&kind=created", ["Created"]),
        ("since=2026-03-16", ["Used after rotation", "Renamed"]),
        ("until=2026-03-16", ["Renamed", "Created", "Created"]),
        ("since=2026-03-16&until=2026-03-16", ["Renamed"]),
        ("since=2026-03-18", []),
        ("kind=rotated", []),
    ],
)
def test_filters_let_through_what_fits_all_of_them(
    as_alice: Client, two: tuple[ApiToken, ApiToken], query: str, kinds: list[str]
) -> None:
    query = "?" + query.format(other=two[1].identifier)
    assert shown(as_alice.get(ACTIVITY + query)) == kinds
    assert [row["event"] for row in exported(as_alice, query)] == kinds


@pytest.mark.parametrize(
    "query",
    ["kind=x", "since=2026-02-30", "until=x", "since=0001-01-01", "until=9999-12-31", "token=x"],
)
def test_what_an_address_can_not_mean_counts_as_not_given(
    as_alice: Client, two: object, query: str
) -> None:
    assert len(shown(as_alice.get(f"{ACTIVITY}?{query}&after=x"))) == 4
    assert len(exported(as_alice, f"?{query}")) == 4


def test_the_form_shows_what_the_address_says(as_alice: Client, token: ApiToken) -> None:
    query = f"?kind=created&since=2026-03-15&until=2026-03-16&token={token.identifier}"
    page = as_alice.get(ACTIVITY + query).text
    for text in (
        '<option value="created" selected>',
        'name="since" value="2026-03-15"',
        'name="until" value="2026-03-16"',
        f'name="token" value="{token.identifier}"',
    ):
        assert text in page


def test_without_results_the_page_says_so_and_leads_back(as_alice: Client, token: object) -> None:
    page = as_alice.get(f"{ACTIVITY}?kind=reused").text
    assert "Nothing that happened fits these filters." in page
    assert f'<a href="{ACTIVITY}">Clear filters</a>' in page


@pytest.mark.parametrize(
    ("zone", "day", "hours"),
    [
        ("UTC", "2026-03-29", 24),
        ("Europe/Berlin", "2026-03-29", 23),  # clocks go forward
        ("Europe/Berlin", "2026-10-25", 25),  # and back
        ("Pacific/Kiritimati", "2026-03-01", 24),
        ("Pacific/Niue", "2026-12-31", 24),
    ],
)
def test_a_day_is_the_person_s_from_its_first_instant_to_its_last(
    as_alice: Client, alice: User, token: ApiToken, zone: str, day: str, hours: int
) -> None:
    User.objects.update(time_zone=zone)
    first = datetime.fromisoformat(day).replace(tzinfo=ZoneInfo(zone)).astimezone(UTC)
    tick, end = timedelta(microseconds=1), first + timedelta(hours=hours)
    happened(token, first - tick, first, end - tick, end)
    inside = [instant.isoformat() for instant in (end - tick, first)]
    query = f"?since={day}&until={day}&kind=renamed"
    assert [row["detail"] for row in exported(as_alice, query)] == inside
    page = as_alice.get(ACTIVITY + query).text
    assert [instant for instant in inside if instant in page] == inside


# -- Pages -----------------------------------------------------------------------------------------


def test_pages_hold_every_event_once_and_keep_the_filters(
    as_alice: Client, token: ApiToken, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(activity, "PAGE_LENGTH", 2)
    happened(token, *[NOON + timedelta(days=1)] * 3, NOON + timedelta(days=2))
    found = list(pages(as_alice, ACTIVITY, "?kind=renamed"))
    assert [event for page in found for event in shown(page)] == ["Renamed"] * 4
    assert 'rel="prev"' in found[-1].text


def test_a_longer_log_costs_no_more_queries(
    as_alice: Client, token: ApiToken, issue: Issue, django_assert_num_queries: Any
) -> None:
    for more in (0, 30, 300):
        happened(token, *[NOON] * more)
        issue()
        with django_assert_num_queries(3):  # session, person, events
            as_alice.get(ACTIVITY)


# -- CSV -------------------------------------------------------------------------------------------


def test_the_export_says_all_that_the_log_knows(
    as_alice: Client, alice: User, token: ApiToken
) -> None:
    token.rename("Weekly, “really”\u2028", origin=Origin(Way.PAGE, alice, "2001:db8::1", "A;b,c"))
    row = exported(as_alice)[0]
    assert list(row) == list(activity.COLUMNS)
    assert (row["event"], row["token"], row["by"]) == ("Renamed", token.identifier, "Alice")
    assert (row["address"], row["agent"]) == ("2001:db8::1", "A;b,c")
    assert datetime.fromisoformat(row["time"]).utcoffset() == timedelta(0)


def test_the_export_is_a_file_of_all_that_the_filters_let_through(
    as_alice: Client, token: ApiToken
) -> None:
    happened(token, *[NOON] * (activity.PAGE_LENGTH + 1))
    answer = as_alice.get(f"{EXPORT}?kind=renamed")
    assert answer["Content-Type"] == "text/csv; charset=utf-8"
    assert re.fullmatch(
        r'attachment; filename="meetzy-token-activity-\d{4}-\d\d-\d\d\.csv"',
        answer["Content-Disposition"],
    )
    assert "private" in answer["Cache-Control"]
    assert len(exported(as_alice, "?kind=renamed")) == activity.PAGE_LENGTH + 1
    link = f'href="{EXPORT}?kind=renamed"'
    assert link in as_alice.get(f"{ACTIVITY}?kind=renamed").text


@pytest.mark.parametrize("first", ["=", "+", "-", "@"])
def test_no_cell_is_a_formula(as_alice: Client, alice: User, issue: Issue, first: str) -> None:
    formula = f'{first}HYPERLINK("https://example.com","x")'
    User.objects.update(name=formula)
    alice.refresh_from_db()
    issue(name=formula, origin=Origin(Way.PAGE, alice, None, formula))
    TokenEvent.objects.record(Kind.RENAMED, alice.tokens.all(), detail=formula)
    for row in exported(as_alice):
        assert not [cell for cell in row.values() if cell.startswith(first)]
        assert row["name"] == f"'{formula}"


def test_the_export_is_read_in_short_queries(
    as_alice: Client, token: ApiToken, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A cursor that is kept for a slow reader is lost behind a pooler, and keeps old rows alive."""
    monkeypatch.setattr(activity, "CHUNK", 2)
    happened(token, *(NOON + n * timedelta(hours=1) for n in (1, 2, 2, 2, 3)))
    with CaptureQueriesContext(connection) as queries:
        rows = exported(as_alice)
    assert [int(row["time"][11:13]) for row in rows] == [15, 14, 14, 14, 13, 12]
    asked = [query["sql"] for query in queries if "accounts_tokenevent" in query["sql"]]
    assert len(asked) == 3
    assert all(sql.startswith("SELECT") and sql.endswith("LIMIT 3") for sql in asked)


def test_no_secret_is_in_page_or_export(as_alice: Client, issue: Issue) -> None:
    issued = issue()
    new = issued.token.rotate(expiry=Expiry.ONE_YEAR)
    for text in (as_alice.get(ACTIVITY).text, str(exported(as_alice))):
        assert new.token.identifier in text
        assert not [one for one in (issued, new) if one.plaintext[24:] in text]
