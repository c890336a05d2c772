"""`POST /api/v1/token/rotate`: a token replaces itself."""

from datetime import timedelta

from django.utils import timezone
from django.views.decorators.debug import sensitive_variables
from ninja import Router, Status

from accounts.api.authorization import presented_token
from accounts.api.bodies import idempotency_key, read_body
from accounts.api.problems import Refused
from accounts.api.requests import ApiRequest
from accounts.api.schemas import Answer, Rotation, Successor
from accounts.api.tokens import described_token
from accounts.models import ApiToken, Issued, NotRotatable, PolicyViolation
from accounts.origin import Origin, Way
from accounts.rotation import rotate_presented

router = Router()

KEY_PARAMETER = {
    "name": "Idempotency-Key",
    "in": "header",
    "description": "A random name for this call, 1 to 255 visible ASCII characters. Repeating the "
    "same call with it within 24 hours gets the same successor, so that a lost answer is no lost "
    "token.",
    "schema": {"type": "string", "pattern": "^[!-~]{1,255}$"},
    "example": "0d9f2c2e-5b43-4a52-9b2e-3c1f0a9d7e55",
}
BODY = {
    "description": "All of it is optional.",
    "required": False,
    "content": {"application/json": {"schema": {"$ref": "#/components/schemas/Rotation"}}},
}


@router.post(
    "/token/rotate",
    response={201: Answer[Successor]},
    operation_id="rotate",
    summary="Rotate this token",
    openapi_extra={"parameters": [KEY_PARAMETER], "requestBody": BODY},
)
@sensitive_variables("presented", "issued")
def rotate(request: ApiRequest) -> Status[Answer[Successor]]:
    """A successor with the same name, environment and limits. The token that you send goes on
    working for the grace period, so that every program can be given the new one in time."""
    wanted, key = read_body(request, Rotation), idempotency_key(request)
    token = ApiToken.objects.select_related("owner").get(pk=request.token.token_id)
    try:
        issued = rotate_presented(
            token,
            presented_token(request.META["HTTP_AUTHORIZATION"]),
            key=key,
            expiry=wanted.expires,
            overlap=timedelta(seconds=wanted.grace_seconds),
            origin=Origin.of(request, Way.API),
            now=timezone.now(),
        )
    except NotRotatable:
        raise Refused(refusal_of(token)) from None
    except PolicyViolation as violation:
        raise Refused("invalid_parameters", fields={violation.field: [violation.message]}) from None
    return Status(201, Answer[Successor](data=successor(issued, token)))


def refusal_of(token: ApiToken) -> str:
    if token.revoked_at:
        return "token_revoked"
    return "token_expired" if token.expires_at <= timezone.now() else "already_rotated"


@sensitive_variables("issued")
def successor(issued: Issued, old: ApiToken) -> Successor:
    return Successor(
        token=issued.plaintext,
        replaces=old.identifier,
        old_expires_at=old.expires_at,
        **described_token(issued.token),
    )
