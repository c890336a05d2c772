"""A person's own API tokens: look at them, create, rename and revoke one.

Asked by htmx, a view answers the dialog or the fragment that changed; otherwise a whole page, from
the same template.
"""

from typing import Any
from urllib.parse import urlsplit

from django.conf import settings
from django.contrib import messages
from django.core.paginator import Page, Paginator
from django.db.models import Case, When
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.cache import cache_control
from django.views.decorators.debug import sensitive_variables
from django.views.decorators.http import require_http_methods, require_safe
from django_htmx.http import trigger_client_event

from accounts import examples
from accounts.forms import RenameForm, TokenForm
from accounts.models import ApiToken, FormAlreadyUsed, Issued, PolicyViolation, TokenPolicy
from accounts.origin import Origin
from accounts.throttling import windows
from accounts.views import SignedInRequest

PAGE_LENGTH = 100


@require_safe
def index(request: SignedInRequest) -> HttpResponse:
    return render(request, "accounts/tokens/index.html", {"page": page_of_tokens(request)})


@require_http_methods(["GET", "HEAD", "POST"])
@cache_control(private=True, no_store=True)
def new(request: SignedInRequest) -> HttpResponse:
    policy = TokenPolicy.current()
    if request.method != "POST":
        return framed(request, "new", {"form": TokenForm(policy=policy)})
    form = TokenForm(request.POST, policy=policy)
    if not form.is_valid():
        return framed(request, "new", {"form": form}, status=422)
    try:
        issued = ApiToken.objects.issue(
            owner=request.user, origin=Origin.of(request), **form.cleaned_data
        )
    except FormAlreadyUsed as used:
        return framed(request, "used", {"token": used.token}, status=409)
    except PolicyViolation as violation:
        form.add_error(
            "expiry" if violation.field == "expires" else violation.field, violation.message
        )
        return framed(request, "new", {"form": form}, status=422)
    return reveal(request, issued)


@sensitive_variables("issued")
def reveal(request: SignedInRequest, issued: Issued) -> HttpResponse:
    """The one answer that holds the plaintext."""
    context = {
        "issued": issued,
        "variable": examples.VARIABLE,
        "examples": examples.first_call(settings.SITE_URL),
        "page": page_of_tokens(request),
    }
    return framed(request, "reveal", context)


@require_safe
def detail(request: SignedInRequest, identifier: str) -> HttpResponse:
    token = own_token(request, identifier)
    return detail_page(request, token, RenameForm(initial={"name": token.name}))


@require_http_methods(["GET", "HEAD", "POST"])
def rename(request: SignedInRequest, identifier: str) -> HttpResponse:
    token = own_token(request, identifier)
    form = RenameForm(request.POST)
    if request.method == "POST":
        if not form.is_valid():
            return detail_page(request, token, form, status=422)
        token.rename(form.cleaned_data["name"], origin=Origin.of(request))
        messages.success(request, f"The token is called {quoted(token)} now.")
    return redirect("token_detail", identifier)


@require_http_methods(["GET", "HEAD", "POST"])
def revoke(request: SignedInRequest, identifier: str) -> HttpResponse:
    token = own_token(request, identifier)
    in_place = shows_the_list(request)
    if request.method != "POST":
        return framed(request, "revoke", {"token": token, "in_place": in_place})
    was_living = token.revoke(origin=Origin.of(request))
    outcome = f"{quoted(token)} was revoked{'' if was_living else ' already'}."
    if in_place:
        response = render(request, "accounts/tokens/_revoked.html", {"token": token})
        return trigger_client_event(response, "announce", {"text": outcome}, after="settle")
    messages.success(request, outcome)
    return redirect("tokens")


def own_token(request: SignedInRequest, identifier: str) -> ApiToken:
    """Raises Http404: the same for someone else's token as for one that does not exist."""
    return get_object_or_404(request.user.tokens.defer("digest"), identifier=identifier)


def page_of_tokens(request: SignedInRequest) -> Page[ApiToken]:
    """Living tokens first, each half newest first. Two queries, however many there are."""
    living = When(revoked_at=None, expires_at__gt=timezone.now(), then=0)
    tokens = request.user.tokens.defer("digest").order_by(
        Case(living, default=1), "-created_at", "-id"
    )
    return Paginator(tokens, PAGE_LENGTH).get_page(request.GET.get("page"))


def shows_the_list(request: SignedInRequest) -> bool:
    """Whether the page that asked has rows which can change in place."""
    page = urlsplit(request.htmx.current_url_abs_path or "")
    return bool(request.htmx) and page.path == reverse("tokens")


def detail_page(
    request: SignedInRequest, token: ApiToken, form: RenameForm, *, status: int = 200
) -> HttpResponse:
    minute, burst = windows(token.minute_limit, token.burst_limit)
    context = {
        "token": token,
        "rename_form": form,
        "minute_limit": minute.quota,
        "burst_limit": burst.quota,
    }
    return render(request, "accounts/tokens/detail.html", context, status=status)


def framed(
    request: SignedInRequest, name: str, context: dict[str, Any], *, status: int = 200
) -> HttpResponse:
    """The template as the content of the dialog when htmx asks, as a page of its own otherwise."""
    frame = "_dialog.html" if request.htmx else "account.html"
    template = f"accounts/tokens/{name}.html"
    return render(request, template, context | {"frame": frame}, status=status)


def quoted(token: ApiToken) -> str:
    """The name in quotation marks, isolated so that its direction does not spread around it."""
    return f"“\u2068{token.name}\u2069”"
