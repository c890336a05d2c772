"""Version 1 of the API: what a token can learn about itself, and its own end."""

from typing import Any

from django.contrib.auth.decorators import login_not_required
from django.http import HttpRequest, HttpResponse
from ninja import NinjaAPI
from ninja.security import HttpBearer

from accounts.models import ApiToken, Bearer


class MeetzyBearer(HttpBearer):
    """The middleware has authenticated; this documents it and stays shut without it."""

    def __call__(self, request: HttpRequest) -> Bearer | None:
        return getattr(request, "token", None)

    def authenticate(self, request: HttpRequest, token: str) -> Bearer | None:
        return None


api = NinjaAPI(
    title="Meetzy API",
    version="1",
    urls_namespace="api",
    auth=MeetzyBearer(),
    docs_url=None,
    openapi_url="/openapi.json",
    docs_decorator=login_not_required,
)


@api.get("/me")
def me(request: HttpRequest) -> dict[str, Any]:
    bearer = request.token
    return {
        "success": True,
        "data": {"id": bearer.owner_id, "email": bearer.owner_email, "name": bearer.owner_name},
    }


@api.delete("/token")
def revoke(request: HttpRequest) -> HttpResponse:
    ApiToken.objects.filter(pk=request.token.token_id).revoke(reason="Revoked through the API")
    return HttpResponse(status=204)
