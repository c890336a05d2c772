"""SQLite locked by another process, as a backup or a long transaction does it."""

import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager

import pytest
from django.db import connection

from accounts.models import ApiToken, User
from tests.conftest import signed_in
from tests.faults.calls import ME, PROMISE, call
from tests.support.site import Site
from tests.support.types import Issue

pytestmark = pytest.mark.fault


@pytest.fixture(autouse=True)
def on_sqlite(transactional_db: None) -> None:
    if connection.vendor != "sqlite":
        pytest.skip("is about SQLite: the other run of ./dev test has it")


@contextmanager
def locked_for_writing() -> Iterator[None]:
    with closing(sqlite3.connect(connection.settings_dict["NAME"])) as other:
        other.execute("BEGIN IMMEDIATE")
        yield
        other.rollback()


def test_calls_are_answered_while_someone_writes(server: Site, issue: Issue) -> None:
    token = issue().plaintext
    with locked_for_writing():
        for _ in range(5):
            answer = call(server, token)
            assert (answer.status, answer.seconds < 1) == (200, True)


def test_a_revocation_by_call_is_unavailable_meanwhile_and_done_afterwards(
    server: Site, issue: Issue
) -> None:
    token = issue().plaintext
    with locked_for_writing():
        response = server.call("/api/v1/token", token, method="DELETE")
        assert response.status_code == 503
        assert response.json()["error"]["code"] == "unavailable"
        assert response.elapsed.total_seconds() < PROMISE
    assert server.call("/api/v1/token", token, method="DELETE").status_code == 204
    assert call(server, token).code == "token_revoked"


def test_a_form_is_told_to_come_back_and_changes_nothing(
    server: Site, issue: Issue, alice: User
) -> None:
    issued = issue()
    cookies = {name: morsel.value for name, morsel in signed_in(alice).cookies.items()}
    server.client.cookies.update(cookies)
    path = f"/account/tokens/{issued.token.identifier}/revoke/"
    server.client.get(path)
    form = {"csrfmiddlewaretoken": server.client.cookies["csrf"]}
    with locked_for_writing():
        response = server.client.post(path, data=form)
    assert response.status_code == 503
    assert "Back in a moment" in response.text
    assert ApiToken.objects.get().revoked_at is None
    assert server.client.post(path, data=form).is_redirect
    assert call(server, issued.plaintext, ME).code == "token_revoked"
