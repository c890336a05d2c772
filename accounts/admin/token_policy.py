"""The rules for all tokens, on one page that cannot be added to or deleted."""

from typing import Any

from django import forms
from django.contrib import admin
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect

from accounts.expiry import Expiry
from accounts.models import Reminder, TokenPolicy

ONLY = "1"


class PolicyForm(forms.ModelForm):  # type: ignore[type-arg]  # which Django lacks at run time
    offered = forms.MultipleChoiceField(
        label="Expiry periods offered",
        choices=Expiry.choices,
        widget=forms.CheckboxSelectMultiple,
        help_text="Tokens that exist already keep the period that they were made with.",
        error_messages={"required": "Offer at least one period: without one nobody gets a token."},
    )

    class Meta:
        model = TokenPolicy
        fields = ("offered", "longest_life", "tokens_per_person", "unused_days")

    def clean_offered(self) -> list[str]:
        chosen = set(self.cleaned_data["offered"])
        return [value for value in Expiry.values if value in chosen]


@admin.register(TokenPolicy)
class TokenPolicyAdmin(admin.ModelAdmin):  # type: ignore[type-arg]
    form = PolicyForm
    fieldsets = (
        (
            "New tokens",
            {
                "fields": ("offered", "longest_life", "tokens_per_person"),
                "description": "Holds wherever a token is made or rotated: on the page, in the API "
                "and in commands. The page explains it to people.",
            },
        ),
        ("Tokens that nobody uses", {"fields": ("unused_days",)}),
    )

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: TokenPolicy | None = None) -> bool:
        return False

    def changelist_view(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        """There is one: its page instead of a list of it."""
        return redirect("admin:accounts_tokenpolicy_change", ONLY)

    def get_object(
        self, request: HttpRequest, object_id: str, from_field: str | None = None
    ) -> TokenPolicy | None:
        """Also before it was ever saved: then it restricts nothing."""
        return TokenPolicy.current() if object_id == ONLY else None

    def save_model(
        self, request: HttpRequest, obj: TokenPolicy, form: PolicyForm, change: bool
    ) -> None:
        super().save_model(request, obj, form, change)
        if "unused_days" in form.changed_data:
            Reminder.objects.forget_disuse()

    def construct_change_message(
        self, request: HttpRequest, form: Any, formsets: Any, add: bool = False
    ) -> Any:
        """From what to what: the log answers which rule held when."""
        changes = [
            f"{form.fields[name].label}: {told(form.initial[name])} → "
            f"{told(form.cleaned_data[name])}"
            for name in form.changed_data
        ]
        return "; ".join(changes) or "Nothing changed"


def told(value: Any) -> str:
    if isinstance(value, list):
        return ", ".join(value)
    return "none" if value is None else str(value)
