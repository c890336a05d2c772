"""Changing a password one knows, and resetting one that was forgotten."""

from typing import Any

from django.contrib import messages
from django.contrib.auth import views as auth
from django.contrib.auth.decorators import login_not_required
from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.urls import reverse_lazy
from django.utils.decorators import method_decorator

from accounts.attempts import Limit, seconds_to_wait
from accounts.forms_people import ForgottenPasswordForm, NewPasswordForm, ResetPasswordForm
from accounts.known_browsers import remember
from accounts.models import User
from accounts.origin import Origin
from accounts.views.refusals import Refusals


def signed_in_account(_: str, request: HttpRequest) -> str:
    return str(request.user.pk)


def account_named(_: str, request: HttpRequest) -> str:
    return User.objects.normalize_email(request.POST.get("email"))


CHANGE = (Limit("change password", "5/5m", signed_in_account),)
RESET = (
    Limit("reset password: address", "10/h", "ip"),
    Limit("reset password: account", "3/h", account_named),
)


class Security(Refusals, auth.PasswordChangeView):
    template_name = "accounts/security.html"
    form_class = NewPasswordForm
    success_url = reverse_lazy("security")

    def post(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        """Whoever finds an open browser must not guess the password here."""
        if wait := seconds_to_wait(request, CHANGE):
            return self.too_often(wait)
        return super().post(request, *args, **kwargs)

    def form_valid(self, form: NewPasswordForm) -> HttpResponse:
        form.origin = Origin.of(self.request)
        response = super().form_valid(form)
        messages.success(self.request, outcome(form.revoked))
        return response


class PasswordReset(Refusals, auth.PasswordResetView):
    """Asking for the mail: the same answer whether or not the address has an account."""

    template_name = "accounts/password_reset.html"
    form_class = ForgottenPasswordForm
    subject_template_name = "accounts/mail/password_reset_subject.txt"
    email_template_name = "accounts/mail/password_reset.txt"
    html_email_template_name = "accounts/mail/password_reset.html"

    def post(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        if wait := seconds_to_wait(request, RESET):
            return self.too_often(wait, email=request.POST.get("email", ""))
        return super().post(request, *args, **kwargs)


@method_decorator(login_not_required, name="dispatch")
class PasswordResetConfirm(Refusals, auth.PasswordResetConfirmView):
    """The page behind the link in the mail.

    Django takes the link's secret out of the address before it shows the form. The form itself must
    not be under `no-referrer`: browsers then send ``Origin: null``, which CSRF protection refuses.
    """

    template_name = "accounts/password_reset_confirm.html"
    form_class = ResetPasswordForm

    def dispatch(self, *args: Any, **kwargs: Any) -> HttpResponseBase:
        response = super().dispatch(*args, **kwargs)
        response["Referrer-Policy"] = "strict-origin" if self.validlink else "no-referrer"
        return response

    def form_valid(self, form: ResetPasswordForm) -> HttpResponse:
        """A browser that proved the mailbox may sign in even while strangers guess."""
        form.origin = Origin.of(self.request)
        response = super().form_valid(form)
        remember(response, form.user.email)
        messages.success(self.request, outcome(form.revoked))
        return response


def outcome(revoked: int) -> str:
    tokens = {0: "", 1: " One API token was revoked."}.get(
        revoked, f" {revoked} API tokens were revoked."
    )
    return f"Your password was changed.{tokens}"
