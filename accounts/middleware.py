"""Bearer authentication for everything under ``/api/`` and for nothing else.

API calls are answered from here: sessions, CSRF, messages and what else pages need never run for
them, so that a cookie can't authenticate a call and a bearer token can't open a page.
"""

import logging
import re
import secrets
import time
import zoneinfo
from collections.abc import Callable
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from django.conf import settings
from django.core.exceptions import RequestDataTooBig
from django.db import InterfaceError, OperationalError, connection
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseBase
from django.urls import resolve
from django.utils import timezone
from django.utils.http import http_date
from django.views.decorators.debug import sensitive_variables

from accounts import throttling
from accounts.addresses import client_address
from accounts.api.problems import Refused, problem_response
from accounts.models import Bearer
from accounts.tokens import is_well_formed
from accounts.usage import usage

if TYPE_CHECKING:
    from accounts.models import User

logger = logging.getLogger("meetzy.api")

type View = Callable[[HttpRequest], HttpResponseBase]

API = "/api/"
# Pages about the API, open to everyone and served like every other page.
OPEN_PATHS = frozenset({"/api/docs", "/api/v1/openapi.json"})
# Asking for the budgets consumes none of them.
BUDGETS_PATH = "/api/v1/rate-limit"

SCHEME = re.compile(r" *([!#$%&'*+.^_`|~0-9A-Za-z-]*)")
# Servers join repeated headers with a comma; no bearer token contains one before a second scheme.
SECOND_CREDENTIALS = re.compile(r", *[A-Za-z][A-Za-z0-9-]* +[^ =]")

ALWAYS = {
    "Cache-Control": "private, no-store",
    "Vary": "Authorization",
    "X-Content-Type-Options": "nosniff",
}
# A store that failed faster than this was unreachable or restarted: one new connection is tried.
AT_ONCE = 0.25  # seconds
DATABASE_AWAY = (OperationalError, InterfaceError)


class BearerMiddleware:
    def __init__(self, get_response: View) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        if not request.path_info.startswith(API) or request.path_info in OPEN_PATHS:
            return self.get_response(request)
        return ApiCall(request).answer()


class ApiCall:
    """One API request on its way: authenticate, take from the budget, call the view."""

    def __init__(self, request: HttpRequest) -> None:
        self.request = request
        self.headers = {"X-Request-ID": secrets.token_hex(12)} | ALWAYS
        if settings.SECURE_HSTS_SECONDS and request.is_secure():
            self.headers["Strict-Transport-Security"] = f"max-age={settings.SECURE_HSTS_SECONDS}"
        request.request_id = self.headers["X-Request-ID"]

    def answer(self) -> HttpResponseBase:
        try:
            response = self._admitted()
        except Refused as refused:
            response = problem_response(self.request, refused)
        except DATABASE_AWAY:
            logger.exception("the token store can't be asked")
            connection.close()
            response = problem_response(self.request, Refused("unavailable"))
        except RequestDataTooBig:
            response = problem_response(self.request, Refused("content_too_large"))
        except Exception:
            logger.exception("an API call failed, request id %s", self.request.request_id)
            response = problem_response(self.request, Refused("internal_error"))
        for name, value in self.headers.items():
            response.headers.setdefault(name, value)
        return response

    def _admitted(self) -> HttpResponseBase:
        now = datetime.now(UTC)
        bearer = find_bearer(self.request)
        self._admit(bearer, now)
        self.request.token = bearer
        response = call_view(self.request)
        usage.record(
            bearer.token_id,
            at=now,
            address=client_address(self.request),
            agent=self.request.META.get("HTTP_USER_AGENT", ""),
        )
        return response

    def _admit(self, bearer: Bearer, now: datetime) -> None:
        """Raises Refused for a dead token and for an exhausted budget, telling both budgets."""
        reason = bearer.refusal(now)
        limiter = throttling.limiter()
        consumes = not reason and self.request.path_info != BUDGETS_PATH
        decide = limiter.take if consumes else limiter.peek
        windows = throttling.windows(bearer.minute_limit, bearer.burst_limit)
        decision = decide(bearer.token_id, windows)
        self.request.budgets = decision.budgets
        self.headers |= throttling.headers(decision, now=now.timestamp())
        self.headers["Meetzy-Token-Expires"] = http_date(bearer.expires_at.timestamp())
        if reason:
            self.headers.pop("Retry-After", None)
            raise Refused(reason)
        if consumes and not decision.allowed:
            raise Refused("rate_limited")


@sensitive_variables("header", "token", "credentials")
def find_bearer(request: HttpRequest) -> Bearer:
    """The genuine token that the request presents. Raises Refused, or django.db.Error."""
    token = presented_token(request.META.get("HTTP_AUTHORIZATION", ""))
    started = time.monotonic()
    # Django would ping a kept connection before each request; here the read itself is the ping.
    connection.health_check_done = True
    try:
        bearer = Bearer.find(token)
    except DATABASE_AWAY:
        if connection.in_atomic_block or time.monotonic() - started > AT_ONCE:
            raise
        connection.close()
        bearer = Bearer.find(token)
    if bearer is None:
        raise Refused("invalid_token")
    return bearer


@sensitive_variables("header", "credentials")
def presented_token(header: str) -> str:
    """The well-formed token in an Authorization header (RFC 9110, RFC 6750). Raises Refused."""
    match = SCHEME.match(header)
    scheme, credentials = match[1] if match else "", header[match.end() if match else 0 :]
    if SECOND_CREDENTIALS.search(header):
        raise Refused("invalid_request")
    if scheme.lower() != "bearer" or not credentials.strip(" "):
        raise Refused("missing_token")
    token = credentials.strip(" ")
    if not credentials.startswith(" ") or not is_well_formed(token):
        raise Refused("invalid_token")
    return token


def call_view(request: HttpRequest) -> HttpResponseBase:
    try:
        request.resolver_match = match = resolve(request.path_info)
        response: HttpResponseBase = match.func(request, *match.args, **match.kwargs)
    except Http404:
        raise Refused("not_found") from None
    if response.status_code == HttpResponse(status=405).status_code:
        raise Refused("method_not_allowed", headers={"Allow": response.headers.get("Allow", "")})
    return response


class TimeZoneMiddleware:
    """Dates on pages follow the signed-in person's time zone."""

    def __init__(self, get_response: View) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        user: User = request.user
        zone = user.zone if user.is_authenticated else zoneinfo.ZoneInfo("UTC")
        with timezone.override(zone):
            return self.get_response(request)
