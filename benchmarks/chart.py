"""The chart of one run: bars in SVG, by hand, in a light and in a dark version."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from benchmarks.contenders import LIMITS, PEERS
from benchmarks.targets import bare

LABELS, BARS, HEIGHT, GAP = 330, 400, 18, 8
WIDTH = LABELS + BARS + 70


@dataclass(frozen=True, slots=True)
class Colours:
    paper: str
    ink: str
    ours: str
    others: str


PALETTES = {
    "performance": Colours("#ffffff", "#1f2328", "#0b6bcb", "#a3acb9"),
    "performance-dark": Colours("#0d1117", "#e6edf3", "#4da3ff", "#5b6675"),
}


@dataclass(frozen=True, slots=True)
class Bar:
    label: str
    value: float
    text: str
    is_ours: bool


def draw(results: dict[str, Any], colours: Colours) -> str:
    panels = (
        (
            "In process, PostgreSQL: multiple of a bare view (less is better)",
            multiples(results),
        ),
        ("Served, PostgreSQL: requests per second (more is better)", rates(results)),
    )
    parts, y = [], 10
    for title, bars in panels:
        parts.append(words(0, y + 14, title, colours, weight="bold"))
        parts += panel(bars, y + 26, colours)
        y += 26 + len(bars) * (HEIGHT + GAP) + 18
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="-10 0 {WIDTH + 20} {y}" '
        f'font-family="system-ui, sans-serif" font-size="13" role="img">\n'
        f'<rect x="-10" width="{WIDTH + 20}" height="{y}" fill="{colours.paper}"/>\n'
        + "\n".join(parts)
        + "\n</svg>\n"
    )


def panel(bars: Sequence[Bar], y: int, colours: Colours) -> list[str]:
    longest = max(bar.value for bar in bars)
    parts = []
    for number, bar in enumerate(bars):
        top = y + number * (HEIGHT + GAP)
        length = max(2, round(BARS * bar.value / longest))
        fill = colours.ours if bar.is_ours else colours.others
        weight = "bold" if bar.is_ours else "normal"
        parts += [
            words(LABELS - 10, top + 13, bar.label, colours, weight=weight, anchor="end"),
            f'<rect x="{LABELS}" y="{top}" width="{length}" height="{HEIGHT}" rx="2" '
            f'fill="{fill}"/>',
            words(LABELS + length + 8, top + 13, bar.text, colours, weight=weight),
        ]
    return parts


def words(
    x: int, y: int, text: str, colours: Colours, *, weight: str = "normal", anchor: str = "start"
) -> str:
    return (
        f'<text x="{x}" y="{y}" fill="{colours.ink}" font-weight="{weight}" '
        f'text-anchor="{anchor}">{text}</text>'
    )


def multiples(results: dict[str, Any]) -> list[Bar]:
    base = bare(results)
    rows = [r for r in results["calls"] if r["case"] == "me" and r["store"] != "sqlite"]
    bars = [bar(row, row["least"] / base, ".1f") for row in rows]
    return sorted(bars, key=lambda bar: bar.value)


def rates(results: dict[str, Any]) -> list[Bar]:
    rows = [row for row in results["served"] if row["store"] == "postgresql"]
    bars = [bar(row, row["rate"], ",.0f") for row in rows]
    return sorted(bars, key=lambda bar: -bar.value)


def bar(row: dict[str, Any], value: float, form: str) -> Bar:
    limits = "" if row["peer"] == "bare" else f", {LIMITS[row['limits']]}"
    return Bar(PEERS[row["peer"]] + limits, value, f"{value:{form}}", row["peer"] == "ours")
