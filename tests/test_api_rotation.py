"""`POST /api/v1/token/rotate` as a program meets it."""

import json
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
import pytest
import time_machine
from django.apps import apps
from django.utils import timezone

from accounts.models import ApiToken, Issued, Kind, TokenEvent, TokenPolicy, User
from accounts.usage import usage
from tests.support.site import Site
from tests.support.types import Api, Issue

ROTATE = "/api/v1/token/rotate"
DAY = timedelta(days=1)

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


def test_to_an_account_that_is_switched_off_nothing_is_repeated(
    issue: Issue, rotate: Rotate, alice: User
) -> None:
    old = issue().plaintext
    rotate(old, {"grace_seconds": 0}, key="k1")
    alice.is_active = False
    alice.save()
    for key in ("k1", "k2"):
        answer = rotate(old, {"grace_seconds": 0}, key=key)
        assert (answer.status_code, answer.json()["error"]["code"]) == (401, "token_expired")
    assert not ApiToken.objects.exclude(revoked_at=None).exists()


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


def test_a_rotated_out_token_in_use_after_its_end_is_refused_recorded_and_told(
    issue: Issue,
    api: Api,
    rotate: Rotate,
    mailoutbox: list[Any],
    django_capture_on_commit_callbacks: Any,
) -> None:
    old = issue(name="Nightly")
    rotate(old.plaintext, {"grace_seconds": 0})
    for _ in range(3):
        assert api("/api/v1/me", old.plaintext).status_code == 401
    with django_capture_on_commit_callbacks(execute=True):
        usage.flush()
    assert old.token.events.filter(kind=Kind.REUSED).count() == 1
    (mail,) = mailoutbox
    assert (mail.to, "Nightly" in mail.subject) == ([old.token.owner.email], True)
    old.token.refresh_from_db()
    assert old.token.refused_count == 3
    assert ApiToken.objects.get(rotated_from=old.token).is_living


# -- To the instant --------------------------------------------------------------------------------

NOON = datetime(2026, 8, 31, 12, tzinfo=UTC)
TICK = timedelta(microseconds=1)


@pytest.mark.parametrize("grace", [0, 1, 3600, 86_400, 604_800])
def test_the_old_token_is_dead_at_the_end_of_its_grace_and_not_before(
    issue: Issue, api: Api, rotate: Rotate, grace: int
) -> None:
    """Counted in seconds that pass, also over a night in which clocks change."""
    begin = datetime(2026, 10, 24, 12, tzinfo=UTC)
    old, end = issue(now=begin - DAY), begin + timedelta(seconds=grace)
    with time_machine.travel(begin, tick=False) as clock:
        rotate(old.plaintext, {"grace_seconds": grace})
        clock.move_to(end)
        assert api("/api/v1/me", old.plaintext).json()["error"]["code"] == "token_expired"
        clock.move_to(max(begin, end - TICK))
        assert api("/api/v1/me", old.plaintext).status_code == (200 if grace else 401)


def test_a_grace_beyond_the_old_tokens_own_end_does_not_move_it(
    issue: Issue, api: Api, rotate: Rotate
) -> None:
    old = issue(now=NOON - timedelta(days=90) + timedelta(hours=1))  # it ends in an hour
    with time_machine.travel(NOON, tick=False) as clock:
        answer = rotate(old.plaintext, {"grace_seconds": 604_800}).json()["data"]
        assert answer["old_expires_at"] == "2026-08-31T13:00:00Z"
        clock.move_to(NOON + timedelta(hours=1))
        assert api("/api/v1/me", old.plaintext).json()["error"]["code"] == "token_expired"


@pytest.mark.parametrize(
    ("expires", "end"),
    [("30d", "2026-09-30"), ("6m", "2027-02-28"), ("1y", "2027-08-31"), ("4y", "2030-08-31")],
)
def test_the_successors_life_is_counted_from_today_by_the_calendar(
    issue: Issue, rotate: Rotate, expires: str, end: str
) -> None:
    old = issue(now=NOON - DAY)
    with time_machine.travel(NOON, tick=False):
        answer = rotate(old.plaintext, {"expires": expires}).json()["data"]
    assert answer["expires_at"] == f"{end}T12:00:00Z"


