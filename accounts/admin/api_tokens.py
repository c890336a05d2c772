"""API tokens as operators see them: by identifier, never by secret; stopped, never made."""

from typing import Any, ClassVar

from django import forms
from django.contrib import admin
from django.db import transaction
from django.db.models import QuerySet
from django.http import HttpRequest
from django.template.loader import render_to_string
from django.urls import reverse
from django.utils.html import format_html
from django.utils.safestring import SafeString

from accounts.admin.filters import LastUseFilter, StatusFilter
from accounts.admin.revoking import Revoking
from accounts.admin.searching import SearchingByToken
from accounts.models import ApiToken, Kind, TokenEvent
from accounts.origin import Origin, Way
from accounts.templatetags.moments import ago, day, exact, until
from accounts.throttling import BURST_QUOTA, MINUTE_QUOTA, windows

# Of a token's activity, as many as its page shows.
LATEST = 20


class LimitsForm(forms.ModelForm):  # type: ignore[type-arg]  # which Django lacks at run time
    """All that an operator changes of a token."""

    class Meta:
        model = ApiToken
        fields = ("minute_limit", "burst_limit")
        help_texts: ClassVar = {
            "minute_limit": f"Empty: the usual {MINUTE_QUOTA}.",
            "burst_limit": f"Empty: the usual {BURST_QUOTA}.",
        }


@admin.register(ApiToken)
class ApiTokenAdmin(SearchingByToken, Revoking):
    form = LimitsForm
    list_display = (
        "identifier",
        "name_and_environment",
        "owner",
        "shown_status",
        "created",
        "expires",
        "last_used",
    )
    list_filter = (StatusFilter, LastUseFilter, "environment")
    list_select_related = ("owner",)
    search_fields = ("identifier", "name", "owner__email")
    date_hierarchy = "created_at"
    show_full_result_count = False  # one count of a long table is enough
    fieldsets = (
        (None, {"fields": ("identifier", "isolated_name", "owner", "environment", "shown_status")}),
        ("Limits", {"fields": ("minute_limit", "burst_limit")}),
        ("Life", {"fields": ("created_at", "expires_at", "revoked_at", "revoked_reason")}),
        ("Rotation", {"fields": ("rotated_from", "rotated_at")}),
        ("Last use", {"fields": ("last_used_at", "last_used_ip", "last_used_agent")}),
        ("What happened", {"fields": ("attempts", "activity")}),
    )
    readonly_fields = (
        "identifier",
        "isolated_name",
        "owner",
        "environment",
        "shown_status",
        "created_at",
        "expires_at",
        "revoked_at",
        "revoked_reason",
        "rotated_from",
        "rotated_at",
        "last_used_at",
        "last_used_ip",
        "last_used_agent",
        "attempts",
        "activity",
    )

    def get_queryset(self, request: HttpRequest) -> QuerySet[ApiToken]:
        return super().get_queryset(request).defer("digest")

    def has_add_permission(self, request: HttpRequest) -> bool:
        """Only its owner makes a token: whoever makes one has seen its secret."""
        return False

    def has_delete_permission(self, request: HttpRequest, obj: ApiToken | None = None) -> bool:
        """A revoked token is kept: it answers what was stopped, when and why."""
        return False

    def save_model(self, request: HttpRequest, obj: ApiToken, form: Any, change: bool) -> None:
        """Writes the limits alone: a token that is revoked meanwhile stays revoked."""
        if not form.changed_data:
            return
        origin = Origin.of(request, Way.ADMIN)
        with transaction.atomic():
            obj.save(update_fields=form.changed_data)
            minute, burst = windows(obj.minute_limit, obj.burst_limit)
            detail = f"{minute.quota} calls a minute, {burst.quota} a second"
            TokenEvent.objects.record(Kind.LIMITED, [obj], origin=origin, detail=detail)

    @admin.display(description="name", ordering="name")
    def isolated_name(self, token: ApiToken) -> SafeString:
        return format_html("<bdi>{}</bdi>", token.name)

    @admin.display(description="name", ordering="name")
    def name_and_environment(self, token: ApiToken) -> SafeString:
        return format_html(
            '<bdi>{}</bdi><br><span class="badge badge--{}">{}</span>',
            token.name,
            token.environment,
            token.get_environment_display(),
        )

    @admin.display(description="attempts after its end")
    def attempts(self, token: ApiToken) -> SafeString | str:
        if token.refused_at is None:
            return "none"
        return format_html(
            "{}, the last {} from {} by {}",
            token.refused_count,
            exact(token.refused_at),
            token.refused_ip,
            token.refused_agent or "an unnamed program",
        )

    @admin.display(description="latest activity")
    def activity(self, token: ApiToken) -> SafeString:
        events = reverse("admin:accounts_tokenevent_changelist")
        context = {
            "events": token.events.select_related("actor")[:LATEST],
            "everything": f"{events}?token__id__exact={token.pk}",
        }
        return render_to_string("admin/accounts/apitoken/_activity.html", context)

    @admin.display(description="status", ordering="expires_at")
    def shown_status(self, token: ApiToken) -> SafeString:
        return render_to_string("accounts/tokens/_status.html", {"token": token})

    @admin.display(description="created", ordering="created_at")
    def created(self, token: ApiToken) -> SafeString:
        return day(token.created_at)

    @admin.display(description="expires", ordering="expires_at")
    def expires(self, token: ApiToken) -> SafeString:
        return until(token.expires_at)

    @admin.display(description="last used", ordering="last_used_at")
    def last_used(self, token: ApiToken) -> SafeString | str:
        return ago(token.last_used_at) if token.last_used_at else "never"
