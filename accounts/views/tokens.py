"""A person's own API tokens: list them, look at one, create and rename one.

Asked by htmx, a view answers the dialog or the fragment that changed; otherwise a whole page, from
the same template.
"""

from typing import Any
from urllib.parse import urlsplit

from django.conf import settings
from django.contrib import messages
from django.http import HttpResponse, QueryDict
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.http import urlencode
from django.views.decorators.cache import cache_control
from django.views.decorators.debug import sensitive_post_parameters, sensitive_variables
from django.views.decorators.http import require_http_methods, require_safe

from accounts import examples
from accounts.forms import RenameForm, TokenForm
from accounts.models import (
    ApiToken,
    Environment,
    FormAlreadyUsed,
    Issued,
    PolicyViolation,
    Status,
    TokenPolicy,
)
from accounts.origin import Origin
from accounts.review import SORTS, Counts, Review, with_links
from accounts.throttling import windows
from accounts.tokens import searchable
from accounts.views import SignedInRequest, announce_found
from accounts.views.calls import FOUND, calls_of_token, daily_calls

EVENTS_SHOWN = 10


@require_safe
def index(request: SignedInRequest) -> HttpResponse:
    typed = request.GET.get("q", "").strip()
    if typed != searchable(typed):
        return redirect(address_of(Review.read(request.GET)))
    context = list_of_tokens(request, request.GET)
    response = render(request, "accounts/tokens/index.html", context)
    return announce_found(request, response, "accounts/tokens/_found.txt", context)


@sensitive_post_parameters("q")
@require_http_methods(["GET", "HEAD", "POST"])
def search(request: SignedInRequest) -> HttpResponse:
    """Where the list's filters lead. Posted, for what is typed may be a whole token: an address
    would bring it into histories and logs. A visit, as after signing in again, leads to the list.
    """
    return redirect(address_of(Review.read(request.POST)))


@require_http_methods(["GET", "HEAD", "POST"])
@cache_control(private=True, no_store=True)
def new(request: SignedInRequest) -> HttpResponse:
    policy = TokenPolicy.current()
    if request.method != "POST":
        return new_page(request, TokenForm(policy=policy), policy)
    form = TokenForm(request.POST, policy=policy)
    if not form.is_valid():
        return new_page(request, form, policy, status=422)
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
        return new_page(request, form, policy, status=422)
    return reveal(request, issued)


def new_page(
    request: SignedInRequest, form: TokenForm, policy: TokenPolicy, *, status: int = 200
) -> HttpResponse:
    """The form with what the policy says about it; without it when it would have to fail."""
    living = request.user.tokens.filter(rotated_at=None).living().count()
    most = policy.tokens_per_person
    context = {
        "form": form,
        "policy": policy,
        "living": living,
        "is_full": most is not None and living >= most,
    }
    return framed(request, "new", context, status=status)


@sensitive_variables("issued")
def reveal(request: SignedInRequest, issued: Issued) -> HttpResponse:
    """The one answer that holds the plaintext."""
    context = {
        "issued": issued,
        "replaced": issued.token.rotated_from,
        "variable": examples.VARIABLE,
        "examples": examples.first_call(settings.SITE_URL),
        "in_place": shows_the_list(request),
    }
    if context["in_place"]:
        context |= list_of_tokens(request, listed(request))
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


def own_token(request: SignedInRequest, identifier: str) -> ApiToken:
    """Raises Http404: the same for someone else's token as for one that does not exist."""
    return get_object_or_404(with_links(request.user.tokens.all()), identifier=identifier)


def list_of_tokens(request: SignedInRequest, query: QueryDict) -> dict[str, Any]:
    """The context of the list that `query` describes: four queries, however long it is."""
    review, now = Review.read(query), timezone.now()
    tokens = request.user.tokens.all()
    page = review.page(tokens, now)
    return {
        "review": review,
        "counts": Counts.of(tokens, now),
        "page": page,
        "daily": daily_calls(request, page.rows),
        "statuses": Status.choices,
        "environments": Environment.choices,
        "sorts": [(name, label) for name, (label, _) in SORTS.items()],
    }


def address_of(review: Review) -> str:
    return f"{reverse('tokens')}?{urlencode(review.address)}".rstrip("?")


def shows_the_list(request: SignedInRequest) -> bool:
    """Whether the page that asked has rows which can change in place."""
    page = urlsplit(request.htmx.current_url_abs_path or "")
    return bool(request.htmx) and page.path == reverse("tokens")


def listed(request: SignedInRequest) -> QueryDict:
    """What describes the list on the page that asked."""
    return QueryDict(urlsplit(request.htmx.current_url_abs_path or "").query)


def detail_page(
    request: SignedInRequest, token: ApiToken, form: RenameForm, *, status: int = 200
) -> HttpResponse:
    minute, burst = windows(token.minute_limit, token.burst_limit)
    context = {
        "token": token,
        "rename_form": form,
        "minute_limit": minute.quota,
        "burst_limit": burst.quota,
        "events": token.events.select_related("actor")[:EVENTS_SHOWN],
    }
    context |= calls_of_token(request, token)
    response = render(request, "accounts/tokens/detail.html", context, status=status)
    return announce_found(request, response, FOUND, context)


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
