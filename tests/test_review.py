"""The list of tokens as its address describes it: cards, search, filters, order, pages."""

import html
import re
import secrets
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.db import connection
from django.http import QueryDict
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone
from pytest_django import DjangoAssertNumQueries

from accounts import review
from accounts.expiry import Expiry
from accounts.keyset import cursor_at
from accounts.models import ApiToken, User
from accounts.review import CARDS, SORTS, Counts, Review, with_keys
from accounts.tokens import PREFIX
from tests.support.paging import following, pages
from tests.support.types import Issue

TOKENS = "/account/tokens/"
SEARCH = "/account/tokens/search/"
HTMX = {"HX-Request": "true", "HX-Current-URL": f"http://testserver{TOKENS}"}
NOW = timezone.now()
MOST_QUERIES = 6  # session, person, counts, tokens, their links, their calls


def names(page: Any) -> list[str]:
    return re.findall(r'class="table__name"[^>]*><bdi>(.*?)</bdi>', page.text)


def make_many(owner: User, number: int) -> None:
    """Rows that nobody can authenticate with: only their number matters."""
    ApiToken.objects.bulk_create(
        ApiToken(
            owner=owner,
            name=f"Worker {place}",
            identifier=PREFIX + secrets.token_hex(10),
            digest=secrets.token_bytes(32),
            pepper=1,
            created_at=NOW - timedelta(minutes=place),
            expires_at=NOW + timedelta(days=1 + place % 300),
        )
        for place in range(number)
    )


@pytest.fixture
def cast(issue: Issue) -> dict[str, ApiToken]:
    """One token for each card, one for none of them, and one that no card counts any more."""

    def make(name: str, days: int, *, used: int | None = 1, **fields: Any) -> ApiToken:
        token = issue(name=name, now=NOW - timedelta(days=days), **fields).token
        if used is not None:
            ApiToken.objects.filter(pk=token.pk).update(last_used_at=NOW - timedelta(days=used))
        return token

    tokens = [
        make("healthy", 5, environment="staging"),
        make("expiring", 85),
        make("unused", 100, used=90, expiry=Expiry.ONE_YEAR),
        make("never_used", 4, used=None, environment="development"),
        make("no_expiry", 3, expiry=Expiry.FOUR_YEARS),
        make("expired", 120, used=None),
        make("revoked", 2, used=None),
    ]
    tokens[-1].revoke()
    return {token.name: token for token in tokens}


# -- Cards -----------------------------------------------------------------------------------------


def test_a_card_counts_what_it_says(cast: dict[str, ApiToken], alice: User) -> None:
    counts = Counts.of(alice.tokens.all(), NOW)
    assert counts.total == len(cast)
    assert counts.risks == dict.fromkeys(CARDS, 1)


@pytest.mark.parametrize("card", CARDS)
def test_a_card_leads_to_what_it_counts(
    as_alice: Client, cast: dict[str, ApiToken], card: str
) -> None:
    page = as_alice.get(f"{TOKENS}?risk={card}")
    assert names(page) == [card]
    current = re.findall(r'id="card-(\w+)"[^>]* aria-current="true"', page.text)
    assert current == [card]


def test_a_rotated_out_token_is_no_risk_any_more(issue: Issue, alice: User) -> None:
    old = issue(now=NOW - timedelta(days=85)).token
    assert Counts.of(alice.tokens.all(), NOW).risks["expiring"] == 1
    old.rotate(expiry=Expiry.ONE_YEAR)
    assert Counts.of(alice.tokens.all(), NOW).risks["expiring"] == 0


def test_the_cards_know_their_boundaries_to_the_instant(issue: Issue, alice: User) -> None:
    token = issue(now=NOW).token
    soon, tick = token.expires_at - timedelta(days=7), timedelta(microseconds=1)
    for at, number in ((soon, 1), (soon - tick, 0), (token.expires_at, 0)):
        assert Counts.of(alice.tokens.all(), at).risks["expiring"] == number
    ApiToken.objects.update(last_used_at=NOW, expires_at=NOW + timedelta(days=365))
    unused = NOW + timedelta(days=90)
    for at, number in ((unused, 1), (unused - tick, 0)):
        assert Counts.of(alice.tokens.all(), at).risks["unused"] == number


def test_a_card_without_tokens_is_muted(as_alice: Client, issue: Issue) -> None:
    issue()
    page = as_alice.get(TOKENS).text
    assert re.search(r'class="tally" id="card-never_used"', page)
    assert re.search(r'class="tally tally--none" id="card-expiring"', page)


