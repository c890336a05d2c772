"""A client of our own for the served calls: a few kept connections, one thread, no library.

`python -m benchmarks.load PORT CONNECTIONS SECONDS MOST` reads Authorization headers from standard
input, a line each, goes round them, and prints what came back as JSON. It stops after SECONDS or
MOST calls, whichever comes first.
"""

import json
import re
import selectors
import socket
import sys
import time
from collections.abc import Iterator
from itertools import cycle
from statistics import quantiles

LENGTH = re.compile(rb"\r\ncontent-length: *(\d+)", re.IGNORECASE)
CHUNKED = re.compile(rb"\r\ntransfer-encoding: *chunked", re.IGNORECASE)
PATIENCE = 10.0  # seconds


class Caller:
    """One connection that always has one call under way."""

    def __init__(self, port: int, headers: Iterator[bytes]) -> None:
        self.socket = socket.create_connection(("127.0.0.1", port), timeout=PATIENCE)
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.headers = headers
        self.buffer = b""
        self.sent = 0.0

    def send(self) -> None:
        self.sent = time.perf_counter()
        self.socket.sendall(
            b"GET /api/v1/me HTTP/1.1\r\nHost: 127.0.0.1\r\nUser-Agent: bench/1\r\n"
            b"Accept: */*\r\nAuthorization: " + next(self.headers) + b"\r\n\r\n"
        )

    def received(self) -> bytes | None:
        """The status, once an answer is whole."""
        data = self.socket.recv(65_536)
        if not data:
            raise ConnectionError("the server hung up")
        self.buffer += data
        head, end, body = self.buffer.partition(b"\r\n\r\n")
        if not end or not is_whole(head, body):
            return None
        self.buffer = b""
        return head[9:12]


def is_whole(head: bytes, body: bytes) -> bool:
    if length := LENGTH.search(head):
        return len(body) >= int(length[1])
    return CHUNKED.search(head) is None or body.endswith(b"0\r\n\r\n")


def run(port: int, connections: int, seconds: float, most: int, lines: list[bytes]) -> list[float]:
    """Seconds that each call took. Raises RuntimeError for an answer other than 200."""
    headers = cycle(lines)
    took: list[float] = []
    with selectors.DefaultSelector() as ready:
        for _ in range(connections):
            caller = Caller(port, headers)
            ready.register(caller.socket, selectors.EVENT_READ, caller)
            caller.send()
        end = time.perf_counter() + seconds
        while time.perf_counter() < end and len(took) < most:
            for key, _ in ready.select(PATIENCE):
                status = key.data.received()
                if status is None:
                    continue
                if status != b"200":
                    raise RuntimeError(f"answered {status!r}")
                took.append(time.perf_counter() - key.data.sent)
                key.data.send()
        for key in list(ready.get_map().values()):
            key.data.socket.close()
    return took


def main() -> None:
    port, connections, seconds, most = sys.argv[1:]
    lines = sys.stdin.buffer.read().split(b"\n")
    began = time.perf_counter()
    took = run(int(port), int(connections), float(seconds), int(most), lines)
    elapsed = time.perf_counter() - began
    hundredths = quantiles(took, n=100)
    print(
        json.dumps(
            {
                "calls": len(took),
                "rate": len(took) / elapsed,
                "p50": hundredths[49] * 1e3,
                "p99": hundredths[98] * 1e3,
            }
        )
    )


if __name__ == "__main__":
    main()
