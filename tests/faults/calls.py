"""Calls to a site in trouble, timed."""

import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

import httpx

from tests.support.site import Site

ME = "/api/v1/me"
PROMISE = 3.0  # seconds until a 503


@dataclass(frozen=True, slots=True)
class Call:
    status: int
    code: str
    seconds: float
    headers: httpx.Headers


def call(site: Site, token: str, path: str = ME) -> Call:
    started = time.monotonic()
    response = site.call(path, token)
    code = response.json().get("error", {}).get("code", "") if path.startswith("/api/") else ""
    return Call(response.status_code, code, time.monotonic() - started, response.headers)


def at_once(site: Site, token: str, calls: int) -> list[Call]:
    """That many calls at the same time: more than the site has threads, all of them work."""
    with ThreadPoolExecutor(calls) as pool:
        return list(pool.map(lambda _: call(site, token), range(calls)))


def seconds_until(site: Site, token: str, status: int, *, within: float) -> float:
    """How long it takes until a call is answered with `status`."""
    started = time.monotonic()
    while (answer := call(site, token)).status != status:
        assert time.monotonic() - started < within, answer
        time.sleep(0.05)
    return time.monotonic() - started
