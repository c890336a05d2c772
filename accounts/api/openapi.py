"""What ninja does not know about our answers: failures, headers and examples."""

from typing import Any

from django.conf import settings
from pydantic import BaseModel

from accounts.api.problems import PROBLEMS, problem_body
from accounts.api.schemas import Failure, Rotation

type Json = dict[str, Any]

DESCRIPTION = (
    "What a program can learn about its API token, and how it ends it. Send the token with every "
    "call in the header “Authorization: Bearer mtz_…”. Instants are RFC 3339, in UTC. "
    "HEAD is answered wherever GET is."
)
REQUEST_ID = "9f86d081884c7d659a2feaa0"


def header(description: str, example: str | int) -> Json:
    kind = "integer" if isinstance(example, int) else "string"
    return {
        "description": description,
        "required": True,
        "schema": {"type": kind},
        "example": example,
    }


HEADERS = {
    "X-Request-ID": header("Names this call in our logs; quote it to support.", REQUEST_ID),
    "RateLimit-Policy": header(
        "The limits of this token: calls (q) in any interval of so many seconds (w).",
        '"minute";q=100;w=60, "burst";q=10;w=1',
    ),
    "RateLimit": header(
        "What is left of each limit (r), and seconds until there is more (t).",
        '"minute";r=57;t=23, "burst";r=9;t=1',
    ),
    "X-RateLimit-Limit": header("Calls in any minute.", 100),
    "X-RateLimit-Remaining": header("Calls left of them.", 57),
    "X-RateLimit-Reset": header("When there are more, in seconds since 1970.", 1767225600),
    "Meetzy-Token-Expires": header(
        "When this token expires. Renew it before.", "Fri, 24 Apr 2026 08:00:00 GMT"
    ),
    "Retry-After": header("Seconds to wait before the next attempt.", 2),
    "WWW-Authenticate": header(
        "How to authenticate, and what was wrong (RFC 6750).",
        'Bearer realm="meetzy", error="invalid_token"',
    ),
}
ALWAYS = ("X-Request-ID",)
GENUINE = (
    *ALWAYS,
    "RateLimit-Policy",
    "RateLimit",
    "X-RateLimit-Limit",
    "X-RateLimit-Remaining",
    "X-RateLimit-Reset",
    "Meetzy-Token-Expires",
)

# Name: status, when, error codes, headers.
type Case = tuple[int, str, tuple[str, ...], tuple[str, ...]]
FAILURES: dict[str, Case] = {
    "BadRequest": (
        400,
        "The call carries more than one Authorization header, or parameters that can't be read.",
        ("invalid_request", "invalid_parameters"),
        ALWAYS,
    ),
    "Unauthorized": (
        401,
        "There is no token, or one that opens nothing (any more). Whoever sends a whole genuine "
        "token is told why it was refused, and gets its rate limit headers as well.",
        ("missing_token", "invalid_token", "token_expired", "token_revoked", "account_inactive"),
        (*ALWAYS, "WWW-Authenticate"),
    ),
    "Forbidden": (
        403,
        "The token is good, and this call is not among the things it may do. Today every token "
        "has full access, so this is not sent yet; a program should be ready for it.",
        ("insufficient_scope",),
        (*GENUINE, "WWW-Authenticate"),
    ),
    "TooManyRequests": (
        429,
        "A rate limit is exhausted. A refused call consumes nothing.",
        ("rate_limited",),
        (*GENUINE, "Retry-After"),
    ),
    "Unavailable": (
        503,
        "Tokens can't be checked right now. It says nothing about yours; try again.",
        ("unavailable",),
        (*ALWAYS, "Retry-After"),
    ),
}
# What only calls with a body can meet.
BODY_FAILURES: dict[str, Case] = {
    "Conflict": (
        409,
        "The token has a successor already.",
        ("already_rotated",),
        GENUINE,
    ),
    "LengthRequired": (
        411,
        "The body comes without Content-Length.",
        ("length_required",),
        GENUINE,
    ),
    "ContentTooLarge": (413, "The body is too large.", ("content_too_large",), GENUINE),
    "UnsupportedMediaType": (
        415,
        "The body is not declared as JSON.",
        ("unsupported_media_type",),
        GENUINE,
    ),
}


def described(schema: Json) -> Json:
    """The schema with everything that holds for each call."""
    schema["servers"] = [{"url": settings.SITE_URL}]
    components = schema["components"]
    components["schemas"] |= schemas_of(Failure) | schemas_of(Rotation)
    components["headers"] = HEADERS
    components["responses"] = {
        name: failure(*case) for name, case in (FAILURES | BODY_FAILURES).items()
    }
    for operations in schema["paths"].values():
        for operation in operations.values():
            describe(operation, components["schemas"])
    return schema


def describe(operation: Json, schemas: Json) -> None:
    for response in operation["responses"].values():
        response["headers"] = headers(GENUINE)
        for content in response.get("content", {}).values():
            content["example"] = example_of(content["schema"], schemas)
    failures = FAILURES | BODY_FAILURES if "requestBody" in operation else FAILURES
    operation["responses"] |= {
        str(status): {"$ref": f"#/components/responses/{name}"}
        for name, (status, *_) in failures.items()
    }


def failure(status: int, description: str, codes: tuple[str, ...], names: tuple[str, ...]) -> Json:
    examples = {
        code: {"summary": PROBLEMS[code].title, "value": problem_body(code, REQUEST_ID)}
        for code in codes
    }
    return {
        "description": description,
        "headers": headers(names),
        "content": {
            "application/problem+json": {
                "schema": {"$ref": "#/components/schemas/Failure"},
                "examples": examples,
            }
        },
    }


def headers(names: tuple[str, ...]) -> Json:
    return {name: {"$ref": f"#/components/headers/{name}"} for name in names}


def schemas_of(model: type[BaseModel]) -> Json:
    """The schema of a model that ninja does not meet, with those it refers to."""
    schema = model.model_json_schema(ref_template="#/components/schemas/{model}")
    return {**schema.pop("$defs", {}), model.__name__: schema}


def example_of(schema: Json, schemas: Json) -> Any:
    """A whole example, put together from those of the fields."""
    if "examples" in schema:
        return schema["examples"][0]
    if "$ref" in schema:
        return example_of(schemas[schema["$ref"].rpartition("/")[2]], schemas)
    if "properties" in schema:
        return {name: example_of(field, schemas) for name, field in schema["properties"].items()}
    return schema["const"]
