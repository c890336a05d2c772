"""What a request of the API knows beyond any other request."""

from django.http import HttpRequest

from accounts.models import Bearer
from accounts.throttling import Budget


class ApiRequest(HttpRequest):
    """`BearerMiddleware` fills these in; views find all three."""

    request_id: str
    token: Bearer
    budgets: tuple[Budget, ...]