# -- Search and filters ----------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ("q=HEAL", {"healthy"}),
        ("status=revoked", {"revoked"}),
        ("status=expired", {"expired"}),
        ("status=expiring", {"expiring"}),
        ("environment=staging", {"healthy"}),
        ("status=active&environment=development", {"never_used"}),
        ("q=ex&status=expired", {"expired"}),
        ("q=healthy&status=revoked", set()),
    ],
)
def test_filters_let_through_what_fits_all_of_them(
    as_alice: Client, cast: dict[str, ApiToken], query: str, found: set[str]
) -> None:
    assert set(names(as_alice.get(f"{TOKENS}?{query}"))) == found


def test_a_token_is_found_by_its_identifier_or_a_part_of_it(as_alice: Client, issue: Issue) -> None:
    issue(name="other")
    token = issue(name="wanted").token
    for part in (token.identifier, token.masked, token.identifier[4:16]):
        assert names(as_alice.get(TOKENS, {"q": part}, follow=True)) == ["wanted"]


@pytest.mark.parametrize("query", ["status=x", "risk=x&sort=y", "environment=moon", "after=x&q="])
def test_what_an_address_can_not_mean_counts_as_not_given(
    as_alice: Client, issue: Issue, query: str
) -> None:
    issue(name="Nightly")
    assert names(as_alice.get(f"{TOKENS}?{query}")) == ["Nightly"]


def test_a_list_without_results_says_so_and_leads_back(as_alice: Client, issue: Issue) -> None:
    issue()
    page = as_alice.get(f"{TOKENS}?q=zzz").text
    assert "None of your tokens fits these filters." in page
    assert f'<a href="{TOKENS}">Clear filters</a>' in page
    assert "You have no API tokens yet" not in page


def test_the_form_shows_what_the_address_says(as_alice: Client, issue: Issue) -> None:
    issue()
    page = as_alice.get(f"{TOKENS}?q=%22a%22&status=active&sort=name&risk=unused").text
    assert 'value="&quot;a&quot;"' in page
    assert '<option value="active" selected>' in page
    assert '<option value="name" selected>' in page
    assert '<input type="hidden" name="risk" value="unused">' in page


def test_filters_lead_to_the_address_that_describes_them(as_alice: Client) -> None:
    response = as_alice.post(SEARCH, {"q": " night ", "status": "active", "sort": "newest"})
    assert (response.status_code, response["Location"]) == (302, f"{TOKENS}?q=night&status=active")
    assert as_alice.post(SEARCH, {"q": ""})["Location"] == TOKENS


def test_htmx_hears_how_many_were_found(as_alice: Client, issue: Issue) -> None:
    issue()
    response = as_alice.post(SEARCH, {"q": "billing"}, headers=HTMX, follow=True)
    assert '"1 token."' in response["HX-Trigger-After-Settle"]
    assert 'id="results"' in response.text


# -- No secret in an address -----------------------------------------------------------------------


@pytest.mark.parametrize(
    "write",
    [
        lambda token: token,
        lambda token: token[:-1],
        lambda token: f"Authorization: Bearer {token}",
        lambda token: token[24:],
    ],
    ids=["whole", "cut short", "header", "secret alone"],
)
def test_a_pasted_token_gets_into_no_address(
    as_alice: Client, issue: Issue, write: Callable[[str], str]
) -> None:
    token = issue().plaintext
    posted = as_alice.post(SEARCH, {"q": write(token), "status": "active"})
    typed_into_the_address = as_alice.get(TOKENS, {"q": write(token), "status": "active"})
    for response in (posted, typed_into_the_address):
        assert response.status_code == 302
        assert token[24:60] not in response["Location"]
        assert "status=active" in response["Location"]
    page = as_alice.get(posted["Location"])
    assert page.status_code == 200
    assert token[24:60] not in page.text


def test_a_pasted_token_finds_its_row(as_alice: Client, issue: Issue) -> None:
    issue(name="other")
    issued = issue(name="wanted")
    assert names(as_alice.post(SEARCH, {"q": issued.plaintext}, follow=True)) == ["wanted"]


def test_the_search_form_posts(as_alice: Client, issue: Issue) -> None:
    issue()
    form = re.search(r'<form class="filters"[^>]*>', as_alice.get(TOKENS).text)
    assert form
    assert f'action="{SEARCH}" method="post"' in form[0]
    assert as_alice.get(SEARCH)["Location"] == TOKENS


