"""What every page of the dashboard has in common."""

from collections.abc import Callable

from django.contrib.auth.middleware import LoginRequiredMiddleware
from django.http import HttpRequest, HttpResponseBase
from django.utils.cache import patch_cache_control
from django_htmx.http import HttpResponseClientRedirect

type View = Callable[[HttpRequest], HttpResponseBase]


class NoStoreMiddleware:
    """No page is kept: not by proxies, not for Back after signing out."""

    def __init__(self, get_response: View) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        response = self.get_response(request)
        if "Cache-Control" not in response.headers:
            patch_cache_control(response, private=True, no_store=True)
        return response


class SignInRequiredMiddleware(LoginRequiredMiddleware):
    """Closed by default; a view opens itself with ``@login_not_required``."""

    def handle_no_permission(self, request, view_func):  # type: ignore[no-untyped-def]
        response = super().handle_no_permission(request, view_func)
        if getattr(request, "htmx", False):
            # The browser must go to the sign-in page, not put it inside a table row.
            return HttpResponseClientRedirect(response["Location"])
        return response
