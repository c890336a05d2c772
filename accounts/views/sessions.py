"""Signing in and out."""

import unicodedata
from collections.abc import Sequence
from typing import Any
from urllib.parse import urlsplit

from django.contrib.auth import views as auth
from django.contrib.auth.decorators import login_not_required
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.utils.decorators import method_decorator

from accounts.attempts import Limit, seconds_to_wait
from accounts.forms_people import SignInForm
from accounts.known_browsers import known_browser, remember
from accounts.models import User
from accounts.views.refusals import Refusals

LONGEST_ADDRESS = 254  # characters; the form refuses longer ones


def account_named(_: str, request: HttpRequest) -> str:
    """The account that a sign-in names, in every spelling that signs in to it."""
    typed = request.POST.get("username", "").strip()[:LONGEST_ADDRESS]
    return User.objects.normalize_email(unicodedata.normalize("NFKC", typed))


def browser_known(_: str, request: HttpRequest) -> str:
    return known_browser(request, account_named("", request))


STRANGE_BROWSER = (
    Limit("sign in: address", "10/m", "ip"),
    Limit("sign in: address", "100/h", "ip"),
    Limit("sign in: account", "5/5m", account_named),
)
KNOWN_BROWSER = (Limit("sign in: known browser", "10/5m", browser_known),)


def limits(request: HttpRequest) -> Sequence[Limit]:
    return KNOWN_BROWSER if browser_known("", request) else STRANGE_BROWSER


class SignIn(Refusals, auth.LoginView):
    template_name = "accounts/sign_in.html"
    authentication_form = SignInForm
    redirect_authenticated_user = True

    def post(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        if wait := seconds_to_wait(request, limits(request)):
            return self.too_often(wait, username=request.POST.get("username", ""))
        return super().post(request, *args, **kwargs)

    def form_valid(self, form: SignInForm) -> HttpResponse:
        response = super().form_valid(form)
        remember(response, form.get_user().email)
        return response

    def get_redirect_url(self, request: HttpRequest | None = None) -> str:
        """Where `next` says, but not back to this page, which would lead here for ever."""
        url = super().get_redirect_url(request)
        return "" if urlsplit(url).path == self.request.path else url


@method_decorator(login_not_required, name="dispatch")
class SignOut(auth.LogoutView):
    """Signed out already, in another tab for example, is as good as signed out now."""


@login_not_required
def admin_sign_in(request: HttpRequest) -> HttpResponse:
    """In place of the admin's own form, which counts no attempts.

    The admin sends people without access here. Raises PermissionDenied for who is signed in and
    no operator.
    """
    if request.user.is_staff:
        return redirect("admin:index")
    if request.user.is_authenticated:
        raise PermissionDenied
    return auth.redirect_to_login(request.GET.get("next") or reverse("admin:index"))
