"""Version 1 of the API: what a token can learn about itself, and its own end."""

from typing import Any, NoReturn

from django.http import HttpRequest, HttpResponse
from ninja import NinjaAPI
from ninja.renderers import BaseRenderer
from ninja.responses import NinjaJSONEncoder
from ninja.security import HttpBearer

from accounts import throttling
from accounts.api.openapi import DESCRIPTION, described
from accounts.api.requests import ApiRequest
from accounts.api.rotate import router as rotate
from accounts.api.schemas import Account, Answer, Budget, Budgets, Token
from accounts.api.tokens import described_token
from accounts.api.usage import router as usage
from accounts.models import ApiToken, Bearer
from accounts.origin import Origin, Way


class BearerToken(HttpBearer):
    """The middleware has authenticated; this documents it and stays shut without it."""

    openapi_bearerFormat = "mtz_[0-9A-Za-z]{62}"  # noqa: N815 - the specification's name
    openapi_description = "An API token, as created under Account settings, API Tokens."

    def __call__(self, request: HttpRequest) -> Bearer | None:
        return getattr(request, "token", None)

    def authenticate(self, request: HttpRequest, token: str) -> None:
        return None


class Json(BaseRenderer):
    media_type = "application/json"
    encode = NinjaJSONEncoder().encode

    def render(self, request: HttpRequest, data: Any, *, response_status: int) -> bytes:
        return self.encode(data).encode()


class VersionOne(NinjaAPI):
    def create_temporal_response(self, request: HttpRequest) -> HttpResponse:
        return HttpResponse(content_type=self.get_content_type())

    def get_openapi_schema(self, **options: Any) -> Any:
        return described(super().get_openapi_schema(**options))


api = VersionOne(
    renderer=Json(),
    title="Meetzy API",
    version="1",
    description=DESCRIPTION,
    urls_namespace="api",
    auth=BearerToken(),
    docs_url=None,
    openapi_url=None,
)


@api.exception_handler(Exception)
def leave_to_the_middleware(request: HttpRequest, failure: Exception) -> NoReturn:
    """It turns every failure into a problem; ninja would answer some in a way of its own."""
    raise failure


@api.get("/me", response=Answer[Account], operation_id="me", summary="Your account")
def me(request: ApiRequest) -> Answer[Account]:
    """The account that the token acts for."""
    bearer = request.token
    account = Account(id=bearer.owner_id, email=bearer.owner_email, name=bearer.owner_name)
    return Answer[Account](data=account)


@api.get("/token", response=Answer[Token], operation_id="token", summary="This token")
def token(request: ApiRequest) -> Answer[Token]:
    """What the token that you send can do, and until when."""
    return Answer[Token](data=Token(**described_token(request.token)))


@api.delete("/token", response={204: None}, operation_id="revoke", summary="Revoke this token")
def revoke_token(request: ApiRequest) -> None:
    """Kills the token that you send, for good: the next call with it is refused, wherever it
    arrives. A program that is switched off for good cleans up behind itself with this."""
    ApiToken.objects.filter(pk=request.token.token_id).revoke(
        reason="Revoked through the API", origin=Origin.of(request, Way.API)
    )


@api.get(
    "/rate-limit", response=Answer[Budgets], operation_id="rate_limit", summary="Your rate limits"
)
def rate_limit(request: ApiRequest) -> Answer[Budgets]:
    """What is left of both rate limits. This call is free: it consumes neither, and it is
    answered when they are exhausted."""
    minute, burst = map(budget, request.budgets)
    return Answer[Budgets](data=Budgets(minute=minute, burst=burst))


def budget(budget: throttling.Budget) -> Budget:
    return Budget(
        limit=budget.window.quota,
        remaining=budget.remaining,
        window_seconds=budget.window.seconds,
        reset_seconds=budget.reset,
    )


api.add_router("", rotate)
api.add_router("", usage)
