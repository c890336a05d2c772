"""Calls as bytes on a socket: what no client library sends, and what the web server makes of it."""

import re
import socket
from typing import NamedTuple

import pytest

from accounts.models import ApiToken
from tests.support.site import Site
from tests.support.types import Issue


class Answer(NamedTuple):
    status: int
    code: str
    text: str


class Wire:
    def __init__(self, site: Site, token: str) -> None:
        self.site = site
        self.bearer = f"Bearer {token}".encode()

    def send(
        self,
        *authorization: bytes,
        path: bytes = b"/api/v1/me",
        method: bytes = b"GET",
        version: bytes = b"HTTP/1.1",
        more: bytes = b"",
    ) -> Answer:
        """A request with those Authorization headers, and the answer until the server hangs up."""
        lines = [b"%s %s %s" % (method, path, version), b"Host: 127.0.0.1", b"Connection: close"]
        lines += [b"Authorization: %s" % value for value in authorization]
        with socket.create_connection(("127.0.0.1", self.site.port), timeout=10) as connection:
            connection.sendall(b"\r\n".join(lines) + b"\r\n" + more + b"\r\n")
            text = b"".join(iter(lambda: connection.recv(65536), b"")).decode()
        code = re.search(r'"error": {"code": "(\w+)"', text)
        return Answer(int(text.split()[1]), code[1] if code else "", text)


@pytest.fixture
def wire(server: Site, issue: Issue) -> Wire:
    token = issue().plaintext
    ApiToken.objects.update(minute_limit=10_000, burst_limit=10_000)
    return Wire(server, token)


def test_headers_are_read_as_the_contract_says(wire: Wire) -> None:
    bearer, token = wire.bearer, wire.bearer[7:]
    assert wire.send(bearer)[:2] == (200, "")
    for authorization, outcome in {
        (b"bearer " + token,): (200, ""),
        (b"   BEARER" + b" " * 10_000 + token + b"  ",): (200, ""),
        (bearer, bearer): (400, "invalid_request"),
        (b"Basic dXNlcjpwYXNz", bearer): (400, "invalid_request"),
        (bearer, b"Basic dXNlcjpwYXNz"): (400, "invalid_request"),
        (b"", bearer): (400, "invalid_request"),
        (): (401, "missing_token"),
        (b"Bearer",): (401, "missing_token"),
        (b"Bearer \xc3\xa9" + token,): (401, "invalid_token"),
        (b"Bearer\xa0" + token,): (401, "invalid_token"),
        (b"Bearer\t" + token,): (401, "invalid_token"),
        (b"Bearer " + token[:30] + b" " + token[30:],): (401, "invalid_token"),
        (b"Bearer " + b"x" * 100_000,): (401, "invalid_token"),
    }.items():
        assert wire.send(*authorization)[:2] == outcome, authorization


def test_what_is_no_http_is_refused_by_the_web_server(wire: Wire) -> None:
    for answer in (
        wire.send(b"Bearer \0" + wire.bearer[7:]),
        wire.send(b"Bearer\r\n " + wire.bearer[7:]),
        wire.send(wire.bearer, path=b"/api/v1/\xff"),
        wire.send(wire.bearer, method=b"G\xffT"),
        wire.send(b"Bearer " + b"x" * 1_000_000),
    ):
        assert 400 <= answer.status < 500


def test_a_path_is_what_it_says_after_decoding_and_nothing_else(wire: Wire) -> None:
    for path in (b"/api/v1/me?a=%00%ff", b"/%61pi/v1/%6de", b"/api%2Fv1/me"):
        assert wire.send(wire.bearer, path=path).status == 200, path
    for path in (
        b"/api/v1/me/",
        b"/api//v1/me",
        b"/api/v1/../v1/me",
        b"/api/../account/tokens/",
        b"/api/%2e%2e/account/tokens/",
        b"/api/v1/me%00",
        b"/api/v1/%ff%fe",
        b"/api/v1/me;x=1",
        b"/api/docs/",
    ):
        assert wire.send(wire.bearer, path=path)[:2] == (404, "not_found"), path
    for path in (b"//api/v1/me", b"/API/v1/me", b"/api", b"/./api/v1/me"):
        assert wire.send(wire.bearer, path=path)[:2] == (404, ""), path


def test_odd_methods_are_not_allowed(wire: Wire) -> None:
    for method in (b"OPTIONS", b"POST", b"TRACE", b"CONNECT", b"PROPFIND", b"X-Y"):
        answer = wire.send(wire.bearer, method=method)
        assert answer[:2] == (405, "method_not_allowed"), method
        assert "\r\nallow: GET, HEAD\r\n" in answer.text


def test_head_has_no_content_but_its_length(wire: Wire) -> None:
    get, head = wire.send(wire.bearer), wire.send(wire.bearer, method=b"HEAD")
    length = re.search(r"\r\ncontent-length: \d+\r\n", get.text)
    assert length
    assert length[0] in head.text
    assert head.text.endswith("\r\n\r\n")


def test_http_1_0_is_served(wire: Wire) -> None:
    answer = wire.send(wire.bearer, version=b"HTTP/1.0")
    assert answer.status == 200
    assert "chunked" not in answer.text


def test_a_body_without_its_length_is_refused_and_not_taken_for_none(wire: Wire) -> None:
    chunked = b"Transfer-Encoding: chunked\r\n\r\n2\r\n{}\r\n0\r\n"
    rotate = {"path": b"/api/v1/token/rotate", "method": b"POST"}
    assert wire.send(wire.bearer, **rotate, more=chunked)[:2] == (411, "length_required")
    assert wire.send(b"Bearer x", **rotate, more=chunked)[:2] == (401, "invalid_token")
    assert wire.send(wire.bearer, **rotate).status == 201


def test_a_large_body_is_refused_by_its_declared_length(wire: Wire) -> None:
    assert wire.send(wire.bearer, more=b"Content-Length: 10000000\r\n").code == "content_too_large"
    assert wire.send(b"Bearer x", more=b"Content-Length: 10000000\r\n").code == "invalid_token"
    for nonsense in (b"-1", b"1e9", b"\xb2", b"9" * 30):
        assert wire.send(wire.bearer, more=b"Content-Length: %s\r\n" % nonsense).status < 500
