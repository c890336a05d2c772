"""Pages of the account area."""

from django.http import HttpRequest, HttpResponseBase
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
