"""The numbers that were to be reached, and what was."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

type Results = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Target:
    what: str
    wanted: float
    at_least: bool
    of: Callable[[Results], float]

    def reached(self, results: Results) -> tuple[float, bool]:
        value = round(self.of(results), 2)
        return value, value >= self.wanted if self.at_least else value <= self.wanted


def row(results: Results, section: str, peer: str, store: str, limits: str) -> dict[str, Any]:
    wanted = {"peer": peer, "store": store, "limits": limits}
    rows = [row for row in results[section] if row.get("case", "me") == "me"]
    return next(row for row in rows if wanted.items() <= row.items())


def call(results: Results, *who: str) -> float:
    """Microseconds, the least of all rounds."""
    return float(row(results, "calls", *who)["least"])


def bare(results: Results) -> float:
    return call(results, "bare", "none", "none")


def refused(results: Results, case: str) -> dict[str, Any]:
    rows = results["calls"]
    return next(row for row in rows if (row["peer"], row["case"]) == ("ours", case))


def rate(results: Results, *who: str) -> float:
    return float(row(results, "served", *who)["rate"])


OURS = ("ours", "postgresql", "redis")
KNOX = ("knox", "postgresql", "redis")
DRF = ("drf_token", "postgresql", "redis")

TARGETS = (
    Target(
        "PostgreSQL, limits in memory: multiple of the bare view",
        10,
        False,
        lambda r: call(r, "ours", "postgresql", "memory") / bare(r),
    ),
    Target(
        "PostgreSQL, limits in Redis: multiple of the bare view",
        12,
        False,
        lambda r: call(r, *OURS) / bare(r),
    ),
    Target(
        "… as a share of knox with two DRF throttles on the same Redis",
        0.25,
        False,
        lambda r: call(r, *OURS) / call(r, *KNOX),
    ),
    Target(
        "… as a share of DRF tokens with two throttles on the same Redis",
        0.33,
        False,
        lambda r: call(r, *OURS) / call(r, *DRF),
    ),
    Target(
        "SQLite, limits in memory: multiple of the bare view",
        4,
        False,
        lambda r: call(r, "ours", "sqlite", "memory") / bare(r),
    ),
    Target(
        "junk: multiple of bare",
        1.5,
        False,
        lambda r: refused(r, "junk")["least"] / bare(r),
    ),
    Target("junk: queries", 0, False, lambda r: refused(r, "junk")["queries"]),
    Target("a call: queries", 1, False, lambda r: row(r, "calls", *OURS)["queries"]),
    Target("a call: round trips to Redis", 1, False, lambda r: row(r, "calls", *OURS)["redis"]),
    Target(
        "served with limits in Redis: multiple of knox with two throttles",
        3,
        True,
        lambda r: rate(r, *OURS) / rate(r, *KNOX),
    ),
    Target(
        "growth from the fewest to the most tokens",
        1.1,
        False,
        lambda r: r["growth"][-1]["least"] / r["growth"][0]["least"],
    ),
)
