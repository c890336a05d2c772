"""meetzy_tokens/breaker.py"""

import logging
import threading
from collections.abc import Callable

import pytest

from meetzy_tokens.breaker import Breaker

PAUSE = 3.0


class Clock:
    now = 1000.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def breaker(clock: Clock) -> Breaker:
    return Breaker("The server", failures=(ConnectionError,), pause=PAUSE, clock=clock)


def answers() -> str:
    return "answer"


def fails() -> str:
    raise ConnectionError("no route")


def without() -> str:
    return "without"


def test_a_server_that_answers_is_asked_each_time(breaker: Breaker) -> None:
    assert [breaker.run(answers, without) for _ in range(3)] == ["answer"] * 3
    assert not breaker.is_open


def test_a_failure_is_made_good_and_the_server_rests(breaker: Breaker, clock: Clock) -> None:
    assert breaker.run(fails, without) == "without"
    assert breaker.is_open
    clock.now += PAUSE - 0.001
    assert breaker.run(answers, without) == "without"


def test_after_the_pause_the_server_is_tried_again(breaker: Breaker, clock: Clock) -> None:
    breaker.run(fails, without)
    clock.now += PAUSE
    assert breaker.run(answers, without) == "answer"
    assert not breaker.is_open


def test_a_failed_probe_begins_another_pause(breaker: Breaker, clock: Clock) -> None:
    breaker.run(fails, without)
    clock.now += PAUSE
    assert breaker.run(fails, without) == "without"
    clock.now += PAUSE - 0.001
    assert breaker.run(answers, without) == "without"


def test_only_one_thread_probes(breaker: Breaker, clock: Clock) -> None:
    breaker.run(fails, without)
    clock.now += PAUSE
    asked = threading.Event()
    answered = threading.Event()

    def answers_late() -> str:
        asked.set()
        answered.wait(5)
        return "answer"

    probe = threading.Thread(target=breaker.run, args=(answers_late, without))
    probe.start()
    asked.wait(5)
    assert [breaker.run(answers, without) for _ in range(3)] == ["without"] * 3
    answered.set()
    probe.join(5)
    assert breaker.run(answers, without) == "answer"


def test_a_call_from_before_the_outage_does_not_end_it(breaker: Breaker) -> None:
    def answers_although_others_fail() -> str:
        breaker.run(fails, without)
        return "answer"

    assert breaker.run(answers_although_others_fail, without) == "answer"
    assert breaker.is_open


def test_other_errors_are_not_the_servers(breaker: Breaker) -> None:
    def misses() -> str:
        raise ValueError("no such key")

    with pytest.raises(ValueError, match="no such key"):
        breaker.run(misses, without)
    assert not breaker.is_open


def test_an_outage_is_logged_once_and_its_end_once(
    breaker: Breaker, clock: Clock, caplog: pytest.LogCaptureFixture
) -> None:
    def three_times(what: Callable[[], str]) -> None:
        for _ in range(3):
            clock.now += PAUSE
            breaker.run(what, without)

    three_times(fails)
    three_times(answers)
    assert [(record.levelno, record.getMessage()) for record in caplog.records] == [
        (
            logging.ERROR,
            "The server failed, this process does without it: ConnectionError: no route",
        ),
        (logging.WARNING, "The server answers again"),
    ]
