"""Text that no page and no call can be meant by is refused before anything looks into it."""

from collections.abc import Callable
from typing import Any
from urllib.parse import unquote

from django.core.exceptions import BadRequest
from django.core.handlers.wsgi import WSGIRequest
from django.http import HttpRequest, HttpResponseBase
from django.utils.http import parse_header_parameters

NUL = "\0"


class PlainTextRequest(WSGIRequest):
    """A request that can be made of whatever was sent.

    Django's own raises for some content types (too long, or with a charset such as rot13) before
    anybody can answer. Here they count as none, and text is read as UTF-8 whatever they say.
    """

    def _set_content_type_params(self, meta: dict[str, Any]) -> None:
        try:
            parsed = parse_header_parameters(meta.get("CONTENT_TYPE", ""))
        except ValueError:
            parsed = ("", {})
        self.content_type, self.content_params = parsed


class PlainTextMiddleware:
    """On pages text is UTF-8 and holds no NUL, which PostgreSQL can't store; else 400.

    What is posted is left to forms: they name the field.
    """

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        if charset(request) not in {"utf-8", "utf8"}:
            raise BadRequest("text in another encoding than UTF-8")
        if any(NUL in text for text in addressing(request)):
            raise BadRequest("a NUL character")
        return self.get_response(request)


def charset(request: HttpRequest) -> str:
    return (request.content_params or {}).get("charset", "utf-8").lower()


def addressing(request: HttpRequest) -> tuple[str, ...]:
    """Path, query and cookies, as they will be read (a quoted cookie may spell NUL in octal)."""
    return (
        request.path_info,
        unquote(request.META.get("QUERY_STRING", "")),
        *request.COOKIES.values(),
    )