# -- Order and pages -------------------------------------------------------------------------------


@pytest.mark.parametrize("sort", SORTS)
def test_every_order_has_all_tokens_on_its_pages(
    as_alice: Client,
    cast: dict[str, ApiToken],
    monkeypatch: pytest.MonkeyPatch,
    sort: str,
) -> None:
    monkeypatch.setattr(review, "PAGE_LENGTH", 3)
    found = pages(as_alice, TOKENS, f"?sort={sort}")
    seen = [name for page in found for name in names(page)]
    assert sorted(seen) == sorted(cast)
    assert set(seen[-2:]) == {"expired", "revoked"}


def test_an_order_is_what_it_says(as_alice: Client, cast: dict[str, ApiToken]) -> None:
    living = {sort: names(as_alice.get(f"{TOKENS}?sort={sort}"))[:-2] for sort in SORTS}
    assert living["name"] == sorted(living["name"])
    assert living["newest"][0] == "no_expiry"
    assert living["expires"][0] == "expiring"
    assert living["used"][-2:] == ["unused", "never_used"]


def test_going_back_and_forth_keeps_the_filters(
    as_alice: Client, issue: Issue, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(review, "PAGE_LENGTH", 1)
    issue(name="b 1", environment="staging")
    issue(name="b 2", environment="staging")
    issue(name="b 3")
    first = as_alice.get(f"{TOKENS}?q=b&environment=staging&sort=name")
    query = following(first)
    assert query
    second = as_alice.get(TOKENS + query)
    previous = re.search(r'href="([^"]*)" rel="prev"', second.text)
    assert previous
    assert names(second) == ["b 2"]
    assert names(as_alice.get(TOKENS + html.unescape(previous[1]))) == ["b 1"]
    assert 'rel="next"' not in second.text


# -- Queries ---------------------------------------------------------------------------------------


def queries(client: Client, address: str) -> int:
    with CaptureQueriesContext(connection) as made:
        assert client.get(address).status_code == 200
    return len(made)


def test_only_what_a_page_shows_is_joined_to_its_links(
    alice: User, issue: Issue, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    token = issue().token
    with django_assert_num_queries(2) as made:
        assert list(Review().page(alice.tokens.all(), NOW).rows) == [token]
    assert "JOIN" not in made[0]["sql"]
    assert f"IN ({token.pk})" in made[1]["sql"]


def test_lists_of_1_40_and_10_000_tokens_take_the_same_queries(
    as_alice: Client, alice: User
) -> None:
    filtered = f"{TOKENS}?sort=used&environment=production&q=worker&risk=never_used"
    counted = set()
    for more in (1, 39, 9_960):
        make_many(alice, more)
        counted |= {queries(as_alice, address) for address in (TOKENS, filtered)}
    assert alice.tokens.count() == 10_000
    assert len(counted) == 1
    assert max(counted) <= MOST_QUERIES


@pytest.mark.parametrize("sort", SORTS)
def test_a_page_deep_in_a_long_list_takes_no_more_queries_than_its_first(
    as_alice: Client, alice: User, sort: str
) -> None:
    make_many(alice, 10 * review.PAGE_LENGTH)
    keys, first = Review(sort=sort).keys, f"{TOKENS}?sort={sort}"
    ordered = with_keys(alice.tokens.all(), NOW).order_by(
        *(key.ordering(backwards=False) for key in keys)
    )
    cursor = cursor_at(ordered[5 * review.PAGE_LENGTH], keys)
    for address in (f"{first}&after={cursor}", f"{first}&before={cursor}"):
        assert queries(as_alice, address) == queries(as_alice, first)
        assert len(names(as_alice.get(address))) == review.PAGE_LENGTH


def test_links_between_tokens_cost_no_queries_of_their_own(as_alice: Client, issue: Issue) -> None:
    olds = [issue().token for _ in range(5)]
    unlinked = queries(as_alice, TOKENS)
    for old in olds:
        old.rotate(expiry=Expiry.ONE_YEAR)
    assert queries(as_alice, TOKENS) == unlinked
    page = as_alice.get(TOKENS).text
    assert page.count("Replaced by") == page.count("Replaces <a") == 5
    assert not any(old.digest.hex() in page for old in olds)


def test_an_address_reads_and_writes_alike() -> None:
    query = "q=night&status=active&environment=staging&risk=unused&sort=name"
    assert Review.read(QueryDict(query)).address == QueryDict(query).dict()
