"""The description of the API: true to what the server answers, and of use to who reads it."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
import schemathesis
from django.test import Client
from django.utils import timezone
from hypothesis import HealthCheck, Phase, assume, given
from hypothesis import settings as hypothesis_settings
from pydantic import BaseModel
from schemathesis.core.result import Ok

from accounts.api.problems import PROBLEMS
from accounts.api.reference import schema
from accounts.api.schemas import (
    MOST_DAYS_OF_HOURS,
    Account,
    Answer,
    Budgets,
    Failure,
    Token,
    Usage,
)
from accounts.models import ApiToken
from tests.support.site import Site
from tests.support.types import Issue

CALLS = {
    "GET /api/v1/me",
    "GET /api/v1/token",
    "DELETE /api/v1/token",
    "POST /api/v1/token/rotate",
    "GET /api/v1/rate-limit",
    "GET /api/v1/token/usage",
}
FEW = hypothesis_settings(
    max_examples=15,
    deadline=None,
    phases=[Phase.generate],
    suppress_health_check=list(HealthCheck),
)


def operations() -> dict[str, dict[str, Any]]:
    paths = schema()["paths"].items()
    return {f"{method.upper()} {path}": op for path, ops in paths for method, op in ops.items()}


def resolved(reference: dict[str, str]) -> Any:
    part: Any = schema()
    for name in reference["$ref"].split("/")[1:]:
        part = part[name]
    return part


# -- What it says ----------------------------------------------------------------------------------


def test_everyone_may_read_it_and_keep_it_a_while(client: Client, db: None) -> None:
    response = client.get("/api/v1/openapi.json")
    assert response.headers["Content-Type"] == "application/json"
    assert response.headers["Cache-Control"] == "public, max-age=300"
    assert not response.cookies
    assert response.json()["openapi"].startswith("3.1")


def test_it_is_valid() -> None:
    schemathesis.openapi.from_dict(schema()).validate()


def test_it_lists_every_call() -> None:
    assert operations().keys() == CALLS


def test_every_call_wants_a_bearer_token() -> None:
    for operation in operations().values():
        ((name,),) = operation["security"]
        assert schema()["components"]["securitySchemes"][name]["scheme"] == "bearer"


def test_every_call_tells_how_it_can_fail() -> None:
    for operation in operations().values():
        assert operation["responses"].keys() >= {"400", "401", "403", "429", "503"}


def test_every_failure_shows_each_of_its_codes() -> None:
    for name, operation in operations().items():
        for status, response in operation["responses"].items():
            if "$ref" in response:
                content = resolved(response)["content"]["application/problem+json"]
                for code, example in content["examples"].items():
                    assert PROBLEMS[code].status == int(status), name
                    assert Failure.model_validate(example["value"]).error.code == code


@pytest.mark.parametrize(
    ("call", "answer"),
    [
        ("GET /api/v1/me", Answer[Account]),
        ("GET /api/v1/token", Answer[Token]),
        ("GET /api/v1/rate-limit", Answer[Budgets]),
        ("GET /api/v1/token/usage", Answer[Usage]),
    ],
)
def test_every_example_of_an_answer_is_one(call: str, answer: type[BaseModel]) -> None:
    content = operations()[call]["responses"]["200"]["content"]["application/json"]
    assert answer.model_validate(content["example"]).model_dump(mode="json", exclude_unset=True)


def test_nothing_in_it_looks_like_a_whole_token() -> None:
    assert "mtz_[0-9A-Za-z]{62}" in str(schema())
    assert not any(len(word) > 60 for word in str(schema()).split("mtz_")[1:] if word.isalnum())


# -- What the server does --------------------------------------------------------------------------


type Check = Callable[[Callable[[], str | None]], None]


@pytest.fixture
def check(server: Site) -> Check:
    """Let schemathesis make up calls, each with a token that the caller hands out, and hold what
    the server answers against the description."""
    description = schemathesis.openapi.from_url(f"{server.url}/api/v1/openapi.json")

    def check(token: Callable[[], str | None]) -> None:
        for operation in description.get_all_operations():
            assert isinstance(operation, Ok)

            @FEW
            @given(case=operation.ok().as_strategy())
            def call(case: Any) -> None:
                assume(not asks_for_too_many_hours(case))
                bearer = token()
                headers = {"Authorization": f"Bearer {bearer}"} if bearer else {}
                case.call_and_validate(headers=headers)

            call()

    return check


def asks_for_too_many_hours(case: Any) -> bool:
    """Which is refused, and is more than a description of single parameters can say."""
    query = case.query or {}
    days = str(query.get("days"))
    too_many = days.isdecimal() and int(days) > MOST_DAYS_OF_HOURS
    return too_many and query.get("granularity") == "hour"


@pytest.mark.slow
def test_answers_to_a_genuine_token_are_as_described(check: Check, issue: Issue) -> None:
    def token() -> str:
        issued = issue()
        ApiToken.objects.update(minute_limit=100_000, burst_limit=100_000)
        return issued.plaintext

    check(token)


@pytest.mark.slow
def test_refusals_are_as_described(check: Check, issue: Issue) -> None:
    revoked, limited = issue(), issue()
    expired = issue(now=timezone.now() - timedelta(days=400))
    revoked.token.revoke()
    ApiToken.objects.filter(pk=limited.token.pk).update(minute_limit=1)
    check(lambda: None)
    check(lambda: "junk")
    for issued in (revoked, expired, limited):
        check(lambda token=issued.plaintext: token)  # type: ignore[misc]
