"""People in the admin."""

from typing import Any

import pytest
from django.contrib.admin.models import LogEntry
from django.contrib.auth.models import Group
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from accounts.models import User
from tests.admin.places import TOKENS, USERS, Operator, Response, listed, page_of_user
from tests.conftest import PASSWORD
from tests.support.types import Issue


def test_users_are_listed_with_their_living_tokens(
    issue: Issue, as_admin: Client, alice: User, bob: User
) -> None:
    issue()
    issue()
    issue().token.revoke()
    rows = {user.email: user.living for user in as_admin.get(USERS).context["cl"].result_list}
    assert rows == {alice.email: 2, bob.email: 0, "admin@example.com": 0}
    link = f'<a href="{TOKENS}?owner__id__exact={alice.pk}">2</a>'
    assert link in as_admin.get(USERS).content.decode()
    assert len(listed(as_admin.get(TOKENS, {"owner__id__exact": alice.pk}))) == 3


def test_a_longer_list_of_users_costs_no_more_queries(issue: Issue, as_admin: Client) -> None:
    def queries() -> int:
        with CaptureQueriesContext(connection) as captured:
            as_admin.get(USERS)
        return len(captured)

    issue()
    before = queries()
    for name in ("carol", "dora", "erik"):
        issue(owner=User.objects.create_user(f"{name}@example.com", name=name))
    assert queries() == before


def added(client: Client, email: str) -> Response:
    form = {"email": email, "name": "Nora", "usable_password": "true"}
    return client.post(f"{USERS}add/", form | {"password1": PASSWORD, "password2": PASSWORD})


def test_a_user_is_added_by_email(as_admin: Client, client: Client) -> None:
    assert added(as_admin, "Nora@Example.com").status_code == 302
    nora = User.objects.get(email="nora@example.com")
    assert (nora.name, nora.is_staff, nora.is_active) == ("Nora", False, True)
    assert client.login(username="nora@example.com", password=PASSWORD)


def test_an_email_in_use_is_explained(as_admin: Client, alice: User) -> None:
    response = added(as_admin, alice.email.upper())
    assert "There is an account with this e-mail address already." in response.content.decode()


def changed(client: Client, user: User, **fields: Any) -> Response:
    form = {"email": user.email, "name": user.name, "time_zone": user.time_zone, "is_active": "on"}
    return client.post(page_of_user(user), form | fields)


def test_a_user_is_changed(as_admin: Client, alice: User) -> None:
    response = changed(as_admin, alice, email="Alicia@example.com", time_zone="Europe/Berlin")
    assert response["Location"] == USERS
    alice.refresh_from_db()
    assert (alice.email, alice.time_zone) == ("alicia@example.com", "Europe/Berlin")
    assert alice.check_password(PASSWORD)


def test_a_password_changed_meanwhile_stays(
    as_admin: Client, alice: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    save = User.save

    def changed_meanwhile(self: User, **options: Any) -> None:
        User.objects.filter(pk=self.pk).update(password="!meanwhile")
        save(self, **options)

    monkeypatch.setattr(User, "save", changed_meanwhile)
    changed(as_admin, alice, name="Alicia")
    assert list(User.objects.filter(name="Alicia").values_list("password")) == [("!meanwhile",)]


def test_users_are_switched_off_and_on(as_admin: Client, alice: User, admin_user: User) -> None:
    chosen = {"_selected_action": [alice.pk, admin_user.pk], "index": "0"}
    for action, active in (("deactivate", False), ("activate", True)):
        as_admin.post(USERS, {"action": action} | chosen)
        alice.refresh_from_db()
        assert alice.is_active is active
    admin_user.refresh_from_db()
    assert admin_user.is_active, "nobody locks themselves out"
    messages = [entry.get_change_message() for entry in LogEntry.objects.order_by("pk")]
    assert messages == ["Deactivated.", "Activated."]


def test_who_has_tokens_is_switched_off_and_not_deleted(
    issue: Issue, as_admin: Client, alice: User
) -> None:
    issue()
    page = page_of_user(alice, "delete")
    assert "Deactivate the account instead" in as_admin.get(page).content.decode()
    as_admin.post(page, {"post": "yes"})
    form = {"action": "delete_selected", "_selected_action": alice.pk, "post": "yes"}
    assert "Deactivate the account instead" in as_admin.post(USERS, form).content.decode()
    assert User.objects.filter(pk=alice.pk).exists()


def test_who_has_no_tokens_can_be_deleted(as_admin: Client, alice: User) -> None:
    as_admin.post(page_of_user(alice, "delete"), {"post": "yes"})
    assert not User.objects.filter(pk=alice.pk).exists()


def test_what_an_operator_did_outlives_the_wish_to_delete_them(
    as_admin: Client, admin_user: User, alice: User
) -> None:
    changed(as_admin, alice, name="Alicia")
    as_admin.post(page_of_user(admin_user, "delete"), {"post": "yes"})
    assert LogEntry.objects.get().user == admin_user


def test_only_a_superuser_makes_operators(operator: Operator, alice: User) -> None:
    client = operator("view_user", "change_user")
    powers = {"is_staff": "on", "is_superuser": "on", "groups": Group.objects.create(name="g").pk}
    assert changed(client, alice, name="Alicia", **powers).status_code == 302
    alice.refresh_from_db()
    assert (alice.name, alice.is_staff, alice.is_superuser) == ("Alicia", False, False)
    assert not alice.groups.exists()


def test_only_a_superuser_changes_an_operator(operator: Operator, admin_user: User) -> None:
    client = operator("view_user", "change_user", "delete_user")
    assert client.get(page_of_user(admin_user)).status_code == 200
    assert changed(client, admin_user, name="Mine").status_code == 403
    form = {"password1": "another long one", "password2": "another long one"}
    assert client.post(page_of_user(admin_user, "password"), form).status_code == 403
    assert client.post(page_of_user(admin_user, "delete"), {"post": "yes"}).status_code == 403
    client.post(USERS, {"action": "deactivate", "_selected_action": admin_user.pk, "index": "0"})
    form = {"action": "delete_selected", "_selected_action": str(admin_user.pk), "post": "yes"}
    client.post(USERS, form)
    assert User.objects.get(is_superuser=True).is_active
