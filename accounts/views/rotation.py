"""Rotation in the browser: a successor is revealed, the old token gets its countdown."""

from django.http import HttpResponse
from django.views.decorators.cache import cache_control
from django.views.decorators.http import require_http_methods

from accounts.forms import RotationForm
from accounts.models import FormAlreadyUsed, NotRotatable, PolicyViolation, TokenPolicy
from accounts.origin import Origin
from accounts.views import SignedInRequest
from accounts.views.tokens import framed, own_token, reveal


@require_http_methods(["GET", "HEAD", "POST"])
@cache_control(private=True, no_store=True)
def rotate(request: SignedInRequest, identifier: str) -> HttpResponse:
    token = own_token(request, identifier)
    posted = request.POST if request.method == "POST" else None
    form = RotationForm(posted, policy=TokenPolicy.current())
    if not form.is_valid():
        status = 422 if form.is_bound else 200
        return framed(request, "rotate", {"token": token, "form": form}, status=status)
    try:
        issued = token.rotate(origin=Origin.of(request), **form.cleaned_data)
    except FormAlreadyUsed as used:
        return framed(request, "used", {"token": used.token}, status=409)
    except NotRotatable:
        token.refresh_from_db()
        return framed(request, "rotate", {"token": token, "form": form}, status=409)
    except PolicyViolation as violation:
        form.add_error("expiry", violation.message)
        return framed(request, "rotate", {"token": token, "form": form}, status=422)
    return reveal(request, issued)
