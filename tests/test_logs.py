"""Lines of log: one for each request where they are JSON, and no token in any."""

import io
import json
import logging
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from django.contrib.auth.tokens import default_token_generator
from django.test import Client
from django.utils.encoding import force_bytes
from django.utils.http import urlsafe_base64_encode
from pytest_django import Settings

from accounts.calendars import feed_secret
from accounts.mail import unsubscribe_path
from accounts.models import User
from meetzy_tokens.logs import JsonFormatter, TextFormatter
from tests.support.types import Api, Issue, Serve

type Lines = Callable[[], list[dict[str, Any]]]


@pytest.fixture
def handler() -> logging.StreamHandler[io.StringIO]:
    made = logging.StreamHandler(io.StringIO())
    made.setFormatter(JsonFormatter())
    return made


@pytest.fixture
def stream(handler: logging.StreamHandler[io.StringIO]) -> Iterator[io.StringIO]:
    """What is logged, as JSON."""
    loggers = (logging.getLogger(), logging.getLogger("django"))
    for logger in loggers:
        logger.addHandler(handler)
    yield handler.stream
    for logger in loggers:
        logger.removeHandler(handler)


@pytest.fixture
def lines(stream: io.StringIO, settings: Settings) -> Lines:
    """The lines about requests."""
    settings.LOG_FORMAT = "json"

    def lines() -> list[dict[str, Any]]:
        written = [json.loads(line) for line in stream.getvalue().splitlines()]
        return [line for line in written if line["logger"] == "meetzy.requests"]

    return lines


def test_each_call_gets_a_line_that_names_token_and_owner(
    api: Api, issue: Issue, lines: Lines
) -> None:
    issued = issue()
    response = api("/api/v1/me?x=y", issued.plaintext)
    (line,) = lines()
    assert line.pop("milliseconds") > 0
    assert line.pop("time").endswith("+00:00")
    assert line == {
        "level": "INFO",
        "logger": "meetzy.requests",
        "kind": "api",
        "request_id": response.headers["X-Request-ID"],
        "identifier": issued.token.identifier,
        "user_id": issued.token.owner_id,
        "method": "GET",
        "path": "/api/v1/me",
        "status": 200,
        "outcome": "ok",
        "code": "",
    }


def test_a_refusal_says_why_and_a_stranger_has_no_name(
    api: Api, issue: Issue, lines: Lines
) -> None:
    issued = issue()
    issued.token.revoke()
    api("/api/v1/me", issued.plaintext)
    api("/api/v1/me", "junk")
    revoked, junk = lines()
    assert (revoked["outcome"], revoked["code"]) == ("refused", "token_revoked")
    assert revoked["identifier"] == issued.token.identifier
    assert (junk["outcome"], junk["code"]) == ("refused", "invalid_token")
    assert junk["identifier"] is junk["user_id"] is None


def test_pages_are_named_by_their_route_and_probes_are_not_named(
    as_alice: Client, issue: Issue, lines: Lines, alice: User
) -> None:
    identifier = issue().token.identifier
    page = as_alice.get(f"/account/tokens/{identifier}/?after=x")
    as_alice.get("/healthz")
    as_alice.get("/static/nothing.css")
    (line,) = lines()
    assert line["path"] == "/account/tokens/<slug:identifier>/"
    assert (line["kind"], line["identifier"], line["user_id"]) == ("page", identifier, alice.pk)
    assert (line["method"], line["status"], line["outcome"]) == ("GET", 200, "ok")
    assert line["request_id"] == page.headers["X-Request-ID"]


def test_no_token_gets_into_a_line(
    api: Api, as_admin: Client, issue: Issue, lines: Lines, stream: io.StringIO
) -> None:
    issued = issue()
    whole, secret = issued.plaintext, issued.plaintext[24:]
    for path in (f"/api/v1/{whole}", f"/api/{whole}?token={whole}", f"/api/%6dtz_{whole[4:]}"):
        api(path, whole)
    for path in (f"/account/tokens/{whole}/", f"/{whole}", f"/admin/{whole}/", f"/?t={whole}"):
        as_admin.get(path)
    as_admin.post("/account/tokens/search/", {"q": whole})
    assert len(lines()) == 8
    assert issued.token.identifier in stream.getvalue()
    assert secret not in stream.getvalue()
    assert secret[:20] not in stream.getvalue()


def test_a_link_to_reset_a_password_is_not_in_a_line(
    client: Client, alice: User, stream: io.StringIO, lines: Lines
) -> None:
    ticket = default_token_generator.make_token(alice)
    client.get(f"/account/password/reset/{urlsafe_base64_encode(force_bytes(alice.pk))}/{ticket}/")
    (line,) = lines()
    assert line["path"] == "/account/password/reset/<uidb64>/<token>/"
    assert ticket not in stream.getvalue()


@pytest.mark.parametrize("tail", ["", "x", "é"])
@pytest.mark.parametrize("method", ["get", "post", "put"])
@pytest.mark.parametrize("formatter", [TextFormatter(), JsonFormatter()])
def test_a_page_that_is_refused_is_named_by_its_route(
    client: Client,
    alice: User,
    stream: io.StringIO,
    handler: logging.Handler,
    formatter: logging.Formatter,
    method: str,
    tail: str,
) -> None:
    handler.setFormatter(formatter)
    ticket = unsubscribe_path(alice, "mail_reminders").split("/")[3]
    secret = feed_secret(alice)
    send = getattr(Client(enforce_csrf_checks=True), method)
    send("/nowhere/")
    send(f"/account/unsubscribe/{ticket}{tail}/")
    send(f"/account/calendar/{secret}{tail}.ics")
    lines = stream.getvalue()
    assert "/nowhere/" in lines
    assert "/account/calendar/<str:secret>.ics" in lines
    assert ticket not in lines
    assert secret not in lines


@pytest.mark.parametrize("formatter", [TextFormatter(), JsonFormatter()])
def test_a_token_in_an_exception_is_reduced(issue: Issue, formatter: logging.Formatter) -> None:
    issued = issue()
    failure = (ValueError, ValueError(issued.plaintext), None)
    record = logging.getLogger().makeRecord(
        "meetzy.api", logging.ERROR, __file__, 1, "failed: %s", (issued.plaintext,), failure
    )
    line = formatter.format(record)
    assert line.count(issued.token.identifier) == 2
    assert issued.plaintext[24:] not in line


def test_whatever_is_sent_a_line_is_a_line(api: Api, lines: Lines) -> None:
    for path in ("/api/%0A%0D%E2%80%A8", "/api/%00", "/api/%FF", f"/api/{'x' * 5000}"):
        api(path, "junk")
    assert [line["code"] for line in lines()] == ["invalid_token"] * 4
    assert max(len(line["path"]) for line in lines()) <= 200


def test_lines_for_people_are_not_written_for_each_request(
    api: Api, issue: Issue, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("INFO")
    assert api("/api/v1/me", issue().plaintext).status_code == 200
    assert not [record for record in caplog.records if record.name == "meetzy.requests"]


@pytest.mark.slow
def test_a_server_writes_json(serve: Serve, issue: Issue) -> None:
    issued = issue()
    site = serve(LOG_FORMAT="json")
    assert site.call(f"/api/{issued.plaintext}", issued.plaintext).status_code == 404
    written = site.log.read_text()
    line = json.loads(next(row for row in written.splitlines() if '"kind": "api"' in row))
    assert line["identifier"] == issued.token.identifier
    assert line["path"] == f"/api/{issued.token.identifier}"
    assert issued.plaintext[24:] not in written
