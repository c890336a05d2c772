"""Rotation in the browser: a successor is revealed, the old token gets its countdown."""

from django.http import HttpResponse
from django.utils import timezone
from django.views.decorators.cache import cache_control
from django.views.decorators.http import require_http_methods

from accounts.forms import RotationForm
from accounts.models import (
    ApiToken,
    FormAlreadyUsed,
    NotRotatable,
    PolicyViolation,
    TokenPolicy,
)
from accounts.origin import Origin
from accounts.views import SignedInRequest
from accounts.views.tokens import framed, own_token, reveal, shows_the_list


@require_http_methods(["GET", "HEAD", "POST"])
@cache_control(private=True, no_store=True)
def rotate(request: SignedInRequest, identifier: str) -> HttpResponse:
    token = own_token(request, identifier)
    if request.method != "POST":
        return question(request, token)
    form = RotationForm(request.POST, policy=TokenPolicy.current())
    if not form.is_valid():
        return rotation_page(request, token, form, status=422)
    try:
        issued = token.rotate(origin=Origin.of(request), **form.cleaned_data)
    except FormAlreadyUsed as used:
        return framed(request, "used", {"token": used.token}, status=409)
    except NotRotatable:
        return not_rotatable(request, own_token(request, identifier))
    except PolicyViolation as violation:
        form.add_error("expiry", violation.message)
        return rotation_page(request, token, form, status=422)
    return reveal(request, issued)


def question(request: SignedInRequest, token: ApiToken) -> HttpResponse:
    try:
        token.require_rotatable(timezone.now())
    except NotRotatable:
        return not_rotatable(request, token)
    return rotation_page(request, token, RotationForm(policy=TokenPolicy.current()))


def rotation_page(
    request: SignedInRequest, token: ApiToken, form: RotationForm, *, status: int = 200
) -> HttpResponse:
    context = {
        "token": token,
        "form": form,
        "ends": form.ends(token),
        "in_place": shows_the_list(request),
    }
    return framed(request, "rotate", context, status=status)


def not_rotatable(request: SignedInRequest, token: ApiToken) -> HttpResponse:
    return framed(request, "not_rotatable", {"token": token}, status=409)
