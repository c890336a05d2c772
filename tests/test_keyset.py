"""Pages that begin after a row: nothing twice, nothing skipped, and no cursor that breaks them."""

import base64
import json
from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone
from pytest_django import DjangoAssertNumQueries

from accounts.keyset import Key, Page, cursor_at, instant, page
from accounts.models import ApiToken, User
from tests.support.types import Issue

NEWEST = (Key("created_at", descending=True, read=instant), Key("id", descending=True, read=int))
BY_NAME = (Key("name"), Key("id", descending=True, read=int))


@pytest.fixture
def seven(issue: Issue) -> list[ApiToken]:
    """Newest first; two share an instant, and three a name."""
    now = timezone.now()
    days = (0, 1, 2, 2, 3, 4, 5)
    made = [
        issue(name="abaccbb"[place], now=now - timedelta(days=day)).token
        for place, day in enumerate(days)
    ]
    return sorted(made, key=lambda token: (token.created_at, token.pk), reverse=True)


def shown(keys: tuple[Key, ...] = NEWEST, **cursors: Any) -> Page[ApiToken]:
    return page(ApiToken.objects.all(), keys, length=3, **cursors)


def cursor_of(*values: Any) -> str:
    return base64.urlsafe_b64encode(json.dumps(values).encode()).decode().rstrip("=")


@pytest.mark.parametrize("keys", [NEWEST, BY_NAME])
def test_going_forth_shows_every_row_once(seven: list[ApiToken], keys: tuple[Key, ...]) -> None:
    pages = [shown(keys)]
    while pages[-1].next:
        pages.append(shown(keys, after=pages[-1].next))
    names = {key.name: key.descending for key in keys}
    order = [f"-{name}" if descending else name for name, descending in names.items()]
    assert [len(each.rows) for each in pages] == [3, 3, 1]
    assert [row for each in pages for row in each.rows] == list(ApiToken.objects.order_by(*order))


@pytest.mark.parametrize("keys", [NEWEST, BY_NAME])
def test_going_back_leads_where_one_came_from(seven: list[ApiToken], keys: tuple[Key, ...]) -> None:
    first = shown(keys)
    second = shown(keys, after=first.next)
    third = shown(keys, after=second.next)
    assert shown(keys, before=third.previous) == second
    assert shown(keys, before=second.previous) == first
    assert (first.previous, third.next) == ("", "")


def test_what_comes_meanwhile_moves_no_page(seven: list[ApiToken], issue: Issue) -> None:
    first = shown()
    issue(name="new", now=timezone.now() + timedelta(minutes=1))
    assert list(shown(after=first.next).rows) == seven[3:6]


def test_a_page_is_one_query(
    seven: list[ApiToken], django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    with django_assert_num_queries(1):
        shown(after=cursor_at(seven[2], NEWEST))


def test_nothing_to_show_is_one_empty_page(alice: User) -> None:
    assert shown() == Page([], "", "")


@pytest.mark.parametrize(
    "cursor",
    [
        "x",
        "é",
        "!!!!",
        cursor_of(),
        cursor_of(None, None),
        cursor_of("2026-01-01T00:00:00", 1),
        cursor_of("0001-01-01T00:00:00+14:00", 1),
        cursor_of("9999-12-31T23:59:59-14:00", 1),
        cursor_of("2026-01-01T00:00:00+00:00", "x"),
        cursor_of("2026-01-01T00:00:00+00:00", float("inf")),
        base64.urlsafe_b64encode(b"[" * 100_000).decode(),
    ],
)
def test_a_cursor_that_can_not_be_read_counts_as_none(seven: list[ApiToken], cursor: str) -> None:
    assert shown(after=cursor) == shown(before=cursor) == shown()


@pytest.mark.parametrize("offset", ["+00:00", "-23:59", "+23:59:59.999999"])
def test_a_cursor_may_say_its_instant_in_any_zone(seven: list[ApiToken], offset: str) -> None:
    assert not shown(after=cursor_of(f"1970-01-02T00:00:00{offset}", 1)).rows


@pytest.mark.parametrize("name", ["\x00", "\ud800", None, 7, ["a"]])
def test_a_text_that_no_database_takes_counts_as_no_cursor(
    seven: list[ApiToken], name: Any
) -> None:
    assert list(shown(BY_NAME, after=cursor_of("a", 10**30)).rows) == list(shown(BY_NAME).rows)
    assert shown(BY_NAME, after=cursor_of(name, 1)) == shown(BY_NAME)
