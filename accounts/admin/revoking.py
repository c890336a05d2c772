"""Stopping tokens: one page names them, asks for the reason, and revokes."""

from django import forms
from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied, ValidationError
from django.db import transaction
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.template.response import TemplateResponse
from django.urls import URLPattern, path
from django.views.decorators.http import require_http_methods

from accounts.admin.operators import log_change
from accounts.models import ApiToken
from accounts.models.token_queryset import ApiTokenQuerySet
from accounts.names import clean_name
from accounts.origin import Origin, Way
from accounts.tokens import IDENTIFIER_PATTERN

# Named one by one on the page; of more, the number is told.
NAMED = 100


class RevokeForm(forms.Form):
    tokens = forms.CharField(widget=forms.HiddenInput)
    reason = forms.CharField(
        max_length=200,
        widget=forms.TextInput(attrs={"size": 60, "autocomplete": "off", "autofocus": True}),
        help_text="The owner sees it. At most 200 characters.",
        error_messages={"required": "Say why: the owner will ask."},
    )

    def clean_tokens(self) -> list[str]:
        return IDENTIFIER_PATTERN.findall(self.cleaned_data["tokens"])

    def clean_reason(self) -> str:
        reason = clean_name(self.cleaned_data["reason"])
        if not reason:
            raise ValidationError(self.fields["reason"].error_messages["required"])
        return reason


class Revoking(admin.ModelAdmin):  # type: ignore[type-arg]  # which Django lacks at run time
    """For the admin of API tokens."""

    actions = ("revoke_selected",)

    @admin.action(permissions=["change"], description="Revoke selected tokens…")
    def revoke_selected(self, request: HttpRequest, queryset: ApiTokenQuerySet) -> HttpResponse:
        identifiers = " ".join(queryset.values_list("identifier", flat=True))
        return self._page(request, RevokeForm(initial={"tokens": identifiers}), queryset)

    def get_urls(self) -> list[URLPattern]:
        view = self.admin_site.admin_view(require_http_methods(["GET", "POST"])(self.revoke_view))
        return [path("revoke/", view, name="accounts_apitoken_revoke"), *super().get_urls()]

    def revoke_view(self, request: HttpRequest) -> HttpResponse:
        """`?tokens=` names them by identifier, separated by spaces; a post revokes."""
        if not self.has_change_permission(request):
            raise PermissionDenied
        form = RevokeForm(request.POST or None, initial=request.GET.dict())
        if form.is_valid():
            return self._revoke(request, **form.cleaned_data)
        identifiers = IDENTIFIER_PATTERN.findall(form["tokens"].value() or "")
        return self._page(request, form, ApiToken.objects.filter(identifier__in=identifiers))

    def _page(
        self, request: HttpRequest, form: RevokeForm, chosen: ApiTokenQuerySet
    ) -> HttpResponse:
        living = chosen.filter(revoked_at=None).select_related("owner").defer("digest")
        count, total = living.count(), chosen.count()
        if not total:
            raise Http404
        if not count:
            self.message_user(request, "Revoked already: nothing to do.", messages.WARNING)
            return redirect("admin:accounts_apitoken_changelist")
        context = {
            **self.admin_site.each_context(request),
            "title": "Revoke this API token?" if count == 1 else f"Revoke {count} API tokens?",
            "opts": self.opts,
            "form": form,
            "tokens": living[:NAMED],
            "unnamed": max(0, count - NAMED),
            "revoked_already": total - count,
        }
        template = "admin/accounts/apitoken/revoke.html"
        return TemplateResponse(request, template, context, status=422 if form.errors else 200)

    def _revoke(self, request: HttpRequest, tokens: list[str], reason: str) -> HttpResponse:
        with transaction.atomic():
            chosen = ApiToken.objects.filter(identifier__in=tokens)
            revoked = chosen.revoke(reason=reason, origin=Origin.of(request, Way.ADMIN))
            log_change(request, revoked, f"Revoked: {reason}")
        tell = "1 API token is" if len(revoked) == 1 else f"{len(revoked)} API tokens are"
        self.message_user(request, f"{tell} revoked; programs get 401.", messages.SUCCESS)
        return redirect("admin:accounts_apitoken_changelist")
