"""A breaker does without a server for a while after that server failed."""

import logging
import threading
import time
from collections.abc import Callable

from meetzy_tokens import metrics

logger = logging.getLogger(__name__)

PAUSE = 3.0  # seconds


class Breaker:
    """Tries a server, or does without it.

    After a failure everyone does without for `pause` seconds instead of waiting for a timeout
    each; then one caller a pause tries again. An outage is logged once, and its end once.
    Threads may share a breaker.
    """

    def __init__(
        self,
        server: str,
        *,
        failures: tuple[type[Exception], ...],
        pause: float = PAUSE,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self.pause = pause
        self._server = server
        self._doing_without = metrics.doing_without(server.removeprefix("The ").lower())
        self._failures = failures
        self._clock = clock
        self._lock = threading.Lock()
        self._retry_at: float | None = None

    @property
    def is_open(self) -> bool:
        """Whether the server failed and has not answered since."""
        return self._retry_at is not None

    def run[Result](self, attempt: Callable[[], Result], otherwise: Callable[[], Result]) -> Result:
        """What `attempt` returns, or `otherwise` when the server fails or rests."""
        probing = self.is_open
        if probing and not self._claims_probe():
            return otherwise()
        try:
            result = attempt()
        except self._failures as error:
            self._open(error)
            return otherwise()
        # Only a probe ends an outage: a call that set out before it may still come home well.
        if probing:
            self._close()
        return result

    def _claims_probe(self) -> bool:
        """Whether this caller tries for everyone: not while another does, or just succeeded."""
        with self._lock:
            now = self._clock()
            if self._retry_at is None or now < self._retry_at:
                return False
            self._retry_at = now + self.pause
            return True

    def _open(self, error: Exception) -> None:
        with self._lock:
            begins, self._retry_at = not self.is_open, self._clock() + self.pause
        if begins:
            self._doing_without.set(1)
            kind = type(error).__name__
            logger.error(
                "%s failed, this process does without it: %s: %s", self._server, kind, error
            )

    def _close(self) -> None:
        with self._lock:
            ends, self._retry_at = self.is_open, None
        if ends:
            self._doing_without.set(0)
            logger.warning("%s answers again", self._server)
