"""The API's reference: a page of the product, made from the description that programs read."""

import html
import re

from django.test import Client

from accounts.api.problems import PROBLEMS
from accounts.api.reference import schema

DOCS = "/api/docs"


def page(client: Client) -> str:
    response = client.get(DOCS)
    assert response.status_code == 200
    return response.text


def test_everyone_may_read_it(client: Client, as_alice: Client) -> None:
    assert "API reference" in page(client)
    assert "API reference" in page(as_alice)


def test_it_shows_every_call(client: Client, db: None) -> None:
    text = page(client)
    for path, operations in schema()["paths"].items():
        for method, operation in operations.items():
            assert f"<code>{method.upper()} {path}</code>" in text
            assert operation["summary"] in text


def test_it_explains_failures_in_the_words_of_the_answers(client: Client, db: None) -> None:
    text = page(client)
    for code in ("token_expired", "rate_limited", "unavailable", "not_found"):
        assert f"<code>{code}</code>" in text
        assert PROBLEMS[code].message in text.replace("&#x27;", "'")


def test_every_field_is_explained_with_its_type(client: Client, db: None) -> None:
    text = re.sub(r"\s+", " ", page(client))
    assert '<dt><code>limits.minute</code></dt> <dd><span class="reference__kind">integer' in text
    assert '<dt><code>scopes</code></dt> <dd><span class="reference__kind">array of strings' in text
    assert "instant or null" in text


def test_parameters_and_what_lists_hold_are_explained(client: Client, db: None) -> None:
    text = re.sub(r"\s+", " ", page(client))
    kind = '<span class="reference__kind">'
    assert f"<dt><code>days</code></dt> <dd>{kind}integer.</span> How far back" in text
    assert f'<dt><code>granularity</code></dt> <dd>{kind}"hour", "day".' in html.unescape(text)
    assert f"<dt><code>buckets[].p95_ms</code></dt> <dd>{kind}number or null.</span>" in text


def test_it_takes_nothing_from_elsewhere_and_holds_nothing_inline(client: Client, db: None) -> None:
    text = page(client)
    assert "OpenAPI 3.1" in text
    assert not re.search(r'(src|href)="(https?:)?//', text)
    assert not re.search(r"<style|style=|<script(?![^>]* src=)| on[a-z]+=", text)


def test_links_within_it_lead_somewhere(client: Client, db: None) -> None:
    text = page(client)
    targets = re.findall(r'href="#([^"]+)"', text)
    assert targets
    for target in targets:
        assert text.count(f'id="{target}"') == 1
