"""Where a request comes from."""

from functools import lru_cache
from ipaddress import IPv6Address, ip_address

from django.conf import settings
from django.http import HttpRequest

# What a connection without an address (a Unix socket) counts as.
NOWHERE = "0.0.0.0"  # noqa: S104


def client_address(request: HttpRequest) -> str:
    """The client's IP address, always a valid one.

    Each trusted proxy appends the address it was called from to ``X-Forwarded-For``, so with
    ``TRUSTED_PROXIES=n`` the n-th entry from the right is the last that nobody outside can invent.
    With fewer entries than that, a request did not come through the proxies: the peer's own address
    counts.
    """
    peer = normalise(request.META.get("REMOTE_ADDR", "")) or NOWHERE
    hops = settings.TRUSTED_PROXIES
    forwarded = request.META.get("HTTP_X_FORWARDED_FOR", "").split(",") if hops else []
    if len(forwarded) < hops or not hops:
        return peer
    return normalise(forwarded[-hops]) or peer


@lru_cache(maxsize=1024)
def normalise(text: str) -> str:
    """The canonical spelling of an address, IPv4 inside IPv6 unwrapped; "" when it is none."""
    try:
        address = ip_address(text.strip())
    except ValueError:
        return ""
    if isinstance(address, IPv6Address):
        if address.ipv4_mapped:
            return str(address.ipv4_mapped)
        return str(IPv6Address(int(address)))
    return str(address)
