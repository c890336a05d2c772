"""Real servers that the tests start, freeze, kill and end, each by its own process id."""

import contextlib
import ctypes
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from functools import partial
from pathlib import Path
from typing import Any, Self

import psutil

START_SECONDS = 20
STOP_SECONDS = 5
PR_SET_PDEATHSIG = 1  # from linux/prctl.h


class OwnServer:
    """A server in a folder of its own. What it stores outlives `kill` and `stop`, until `close`
    takes the folder away; it always comes back on the same port."""

    stop_signal = signal.SIGTERM

    def __init__(self) -> None:
        self.folder = Path(tempfile.mkdtemp(prefix=f"meetzy-{type(self).__name__.lower()}-"))
        self.log = self.folder / "log"
        self.port = free_port()
        self.process: subprocess.Popen[bytes] | None = None

    # What each kind of server says about itself.

    @property
    def url(self) -> str:
        raise NotImplementedError

    def command(self) -> list[str | Path]:
        raise NotImplementedError

    def options(self) -> dict[str, Any]:
        """What subprocess shall know beside the command."""
        return {}

    def is_ready(self) -> bool:
        raise NotImplementedError

    # What a test does to it.

    def start(self) -> Self:
        with self.log.open("ab") as log:
            self.process = subprocess.Popen(
                self.command(),
                stdout=log,
                stderr=log,
                start_new_session=True,
                preexec_fn=partial(end_with_the_tests, self.stop_signal),
                **self.options(),
            )
        try:
            self._wait_until_ready(self.process)
        except BaseException:
            self.kill()
            raise
        return self

    def freeze(self) -> None:
        """Stop it in mid-breath: connections stay open and nothing answers."""
        self._signal(signal.SIGSTOP)

    def thaw(self) -> None:
        self._signal(signal.SIGCONT)

    def kill(self) -> None:
        """As a crash or the out-of-memory killer would."""
        self._signal(signal.SIGKILL)
        self._forget()

    def stop(self) -> None:
        """End it as an operator would; harshly only when it doesn't listen."""
        if self.process is None:
            return
        self.thaw()
        self.process.send_signal(self.stop_signal)
        try:
            self.process.wait(STOP_SECONDS)
            self._forget()
        except subprocess.TimeoutExpired:
            self.kill()

    def restore(self) -> None:
        """Undo whatever a test did to it."""
        self.thaw()
        if self.process is None or self.process.poll() is not None:
            self.start()

    def close(self) -> None:
        self.stop()
        shutil.rmtree(self.folder, ignore_errors=True)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _wait_until_ready(self, process: subprocess.Popen[bytes]) -> None:
        deadline = time.monotonic() + START_SECONDS
        while not self.is_ready():
            if process.poll() is not None or time.monotonic() > deadline:
                raise RuntimeError(f"{self} did not start:\n{self.log.read_text()[-4000:]}")
            time.sleep(0.02)

    def _signal(self, number: signal.Signals) -> None:
        """PostgreSQL's processes leave their parent's group, so each is told by its id."""
        for process in self._processes():
            with contextlib.suppress(psutil.NoSuchProcess):
                process.send_signal(number)

    def _processes(self) -> list[psutil.Process]:
        if self.process is None:
            return []
        try:
            root = psutil.Process(self.process.pid)
            return [root, *root.children(recursive=True)]
        except psutil.NoSuchProcess:
            return []

    def _forget(self) -> None:
        if self.process is not None:
            self.process.wait()
        self.process = None

    def __str__(self) -> str:
        return f"{type(self).__name__} on port {self.port}"


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port: int = listener.getsockname()[1]
        return port


def end_with_the_tests(number: signal.Signals) -> None:
    """On Linux a server is told to end when the tests are killed and can't end it themselves."""
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, number)
