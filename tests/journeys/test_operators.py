"""The operators' usage page, as a browser shows it."""

import pytest
from django.utils import timezone
from playwright.sync_api import Page, expect

from accounts.models import User
from accounts.usage import writing
from tests.journeys.inspection import problems
from tests.support.calls import usual_call
from tests.support.types import Issue

pytestmark = pytest.mark.browser


@pytest.fixture
def operator(alice: User) -> User:
    User.objects.filter(pk=alice.pk).update(is_staff=True, is_superuser=True)
    return alice


def test_usage_is_accessible_and_fits_empty_and_full(
    desk: Page, operator: User, issue: Issue
) -> None:
    desk.goto("/admin/usage/")
    assert not problems(desk)
    for name, status in (("Busy", 200), ("<Refused> " + "W" * 90, 401), ("مفتاح", 429)):
        token = issue(name=name).token
        writing.add_to_counters([usual_call(token.pk, at=timezone.now(), status=status)])
    desk.goto("/admin/usage/?period=7d")
    expect(desk.get_by_role("table")).to_have_count(3)
    assert not problems(desk)


def test_from_the_front_page_to_a_busy_token(desk: Page, operator: User, issue: Issue) -> None:
    token = issue().token
    writing.add_to_counters([usual_call(token.pk, at=timezone.now())])
    desk.goto("/admin/")
    desk.get_by_role("link", name="Usage: the busiest").click()
    desk.get_by_role("link", name="30 days").click()
    expect(desk.get_by_role("heading", name="Usage in the latest 30 days")).to_be_visible()
    desk.get_by_role("link", name=token.identifier).click()
    expect(desk).to_have_url(f"/admin/accounts/apitoken/{token.pk}/change/")
