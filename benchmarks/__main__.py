"""`./dev bench`: measure everything, print the tables, and write docs/performance.md."""

import argparse
import json
import os
import sys
import time
from pathlib import Path
from typing import Any

from benchmarks import machine, report
from benchmarks.sections import FULL, QUICK, Run
from benchmarks.stores import started

# Growth comes last, for millions of new rows keep the disk busy for a while.
SECTIONS = ("calls", "served", "verbs", "lists", "growth")


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="./dev bench", description=__doc__)
    parser.add_argument("--quick", action="store_true", help="few rounds, no document")
    parser.add_argument("--only", choices=SECTIONS, action="append", help="this section alone")
    parser.add_argument("--again", type=Path, help="write the document from an earlier run's JSON")
    return parser.parse_args()


def measure(options: argparse.Namespace) -> dict[str, Any]:
    size = QUICK if options.quick else FULL
    began, load = time.monotonic(), os.getloadavg()[0]
    results: dict[str, Any] = {}
    with started() as stores:
        run = Run(stores, size, say)
        for name in options.only or SECTIONS:
            results[name] = getattr(run, name)()
            minutes = (time.monotonic() - began) / 60
            results["about"] = machine.about(stores, size, load=load) | {"minutes": minutes}
            keep(results)
    return results


def keep(results: dict[str, Any]) -> None:
    """Section by section, so that what was measured outlives what fails later."""
    raw = Path(os.environ.get("MEETZY_VAR", "var")) / "bench.json"
    raw.parent.mkdir(parents=True, exist_ok=True)
    raw.write_text(json.dumps(results, indent=1))


def say(text: str) -> None:
    print(f"bench: {text}", file=sys.stderr, flush=True)


def main() -> None:
    options = arguments()
    results = json.loads(options.again.read_text()) if options.again else measure(options)
    print(report.tables(results))
    if not options.quick and not options.only:
        report.write(results)


if __name__ == "__main__":
    main()
