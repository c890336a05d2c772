"""The waiting room between requests and the database: bounded, and emptied by one thread."""

import logging
import threading
from collections import deque

from django.conf import settings
from django.db import connection

from accounts.usage import marks
from accounts.usage.calls import Call
from accounts.usage.marks import Marks
from accounts.usage.writing import write

logger = logging.getLogger(__name__)

# Calls that wait while the database is away, about half a kilobyte each; then the oldest go.
CAPACITY = 50_000
BATCH = 2_000


class CallBuffer:
    """`dropped` counts the calls that found no room since the process began."""

    def __init__(self, capacity: int = CAPACITY) -> None:
        self.dropped = 0
        self._capacity = capacity
        self._calls: deque[Call] = deque(maxlen=capacity)
        self._marks: dict[int, Marks] = {}
        self._lock = threading.Lock()
        self._flushing = threading.Lock()
        self._writer: threading.Thread | None = None

    def __len__(self) -> int:
        return len(self._calls)

    def record(self, call: Call) -> None:
        with self._lock:
            self.dropped += len(self._calls) == self._capacity
            self._calls.append(call)
        self._ensure_writer()

    def clear(self) -> None:
        self._calls.clear()
        self._marks.clear()

    def flush(self) -> None:
        """Write what has gathered. Raises django.db.Error, and keeps what there is room for."""
        with self._flushing:
            while batch := self._take():
                self._write(batch)
            marks.leave(self._marks)

    def _write(self, batch: list[Call]) -> None:
        try:
            write(batch)
        except Exception:
            self._put_back(batch)
            raise
        for token_id, mark in marks.gather(batch).items():
            self._marks.setdefault(token_id, Marks()).merge(mark)

    def _take(self) -> list[Call]:
        with self._lock:
            return [self._calls.popleft() for _ in range(min(BATCH, len(self._calls)))]

    def _put_back(self, batch: list[Call]) -> None:
        with self._lock:
            room = self._capacity - len(self._calls)
            kept = batch[max(len(batch) - room, 0) :]
            self.dropped += len(batch) - len(kept)
            self._calls.extendleft(reversed(kept))

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
                logger.warning("calls wait in memory, they can't be written: %s", failure)
            connection.close()
            return False
        if not was_well:
            logger.info("calls are written again")
        return True
