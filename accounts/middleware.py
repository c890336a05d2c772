"""Bearer authentication for everything under ``/api/`` and for nothing else.

API calls are answered from here: sessions, CSRF, messages and what else pages need never run for
them, so that a cookie can't authenticate a call and a bearer token can't open a page.
"""

import logging
import time
import zoneinfo
from collections.abc import Callable
from datetime import UTC, datetime
from functools import lru_cache
from typing import TYPE_CHECKING, cast

from django.conf import settings
from django.core.exceptions import RequestDataTooBig
from django.db import DatabaseError, OperationalError, connection
from django.http import (
    Http404,
    HttpRequest,
    HttpResponse,
    HttpResponseBase,
    HttpResponseNotAllowed,
)
from django.urls import ResolverMatch, resolve
from django.utils import timezone
from django.utils.http import http_date
from django.views.decorators.debug import sensitive_variables

from accounts import throttling
from accounts.addresses import client_address
from accounts.api.authorization import presented_token
from accounts.api.problems import Refused, problem_response
from accounts.models import Bearer
from accounts.observing import new_request_id, observe_call
from accounts.origin import AGENT_LENGTH
from accounts.usage import Call, usage
from meetzy_tokens import database, metrics

if TYPE_CHECKING:
    from accounts.api.requests import ApiRequest

logger = logging.getLogger("meetzy.api")

type View = Callable[[HttpRequest], HttpResponseBase]

API = "/api/"
# Pages about the API, open to everyone and served like every other page.
OPEN_PATHS = frozenset({"/api/docs", "/api/v1/openapi.json"})
# Asking for the budgets consumes none of them.
BUDGETS_PATH = "/api/v1/rate-limit"
ROTATE_PATH = "/api/v1/token/rotate"
# Characters of a path that wait to be written. The log keeps fewer, after tokens are masked: one
# that is cut here is beyond what it keeps.
LONGEST_PATH = 1_000

ALWAYS = {
    "Cache-Control": "private, no-store",
    "Vary": "Authorization",
    "X-Content-Type-Options": "nosniff",
}


class BearerMiddleware:
    def __init__(self, get_response: View) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        if not request.path_info.startswith(API) or request.path_info in OPEN_PATHS:
            return self.get_response(request)
        return ApiCall(cast("ApiRequest", request)).answer()


class ApiCall:
    """One API request on its way: authenticate, take from the budgets, call the view."""

    def __init__(self, request: "ApiRequest") -> None:
        self.request = request
        self.method = request.method or ""
        self.now = datetime.now(UTC)
        self.started = time.perf_counter_ns()
        self.bearer: Bearer | None = None
        request.request_id = new_request_id()
        self.headers = {"X-Request-ID": request.request_id} | ALWAYS
        if settings.SECURE_HSTS_SECONDS and request.is_secure():
            self.headers["Strict-Transport-Security"] = transport_security()

    def answer(self) -> HttpResponse:
        code = ""
        try:
            self._admit()
            response = call_view(self.request)
        except Exception as failure:
            refused = self._refusal(failure)
            code = refused.code
            response = problem_response(self.request, refused)
        self._record(response.status_code, code)
        observe_call(self.request, self.bearer, response.status_code, code, self.started)
        self.headers["Content-Length"] = str(len(response.content))
        supplement(response, self.headers)
        if self.method == "HEAD":
            response.content = b""  # over HTTP/2 granian sends what there is
        response._has_been_logged = True  # type: ignore[attr-defined]
        return response

    def _refusal(self, failure: Exception) -> Refused:
        """The problem that a failure is to the caller; what is not the caller's doing is logged."""
        if isinstance(failure, Refused):
            return failure
        if isinstance(failure, RequestDataTooBig):
            return Refused("content_too_large")
        if isinstance(failure, database.AWAY):
            reason = str(failure).partition("\n")[0]
            logger.warning("call %s: tokens can't be read: %s", self.request.request_id, reason)
            connection.close()
            return Refused("unavailable")
        logger.error("call %s failed", self.request.request_id, exc_info=failure)
        return Refused("internal_error")

    def _record(self, status: int, code: str) -> None:
        """Every call of a genuine token; strangers leave no trace in its owner's log."""
        request = self.request
        if self.bearer is None:
            return
        usage.record(
            Call(
                token_id=self.bearer.token_id,
                at=self.now,
                method=self.method,
                path=request.path_info[:LONGEST_PATH],
                status=status,
                code=code,
                microseconds=(time.perf_counter_ns() - self.started) // 1000,
                address=client_address(request),
                agent=request.META.get("HTTP_USER_AGENT", "")[:AGENT_LENGTH],
                request_id=request.request_id,
            )
        )

    def _admit(self) -> None:
        """Raises Refused for a token that opens nothing and for an exhausted budget."""
        now = self.now
        self.bearer = self.request.token = bearer = find_bearer(self.request)
        self.headers["Meetzy-Token-Expires"] = header_date(bearer.expires_at)
        reason = bearer.refusal(now)
        if reason == "token_expired" and bearer.is_replaced and self._rotates():
            reason = None  # its answer may have been lost: the view tells repetition from reuse
        self._take_from_budgets(now, consume=not reason and self.request.path_info != BUDGETS_PATH)
        if reason:
            raise Refused(reason)

    def _rotates(self) -> bool:
        return self.request.method == "POST" and self.request.path_info == ROTATE_PATH

    def _take_from_budgets(self, now: datetime, *, consume: bool) -> None:
        """Tell both budgets, on refusals as well, and Retry-After where waiting helps."""
        bearer, limiter = self.request.token, throttling.limiter()
        decide = limiter.take if consume else limiter.peek
        decision = decide(
            bearer.token_id, throttling.windows(bearer.minute_limit, bearer.burst_limit)
        )
        self.request.budgets = decision.budgets
        self.headers |= throttling.headers(decision, now=now.timestamp())
        if consume:
            (metrics.ALLOWED if decision.allowed else metrics.LIMITED).inc()
            if not decision.allowed:
                raise Refused("rate_limited")
        self.headers.pop("Retry-After", None)


