"""What a page answers that can't be shown: in our look, with what to do next, never a surprise."""

import http.cookies
import time
from typing import Any, NoReturn

import httpx
import pytest
from django.conf import settings
from django.contrib.auth.decorators import login_not_required
from django.core.exceptions import PermissionDenied
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import InterfaceError, OperationalError
from django.http import HttpRequest
from django.test import Client
from django.urls import include, path

from tests.conftest import PASSWORD
from tests.support.postgres import Postgres
from tests.support.site import Site
from tests.support.types import Issue, Serve

RAISED: dict[str, type[Exception]] = {
    "fault": ZeroDivisionError,
    "operational": OperationalError,
    "interface": InterfaceError,
    "forbidden": PermissionDenied,
}


@login_not_required
def failing(request: HttpRequest, what: str) -> NoReturn:
    raise RAISED[what]


urlpatterns = [path("failing/<what>/", failing), path("", include("meetzy_tokens.urls"))]
handler400 = "meetzy_tokens.error_pages.bad_request"
handler403 = "meetzy_tokens.error_pages.forbidden"
handler404 = "meetzy_tokens.error_pages.not_found"
handler500 = "meetzy_tokens.outage.server_error"

with_failing_pages = pytest.mark.urls(__name__)


def get(path: str, **options: Any) -> Any:
    return Client(raise_request_exception=False).get(path, **options)


# -- The pages, none of which may touch a database: these tests have none --------------------------


@with_failing_pages
@pytest.mark.parametrize(
    ("path", "status", "says"),
    [
        ("/nowhere/", 404, "There is nothing here"),
        ("/failing/forbidden/", 403, "Your account may not open this"),
        ("/failing/fault/", 500, "Something went wrong on our side"),
        ("/failing/operational/", 503, "Back in a moment"),
        ("/failing/interface/", 503, "Back in a moment"),
        ("/account/sign-in/?next=%00", 400, "We can't read that request"),
    ],
)
def test_each_error_has_a_page_that_needs_no_database(path: str, status: int, says: str) -> None:
    response = get(path)
    assert response.status_code == status
    assert says in response.text
    assert 'class="button button--primary"' in response.text
    assert "frame-ancestors 'none'" in response["Content-Security-Policy"]
    assert "no-store" in response["Cache-Control"]


@with_failing_pages
def test_an_outage_says_when_to_come_back() -> None:
    response = get("/failing/operational/")
    assert response["Retry-After"] == "5"
    assert '<a class="button button--primary" href="/failing/operational/">' in response.text


@with_failing_pages
def test_no_error_page_tells_what_went_wrong_inside() -> None:
    for what in RAISED:
        assert RAISED[what].__name__ not in get(f"/failing/{what}/").text


