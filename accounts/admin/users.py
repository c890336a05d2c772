"""People: added, switched off and on again, and rarely deleted."""

from typing import Any, ClassVar

from django import forms
from django.contrib import admin, messages
from django.contrib.auth.admin import GroupAdmin as DjangoGroupAdmin
from django.contrib.auth.admin import UserAdmin as DjangoUserAdmin
from django.contrib.auth.forms import AdminUserCreationForm, UserChangeForm
from django.contrib.auth.models import Group
from django.db import models
from django.db.models import Count, OuterRef, QuerySet, Subquery
from django.db.models.functions import Coalesce
from django.http import HttpRequest
from django.urls import reverse
from django.utils import timezone
from django.utils.html import format_html
from django.utils.safestring import SafeString

from accounts.admin.operators import log_change, operator
from accounts.admin.searching import SearchingByToken
from accounts.models import ApiToken, User
from accounts.time_zones import grouped_by_region

# What makes an operator of someone, or more of an operator.
POWERS = ("is_staff", "is_superuser", "groups")

# Every choice in sight, with the keyboard alone and without a script.
CHECKBOXES: Any = {models.ManyToManyField: {"widget": forms.CheckboxSelectMultiple}}


class UserForm(UserChangeForm):  # type: ignore[type-arg]
    class Meta:
        model = User
        fields = "__all__"

    def __init__(self, *arguments: Any, **options: Any) -> None:
        super().__init__(*arguments, **options)
        if field := self.fields.get("time_zone"):  # missing where nothing may be changed
            zones = grouped_by_region(timezone.now(), keep=self.instance.time_zone)
            field.widget = forms.Select(choices=zones)


class NewUserForm(AdminUserCreationForm):  # type: ignore[type-arg]
    class Meta:
        model = User
        fields = ("email", "name")


@admin.register(User)
class UserAdmin(SearchingByToken, DjangoUserAdmin):  # type: ignore[type-arg]
    identifier_lookup = "tokens__identifier"
    search_help_text = (
        "Address, name, or a token of theirs. A whole one may be pasted: only its identifier is "
        "kept."
    )
    form = UserForm
    add_form = NewUserForm
    list_display = ("email", "name", "is_active", "is_staff", "date_joined", "living_tokens")
    list_filter = ("is_active", "is_staff", "is_superuser")
    search_fields = ("email", "name")
    ordering = ("email",)
    readonly_fields = ("last_login", "date_joined", "living_tokens")
    filter_horizontal = ()
    formfield_overrides: ClassVar = CHECKBOXES
    actions = ("deactivate", "activate")
    fieldsets = (
        (None, {"fields": ("email", "password", "name", "time_zone", "living_tokens")}),
        ("Access", {"fields": ("is_active", *POWERS)}),
        ("Dates", {"fields": ("last_login", "date_joined")}),
    )
    add_fieldsets = (
        (None, {"fields": ("email", "name", "usable_password", "password1", "password2")}),
    )

    def get_queryset(self, request: HttpRequest) -> QuerySet[User]:
        """Counted by a subquery: of the rows on the page alone, in the one query for them."""
        living = ApiToken.objects.living().filter(owner=OuterRef("pk")).order_by()
        count = Subquery(living.values("owner").annotate(count=Count("pk")).values("count"))
        users: QuerySet[User] = super().get_queryset(request)
        return users.annotate(living=Coalesce(count, 0))

    @admin.display(description="living tokens", ordering="living")
    def living_tokens(self, user: User) -> SafeString:
        tokens = reverse("admin:accounts_apitoken_changelist")
        return format_html(
            '<a href="{}?owner__id__exact={}">{}</a>',
            tokens,
            user.pk,
            user.living,  # type: ignore[attr-defined]
        )

    def save_model(self, request: HttpRequest, obj: User, form: Any, change: bool) -> None:
        """Writes what was changed and nothing else: a password changed meanwhile stays."""
        columns = {field.name for field in obj._meta.concrete_fields}
        obj.save(update_fields=columns.intersection(form.changed_data) if change else None)

    # -- Only a superuser makes or changes an operator ---------------------------------------------

    def has_change_permission(self, request: HttpRequest, obj: User | None = None) -> bool:
        return super().has_change_permission(request, obj) and may_touch(request, obj)

    def has_delete_permission(self, request: HttpRequest, obj: User | None = None) -> bool:
        return super().has_delete_permission(request, obj) and may_touch(request, obj)

    def get_readonly_fields(self, request: HttpRequest, obj: User | None = None) -> Any:
        fixed = super().get_readonly_fields(request, obj)
        return fixed if operator(request).is_superuser else (*fixed, *POWERS)

    # -- Switching off and on ----------------------------------------------------------------------

    @admin.action(permissions=["change"], description="Deactivate selected users")
    def deactivate(self, request: HttpRequest, queryset: QuerySet[User]) -> None:
        self._switch(request, queryset.exclude(pk=operator(request).pk), active=False)

    @admin.action(permissions=["change"], description="Activate selected users")
    def activate(self, request: HttpRequest, queryset: QuerySet[User]) -> None:
        self._switch(request, queryset, active=True)

    def _switch(self, request: HttpRequest, queryset: QuerySet[User], *, active: bool) -> None:
        """Those that are not so yet, without who may not be touched."""
        chosen = [
            user for user in queryset.filter(is_active=not active) if may_touch(request, user)
        ]
        word = "Activated" if active else "Deactivated"
        User.objects.filter(pk__in=[user.pk for user in chosen]).update(is_active=active)
        log_change(request, chosen, f"{word}.")
        self.message_user(request, f"{word} {len(chosen)} of those selected.", messages.SUCCESS)

    # -- Deleting ----------------------------------------------------------------------------------

    def get_deleted_objects(self, objs: Any, request: HttpRequest) -> Any:
        """Who has tokens or a record as an operator stays: both answer questions later."""
        staying = [
            f"the record of what {user} did. Deactivate the account instead"
            for user in User.objects.filter(pk__in=[obj.pk for obj in objs])
            if user.tokens.exists() or user.logentry_set.exists()
        ]
        if staying:  # and nothing else is told: what hangs on it may be thousands of rows
            return [], {}, set(), staying
        return super().get_deleted_objects(objs, request)


class GroupAdmin(DjangoGroupAdmin):
    """What operators may do who are no superusers. They are few: no search, whose text would get
    into addresses."""

    search_fields = ()
    filter_horizontal = ()
    formfield_overrides: ClassVar = CHECKBOXES


admin.site.unregister(Group)
admin.site.register(Group, GroupAdmin)


def may_touch(request: HttpRequest, user: User | None) -> bool:
    if user is None or operator(request).is_superuser:
        return True
    return not (user.is_staff or user.is_superuser)
