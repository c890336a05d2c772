"""One contender in a process of its own: it reads commands and writes answers, JSON line by line.

DJANGO_SETTINGS_MODULE, DATABASE_URL and REDIS_URL say who it is; the arguments name its module of
tokens and its WSGI module.
"""

import json
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from importlib import import_module
from io import BytesIO
from itertools import cycle
from typing import Any
from unittest.mock import patch

import django
from redis.connection import Connection

WARM_UP = 30
CHUNK = 10
PATH = "/api/v1/me"


def environ_of(path: str, authorization: str, cookie: str = "") -> dict[str, Any]:
    """What a web server makes of a small request."""
    return {
        "REQUEST_METHOD": "GET",
        "SCRIPT_NAME": "",
        "PATH_INFO": path,
        "QUERY_STRING": "",
        "SERVER_NAME": "127.0.0.1",
        "SERVER_PORT": "8000",
        "SERVER_PROTOCOL": "HTTP/1.1",
        "REMOTE_ADDR": "127.0.0.1",
        "HTTP_HOST": "127.0.0.1",
        "HTTP_ACCEPT": "*/*",
        "HTTP_USER_AGENT": "bench/1",
        "HTTP_AUTHORIZATION": authorization,
        "HTTP_COOKIE": cookie,
        "wsgi.version": (1, 0),
        "wsgi.url_scheme": "http",
        "wsgi.input": BytesIO(),
        "wsgi.errors": sys.stderr,
        "wsgi.multithread": True,
        "wsgi.multiprocess": False,
        "wsgi.run_once": False,
    }


class Worker:
    def __init__(self, tokens: str, application: str) -> None:
        django.setup()
        self.tokens = import_module(tokens)
        self.application = import_module(application).application
        self.headers: Iterator[str] = cycle([""])
        self.cookie = ""
        self.status = ""

    # -- Commands ----------------------------------------------------------------------------------

    def seed(self, *, rows: int, used: int, many: bool = False) -> list[str]:
        """Tables with `rows` tokens; the headers of `used` of them, from all over the table."""
        from django.conf import settings
        from django.core.management import call_command

        if not settings.DATABASES:
            return list(self.tokens.seed(rows))
        call_command("migrate", verbosity=0)
        headers = self.tokens.seed_many(rows) if many else self.tokens.seed(rows)
        return list(headers[:: max(1, len(headers) // used)][:used])

    def use(self, *, headers: list[str]) -> None:
        self.headers = cycle(headers)

    def warm_up(self, *, calls: int) -> None:
        """First calls cost more: connections, statements, a token's first use from an address."""
        call, _ = self._case("me")
        for _ in range(calls):
            call()
        self._settle()

    def sign_in(self, *, owned: int) -> None:
        """Somebody with so many tokens, whose pages the case "list" looks at."""
        from django.core.management import call_command
        from django.test import Client

        from accounts.models import User

        call_command("collectstatic", interactive=False, verbosity=0)
        owner = User.objects.create_user(f"owner-{owned}@example.com")
        self.tokens.issue_to([owner] * owned)
        client = Client()
        client.force_login(owner)
        self.cookie = client.cookies.output(header="", attrs=[]).strip()

    def round(self, *, case: str, seconds: float) -> dict[str, float]:
        """Calls for about so long; the clock stands still while the log is brought to the disk."""
        call, expected = self._case(case)
        for _ in range(WARM_UP if case != "list" else 2):
            call()
        self._settle()
        cpu, began, calls = time.process_time(), time.perf_counter(), 0
        while (elapsed := time.perf_counter() - began) < seconds:
            for _ in range(CHUNK):
                call()
                if not self.status.startswith(expected):
                    raise RuntimeError(f"{case} was answered {self.status}, not {expected}")
            calls += CHUNK
        self._settle()
        return {
            "calls": calls,
            "wall": elapsed / calls * 1e6,
            "cpu": (time.process_time() - cpu) / calls * 1e6,
        }

    def verbs(self, *, pairs: int) -> dict[str, float]:
        """Create and revoke through the models; microseconds of each."""
        creating = revoking = 0.0
        for _ in range(pairs):
            began = time.perf_counter()
            token = self.tokens.create()
            created = time.perf_counter()
            self.tokens.revoke(token)
            creating += created - began
            revoking += time.perf_counter() - created
        return {"create": creating / pairs * 1e6, "revoke": revoking / pairs * 1e6}

    def count(self, *, case: str, calls: int = 20) -> dict[str, float]:
        """Queries and round trips to Redis on the way of one call."""
        call, _ = self._case(case)
        call()
        queries, trips = Counted(), Counted()
        with ExitStack() as counting:
            queries.watch_queries(counting)
            trips.watch_redis(counting)
            for _ in range(calls):
                call()
        return {"queries": queries.number / calls, "redis": trips.number / calls}

    # -- Parts -------------------------------------------------------------------------------------

    def _case(self, case: str) -> tuple[Callable[[], None], str]:
        if case == "me":
            return lambda: self._call(environ_of(PATH, next(self.headers))), "200"
        if case == "list":
            return lambda: self._call(environ_of("/account/tokens/", "", self.cookie)), "200"
        header = {"junk": self.tokens.JUNK, "forged": self.tokens.FORGED}[case]
        return lambda: self._call(environ_of(PATH, header)), "40"

    def _call(self, environ: dict[str, Any]) -> None:
        response = self.application(environ, self._start_response)
        for _ in response:
            pass
        response.close()

    def _start_response(self, status: str, headers: list[tuple[str, str]]) -> None:
        self.status = status

    def _settle(self) -> None:
        """What ours wrote down is written, so that it disturbs nobody else's turn."""
        if usage := sys.modules.get("accounts.usage"):
            usage.usage.flush()


class Counted:
    def __init__(self) -> None:
        self.number = 0

    def watch_queries(self, counting: ExitStack) -> None:
        from django.conf import settings
        from django.db import connection

        def execute(run: Callable[..., Any], *args: Any) -> Any:
            self.number += 1
            return run(*args)

        if settings.DATABASES:
            counting.enter_context(connection.execute_wrapper(execute))

    def watch_redis(self, counting: ExitStack) -> None:
        """On this side of the wire: what a script does inside the server is no round trip."""
        send: Callable[..., Any] = Connection.send_packed_command

        def counted(*args: Any, **options: Any) -> Any:
            self.number += 1
            return send(*args, **options)

        counting.enter_context(patch.object(Connection, "send_packed_command", counted))


def main() -> None:
    worker = Worker(*sys.argv[1:])
    for line in sys.stdin:
        command = json.loads(line)
        answer = getattr(worker, command.pop("do"))(**command)
        print(json.dumps(answer), flush=True)


if __name__ == "__main__":
    main()
