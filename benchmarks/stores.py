"""The database server and the Valkey of one run, and a database of its own for each contender."""

import tempfile
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import psycopg

from benchmarks.contenders import Contender
from tests.support.postgres import Postgres
from tests.support.valkey import Valkey


class RoomyPostgres(Postgres):
    """With memory for the largest table and its indexes, as a server of that size would have."""

    def command(self) -> list[str | Path]:
        settings = ("shared_buffers=1GB", "maintenance_work_mem=256MB", "max_wal_size=8GB")
        return [*super().command(), *(f"-c{setting}" for setting in settings)]


class Stores:
    def __init__(self, folder: Path, postgres: str, valkey: str) -> None:
        self.folder = folder
        self._postgres = postgres
        self._valkey = valkey

    def environment(self, contender: Contender, name: str = "") -> dict[str, str]:
        """What the process of a contender shall know; `name` sets databases of one peer apart."""
        name = name or f"bench_{contender.peer}"
        shared = contender.store == "postgresql"
        var = self.folder / name
        (var / "static").mkdir(parents=True, exist_ok=True)
        return {
            "DATABASE_URL": self._database(name) if shared else f"sqlite:///{var}/db.sqlite3",
            "REDIS_URL": self._valkey if contender.limits == "redis" else "",
            "BENCH_LIMITS": contender.limits,
            "DJANGO_SETTINGS_MODULE": contender.settings,
            "MEETZY_VAR": str(var),
            "MEETZY_GENERATE_SECRETS": "1",
            "SITE_URL": "http://127.0.0.1:8000",
        }

    def _database(self, name: str) -> str:
        with psycopg.connect(self._postgres, autocommit=True) as connection:
            names = "SELECT 1 FROM pg_database WHERE datname = %s"
            if not connection.execute(names, (name,)).fetchone():
                connection.execute(f'CREATE DATABASE "{name}"')
        return self._postgres.removesuffix("/postgres") + f"/{name}"

    def version(self) -> str:
        with psycopg.connect(self._postgres) as connection:
            version = connection.info.server_version
        return f"{version // 10000}.{version % 10000}"


@contextmanager
def started() -> Iterator[Stores]:
    """Servers of our own on loopback, without durability: the same for everyone."""
    with ExitStack() as running:
        folder = Path(running.enter_context(tempfile.TemporaryDirectory(prefix="meetzy-bench-")))
        postgres = running.enter_context(RoomyPostgres()).start()
        valkey = running.enter_context(Valkey()).start()
        yield Stores(folder, postgres.url, valkey.url)
