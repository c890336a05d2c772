"""Pages of the account area."""

from collections.abc import Iterator
from typing import Any

from django.http import HttpRequest, HttpResponse, HttpResponseBase, StreamingHttpResponse
from django.template.loader import render_to_string
from django.utils import timezone
from django_htmx.http import trigger_client_event
from django_htmx.middleware import HtmxDetails

from accounts.models import User


class SignedInRequest(HttpRequest):
    """What a view gets that is not marked ``@login_not_required``."""

    user: User
    htmx: HtmxDetails


def announce[Answer: HttpResponseBase](response: Answer, text: str, *, quiet: bool) -> Answer:
    """Say what happened once the page has changed; `quiet` to screen readers alone."""
    news = {"text": text, "quiet": quiet}
    return trigger_client_event(response, "announce", news, after="settle")


def announce_found(
    request: SignedInRequest, response: HttpResponse, template: str, context: dict[str, Any]
) -> HttpResponse:
    """Where only a part of the page is taken, say how much the filters let through."""
    if not request.htmx:
        return response
    return announce(response, render_to_string(template, context).strip(), quiet=True)


def csv_file(name: str, lines: Iterator[str]) -> StreamingHttpResponse:
    """Streamed, and named after the day."""
    disposition = f'attachment; filename="{name}-{timezone.localdate():%Y-%m-%d}.csv"'
    headers = {"Content-Disposition": disposition}
    return StreamingHttpResponse(lines, content_type="text/csv; charset=utf-8", headers=headers)