@with_failing_pages
def test_a_broken_error_page_still_answers(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("meetzy_tokens.outage.error_page", None)
    response = get("/failing/fault/")
    assert response.status_code == 500
    assert response.text == "Something went wrong on our side. Try again in a moment.\n"


def test_a_form_without_its_csrf_token_is_answered_with_what_to_do(db: None) -> None:
    response = Client(enforce_csrf_checks=True).post("/account/sign-in/", {"username": "x"})
    assert response.status_code == 403
    assert "That page was out of date" in response.text


# -- Whatever is sent, it is the sender's mistake --------------------------------------------------

FORMS = ("/account/sign-in/", "/account/password/reset/")
OWN_FORMS = ("/account/", "/account/security/", "/account/tokens/new/")
STRANGE_BODIES = {
    "NUL": "username=a%00b&password=c%00d&email=a%00@b.c&name=%00&time_zone=%00&old_password=%00",
    "lone surrogate": "username=%ED%A0%80&password=%ED%A0%80&email=%ED%A0%80&name=%ED%A0%80",
    "broken UTF-8": "username=%FF%FE&password=%C3&email=%80@b.c&name=%FF&time_zone=%FF",
    "long": "username=" + "x" * 900_000,
    "longer than allowed": "name=" + "x" * 3_000_000,
    "many fields": "&".join(f"field{n}=1" for n in range(2000)),
    "no form at all": '["a list", {"of": "things"}]',
}


@pytest.mark.parametrize("what", STRANGE_BODIES)
@pytest.mark.parametrize("path", FORMS)
def test_strange_forms_of_strangers_are_refused(db: None, path: str, what: str) -> None:
    assert 400 <= post_raw(Client(), path, STRANGE_BODIES[what]) < 500


@pytest.mark.parametrize("what", STRANGE_BODIES)
@pytest.mark.parametrize("path", OWN_FORMS)
def test_strange_forms_of_the_owner_are_refused(as_alice: Client, path: str, what: str) -> None:
    # A name of replacement characters is a name, if an odd one.
    assert post_raw(as_alice, path, STRANGE_BODIES[what]) < 500


def post_raw(
    client: Client, path: str, body: str, content_type: str = "application/x-www-form-urlencoded"
) -> int:
    client.raise_request_exception = False
    return client.generic("POST", path, body, content_type).status_code


OTHER_CHARSETS = ("latin-1", "utf-7", "unicode_escape", "rot13", "undefined", "no-such")
KINDS = ("application/x-www-form-urlencoded", "multipart/form-data; boundary=b")
CONTENT_TYPES = [f"{kind}; charset={charset}" for kind in KINDS for charset in OTHER_CHARSETS] + [
    "text/plain;" + "x" * 20_000,
    "text/plain; charset*=rot13''x",
]


def test_no_content_type_is_too_strange_for_an_answer(server: Site, issue: Issue) -> None:
    token = issue().plaintext
    server.client.get("/account/sign-in/")  # with its cookie, CSRF protection looks into the form
    for kind in CONTENT_TYPES:
        # Whoever does not read a body to its end may hang up: each call has its own connection.
        headers = {"Content-Type": kind, "Authorization": f"Bearer {token}", "Connection": "close"}
        for where in ("/account/sign-in/?next=\\ud800", "/api/v1/me?a=\\ud800", "/nowhere/?a=1"):
            response = server.client.post(where, headers=headers, content=rb"--b\ud800")
            assert 400 <= response.status_code < 500, (where, kind)


def test_other_encodings_than_utf_8_are_refused(db: None) -> None:
    for kind in KINDS:
        assert post_raw(Client(), "/account/sign-in/", "x=1", f"{kind}; charset=UTF-8") == 422
        assert post_raw(Client(), "/account/sign-in/", "x=1", f"{kind}; charset=latin-1") == 400


def test_no_stranger_fills_the_disk_with_files(client: Client, db: None) -> None:
    large = SimpleUploadedFile("large.bin", b"x" * (settings.FILE_UPLOAD_MAX_MEMORY_SIZE + 1))
    response = client.post("/account/sign-in/", {"username": "x", "file": large})
    assert response.status_code == 422
    assert not response.wsgi_request.FILES


@pytest.mark.parametrize("kind", ["multipart/form-data", "multipart/form-data; boundary=é"])
def test_a_form_in_parts_without_a_boundary_is_refused(db: None, kind: str) -> None:
    assert post_raw(Client(), "/account/sign-in/", "x", kind) == 400


@pytest.mark.parametrize(
    "path",
    ["/account/tokens/%00/", "/%00", "/account/?%00=1", "/account/tokens/?page=%00", "/%FF/"],
)
def test_nul_in_an_address_is_refused(as_alice: Client, path: str) -> None:
    as_alice.raise_request_exception = False
    assert 400 <= as_alice.get(path).status_code < 500


def test_nul_spelt_in_octal_in_a_cookie_is_refused(db: None) -> None:
    assert http.cookies._unquote('"\\000"') == "\0"
    response = get("/account/", headers={"Cookie": 'session="0123456789abcdef\\000"'})
    assert response.status_code == 400


@pytest.mark.parametrize("host", ["evil.example", "a b", ""])
def test_a_host_that_is_not_ours_is_refused(db: None, host: str) -> None:
    assert get("/account/sign-in/", headers={"Host": host}).status_code == 400


# -- A real outage ---------------------------------------------------------------------------------


@pytest.mark.fault
def test_pages_say_so_while_the_database_is_away_and_recover(
    serve: Serve, postgres: Postgres
) -> None:
    site = serve(DATABASE_URL=postgres.url, SECRET_KEY="x" * 60)
    script = f"from accounts.models import User; User.objects.create_user('a@b.c', {PASSWORD!r})"
    site.manage("shell", "--command", script)
    sign_in(site)
    assert site.client.get("/account/tokens/").status_code == 200
    postgres.freeze()
    response = site.client.get("/account/tokens/")
    assert (response.status_code, response.headers["Retry-After"]) == (503, "5")
    assert "Back in a moment" in response.text
    assert httpx.get(f"{site.url}/nowhere/").status_code == 404
    postgres.thaw()
    assert comes_back(site)


def comes_back(site: Site) -> bool:
    """A database that was silent is left alone for a moment before it is asked again."""
    deadline = time.monotonic() + 10
    while site.client.get("/account/tokens/").status_code != 200:
        if time.monotonic() > deadline:
            return False
        time.sleep(0.1)
    return True


def sign_in(site: Site) -> None:
    site.client.get("/account/sign-in/")
    csrf = site.client.get("/account/sign-in/").text.split('csrfmiddlewaretoken" value="')[1]
    data = {"username": "a@b.c", "password": PASSWORD, "csrfmiddlewaretoken": csrf.split('"')[0]}
    assert site.client.post("/account/sign-in/", data=data).status_code == 302
