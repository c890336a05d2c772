"""The workers as the run sees them: started, asked, and ended each by its own process."""

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import IO, Any, Self, cast

from benchmarks.contenders import Contender

ROOT = Path(__file__).resolve().parent.parent


class Process:
    """A contender that waits for its turn."""

    def __init__(self, contender: Contender, environment: dict[str, str]) -> None:
        self.contender = contender
        self.environment = os.environ | environment
        modules = f"{contender.folder}.tokens", contender.application
        self._process = subprocess.Popen(
            [sys.executable, "-m", "benchmarks.worker", *modules],
            cwd=ROOT,
            env=self.environment,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        self._commands = cast("IO[str]", self._process.stdin)
        self._answers = cast("IO[str]", self._process.stdout)

    def ask(self, do: str, **arguments: Any) -> Any:
        self._commands.write(json.dumps({"do": do} | arguments) + "\n")
        self._commands.flush()
        answer = self._answers.readline()
        if not answer:
            raise RuntimeError(f"{self.contender} ended while it was asked to {do}")
        return json.loads(answer)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        """Without more commands it ends by itself, its last log lines written."""
        self._commands.close()
        try:
            self._process.wait(10)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
