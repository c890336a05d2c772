"""Browsers in which someone has signed in to an account before.

Wrong passwords are limited per account, so a stranger who keeps guessing could keep its owner out.
A browser that the owner has used before carries a cookie and has attempts of its own, which no
stranger can use up (OWASP, "Slow down online guessing attacks with device cookies").
"""

import secrets
from datetime import timedelta

from django.conf import settings
from django.core.signing import BadSignature, TimestampSigner
from django.http import HttpRequest, HttpResponseBase
from django.urls import reverse

COOKIE = "known_browser"
LIFE = timedelta(days=365)


def remember(response: HttpResponseBase, account: str) -> None:
    """Let the browser that gets `response` be known to `account` (a normalised e-mail address)."""
    response.set_cookie(
        COOKIE,
        _signer(account).sign(secrets.token_hex(16)),
        max_age=LIFE,
        path=reverse("sign_in"),
        secure=settings.SESSION_COOKIE_SECURE,
        httponly=True,
        samesite="Lax",
    )


def known_browser(request: HttpRequest, account: str) -> str:
    """The name of this browser when `account` knows it, else ""."""
    try:
        return _signer(account).unsign(request.COOKIES.get(COOKIE, ""), max_age=LIFE)
    except BadSignature:
        return ""


def _signer(account: str) -> TimestampSigner:
    """The account is in the signature, not in the cookie: a shared computer tells nobody who."""
    return TimestampSigner(salt=f"known browser of {account}")
