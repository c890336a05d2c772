"""The Authorization header, read as RFC 9110 and RFC 6750 have it. Pure."""

import re

from django.views.decorators.debug import sensitive_variables

from accounts.api.problems import Refused
from accounts.tokens import is_well_formed

SCHEME = re.compile(r" *([!#$%&'*+.^_`|~0-9A-Za-z-]*)(.*)", re.DOTALL)
# Servers join repeated headers with a comma; no bearer token contains one before a second scheme.
SECOND_CREDENTIALS = re.compile(r", *[A-Za-z][A-Za-z0-9-]* +[^ =]")


@sensitive_variables("header", "credentials", "token")
def presented_token(header: str | None) -> str:
    """The token of well-formed credentials; `header` is None when there is none. Raises Refused."""
    if header is None:
        raise Refused("missing_token")
    if not header:
        # What granian makes of a value with bytes outside ASCII; nobody sends nothing on purpose.
        raise Refused("invalid_token")
    if SECOND_CREDENTIALS.search(header):
        raise Refused("invalid_request")
    scheme, credentials = SCHEME.fullmatch(header).groups()  # type: ignore[union-attr]
    token: str = credentials.strip(" ")
    if scheme.lower() != "bearer" or not token:
        raise Refused("missing_token")
    if not credentials.startswith(" ") or not is_well_formed(token):
        raise Refused("invalid_token")
    return token
