"""What operators learn of each request: counts for Prometheus, and a line of log where they are
JSON. No query, no address, no agent; of a token its identifier."""

import secrets
import time
from collections.abc import Callable
from typing import TYPE_CHECKING

from django.conf import settings
from django.http import HttpRequest, HttpResponseBase

from accounts.usage.calls import outcome_of
from meetzy_tokens import logs, metrics

if TYPE_CHECKING:
    from accounts.api.requests import ApiRequest
    from accounts.models import Bearer

# Refusals of a genuine token that opens nothing.
DEAD = frozenset({"token_expired", "token_revoked", "account_inactive"})
# Asked every few seconds by machines: counted, not logged.
PROBES = frozenset({"/healthz", "/metrics"})


def observe_call(
    request: "ApiRequest", bearer: "Bearer | None", status: int, code: str, started: int
) -> None:
    """An API call that began at `started` (``time.perf_counter_ns``); `code` is "" when it went
    well."""
    nanoseconds = time.perf_counter_ns() - started
    metrics.count_request("api", status, nanoseconds / 1e9)
    is_admitted = bearer is not None and code not in DEAD
    metrics.authentications("ok" if is_admitted else code).inc()
    if settings.LOG_FORMAT == "json":
        logs.log_request(
            kind="api",
            request_id=request.request_id,
            identifier=bearer.identifier if bearer else None,
            user_id=bearer.owner_id if bearer else None,
            method=(request.method or "")[:8],
            path=request.path_info[:200],
            status=status,
            outcome=outcome_of(status),
            code=code,
            milliseconds=round(nanoseconds / 1e6, 3),
        )


def new_request_id() -> str:
    """Twenty-four hexadecimal digits."""
    return secrets.token_hex(12)


class ObservingMiddleware:
    """Pages and the admin; static files are for the proxy's log."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        if request.path_info.startswith(settings.STATIC_URL):
            return self.get_response(request)
        started = time.perf_counter_ns()
        request_id = new_request_id()
        response = self.get_response(request)
        nanoseconds = time.perf_counter_ns() - started
        kind = "admin" if request.path_info.startswith("/admin/") else "page"
        metrics.count_request(kind, response.status_code, nanoseconds / 1e9)
        if settings.LOG_FORMAT == "json" and request.path_info not in PROBES:
            log_page(request, request_id, response.status_code, kind, nanoseconds)
        response.headers["X-Request-ID"] = request_id
        return response


def log_page(
    request: HttpRequest, request_id: str, status: int, kind: str, nanoseconds: int
) -> None:
    """By its route: the paths of some pages are secrets (to reset a password, to leave a list)."""
    match = request.resolver_match
    user = getattr(request, "_cached_user", None)  # asking for it might ask the database
    logs.log_request(
        kind=kind,
        request_id=request_id,
        identifier=match.kwargs.get("identifier") if match else None,
        user_id=user.pk if user else None,
        method=(request.method or "")[:8],
        path=f"/{match.route}" if match else None,
        status=status,
        outcome=outcome_of(status),
        milliseconds=round(nanoseconds / 1e6, 3),
    )
