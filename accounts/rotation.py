"""Rotation by the token itself: safe to repeat when its answer was lost, fatal when it is stolen.

The successor of a call with an ``Idempotency-Key`` is computed from the presented token, the key
and the call's settings under a pepper, so that nothing has to be kept in clear for its repetition:
only who holds both gets the successor again.
"""

from datetime import datetime, timedelta

from django.conf import settings
from django.views.decorators.debug import sensitive_variables

from accounts import mail
from accounts.expiry import Expiry
from accounts.models import ApiToken, Issued, Kind, NotRotatable, TokenEvent
from accounts.origin import Origin
from accounts.tokens import identifier_of

REPEATABLE_FOR = timedelta(hours=24)
LABEL = "meetzy rotation 1"


@sensitive_variables("presented", "parts", "plaintext")
def rotate_presented(
    token: ApiToken,
    presented: str,
    *,
    key: str,
    expiry: Expiry,
    overlap: timedelta,
    origin: Origin,
    now: datetime,
) -> Issued:
    """Rotate `token`, whose plaintext is `presented`; with a `key`, again with the same result.

    Raises NotRotatable and PolicyViolation. A token that was rotated and has ended is in the wrong
    hands when it asks for more than the repetition of its own call: its living family is revoked.
    """
    parts = (LABEL, presented, key, expiry.value, str(int(overlap.total_seconds())))
    plaintext = settings.TOKEN_KEYRING.derive(*parts) if key else None
    try:
        return token.rotate(
            expiry=expiry, overlap=overlap, plaintext=plaintext, origin=origin, now=now
        )
    except NotRotatable:
        token.refresh_from_db(fields=["revoked_at", "rotated_at", "expires_at"])
        repeated = repetition(token, parts, now) if key else None
        if repeated is not None:
            return repeated
        if token.rotated_at and not token.revoked_at and token.expires_at <= now:
            revoke_family(token, origin=origin, now=now)
        raise


@sensitive_variables("parts", "plaintext")
def repetition(token: ApiToken, parts: tuple[str, ...], now: datetime) -> Issued | None:
    """The successor that the very same call made within the last 24 hours."""
    if token.revoked_at or not token.rotated_at or now - token.rotated_at > REPEATABLE_FOR:
        return None
    successor = token.replaced_by
    for plaintext in settings.TOKEN_KEYRING.derivations(*parts):
        if successor is not None and successor.identifier == identifier_of(plaintext):
            return Issued(successor, plaintext)
    return None


def revoke_family(token: ApiToken, *, origin: Origin, now: datetime) -> None:
    family = ApiToken.objects.filter(family=token.family).living(now)
    reason = "A rotated-out token of its family was used to rotate"
    revoked = family.revoke_every(reason=reason, origin=origin)
    detail = f"Tried to rotate after its end; {len(revoked)} living tokens of its family revoked"
    TokenEvent.objects.record(Kind.REUSED, [token], origin=origin, detail=detail, at=now)
    if revoked:
        mail.send_later("family_revoked", token.owner, token=token, revoked=revoked, origin=origin)
