"""Where a request comes from: nobody outside can choose it."""

import pytest
from django.test import RequestFactory
from hypothesis import given
from hypothesis import strategies as st
from pytest_django import Settings

from accounts.addresses import client_address, normalise

PROXY, CLIENT, INVENTED = "10.0.0.1", "203.0.113.7", "198.51.100.66"


def address(peer: str = PROXY, forwarded: str | None = None) -> str:
    headers = {} if forwarded is None else {"X-Forwarded-For": forwarded}
    return client_address(RequestFactory().get("/", headers=headers, REMOTE_ADDR=peer))


def test_without_proxies_the_peer_is_the_client() -> None:
    assert address(CLIENT) == CLIENT


def test_without_proxies_nobody_is_believed() -> None:
    assert address(CLIENT, forwarded=INVENTED) == CLIENT


@pytest.mark.parametrize(
    ("hops", "forwarded"),
    [
        (1, CLIENT),
        (1, f"{INVENTED}, {CLIENT}"),
        (1, f"{INVENTED},{INVENTED},,{CLIENT}"),
        (2, f"{CLIENT}, 10.0.0.2"),
        (2, f"{INVENTED}, {CLIENT}, 10.0.0.2"),
        (3, f"{CLIENT}, 10.0.0.3, 10.0.0.2"),
    ],
)
def test_as_many_hops_are_believed_as_there_are_proxies(
    settings: Settings, hops: int, forwarded: str
) -> None:
    settings.TRUSTED_PROXIES = hops
    assert address(forwarded=forwarded) == CLIENT


@pytest.mark.parametrize("forwarded", [None, "", INVENTED])
def test_a_request_that_came_past_a_proxy_counts_as_its_peers(
    settings: Settings, forwarded: str | None
) -> None:
    settings.TRUSTED_PROXIES = 2
    assert address(CLIENT, forwarded) == CLIENT


@pytest.mark.parametrize(
    "garbage",
    ["unknown", "203.0.113.7:4711", "1.2.3", "999.1.1.1", "_hidden", "\0", "é", "1" * 10_000],
    ids=lambda garbage: ascii(garbage[:20]),
)
def test_what_is_no_address_falls_back_to_the_peer(settings: Settings, garbage: str) -> None:
    settings.TRUSTED_PROXIES = 1
    assert address(PROXY, f"{CLIENT}, {garbage}") == PROXY


@pytest.mark.parametrize(
    ("written", "canonical"),
    [
        ("203.0.113.7", "203.0.113.7"),
        ("  203.0.113.7\t", "203.0.113.7"),
        ("::ffff:203.0.113.7", "203.0.113.7"),
        ("::FFFF:CB00:7107", "203.0.113.7"),
        ("2001:DB8:0:0:0:0:0:1", "2001:db8::1"),
        ("fe80::1%eth0", "fe80::1"),
        ("fe80::1%" + "z" * 500, "fe80::1"),
        ("::ffff:203.0.113.7%eth0", "203.0.113.7"),
    ],
)
def test_one_client_has_one_spelling(written: str, canonical: str) -> None:
    assert normalise(written) == canonical
    assert address(written) == canonical


@pytest.mark.parametrize("peer", ["", "unix:", "[::1]"])
def test_a_connection_without_an_address_still_has_one(peer: str) -> None:
    assert address(peer) == "0.0.0.0"  # noqa: S104


@given(st.text() | st.ip_addresses().map(str))
def test_every_text_normalises_to_an_address_or_to_nothing(text: str) -> None:
    assert normalise(normalise(text)) == normalise(text)
    assert len(normalise(text)) <= len("ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff")
