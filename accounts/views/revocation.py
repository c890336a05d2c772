"""Revoking one of one's own tokens, or several at once: each asks first and names them."""

from collections.abc import Sequence

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.views.decorators.http import require_http_methods

from accounts.models import ApiToken
from accounts.origin import Origin
from accounts.review import Counts, Review, with_links
from accounts.tokens import IDENTIFIER_PATTERN
from accounts.views import SignedInRequest, announce
from accounts.views.calls import daily_calls
from accounts.views.tokens import framed, listed, own_token, quoted, shows_the_list


@require_http_methods(["GET", "HEAD", "POST"])
def revoke(request: SignedInRequest, identifier: str) -> HttpResponse:
    token = own_token(request, identifier)
    if request.method != "POST":
        context = {"token": token, "in_place": shows_the_list(request)}
        return framed(request, "revoke", context)
    was_living = token.revoke(origin=Origin.of(request))
    return revoked(
        request, [token], f"{quoted(token)} was revoked{'' if was_living else ' already'}."
    )


@require_http_methods(["GET", "HEAD", "POST"])
def revoke_selected(request: SignedInRequest) -> HttpResponse:
    """Those chosen of one's own that can still be revoked; any others are as good as not named."""
    sent = request.POST if request.method == "POST" else request.GET
    chosen = [text for text in sent.getlist("tokens") if IDENTIFIER_PATTERN.fullmatch(text)]
    tokens = request.user.tokens.filter(identifier__in=chosen, revoked_at=None)
    if request.method != "POST":
        context = {"tokens": with_links(tokens), "in_place": shows_the_list(request)}
        return framed(request, "revoke_selected", context)
    dead = tokens.revoke(origin=Origin.of(request))
    rows = with_links(request.user.tokens.filter(pk__in=[token.pk for token in dead]))
    how_many = {0: "No token was", 1: "One token was"}.get(len(dead), f"{len(dead)} tokens were")
    return revoked(request, list(rows), f"{how_many} revoked.")


def revoked(request: SignedInRequest, tokens: Sequence[ApiToken], outcome: str) -> HttpResponse:
    """The rows that changed and the cards that count them, or the list with the news above it."""
    if not shows_the_list(request):
        messages.success(request, outcome)
        return redirect("tokens")
    context = {
        "tokens": tokens,
        "daily": daily_calls(request, tokens),
        "counts": Counts.of(request.user.tokens.all(), timezone.now()),
        "review": Review.read(listed(request)),
    }
    response = render(request, "accounts/tokens/_revoked.html", context)
    return announce(response, outcome, quiet=False)
