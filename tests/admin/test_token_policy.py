"""The page of the rules for all tokens."""

from datetime import timedelta
from typing import Any

import pytest
from django.contrib.admin.models import LogEntry
from django.test import Client
from django.utils import timezone

from accounts.expiry import Expiry
from accounts.models import Reminder, TokenPolicy
from tests.admin.places import INDEX, POLICY, Operator, Response
from tests.support.types import Issue

LIST = "/admin/accounts/tokenpolicy/"


def saved(client: Client, **fields: Any) -> Response:
    form = {
        "offered": Expiry.values,
        "longest_life": "",
        "tokens_per_person": "",
        "unused_days": "",
    }
    return client.post(POLICY, form | fields)


def test_the_policy_is_one_page_without_a_list(as_admin: Client) -> None:
    assert LIST in as_admin.get(INDEX).content.decode()
    assert as_admin.get(LIST)["Location"] == POLICY
    page = as_admin.get(POLICY)
    assert page.status_code == 200
    for label in Expiry.labels:
        assert label in page.content.decode()
    assert not TokenPolicy.objects.exists()


def test_what_is_saved_holds_and_shows(as_admin: Client) -> None:
    fields = {"offered": ["90d", "30d"], "longest_life": 90, "tokens_per_person": 5}
    assert saved(as_admin, unused_days=60, **fields)["Location"] == LIST
    policy = TokenPolicy.current()
    assert (policy.offered, policy.longest_life) == (["30d", "90d"], 90)
    assert (policy.tokens_per_person, policy.unused_days) == (5, 60)
    saved(as_admin)
    assert TokenPolicy.objects.count() == 1
    assert TokenPolicy.current().allowed_expiries(timezone.now()) == list(Expiry)


def test_the_log_says_from_what_to_what(as_admin: Client, admin_user: Any) -> None:
    saved(as_admin, offered=["30d"], tokens_per_person=5)
    entry = LogEntry.objects.get()
    assert entry.user == admin_user
    assert entry.get_change_message() == (
        "Expiry periods offered: 30d, 90d, 6m, 1y, 4y → 30d; Living tokens per person: none → 5"
    )
    assert entry.get_change_message() in as_admin.get(f"{LIST}1/history/").content.decode()


@pytest.mark.parametrize(
    ("fields", "remedy"),
    [
        ({"offered": []}, "Offer at least one period"),
        ({"offered": ["2d"]}, "Select a valid choice"),
        ({"offered": ["1y"], "longest_life": 90}, "No expiry period that is offered fits"),
        ({"longest_life": 29}, "greater than or equal to 30"),
        ({"longest_life": 9999999999}, "less than or equal to 3660"),
        ({"tokens_per_person": 0}, "greater than or equal to 1"),
        ({"unused_days": 13}, "greater than or equal to 14"),
        ({"unused_days": 2_000_000_000}, "less than or equal to 3660"),
    ],
)
def test_a_policy_that_could_not_work_is_explained(
    as_admin: Client, fields: dict[str, Any], remedy: str
) -> None:
    response = saved(as_admin, **fields)
    assert remedy in response.content.decode()
    assert not TokenPolicy.objects.exists()


def test_the_one_policy_is_neither_added_to_nor_deleted(as_admin: Client) -> None:
    saved(as_admin)
    assert as_admin.get(f"{LIST}add/").status_code == 403
    assert as_admin.post(f"{LIST}1/delete/", {"post": "yes"}).status_code == 403
    assert as_admin.get(f"{LIST}2/change/")["Location"] == INDEX
    assert TokenPolicy.objects.count() == 1


def test_it_takes_a_permission_of_its_own(operator: Operator) -> None:
    assert operator("change_apitoken").get(POLICY).status_code == 403


def test_who_may_only_look_changes_nothing(operator: Operator) -> None:
    client = operator("view_tokenpolicy")
    assert client.get(POLICY).status_code == 200
    assert saved(client, tokens_per_person=1).status_code == 403


def test_another_rule_on_disuse_has_to_be_told_anew(as_admin: Client, issue: Issue) -> None:
    saved(as_admin, unused_days=30)
    now, token = timezone.now(), issue().token
    for key in ("unused:then", "expires:7"):
        Reminder.objects.create(token=token, key=key, claimed_at=now, sent_at=now - timedelta(9))
    saved(as_admin, unused_days=30, tokens_per_person=5)
    assert Reminder.objects.count() == 2
    saved(as_admin, unused_days=60)
    assert Reminder.objects.get().key == "expires:7"
