"""`POST /api/v1/token/rotate` as a program meets it."""

import json
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone

from accounts.models import ApiToken, Issued, Kind, TokenEvent, TokenPolicy
from accounts.usage import usage

ROTATE = "/api/v1/token/rotate"

type Rotate = Callable[..., Any]


@pytest.fixture
def rotate(api: Callable[..., Any]) -> Rotate:
    def rotate(token: str, body: object = None, key: str = "", **options: Any) -> Any:
        if body is not None:
            options = {"content_type": "application/json", "data": json.dumps(body)} | options
        headers = {"Idempotency-Key": key} if key else {}
        return api(ROTATE, token, method="POST", headers=headers, **options)

    return rotate


def test_the_answer_holds_the_successor_and_says_when_the_old_one_ends(
    issue: Callable[..., Issued], api: Callable[..., Any], rotate: Rotate
) -> None:
    old = issue(name="Production API")
    answer = rotate(old.plaintext, {"expires": "1y", "grace_seconds": 3600})
    assert answer.status_code == 201
    data = answer.json()["data"]
    assert (data["name"], data["replaces"]) == ("Production API", old.token.identifier)
    for token in (old.plaintext, data["token"]):
        assert api("/api/v1/me", token).status_code == 200
    old.token.refresh_from_db()
    assert old.token.expires_at - timezone.now() < timedelta(hours=1)


def test_body_and_key_are_optional(issue: Callable[..., Issued], rotate: Rotate) -> None:
    assert rotate(issue().plaintext).status_code == 201


def test_without_grace_the_old_token_is_dead_at_once(
    issue: Callable[..., Issued], api: Callable[..., Any], rotate: Rotate
) -> None:
    old = issue().plaintext
    rotate(old, {"grace_seconds": 0})
    assert api("/api/v1/me", old).json()["error"]["code"] == "token_expired"


def test_a_lost_answer_is_repeated_even_after_the_old_tokens_end(
    issue: Callable[..., Issued], rotate: Rotate
) -> None:
    old = issue().plaintext
    first = rotate(old, {"grace_seconds": 0}, key="k1").json()["data"]
    again = rotate(old, {"grace_seconds": 0}, key="k1")
    assert again.status_code == 201
    assert again.json()["data"]["token"] == first["token"]
    usage.flush()
    assert not TokenEvent.objects.filter(kind=Kind.REUSED).exists()


def test_a_second_rotation_is_a_conflict(issue: Callable[..., Issued], rotate: Rotate) -> None:
    old = issue().plaintext
    rotate(old, key="k1")
    answer = rotate(old, key="k2")
    assert (answer.status_code, answer.json()["error"]["code"]) == (409, "already_rotated")


def test_rotating_with_an_ended_token_kills_its_successor(
    issue: Callable[..., Issued], api: Callable[..., Any], rotate: Rotate
) -> None:
    old = issue().plaintext
    successor = rotate(old, {"grace_seconds": 0}, key="k1").json()["data"]["token"]
    thief = rotate(old, {"grace_seconds": 0}, key="k2")
    assert (thief.status_code, thief.json()["error"]["code"]) == (401, "token_expired")
    assert api("/api/v1/me", successor).json()["error"]["code"] == "token_revoked"


def test_a_policy_is_told_to_programs(issue: Callable[..., Issued], rotate: Rotate) -> None:
    old = issue().plaintext
    TokenPolicy.objects.create(pk=1, longest_life=30)
    answer = rotate(old, {"expires": "1y"})
    assert answer.status_code == 400
    assert "30d" in answer.json()["error"]["fields"]["expires"][0]
    assert ApiToken.objects.count() == 1


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({"expires": "2y"}, "expires"),
        ({"grace_seconds": -1}, "grace_seconds"),
        ({"grace_seconds": 604_801}, "grace_seconds"),
        ({"grace_seconds": "3600"}, "grace_seconds"),
        ({"grace_seconds": True}, "grace_seconds"),
        ({"scopes": ["*"]}, "body"),
        ([], "body"),
        ("x", "body"),
        (None, "body"),
    ],
)
def test_a_body_that_is_wrong_says_where(
    issue: Callable[..., Issued], rotate: Rotate, body: object, field: str
) -> None:
    answer = rotate(issue().plaintext, data=json.dumps(body), content_type="application/json")
    assert (answer.status_code, answer.json()["error"]["code"]) == (400, "invalid_parameters")
    assert list(answer.json()["error"]["fields"]) == [field]


@pytest.mark.parametrize(
    "raw", [b"{", b"\xff\xfe", b'{"expires": "\\ud800"}', b"\x00", b"[" * 9999]
)
def test_broken_json_is_the_callers_mistake(
    issue: Callable[..., Issued], rotate: Rotate, raw: bytes
) -> None:
    answer = rotate(issue().plaintext, data=raw, content_type="application/json")
    assert answer.status_code == 400


def test_another_content_type_is_refused(issue: Callable[..., Issued], rotate: Rotate) -> None:
    answer = rotate(issue().plaintext, data=b"a=1", content_type="text/plain")
    assert answer.json()["error"]["code"] == "unsupported_media_type"


@pytest.mark.parametrize("key", [" ", "k" * 256, "two words", "ключ"])
def test_a_key_that_is_no_key_is_refused(
    issue: Callable[..., Issued], rotate: Rotate, key: str
) -> None:
    answer = rotate(issue().plaintext, key=key)
    assert list(answer.json()["error"]["fields"]) == ["Idempotency-Key"]
