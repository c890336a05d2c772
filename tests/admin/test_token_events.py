"""What happened to tokens, to read in the admin and never to change."""

import re

import pytest
from django.contrib.admin.models import LogEntry
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from accounts.models import ApiToken, Kind, TokenEvent, User
from accounts.origin import COMMAND
from tests.admin.places import EVENTS, USERS, Operator, listed, page_of
from tests.support.types import Issue


def test_the_list_says_who_did_what_to_which_token(issue: Issue, as_admin: Client) -> None:
    token = issue(name="<Billing>").token
    token.revoke(reason="Found in a repository", origin=COMMAND)
    content = as_admin.get(EVENTS).content.decode()
    for shown in (token.identifier, "&lt;Billing&gt;", token.owner.email, "Revoked", "command"):
        assert shown in content
    assert "Found in a repository" in content
    assert as_admin.get(f"{EVENTS}{token.events.latest('pk').pk}/change/").status_code == 200


def test_the_list_is_narrowed(issue: Issue, as_admin: Client, bob: User) -> None:
    token = issue().token
    token.revoke(origin=COMMAND)
    issue(owner=bob)
    revoked = token.events.get(kind=Kind.REVOKED)
    assert listed(as_admin.get(EVENTS, {"kind__exact": "revoked"})) == {revoked}
    assert listed(as_admin.get(EVENTS, {"way__exact": "command"})) == {revoked}
    assert listed(as_admin.get(EVENTS, {"at__lt": "2000-01-01 00:00:00+00:00"})) == set()
    assert listed(as_admin.get(EVENTS, {"token__id__exact": token.pk})) == set(token.events.all())


def test_events_are_found_by_owner_and_by_token(
    issue: Issue, as_admin: Client, bob: User, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("DEBUG")
    issued, other = issue(), issue(owner=bob)
    for written, expected in ((issued.plaintext, issued), ("bob@", other)):
        response = as_admin.post(EVENTS, {"q": written}, follow=True)
        assert listed(response) == set(expected.token.events.all())
    response = as_admin.get(EVENTS, {"q": issued.plaintext}, follow=True)
    assert response.redirect_chain == [(f"?q={issued.token.identifier}", 302)]
    assert issued.plaintext[24:] not in caplog.text + repr(list(LogEntry.objects.values()))


def test_a_person_is_found_by_a_token_that_gets_into_no_address(
    issue: Issue, as_admin: Client, bob: User
) -> None:
    issued = issue(owner=bob)
    response = as_admin.post(USERS, {"q": issued.plaintext}, follow=True)
    assert listed(response) == {bob}
    assert response.redirect_chain == [(f"?q={issued.token.identifier}", 302)]
    assert listed(as_admin.post(USERS, {"q": "bob@example.com"}, follow=True)) == {bob}


def test_groups_have_no_search_whose_text_gets_into_addresses(as_admin: Client) -> None:
    assert 'id="searchbar"' not in as_admin.get("/admin/auth/group/").content.decode()


def test_a_longer_list_costs_no_more_queries(issue: Issue, as_admin: Client, bob: User) -> None:
    def queries() -> int:
        with CaptureQueriesContext(connection) as captured:
            as_admin.get(EVENTS)
        assert "digest" not in str(captured.captured_queries)
        return len(captured)

    issue()
    before = queries()
    for owner in (bob, bob, issue().token.owner):
        issue(owner=owner)
    assert queries() == before


def test_nothing_is_added_changed_or_deleted(issue: Issue, as_admin: Client) -> None:
    event = issue().token.events.get()
    kept = TokenEvent.objects.values().get()
    page = f"{EVENTS}{event.pk}/change/"
    assert as_admin.get(f"{EVENTS}add/").status_code == 403
    assert as_admin.post(page, {"detail": "x"}).status_code == 403
    assert as_admin.post(f"{EVENTS}{event.pk}/delete/", {"post": "yes"}).status_code == 403
    form = {"action": "delete_selected", "_selected_action": event.pk, "post": "yes"}
    as_admin.post(EVENTS, form)
    assert TokenEvent.objects.values().get() == kept
    assert 'name="_save"' not in as_admin.get(page).content.decode()


def test_it_takes_a_permission_of_its_own(operator: Operator) -> None:
    client = operator("view_apitoken")
    assert client.get(EVENTS).status_code == 403


def test_a_token_s_page_shows_its_latest_activity(issue: Issue, as_admin: Client) -> None:
    token = issue().token
    token.rename("Invoice <export>")
    content = as_admin.get(page_of(token)).content.decode()
    assert "“Billing export” → “Invoice &lt;export&gt;”" in content
    assert f'href="{EVENTS}?token__id__exact={token.pk}"' in content


def test_a_token_s_page_counts_attempts_after_its_end(issue: Issue, as_admin: Client) -> None:
    token = issue().token
    assert "none" in as_admin.get(page_of(token)).content.decode()
    ended = {"refused_at": token.created_at, "refused_ip": "203.0.113.7", "refused_count": 14}
    ApiToken.objects.update(**ended, refused_agent="<curl>")
    content = as_admin.get(page_of(token)).content.decode()
    assert re.search(
        r"14, the last <time[^>]*>[^<]+</time> from 203\.0\.113\.7 by &lt;curl&gt;", content
    )


def test_saving_unchanged_limits_is_no_event(issue: Issue, as_admin: Client) -> None:
    token = issue().token
    as_admin.post(page_of(token), {"minute_limit": "", "burst_limit": ""})
    assert not token.events.filter(kind=Kind.LIMITED).exists()
    as_admin.post(page_of(token), {"minute_limit": "7", "burst_limit": ""})
    assert token.events.get(kind=Kind.LIMITED).detail == "7 calls a minute, 10 a second"
