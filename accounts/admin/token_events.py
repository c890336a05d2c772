"""What happened to tokens, as it was written: to read and to find, never to change."""

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest
from django.urls import reverse
from django.utils.html import format_html
from django.utils.safestring import SafeString

from accounts.admin.searching import SearchingByToken
from accounts.models import TokenEvent
from accounts.templatetags.moments import exact


@admin.register(TokenEvent)
class TokenEventAdmin(SearchingByToken):
    identifier_lookup = "token__identifier"
    search_help_text = (
        "Identifier or owner. A whole token may be pasted: only its identifier is kept."
    )
    search_fields = ("token__identifier", "owner__email")
    list_display = ("when", "kind", "of_token", "owner", "by", "way", "address", "detail")
    list_filter = ("kind", "way", "at")
    ordering = ("-pk",)  # written in the order in which it happened, and found by an index
    show_full_result_count = False
    actions = None
    fields = ("at", "kind", "token", "owner", "by", "way", "address", "agent", "detail")
    readonly_fields = ("by",)

    def get_queryset(self, request: HttpRequest) -> QuerySet[TokenEvent]:
        events: QuerySet[TokenEvent] = super().get_queryset(request)
        return events.select_related("token", "owner", "actor").defer("token__digest")

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: TokenEvent | None = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: TokenEvent | None = None) -> bool:
        return False

    @admin.display(description="when", ordering="pk")
    def when(self, event: TokenEvent) -> SafeString:
        return exact(event.at)

    @admin.display(description="token")
    def of_token(self, event: TokenEvent) -> SafeString:
        return format_html(
            '<a href="{}">{}</a><br><bdi>{}</bdi>',
            reverse("admin:accounts_apitoken_change", args=[event.token_id]),
            event.token.identifier,
            event.token.name,
        )

    @admin.display(description="by")
    def by(self, event: TokenEvent) -> str:
        return event.who
