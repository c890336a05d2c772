"""Name and time zone, and the dates that follow it."""

import re
from datetime import datetime
from typing import Any

import pytest
from django.test import Client

from accounts.expiry import Expiry
from accounts.models import ApiToken, User
from accounts.time_zones import grouped_by_region


def save(client: Client, **fields: str) -> Any:
    return client.post("/account/", {"name": "Alice", "time_zone": "UTC"} | fields)


def test_a_profile_is_saved_and_says_so(as_alice: Client, alice: User) -> None:
    response = save(as_alice, name="Alice Liddell", time_zone="Asia/Kolkata")
    assert (response.status_code, response["Location"]) == (302, "/account/")
    alice.refresh_from_db()
    assert (alice.name, alice.time_zone) == ("Alice Liddell", "Asia/Kolkata")
    assert "Your profile was saved." in as_alice.get("/account/").text


def test_the_page_shows_what_is_saved(as_alice: Client, alice: User) -> None:
    save(as_alice, time_zone="Asia/Kolkata")
    page = as_alice.get("/account/").text
    assert alice.email in page
    assert 'value="Alice"' in page
    assert re.search(r'<option value="Asia/Kolkata" selected>Kolkata \(UTC\+05:30\)</option>', page)


def test_dates_follow_the_time_zone(as_alice: Client, alice: User) -> None:
    start = datetime.fromisoformat("2026-03-01T20:30:00Z")
    issued = ApiToken.objects.issue(owner=alice, name="T", expiry=Expiry.ONE_YEAR, now=start)
    path = f"/account/tokens/{issued.token.identifier}/"
    assert "1 March 2026, 20:30 UTC" in as_alice.get(path).text
    save(as_alice, time_zone="Asia/Kolkata")
    assert "2 March 2026, 02:00 IST" in as_alice.get(path).text


def test_a_name_is_cleaned_of_what_nobody_sees(as_alice: Client, alice: User) -> None:
    save(as_alice, name="  Al\u202eice\u200b\t Liddell ")
    alice.refresh_from_db()
    assert alice.name == "Alice Liddell"


def test_a_name_may_be_empty(as_alice: Client, alice: User) -> None:
    save(as_alice, name="")
    alice.refresh_from_db()
    assert alice.name == ""


@pytest.mark.parametrize(
    ("field", "value"),
    [("name", "x" * 101), ("name", "nul\0"), ("time_zone", "Mars/Olympus"), ("time_zone", "")],
)
def test_what_can_not_be_saved_is_explained_and_kept(
    as_alice: Client, alice: User, field: str, value: str
) -> None:
    response = save(as_alice, **{"name": "Typed anew", field: value})
    assert response.status_code == 422
    assert f'id="id_{field}_error"' in response.text
    if field != "name":
        assert "Typed anew" in response.text
    alice.refresh_from_db()
    assert (alice.name, alice.time_zone) == ("Alice", "UTC")


def test_mails_are_switched_off_and_on(as_alice: Client, alice: User) -> None:
    page = as_alice.get("/account/").text
    assert re.search(r'name="expiry_reminders"[^>]* checked', page)
    assert re.search(r'name="new_address_mails"[^>]* checked', page)
    for chosen in ({}, {"expiry_reminders": "on"}, {"new_address_mails": "on"}):
        save(as_alice, **chosen)
        alice.refresh_from_db()
        assert alice.expiry_reminders is ("expiry_reminders" in chosen)
        assert alice.new_address_mails is ("new_address_mails" in chosen)


def test_nothing_else_of_the_account_can_be_changed_here(as_alice: Client, alice: User) -> None:
    save(as_alice, email="eve@example.com", is_staff="on", password="x")
    alice.refresh_from_db()
    assert alice.email == "alice@example.com"
    assert not alice.is_staff
    assert alice.has_usable_password()


def test_zones_stand_in_their_regions_with_their_offsets() -> None:
    january = datetime.fromisoformat("2026-01-15T12:00:00Z")
    july = datetime.fromisoformat("2026-07-15T12:00:00Z")
    winter, summer = (dict(grouped_by_region(now, keep="UTC")) for now in (january, july))
    assert winter["Everywhere"] == [("UTC", "UTC")]
    assert ("Europe/Berlin", "Berlin (UTC+01:00)") in winter["Europe"]
    assert ("Europe/Berlin", "Berlin (UTC+02:00)") in summer["Europe"]
    assert dict(winter["America"])["America/Argentina/Buenos_Aires"].startswith("Argentina, Buenos")


def test_a_zone_without_a_place_stays_while_it_is_chosen(as_alice: Client, alice: User) -> None:
    alice.time_zone = "Etc/GMT+3"
    alice.save()
    assert '<option value="Etc/GMT+3" selected>' in as_alice.get("/account/").text
    assert save(as_alice, time_zone="Etc/GMT+3").status_code == 302
