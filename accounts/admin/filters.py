"""What operators narrow the list of tokens to."""

from datetime import timedelta

from django.contrib.admin import ModelAdmin, SimpleListFilter
from django.http import HttpRequest
from django.utils import timezone

from accounts.models import Status
from accounts.models.token_queryset import ApiTokenQuerySet

LONG_UNUSED = timedelta(days=90)


class StatusFilter(SimpleListFilter):
    title = "status"
    parameter_name = "status"

    def lookups(self, request: HttpRequest, model_admin: ModelAdmin) -> list[tuple[str, str]]:  # type: ignore[type-arg]
        return Status.choices

    def queryset(self, request: HttpRequest, queryset: ApiTokenQuerySet) -> ApiTokenQuerySet:  # type: ignore[override]
        value = self.value() or ""
        return queryset.having_status(Status(value)) if value in Status.values else queryset


class LastUseFilter(SimpleListFilter):
    title = "last use"
    parameter_name = "last_use"

    def lookups(self, request: HttpRequest, model_admin: ModelAdmin) -> list[tuple[str, str]]:  # type: ignore[type-arg]
        return [("never", "Never"), ("long_ago", f"Not for {LONG_UNUSED.days} days")]

    def queryset(self, request: HttpRequest, queryset: ApiTokenQuerySet) -> ApiTokenQuerySet:  # type: ignore[override]
        since = timezone.now() - LONG_UNUSED
        match self.value():
            case "never":
                return queryset.filter(last_used_at=None)
            case "long_ago":
                return queryset.idle_since_before(since)
        return queryset
