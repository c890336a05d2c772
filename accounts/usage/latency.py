"""Latencies as counts in a few buckets: these add up across hours and processes."""

from bisect import bisect_left
from collections.abc import Sequence

# Upper bounds in milliseconds, inclusive; each is a column of HourlyUsage, and one is beyond them.
BOUNDS = (1, 2, 5, 10, 20, 50, 100, 200, 500, 1000, 3000)
COLUMNS = (*(f"within_{bound}ms" for bound in BOUNDS), "slower")
# What the open bucket is taken to end at: the API's own deadline and a bit.
LONGEST = 10_000


def column(microseconds: int) -> str:
    return COLUMNS[bisect_left(BOUNDS, microseconds / 1000)]


def percentile(counts: Sequence[int], share: float) -> float | None:
    """Milliseconds within which `share` (0 to 1) of the calls were answered; None without calls.

    Interpolated within its bucket, so it is as coarse as the bucket is wide.
    """
    total = sum(counts)
    if not total:
        return None
    wanted, below = share * total, 0
    for count, low, high in zip(counts, (0, *BOUNDS), (*BOUNDS, LONGEST), strict=True):
        if count and below + count >= wanted:
            return low + (high - low) * (wanted - below) / count
        below += count
    return float(LONGEST)
