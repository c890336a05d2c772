"""Last use of tokens: remembered in the process, written in batches, never on the request.

A write per authentication is what made other products' token tables deadlock. Here a request pays a
dictionary entry; a thread writes about once a second, and once more when the process ends. A process
that is killed outright loses its last second.
"""

import atexit
import logging
import os
import threading
from dataclasses import dataclass
from datetime import datetime

from django.conf import settings
from django.db import DatabaseError, connection, transaction

logger = logging.getLogger(__name__)

AGENT_LENGTH = 200
# Tokens that wait to be written; beyond it, uses of further ones are forgotten.
CAPACITY = 100_000


@dataclass(frozen=True, slots=True)
class Use:
    at: datetime
    address: str
    agent: str


class UsageBuffer:
    def __init__(self) -> None:
        self._latest: dict[int, Use] = {}
        self._lock = threading.Lock()
        self._writer_of: int | None = None

    def record(self, token_id: int, *, at: datetime, address: str, agent: str) -> None:
        use = Use(at, address, printable(agent)[:AGENT_LENGTH])
        with self._lock:
            if token_id in self._latest or len(self._latest) < CAPACITY:
                self._latest[token_id] = use
        self._ensure_writer()

    def flush(self) -> None:
        """Write what has gathered. Raises django.db.DatabaseError, and then loses nothing."""
        with self._lock:
            batch, self._latest = self._latest, {}
        if not batch:
            return
        try:
            write(batch)
        except Exception:
            with self._lock:
                self._latest = batch | self._latest
            raise

    def _ensure_writer(self) -> None:
        """One thread a process; a forked child gets its own."""
        if self._writer_of == os.getpid() or not settings.USAGE_FLUSH_SECONDS:
            return
        with self._lock:
            if self._writer_of == os.getpid():
                return
            self._writer_of = os.getpid()
        threading.Thread(target=self._write_for_ever, name="usage", daemon=True).start()
        atexit.register(self._write_for_the_last_time)

    def _write_for_ever(self) -> None:
        pause = threading.Event()
        while True:
            pause.wait(settings.USAGE_FLUSH_SECONDS)
            self._write_or_keep()

    def _write_or_keep(self) -> None:
        try:
            self.flush()
        except DatabaseError:
            logger.warning("last uses wait: the database can't be written to", exc_info=True)
            connection.close()

    def _write_for_the_last_time(self) -> None:
        self._write_or_keep()
        connection.close()


def write(batch: dict[int, Use]) -> None:
    """One transaction in the order of ids: two processes can't deadlock, none sets a use back."""
    from accounts.models import ApiToken

    rows = [
        (connection.ops.adapt_datetimefield_value(use.at), use.address, use.agent, pk, use.at)
        for pk, use in sorted(batch.items())
    ]
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.executemany(
            f"UPDATE {ApiToken._meta.db_table} "  # noqa: S608
            "SET last_used_at = %s, last_used_ip = %s, last_used_agent = %s "
            "WHERE id = %s AND (last_used_at IS NULL OR last_used_at < %s)",
            rows,
        )


def printable(text: str) -> str:
    """What every database and every terminal can take: control characters become spaces."""
    return "".join(character if character.isprintable() else " " for character in text).strip()


usage = UsageBuffer()