def test_a_call_can_be_repeated_for_24_hours_to_the_instant(issue: Issue, rotate: Rotate) -> None:
    old = issue(now=NOON - DAY).plaintext
    with time_machine.travel(NOON, tick=False) as clock:
        first = rotate(old, {"grace_seconds": 0}, key="k1").json()["data"]["token"]
        clock.move_to(NOON + DAY)
        again = rotate(old, {"grace_seconds": 0}, key="k1")
        assert again.json()["data"]["token"] == first
        clock.move_to(NOON + DAY + TICK)
        assert rotate(old, {"grace_seconds": 0}, key="k1").status_code == 401


# -- What is kept, and what is taken over ----------------------------------------------------------


def test_nothing_is_kept_in_clear_of_a_call_that_can_be_repeated(
    issue: Issue, rotate: Rotate
) -> None:
    old, key = issue().plaintext, "a-key-that-nobody-guesses"
    new = rotate(old, key=key).json()["data"]["token"]
    usage.flush()
    rows = [row for model in apps.get_models() for row in model._base_manager.values()]
    kept = repr(rows)
    assert new[:24] in kept
    for secret in (old[24:], new[24:], key):
        assert secret not in kept


def test_only_who_holds_token_and_key_gets_the_successor(issue: Issue, rotate: Rotate) -> None:
    one, other = issue().plaintext, issue().plaintext
    new = rotate(one, key="k1").json()["data"]["token"]
    assert rotate(other, key="k1").json()["data"]["token"][4:] != new[4:]
    assert rotate(one, key="k2").status_code == 409
    assert rotate(new, key="k1").json()["data"]["token"] != new
    assert rotate(one, key="k1").json()["data"]["token"] == new


def test_a_repetition_outlives_the_exchange_of_peppers(
    issue: Issue, rotate: Rotate, settings: Any
) -> None:
    old = issue().plaintext
    new = rotate(old, key="k1").json()["data"]["token"]
    ring = settings.TOKEN_KEYRING
    settings.TOKEN_KEYRING = type(ring)(ring.peppers | {9: b"a newer pepper, long enough for all"})
    assert rotate(old, key="k1").json()["data"]["token"] == new


def test_a_token_never_widens_by_rotating(issue: Issue, rotate: Rotate) -> None:
    old = issue(environment="staging")
    ApiToken.objects.update(minute_limit=7, burst_limit=6)
    for more in ({"scopes": ["*"]}, {"minute_limit": 999}, {"environment": "production"}):
        assert rotate(old.plaintext, more).status_code == 400
    rotate(old.plaintext)
    new = ApiToken.objects.get(rotated_from=old.token)
    assert (new.environment, new.minute_limit, new.burst_limit) == ("staging", 7, 6)
    assert new.owner == old.token.owner


# -- At once ---------------------------------------------------------------------------------------


def test_rotations_and_revocations_at_once_leave_one_living_successor_at_most(
    server: Site, issue: Issue
) -> None:
    """Two by the same call, two by others, one by the token's end: no deadlock, no 5xx."""
    for _ in range(4):
        old = issue().plaintext
        calls = [("POST", "k1"), ("POST", "k1"), ("POST", "k2"), ("POST", ""), ("DELETE", "")]
        statuses = at_once(server, old, calls)
        assert set(statuses) <= {201, 204, 401, 409}
        made = ApiToken.objects.filter(rotated_from__identifier=old[:24])
        assert made.living().count() <= 1


def test_the_same_call_many_times_at_once_gets_one_successor(server: Site, issue: Issue) -> None:
    old = issue().plaintext
    with ThreadPoolExecutor(8) as pool:
        answers = list(pool.map(lambda _: send(server, old, "POST", "k1"), range(8)))
    assert {answer.status_code for answer in answers} == {201}
    assert len({answer.json()["data"]["token"] for answer in answers}) == 1
    assert ApiToken.objects.count() == 2


def at_once(server: Site, token: str, calls: list[tuple[str, str]]) -> list[int]:
    start = threading.Barrier(len(calls))

    def act(call: tuple[str, str]) -> int:
        start.wait()
        return send(server, token, *call).status_code

    with ThreadPoolExecutor(len(calls)) as pool:
        return list(pool.map(act, calls))


def send(server: Site, token: str, method: str, key: str) -> httpx.Response:
    path = ROTATE if method == "POST" else "/api/v1/token"
    headers = {"Authorization": f"Bearer {token}"} | ({"Idempotency-Key": key} if key else {})
    return httpx.request(method, server.url + path, headers=headers, trust_env=False, timeout=30)
