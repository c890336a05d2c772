"""Calls to sites in numbers: each thread has one connection and waits for each answer."""

import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from http.client import HTTPConnection, HTTPException
from itertools import chain
from threading import Event
from typing import NamedTuple

from tests.support.site import Site

ME = "/api/v1/me"
# Calls that wait in a site that serves `tests.support.small_buffer`.
SMALL_CAPACITY = 300


class Answer(NamedTuple):
    """`at` is the moment it arrived, on the monotonic clock."""

    status: int
    request_id: str
    at: float


class Caller:
    def __init__(self, site: Site, token: str, path: str = ME) -> None:
        self.connection = HTTPConnection("127.0.0.1", site.port, timeout=10)
        self.path = path
        self.headers = {"Authorization": f"Bearer {token}"}

    def call(self) -> Answer:
        """Raises OSError and HTTPException where the site is not there."""
        self.connection.request("GET", self.path, headers=self.headers)
        response = self.connection.getresponse()
        response.read()
        return Answer(response.status, response.headers["X-Request-ID"], time.monotonic())

    def call_often(self, calls: int) -> list[Answer]:
        try:
            return [self.call() for _ in range(calls)]
        finally:
            self.connection.close()

    def call_until(self, enough: Event) -> list[Answer]:
        """Hasty, but polite to a site that is in trouble."""
        answers = []
        while not enough.is_set():
            try:
                answers.append(self.call())
            except (OSError, HTTPException):
                self.connection.close()
                time.sleep(0.05)
            else:
                time.sleep(0.05 if answers[-1].status == 503 else 0)
        self.connection.close()
        return answers


def send(callers: list[Caller], calls: int) -> list[Answer]:
    """That many calls of each caller, all callers at once."""
    with ThreadPoolExecutor(len(callers)) as pool:
        answers = pool.map(lambda caller: caller.call_often(calls), callers)
        return list(chain.from_iterable(answers))


@contextmanager
def load(callers: list[Caller]) -> Iterator[list[Answer]]:
    """The answers are all there when the block has ended."""
    answers: list[Answer] = []
    enough = Event()
    with ThreadPoolExecutor(len(callers)) as pool:
        running = [pool.submit(caller.call_until, enough) for caller in callers]
        try:
            yield answers
        finally:
            enough.set()
            for calls in running:
                answers += calls.result()


def admitted(answers: list[Answer], *, before: float = float("inf")) -> set[str]:
    """The ids of the calls that were let in and had their answer by then."""
    return {answer.request_id for answer in answers if answer.status == 200 and answer.at < before}
