"""Finding a token by whatever an operator has of it, without its secret getting anywhere.

A search usually stands in the address, and from there gets into logs and histories. So the form
posts what was typed, and what goes on into the address is rid of secrets first.
"""

from typing import Any

from django.contrib.admin import ModelAdmin
from django.contrib.admin.views.main import SEARCH_VAR
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect, QueryDict
from django.utils.decorators import method_decorator
from django.views.decorators.debug import sensitive_post_parameters

from accounts.tokens import IDENTIFIER_PATTERN, searchable


class SearchingByToken(ModelAdmin):  # type: ignore[type-arg]  # which Django lacks at run time
    """For lists in which somebody may look for a token; templates/admin/accounts/search_form.html
    posts. `identifier_lookup` leads from a row of the list to the identifier of its token."""

    identifier_lookup = "identifier"
    search_help_text = (
        "Identifier, name or owner. A whole token may be pasted: only its identifier is kept."
    )

    @method_decorator(sensitive_post_parameters(SEARCH_VAR))
    def changelist_view(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        asked = request.POST if SEARCH_VAR in request.POST else request.GET
        text = searchable(asked.get(SEARCH_VAR, ""))
        if asked is request.POST or text != asked.get(SEARCH_VAR, text):
            return HttpResponseRedirect(f"?{address(asked, text)}")
        return super().changelist_view(request, *args, **kwargs)

    def get_search_results(
        self, request: HttpRequest, queryset: QuerySet[Any], search_term: str
    ) -> tuple[QuerySet[Any], bool]:
        if IDENTIFIER_PATTERN.fullmatch(search_term):
            return queryset.filter(**{self.identifier_lookup: search_term}), False  # by its index
        return super().get_search_results(request, queryset, search_term)


def address(asked: QueryDict, text: str) -> str:
    """The parameters of a search: `text`, and the filters that were chosen before."""
    kept = asked.copy()
    kept.pop("csrfmiddlewaretoken", None)
    kept[SEARCH_VAR] = text
    return kept.urlencode()
