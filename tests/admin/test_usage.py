"""Which tokens are busiest, most refused and most limited."""

import re
from datetime import timedelta
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from accounts.models import ApiToken, User
from accounts.usage import writing
from tests.admin.places import INDEX, TOKENS, Operator, page_of
from tests.support.calls import usual_call
from tests.support.types import Issue

USAGE = "/admin/usage/"


def use(token: ApiToken, times: int, *, days_ago: float = 0, **fields: Any) -> None:
    at = timezone.now() - timedelta(days=days_ago)
    writing.add_to_counters([usual_call(token.pk, at=at, **fields) for _ in range(times)])


def boards(client: Client, query: str = "") -> dict[str, list[str | None]]:
    """The names of the tokens on each board, from the top."""
    found = client.get(USAGE + query).context["boards"]
    return {
        board.order: [line.token.name if line.token else None for line in board.lines]
        for board in found
    }


def test_each_board_has_its_own_order(issue: Issue, as_admin: Client, bob: User) -> None:
    busy, refused, limited = (issue(name=name).token for name in ("Busy", "Refused", "Limited"))
    use(busy, 5)
    use(refused, 3, status=401)
    use(limited, 2, status=429)
    use(issue(owner=bob, name="Bob's").token, 4)
    assert boards(as_admin) == {
        "calls": ["Busy", "Bob's", "Refused", "Limited"],
        "refused": ["Refused"],
        "limited": ["Limited"],
    }


def test_a_line_names_token_and_owner_and_leads_to_the_token(
    issue: Issue, as_admin: Client
) -> None:
    token = issue(name="<Billing>").token
    use(token, 1234)
    use(token, 2, status=500)
    content = as_admin.get(USAGE).content.decode()
    assert "<bdi>&lt;Billing&gt;</bdi>" in content
    assert f'href="{page_of(token)}">{token.identifier}</a>' in content
    assert token.owner.email in content
    numbers = re.findall(r'<td class="number">([^<]*)</td>', content)
    assert numbers == ["1,236", "0", "0", "2"]


def test_a_board_begins_with_what_it_is_ordered_by(issue: Issue, as_admin: Client) -> None:
    use(issue().token, 3, status=429)
    content = as_admin.get(USAGE).content.decode()
    headings = re.findall(r'<th scope="col" class="number">([^<]*)</th>', content)
    assert headings[4:] == ["Limited", "Calls", "Refused", "Failed"]


def test_the_period_is_chosen(issue: Issue, as_admin: Client) -> None:
    for name, days_ago in (("Today", 0.1), ("This week", 5), ("This month", 20), ("Old", 40)):
        use(issue(name=name).token, 1, days_ago=days_ago)
    assert boards(as_admin)["calls"] == boards(as_admin, "?period=x")["calls"] == ["Today"]
    assert boards(as_admin, "?period=7d")["calls"] == ["Today", "This week"]
    assert boards(as_admin, "?period=30d")["calls"] == ["Today", "This week", "This month"]
    content = as_admin.get(f"{USAGE}?period=7d").content.decode()
    assert 'href="?period=7d" aria-current="page"' in content


def test_bars_show_shares_of_the_first(issue: Issue, as_admin: Client) -> None:
    use(issue().token, 8)
    use(issue().token, 2)
    content = as_admin.get(USAGE).content.decode()
    assert re.findall(r'<rect width="(\d+)"', content) == ["100", "25"]
    assert "style=" not in content


def test_without_calls_it_says_so(as_admin: Client) -> None:
    content = as_admin.get(USAGE).content.decode()
    assert "No token was used." in content
    assert "<table" not in content


@pytest.mark.django_db
def test_a_token_that_is_gone_is_still_counted(as_admin: Client) -> None:
    writing.add_to_counters([usual_call(404, at=timezone.now())])
    assert boards(as_admin)["calls"] == [None]
    assert "A token that is gone" in as_admin.get(USAGE).content.decode()


def test_more_tokens_cost_no_more_queries(issue: Issue, as_admin: Client, bob: User) -> None:
    def queries() -> int:
        with CaptureQueriesContext(connection) as captured:
            as_admin.get(USAGE)
        assert "digest" not in str(captured.captured_queries)
        return len(captured)

    use(issue().token, 1)
    before = queries()
    for owner in (bob, bob, issue().token.owner):
        use(issue(owner=owner).token, 1, status=429)
    assert queries() == before == 4  # session, operator, counters, tokens


def test_it_takes_the_permission_to_see_tokens(
    operator: Operator, as_alice: Client, client: Client
) -> None:
    assert client.get(USAGE)["Location"] == f"/account/sign-in/?next={USAGE}"
    assert as_alice.get(USAGE).status_code in {302, 403}
    assert operator("view_user").get(USAGE).status_code == 403


def test_who_may_see_tokens_may_see_it_and_finds_it(operator: Operator) -> None:
    client = operator("view_apitoken")
    assert client.get(USAGE).status_code == 200
    assert client.post(USAGE).status_code == 405
    for page in (INDEX, TOKENS):
        assert f'href="{USAGE}"' in client.get(page).content.decode()
