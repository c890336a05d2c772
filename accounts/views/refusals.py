"""How a form is answered that can't be accepted."""

from typing import Any

from django.http import HttpResponse
from django.views.generic.base import TemplateResponseMixin
from django.views.generic.edit import FormMixin

from accounts.attempts import in_words


class Refusals(TemplateResponseMixin, FormMixin):  # type: ignore[type-arg]
    """For Django's own form views: invalid is 422, too often is 429, and what was typed stays."""

    def form_invalid(self, form: Any) -> HttpResponse:
        return self.render_to_response(self.get_context_data(form=form), status=422)

    def too_often(self, wait: int, **initial: str) -> HttpResponse:
        """The form again, not looked into, with `initial` filled in and `wait` seconds to go."""
        unsent = {"data": None, "files": None, "initial": initial}
        form = self.get_form_class()(**self.get_form_kwargs() | unsent)
        context = self.get_context_data(form=form, wait=in_words(wait))
        response = self.render_to_response(context, status=429)
        response["Retry-After"] = str(wait)
        return response
