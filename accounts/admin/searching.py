"""Finding a token by whatever an operator has of it, without its secret getting anywhere.

A search usually stands in the address, and from there gets into logs and histories. So the form
posts what was typed, and what goes on into the address is rid of secrets first.
"""

import re
from typing import Any

from django.contrib.admin import ModelAdmin
from django.contrib.admin.views.main import SEARCH_VAR
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect, QueryDict
from django.utils.decorators import method_decorator
from django.views.decorators.debug import sensitive_post_parameters, sensitive_variables

from accounts.models import ApiToken
from accounts.tokens import IDENTIFIER_PATTERN

# Longer than anything else one searches for: maybe the rest of a token that was copied badly.
MAYBE_SECRET = re.compile(r"[0-9A-Za-z]{31,}")


@sensitive_variables("text")
def searchable(text: str) -> str:
    """The identifier, where there is one; otherwise the text without what may be a secret."""
    if match := IDENTIFIER_PATTERN.search(text):
        return match[0]
    return MAYBE_SECRET.sub("…", text.strip())


class SearchingByToken(ModelAdmin):  # type: ignore[type-arg]  # which Django lacks at run time
    """For the admin of API tokens; templates/admin/accounts/apitoken/search_form.html posts."""

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
        self, request: HttpRequest, queryset: QuerySet[ApiToken], search_term: str
    ) -> tuple[QuerySet[ApiToken], bool]:
        if IDENTIFIER_PATTERN.fullmatch(search_term):
            return queryset.filter(identifier=search_term), False  # by its index
        return super().get_search_results(request, queryset, search_term)


def address(asked: QueryDict, text: str) -> str:
    """The parameters of a search: `text`, and the filters that were chosen before."""
    kept = asked.copy()
    kept.pop("csrfmiddlewaretoken", None)
    kept[SEARCH_VAR] = text
    return kept.urlencode()
