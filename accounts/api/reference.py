"""The API's description: for programs as OpenAPI, for people as a page made from it."""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from operator import itemgetter

from django.contrib.auth.decorators import login_not_required
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import render
from django.views.decorators.cache import cache_control
from django.views.decorators.http import require_safe

from accounts.api.openapi import FAILURES, HEADERS, REQUEST_ID, Json
from accounts.api.problems import PROBLEMS, problem_body
from accounts.api.v1 import api
from accounts.examples import VARIABLE


@cache
def schema() -> Json:
    return dict(api.get_openapi_schema())


@login_not_required
@require_safe
@cache_control(public=True, max_age=300)
def openapi(request: HttpRequest) -> JsonResponse:
    return JsonResponse(schema(), json_dumps_params={"ensure_ascii": False})


@login_not_required
@require_safe
def reference(request: HttpRequest) -> HttpResponse:
    context = {
        "info": schema()["info"],
        "calls": list(calls()),
        "headers": [(name, header["description"]) for name, header in HEADERS.items()],
        "failures": failures(),
        "failure_example": pretty(problem_body("token_expired", REQUEST_ID)),
    }
    return render(request, "accounts/api_docs.html", context)


@dataclass(frozen=True, slots=True)
class Call:
    """One operation as a reader wants to see it; `example` is "" for an answer without content."""

    slug: str
    method: str
    path: str
    summary: str
    description: str
    curl: str
    status: str
    example: str
    parameters: list[tuple[str, str, str]]
    fields: list[tuple[str, str, str]]


def calls() -> Iterator[Call]:
    for path, operations in schema()["paths"].items():
        for method, operation in operations.items():
            status, answer = next(iter(operation["responses"].items()))
            content = answer.get("content", {}).get("application/json", {})
            yield Call(
                slug=operation["operationId"],
                method=method.upper(),
                path=path,
                summary=operation["summary"],
                description=operation["description"],
                curl=curl(method.upper(), path),
                status=f"{status} {answer['description']}",
                example=pretty(content["example"]) if content else "",
                parameters=[
                    (parameter["name"], kind(parameter["schema"]), parameter["description"])
                    for parameter in operation.get("parameters", ())
                ],
                fields=list(fields(data_of(content["schema"]))) if content else [],
            )


def curl(method: str, path: str) -> str:
    request = "" if method == "GET" else f" --request {method}"
    url = schema()["servers"][0]["url"] + path
    return f'curl{request} \\\n  --header "Authorization: Bearer ${VARIABLE}" \\\n  "{url}"'


def data_of(answer: Json) -> Json:
    return dict(resolved(answer)["properties"]["data"])


def fields(part: Json, prefix: str = "") -> Iterator[tuple[str, str, str]]:
    """Name, type and meaning of everything in an answer, from the outside inwards."""
    for name, field in resolved(part).get("properties", {}).items():
        yield prefix + name, kind(field), field.get("description", "")
        yield from fields(field, f"{prefix}{name}.")
        yield from fields(field.get("items", {}), f"{prefix}{name}[].")


def resolved(part: Json) -> Json:
    """A schema, or the one that it refers to with what it adds."""
    name = part.get("$ref", "").rpartition("/")[2]
    return schema()["components"]["schemas"][name] | part if name else part


def kind(part: Json) -> str:
    part = resolved(part)
    if "anyOf" in part:
        return " or ".join(map(kind, part["anyOf"]))
    if "enum" in part:
        return ", ".join(map(json.dumps, part["enum"]))
    if part.get("format") == "date-time":
        return "instant"
    if part["type"] == "array":
        return f"array of {kind(part['items'])}s"
    return str(part["type"])


def failures() -> list[tuple[int, str, str]]:
    """Status, code and remedy of every failure, in the order of their statuses."""
    told = {code for _, _, codes, _ in FAILURES.values() for code in codes}
    told |= {"not_found", "method_not_allowed", "content_too_large", "internal_error"}
    rows = [(problem.status, code, problem.message) for code, problem in PROBLEMS.items()]
    return sorted((row for row in rows if row[1] in told), key=itemgetter(0))


def pretty(body: Json) -> str:
    return json.dumps(body, ensure_ascii=False, indent=2)
