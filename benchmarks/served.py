"""Contenders behind granian, as `./dev run` serves, and a load that has an end."""

import json
import os
import socket
import subprocess
import sys
from pathlib import Path
from typing import Any

from benchmarks.contenders import Contender
from benchmarks.processes import ROOT
from tests.support.servers import OwnServer

CONNECTIONS = 8
MOST_CALLS = 100_000


class Served(OwnServer):
    def __init__(
        self, contender: Contender, environment: dict[str, str], headers: list[str]
    ) -> None:
        super().__init__()
        self.contender = contender
        self.environment = os.environ | environment
        self.headers = "\n".join(headers).encode()

    def command(self) -> list[str | Path]:
        options = f"--interface wsgi --host 127.0.0.1 --port {self.port} --workers 1"
        options += " --blocking-threads 4 --no-ws --log-level warning --workers-kill-timeout 5"
        target = f"{self.contender.application}:application"
        return [sys.executable, "-m", "granian", *options.split(), target]

    def options(self) -> dict[str, Any]:
        return {"cwd": ROOT, "env": self.environment}

    def is_ready(self) -> bool:
        """It listens before it can answer."""
        try:
            with socket.create_connection(("127.0.0.1", self.port), 5) as connection:
                connection.sendall(b"GET / HTTP/1.0\r\n\r\n")
                return bool(connection.recv(1))
        except OSError:
            return False

    def round(self, seconds: float) -> dict[str, float]:
        """Requests per second, milliseconds, and the server's own CPU microseconds per request."""
        before = self._cpu()
        limits = [str(CONNECTIONS), str(seconds), str(MOST_CALLS)]
        done = subprocess.run(
            [sys.executable, "-m", "benchmarks.load", str(self.port), *limits],
            cwd=ROOT,
            input=self.headers,
            capture_output=True,
            check=False,
            timeout=seconds + 60,
        )
        if done.returncode:
            raise RuntimeError(f"{self.contender}: {done.stderr.decode()}")
        result: dict[str, float] = json.loads(done.stdout)
        return result | {"cpu": (self._cpu() - before) / result["calls"] * 1e6}

    def _cpu(self) -> float:
        spent = [process.cpu_times() for process in self._processes()]
        return sum(times.user + times.system for times in spent)
