"""The whole suite, twice: `python -m tests.support.runs [pytest arguments]`.

First on SQLite with counters in memory, then on PostgreSQL and Valkey. Those are started here,
unless DATABASE_URL or REDIS_URL name others; their Redis database is emptied before each test.
"""

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager

import pytest

from tests.support.postgres import Postgres
from tests.support.servers import OwnServer
from tests.support.valkey import Valkey

FIRST, SECOND = "SQLite and memory", "PostgreSQL and Valkey"


def main(arguments: list[str]) -> int:
    signal.signal(signal.SIGTERM, end)
    results = {}
    for number, (name, stores) in enumerate(((FIRST, no_stores), (SECOND, own_stores)), start=1):
        say(f"Test run {number} of 2: {name}")
        with stores() as environment:
            results[name] = run_pytest(arguments, environment)
        if results[name] == pytest.ExitCode.INTERRUPTED:
            break
    say("; ".join(f"{name}: {outcome(code)}" for name, code in results.items()))
    return max(results.values())


@contextmanager
def no_stores() -> Iterator[dict[str, str]]:
    environment = os.environ | {"MEETZY_TESTS_WITHOUT_STORES": "yes"}
    environment.pop("DATABASE_URL", None)
    environment.pop("REDIS_URL", None)
    yield environment


@contextmanager
def own_stores() -> Iterator[dict[str, str]]:
    with ExitStack() as running:

        def started(server: OwnServer) -> str:
            return running.enter_context(server).start().url

        yield os.environ | {
            "DATABASE_URL": os.environ.get("DATABASE_URL") or started(Postgres()),
            "REDIS_URL": os.environ.get("REDIS_URL") or started(Valkey()),
        }


def run_pytest(arguments: list[str], environment: dict[str, str]) -> int:
    """Its exit code. However this process is told to end, pytest ends first, in good order."""
    process = subprocess.Popen([sys.executable, "-m", "pytest", *arguments], env=environment)
    try:
        code = process.wait()
    except KeyboardInterrupt:  # which the terminal sent to pytest as well
        code = process.wait()
    except SystemExit:
        process.terminate()
        process.wait()
        raise
    return code if code >= 0 else 128 - code  # as a shell counts the end by a signal


def end(*_: object) -> None:
    """Told twice, as `timeout` does, it must not leave before pytest has."""
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    sys.exit(128 + signal.SIGTERM)


def outcome(code: int) -> str:
    match code:
        case pytest.ExitCode.OK:
            return "passed"
        case pytest.ExitCode.INTERRUPTED:
            return "INTERRUPTED"
        case pytest.ExitCode.NO_TESTS_COLLECTED:
            return "NO TESTS"
        case _:
            return f"FAILED (pytest's exit code {code})"


def say(text: str) -> None:
    print(f"\n== {text} ==\n", file=sys.stderr, flush=True)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
