"""docs/performance.md and its chart, made of one run's results."""

import textwrap
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

from benchmarks import chart
from benchmarks.contenders import LIMITS, PEERS, STORES
from benchmarks.served import CONNECTIONS
from benchmarks.targets import TARGETS, bare

type Results = dict[str, Any]

DOCS = Path(__file__).resolve().parent.parent / "docs"
NOTES = Path(__file__).with_name("notes.md")
INTRO = """# What a call costs

Written by `./dev bench`, which measures it all in one run: run it to see your own numbers. A time
says little about another machine; multiples of a bare Django view travel, so look at those.

<picture>
  <source media="(prefers-color-scheme: dark)" srcset="images/performance-dark.svg">
  <img src="images/performance.svg" alt="GET /api/v1/me in process as a multiple of a bare Django
  view, and requests per second when served; the tables below have the same numbers.">
</picture>
"""


def write(results: Results) -> None:
    images = DOCS / "images"
    for name, colours in chart.PALETTES.items():
        (images / f"{name}.svg").write_text(chart.draw(results, colours), encoding="utf-8")
    page = "\n".join([INTRO, tables(results), method(results), NOTES.read_text(encoding="utf-8")])
    (DOCS / "performance.md").write_text(page, encoding="utf-8")


def tables(results: Results) -> str:
    """Whichever sections this run measured."""
    parts = [SECTIONS[name](results) for name in SECTIONS if name in results]
    if all(name in results for name in SECTIONS):
        parts.insert(0, targets(results))
    return "\n".join(parts)


def table(head: Sequence[str], rows: Iterable[Sequence[object]]) -> str:
    """The first column holds words, the others numbers."""
    lines = [head, ["---"] + ["---:"] * (len(head) - 1), *rows]
    return "".join(f"| {' | '.join(map(str, line))} |\n" for line in lines)


def targets(results: Results) -> str:
    rows = []
    for target in TARGETS:
        value, is_reached = target.reached(results)
        wanted = f"{'≥' if target.at_least else '≤'} {target.wanted:g}"
        rows.append((target.what, wanted, f"{value:g}", "yes" if is_reached else "**no**"))
    return "## Targets\n\n" + table(("`GET /api/v1/me`", "wanted", "measured", "reached"), rows)


def calls(results: Results) -> str:
    base = bare(results)
    head = (
        "contender",
        "bare = 1",
        "least µs",
        "median µs",
        "spread",
        "CPU µs",
        "queries",
        "round trips to Redis",
    )
    text = f"## `GET /api/v1/me`, in process\n\nThe bare view takes {base:.0f} µs.\n"
    for store, title in STORES.items():
        rows = [call_row(row, base) for row in me(results) if row["store"] in {store, "none"}]
        text += f"\n### {title}\n\n{table(head, rows)}"
    rows = [
        call_row(row, base, f"{PEERS[row['peer']]}: {row['case']}")
        for row in results["calls"]
        if row["case"] != "me"
    ]
    return text + "\n### Refused: junk, and well-formed unknown tokens\n\n" + table(head, rows)


def me(results: Results) -> list[dict[str, Any]]:
    return [row for row in results["calls"] if row["case"] == "me"]


def call_row(row: dict[str, Any], base: float, title: str = "") -> tuple[str, ...]:
    numbers = [f"{row[name]:.0f}" for name in ("least", "median")]
    counts = [f"{row[name]:g}" for name in ("queries", "redis")]
    spread = f"{row['spread']:.0%}"
    multiple = f"{row['least'] / base:.1f}"
    return title or named(row), multiple, *numbers, spread, f"{row['cpu']:.0f}", *counts


def named(row: dict[str, Any]) -> str:
    name = PEERS[row["peer"]]
    if row["peer"] == "bare":
        return name
    return f"**{name}**, {LIMITS[row['limits']]}" if row["peer"] == "ours" else with_limits(row)


def with_limits(row: dict[str, Any]) -> str:
    throttles = "" if row["limits"] == "none" else "two throttles, "
    return f"{PEERS[row['peer']]}, {throttles}{LIMITS[row['limits']]}"


def served(results: Results) -> str:
    head = ("contender", "requests/s", "best", "spread", "p50 ms", "p99 ms", "CPU µs")
    text = "## `GET /api/v1/me`, served\n"
    for store, title in STORES.items():
        rows = [served_row(row) for row in results["served"] if row["store"] == store]
        text += f"\n### {title}\n\n{table(head, rows)}"
    return text


