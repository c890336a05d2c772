"""Every failure the API can answer with, in one table, and the shape they share (RFC 9457)."""

import json
from dataclasses import dataclass, field
from typing import Any

from django.conf import settings
from django.http import HttpResponse

from accounts.api.requests import ApiRequest

REALM = 'Bearer realm="meetzy"'


@dataclass(frozen=True, slots=True)
class Problem:
    """`message` tells the reader what to do next; `challenge` goes into WWW-Authenticate."""

    status: int
    title: str
    message: str
    challenge: str = ""


def invalid_token(description: str) -> str:
    return f'{REALM}, error="invalid_token", error_description="{description}"'


PROBLEMS = {
    "missing_token": Problem(
        401,
        "No API token",
        "Send your API token in the header 'Authorization: Bearer mtz_…'.",
        REALM,
    ),
    "invalid_request": Problem(
        400,
        "Malformed request",
        "The request carries more than one Authorization header. Send exactly one.",
        f'{REALM}, error="invalid_request"',
    ),
    "invalid_token": Problem(
        401,
        "Invalid API token",
        "This is not a valid API token. Check that all 66 characters were copied, or create a new "
        "token in your account settings.",
        f'{REALM}, error="invalid_token"',
    ),
    "token_expired": Problem(
        401,
        "Expired API token",
        "This API token has expired. Create a new one in your account settings and replace it.",
        invalid_token("The token has expired"),
    ),
    "token_revoked": Problem(
        401,
        "Revoked API token",
        "This API token was revoked. Create a new one in your account settings and replace it.",
        invalid_token("The token was revoked"),
    ),
    "account_inactive": Problem(
        401,
        "Inactive account",
        "The account behind this API token is not active. Ask its owner, or Meetzy support.",
        invalid_token("The account is not active"),
    ),
    # For tokens with fewer scopes than "full access", which every token has today.
    "insufficient_scope": Problem(
        403,
        "Not allowed for this token",
        "This token may not make this call. Use one that may, or ask its owner for one.",
        f'{REALM}, error="insufficient_scope"',
    ),
    "already_rotated": Problem(
        409,
        "Already rotated",
        "This token has a successor. If its answer was lost, repeat the very same call with its "
        "Idempotency-Key within 24 hours; otherwise rotate the successor.",
    ),
    "rate_limited": Problem(
        429,
        "Rate limit exceeded",
        "Too many calls. Wait for the seconds given in Retry-After, then go on more slowly.",
    ),
    "unavailable": Problem(
        503,
        "Temporarily unavailable",
        "Your token can't be checked right now. Nothing is wrong with it; try again in a moment.",
    ),
    "invalid_parameters": Problem(
        400, "Invalid parameters", "Correct the fields named in 'fields' and send the call again."
    ),
    "not_found": Problem(
        404,
        "Not found",
        "There is nothing at this address. The calls that exist are listed at /api/docs.",
    ),
    "method_not_allowed": Problem(
        405, "Method not allowed", "Use one of the methods named in the Allow header."
    ),
    "length_required": Problem(
        411,
        "Length required",
        "Send the body in one piece with its Content-Length, not in chunks of unknown number.",
    ),
    "content_too_large": Problem(
        413, "Content too large", "The body is larger than this call accepts. Send less."
    ),
    "unsupported_media_type": Problem(
        415, "Unsupported media type", "Send the body as 'Content-Type: application/json'."
    ),
    "internal_error": Problem(
        500,
        "Internal error",
        "This is a fault of ours. Try again; if it stays, tell support the request id.",
    ),
}

RETRY_AFTER_OUTAGE = 2  # seconds


@dataclass(slots=True)
class Refused(Exception):
    """Ends an API request with one of PROBLEMS."""

    code: str
    fields: dict[str, list[str]] | None = None
    headers: dict[str, str] = field(default_factory=dict)


def problem_response(request: ApiRequest, refused: Refused) -> HttpResponse:
    problem = PROBLEMS[refused.code]
    response = HttpResponse(
        json.dumps(
            problem_body(refused.code, request.request_id, refused.fields), ensure_ascii=False
        ),
        status=problem.status,
        content_type="application/problem+json",
        headers=refused.headers,
    )
    if problem.challenge:
        response["WWW-Authenticate"] = problem.challenge
    if refused.code == "unavailable":
        response["Retry-After"] = str(RETRY_AFTER_OUTAGE)
    return response


def problem_body(
    code: str, request_id: str, fields: dict[str, list[str]] | None = None
) -> dict[str, Any]:
    """The platform's envelope and a problem detail in one object."""
    problem = PROBLEMS[code]
    error: dict[str, Any] = {"code": code, "message": problem.message, "request_id": request_id}
    if fields is not None:
        error["fields"] = fields
    return {
        "success": False,
        "error": error,
        "type": f"{settings.SITE_URL}/account/guide/#{code}",
        "title": problem.title,
        "status": problem.status,
        "detail": problem.message,
    }
