"""Last use of tokens: remembered in the process, written in batches, never on the request.

A write per authentication is what made other products' token tables deadlock. Here a request pays
a dictionary entry; a thread writes about once a second, and once more when the process ends. A
process that is killed outright loses its last second.
"""

import logging
import threading
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from itertools import batched
from typing import Any

from django.conf import settings
from django.db import connection, transaction

from accounts.models import ApiToken

logger = logging.getLogger(__name__)

AGENT_LENGTH = 200
# Tokens that wait to be written; beyond it, uses of further ones are forgotten.
CAPACITY = 100_000
# Rows locked at once: few enough that nobody waits for them noticeably.
ROWS = 500


@dataclass(frozen=True, slots=True)
class Use:
    at: datetime
    address: str
    agent: str


class UsageBuffer:
    def __init__(self) -> None:
        self._latest: dict[int, Use] = {}
        self._lock = threading.Lock()
        self._writer: threading.Thread | None = None

    def record(self, token_id: int, *, at: datetime, address: str, agent: str) -> None:
        use = Use(at, address, agent[:AGENT_LENGTH])
        with self._lock:
            known = self._latest.get(token_id)
            if known.at <= at if known else len(self._latest) < CAPACITY:
                self._latest[token_id] = use
        self._ensure_writer()

    def flush(self) -> None:
        """Write what has gathered. Raises django.db.Error, and then loses nothing."""
        with self._lock:
            batch, self._latest = self._latest, {}
        waiting = batch
        try:
            waiting = write(batch)
        finally:
            with self._lock:
                self._latest = waiting | self._latest

    def _ensure_writer(self) -> None:
        """One thread a process. A forked child finds its parent's dead, and starts its own."""
        if (self._writer and self._writer.is_alive()) or not settings.USAGE_FLUSH_SECONDS:
            return
        with self._lock:
            if not (self._writer and self._writer.is_alive()):
                # Said outright, because threads of a web server hand down that they are daemons.
                self._writer = threading.Thread(target=self._write_until_the_end, daemon=False)
                self._writer.start()

    def _write_until_the_end(self) -> None:
        """Python waits for this thread before it exits, so the last write comes after the last
        request, whichever server or signal ends the process."""
        main = threading.main_thread()
        is_well = True
        while main.is_alive():
            main.join(settings.USAGE_FLUSH_SECONDS)
            is_well = self._write_or_keep(was_well=is_well)
        connection.close()

    def _write_or_keep(self, *, was_well: bool) -> bool:
        """Whether the database took it. An outage is logged once, not every second."""
        try:
            self.flush()
        except Exception as failure:
            if was_well:
                logger.warning("last uses wait in memory, they can't be written: %s", failure)
            connection.close()
            return False
        if not was_well:
            logger.info("last uses are written again")
        return True


def write(batch: Mapping[int, Use]) -> dict[int, Use]:
    """Set the last use of each token, never to an earlier one.

    Returns the uses whose rows someone else holds right now: who waits for one row while holding
    others can deadlock, so they wait for the next batch instead.
    """
    waiting: dict[int, Use] = {}
    for ids in batched(sorted(batch), ROWS):
        waiting |= write_rows({pk: batch[pk] for pk in ids})
    return waiting


def write_rows(batch: dict[int, Use]) -> dict[int, Use]:
    tokens = ApiToken.objects.order_by("pk")
    with transaction.atomic(), connection.cursor() as cursor:
        rows = tokens.select_for_update(skip_locked=True, no_key=True)
        free = set(rows.filter(pk__in=batch).values_list("pk", flat=True))
        cursor.executemany(
            f"UPDATE {ApiToken._meta.db_table} "  # noqa: S608
            "SET last_used_at = %s, last_used_ip = %s, last_used_agent = %s "
            "WHERE id = %s AND (last_used_at IS NULL OR last_used_at < %s)",
            [parameters(pk, batch[pk]) for pk in free],
        )
    held = batch.keys() - free
    if held:  # or deleted meanwhile
        held &= set(tokens.filter(pk__in=held).values_list("pk", flat=True))
    return {pk: batch[pk] for pk in held}


def parameters(pk: int, use: Use) -> tuple[Any, ...]:
    at = connection.ops.adapt_datetimefield_value(use.at)
    return at, use.address, printable(use.agent), pk, at


def printable(text: str) -> str:
    """What every database and every terminal can take: control characters become spaces."""
    return "".join(character if character.isprintable() else " " for character in text).strip()


usage = UsageBuffer()