def served_row(row: dict[str, Any]) -> tuple[str, ...]:
    rates = f"{row['rate']:.0f}", f"{row['best']:.0f}", f"{row['spread']:.0%}"
    return named(row), *rates, f"{row['p50']:.1f}", f"{row['p99']:.1f}", f"{row['cpu']:.0f}"


def growth(results: Results) -> str:
    first = results["growth"][0]["least"]
    rows = [
        (
            f"{row['rows']:,}",
            f"{row['least'] / first:.2f}",
            f"{row['least']:.0f}",
            f"{row['median']:.0f}",
            f"{row['spread']:.0%}",
        )
        for row in results["growth"]
    ]
    head = ("tokens", "fewest = 1", "least µs", "median µs", "spread")
    return "## More and more tokens\n\nOurs, PostgreSQL, limits in memory.\n\n" + table(head, rows)


def verbs(results: Results) -> str:
    rows = [
        (PEERS[row["peer"]], STORES[row["store"]], *(f"{row[n] / 1e3:.2f}" for n in VERBS))
        for row in results["verbs"]
    ]
    return (
        "## Create and revoke\n\nThrough the models. Ours asks the policy and writes an event into "
        "an append-only log, in one\ntransaction.\n\n"
        + table(("contender", "database", "create ms", "revoke ms"), rows)
    )


VERBS = ("create", "revoke")


def lists(results: Results) -> str:
    rows = [
        (f"{row['owned']:,}", f"{row['wall'] / 1e3:.0f}", f"{row['queries']:g}")
        for row in results["lists"]
    ]
    return (
        "## The page with one's tokens\n\nThe whole page through all middleware, PostgreSQL; it "
        "shows 50 tokens at a time.\n\n" + table(("tokens of one person", "ms", "queries"), rows)
    )


SECTIONS = {"calls": calls, "served": served, "growth": growth, "verbs": verbs, "lists": lists}


def method(results: Results) -> str:
    about = results["about"]
    size = about["size"]
    versions = ", ".join(f"{name} {number}" for name, number in about["versions"].items())
    quiet = next(row for row in me(results) if row["peer"] == "bare")
    widest = max(me(results), key=lambda row: row["spread"])
    points = (
        f"""{about["cores"]} cores, {about["system"]} on {about["architecture"]}, Python
        {about["python"]}, PostgreSQL {about["postgresql"]}; {versions}. Both servers run on the
        same machine, on loopback, without durability.""",
        f"""Noise: {about["load"]:.1f} processes were waiting for a core before the run, which took
        {about["minutes"]:.0f} minutes. The middle half of the bare view's own rounds lies
        {quiet["spread"]:.0%} apart, in the widest row {widest["spread"]:.0%}
        ({with_limits(widest)}): differences smaller than the spread of a row mean nothing.""",
        """Each contender is a Django project of its own in a process of its own
        (`benchmarks/peers/`), the peers as their documentation has them and tuned alike: no
        middleware, kept connections, JSON only. Ours is the product with its own settings: limits,
        headers, metrics, request log.""",
        f"""Everyone has {size["rows"]:,} tokens of as many accounts. Calls go round
        {size["used"]:,} of them, so that the limits that ours ships with (100 a minute, 10 a
        second; the peers' throttles have the same) are counted at every call and refuse none.
        Every answer's status is checked.""",
        f"""In process: Django's WSGI handler is called with what a web server would hand over, and
        the answer is read. {size["rounds"]} rounds of {size["seconds"]:g} s; in each round everyone
        has a turn, so that whatever else the machine does meets all alike. “Least” is the best
        round, “spread” how far the middle half of the rounds lies apart, as a share of the
        median.""",
        """CPU is that of the contender's process, all threads. For ours it includes writing the
        request log, also what is written after the clock of a round stopped.""",
        f"""Served: granian with one worker and four threads, as `./dev run` has it; a client in a
        process of its own keeps {CONNECTIONS} connections busy for {size["served_seconds"]:g} s,
        {size["served_rounds"]} rounds in turns. The client and both servers share the cores.""",
        """Junk is no token at all; a forged one is well-formed and unknown. The peers' refusals are
        measured without throttles, which would come after them.""",
    )
    return "## Method\n\n" + "\n".join(map(point, points)) + "\n"


def point(text: str) -> str:
    words = " ".join(text.split())
    return textwrap.fill(
        words, 100, initial_indent="- ", subsequent_indent="  ", break_on_hyphens=False
    )