@sensitive_variables("token")
def find_bearer(request: HttpRequest) -> Bearer:
    """The genuine token that the request presents, alive or not.

    Raises Refused, and one of database.AWAY when tokens can't be looked up.
    """
    token = presented_token(request.META.get("HTTP_AUTHORIZATION"))
    try:
        bearer = database.read(lambda: Bearer.find(token))
    except DatabaseError as error:
        # Whatever is wrong with the store (a missing table, a damaged file), it can't be asked.
        raise OperationalError(*error.args) from error
    if bearer is None:
        raise Refused("invalid_token")
    return bearer


def call_view(request: "ApiRequest") -> HttpResponse:
    """Raises Refused, and whatever else the view raises."""
    if is_unmeasured(request):
        raise Refused("length_required")
    if content_length(request) > settings.DATA_UPLOAD_MAX_MEMORY_SIZE:
        raise Refused("content_too_large")
    if request.method == "HEAD":
        request.method = "GET"
    try:
        request.resolver_match = match = view_at(request.path_info)
        response: HttpResponse = match.func(request, *match.args, **match.kwargs)
    except Http404:
        raise Refused("not_found") from None
    if isinstance(response, HttpResponseNotAllowed):
        raise Refused("method_not_allowed", headers={"Allow": with_head(response["Allow"])})
    return response


def supplement(response: HttpResponse, fields: dict[str, str]) -> None:
    """Add the fields that the response lacks. They are made here, of ASCII in one line: Django's
    own way would examine each of a dozen, which takes longer than verifying the token."""
    for name, value in fields.items():
        response.headers._store.setdefault(name.lower(), (name, value))


@lru_cache(maxsize=4096)
def header_date(instant: datetime) -> str:
    return http_date(instant.timestamp())


@lru_cache(maxsize=64)
def view_at(path: str) -> ResolverMatch:
    """No path of the API has a variable part, so there are few. Raises Http404."""
    return resolve(path)


def transport_security() -> str:
    """What pages say as well: browsers keep the policy that they heard last."""
    policy = f"max-age={settings.SECURE_HSTS_SECONDS}"
    policy += "; includeSubDomains" if settings.SECURE_HSTS_INCLUDE_SUBDOMAINS else ""
    return policy + ("; preload" if settings.SECURE_HSTS_PRELOAD else "")


def is_unmeasured(request: "ApiRequest") -> bool:
    """Whether a body comes without its length: Django would take it for an empty one, and the call
    for one that wants the defaults."""
    if "HTTP_TRANSFER_ENCODING" in request.META:
        return True
    if request.META.get("CONTENT_LENGTH") or request.META.get("SERVER_PROTOCOL") != "HTTP/2":
        return False
    return bool(request.META["wsgi.input"].read(1))


def content_length(request: HttpRequest) -> int:
    declared = request.META.get("CONTENT_LENGTH") or "0"
    return int(declared) if declared.isdecimal() else 0


def with_head(allowed: str) -> str:
    methods = set(allowed.split(", "))
    return ", ".join(sorted(methods | {"HEAD"} if "GET" in methods else methods))


class TimeZoneMiddleware:
    """Dates on pages follow the signed-in person's time zone."""

    def __init__(self, get_response: View) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        user = request.user
        zone = user.zone if user.is_authenticated else zoneinfo.ZoneInfo("UTC")
        with timezone.override(zone):
            return self.get_response(request)
