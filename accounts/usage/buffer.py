"""The waiting room between requests and the database: bounded, and emptied by one thread."""

import logging
import threading
import time
from collections import deque

from django.conf import settings
from django.db import connection

from accounts.usage import marks
from accounts.usage.calls import Call
from accounts.usage.marks import Marks
from accounts.usage.writing import write
from meetzy_tokens import metrics

logger = logging.getLogger(__name__)

# Calls that wait while the database is away; then the oldest go.
CAPACITY = 50_000
BATCH = 2_000
# How long a process that ends begins new attempts to write.
LAST_SECONDS = 3.0


class CallBuffer:
    """`dropped` counts the calls that will never be in the log since the process began: they found
    no room, or the database refuses them."""

    def __init__(self, capacity: int = CAPACITY) -> None:
        self._capacity = capacity
        self.start_anew()

    def start_anew(self) -> None:
        """Forget everything. A forked child must: its parent writes what it gathered, and a lock
        that was held at the fork is never released."""
        self.dropped = 0
        self._calls: deque[Call] = deque(maxlen=self._capacity)
        self._marks: dict[int, Marks] = {}
        self._lock = threading.Lock()
        self._flushing = threading.Lock()
        self._writer: threading.Thread | None = None
        self._is_well = True
        self._told_dropped = 0

    def __len__(self) -> int:
        return len(self._calls)

    def record(self, call: Call) -> None:
        with self._lock:
            self._drop(len(self._calls) == self._capacity)
            self._calls.append(call)
        self._ensure_writer()

    def clear(self) -> None:
        self._calls.clear()
        self._marks.clear()

    def flush(self) -> None:
        """Write what has gathered. Raises django.db.Error, and keeps what there is room for.

        Calls that come meanwhile may wait for the next time, so that a busy process writes few
        large batches rather than ever smaller ones.
        """
        with self._flushing:
            for _ in range(0, len(self._calls), BATCH):
                self._write(self._take())
            marks.leave(self._marks)

    def _write(self, batch: list[Call]) -> None:
        try:
            refused = write(batch)
        except Exception:
            self._put_back(batch)
            raise
        with self._lock:
            self._drop(len(refused))
        written = (call for call in batch if call not in refused)
        for token_id, mark in marks.gather(written).items():
            self._marks.setdefault(token_id, Marks()).merge(mark)

    def _take(self) -> list[Call]:
        with self._lock:
            return [self._calls.popleft() for _ in range(min(BATCH, len(self._calls)))]

    def _put_back(self, batch: list[Call]) -> None:
        with self._lock:
            room = self._capacity - len(self._calls)
            kept = batch[max(len(batch) - room, 0) :]
            self._drop(len(batch) - len(kept))
            self._calls.extendleft(reversed(kept))

    def _drop(self, number: int) -> None:
        if number:
            self.dropped += number
            metrics.CALLS_DROPPED.inc(number)

    # -- The thread --------------------------------------------------------------------------------

    def _ensure_writer(self) -> None:
        if (self._writer and self._writer.is_alive()) or not settings.USAGE_FLUSH_SECONDS:
            return
        with self._lock:
            if not (self._writer and self._writer.is_alive()):
                # Said outright, because threads of a web server hand down that they are daemons.
                self._writer = threading.Thread(target=self._write_until_the_end, daemon=False)
                self._start(self._writer)

    def _start(self, writer: threading.Thread) -> None:
        """No call fails because the machine has no thread to spare: the next one tries again."""
        try:
            writer.start()
        except RuntimeError as failure:
            self._tell_of_failure(failure)

    def _write_until_the_end(self) -> None:
        """Python waits for this thread before it exits, so the last write comes after the last
        request, whichever server or signal ends the process."""
        main = threading.main_thread()
        while main.is_alive():
            main.join(settings.USAGE_FLUSH_SECONDS)
            if main.is_alive():
                self._write_or_keep()
        self._write_the_rest()
        connection.close()

    def _write_the_rest(self) -> None:
        """Again and again for a while: the database may be restarting, or another process may hold
        it. No attempt is begun that would end too late when it takes as long as the one before."""
        now = time.monotonic()
        deadline = now + LAST_SECONDS
        took = 0.0
        while (self._calls or self._marks) and now + took < deadline:
            self._write_or_keep()
            time.sleep(0 if self._is_well else 0.1)
            took, now = time.monotonic() - now, time.monotonic()
        if self._calls:
            logger.error("%d calls are lost: the process ends without a database", len(self))

    def _write_or_keep(self) -> None:
        """An outage is logged once, not every second, and so is its end."""
        metrics.CALLS_WAITING.set(len(self))
        try:
            with metrics.FLUSH_SECONDS.time():
                self.flush()
        except Exception as failure:
            metrics.FLUSH_FAILURES.inc()
            self._tell_of_failure(failure)
            connection.close()
            return
        if not self._is_well:
            logger.info("calls are written again")
        self._is_well = True
        self._tell_of_dropped()

    def _tell_of_failure(self, failure: Exception) -> None:
        if self._is_well:
            logger.warning("calls wait in memory, they can't be written: %s", failure)
        self._is_well = False

    def _tell_of_dropped(self) -> None:
        number, self._told_dropped = self.dropped - self._told_dropped, self.dropped
        if number:
            logger.error("%d calls were dropped and are not in the log", number)
