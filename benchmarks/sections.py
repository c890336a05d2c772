"""What is measured, section by section; each returns rows of plain values."""

from collections.abc import Callable, Iterable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import asdict, dataclass
from functools import partial
from itertools import groupby
from statistics import median
from typing import Any

from benchmarks.contenders import BARE, Contender, field
from benchmarks.processes import Process
from benchmarks.rounds import in_turns
from benchmarks.served import Served
from benchmarks.stores import Stores

type Rows = list[dict[str, Any]]


@dataclass(frozen=True, slots=True)
class Size:
    """How much one run does; `used` tokens take turns, so that no token reaches its limits."""

    rows: int
    used: int
    rounds: int
    seconds: float
    served_rounds: int
    served_seconds: float
    growth: tuple[int, ...]
    listed: tuple[int, ...]
    pairs: int


QUICK = Size(2_000, 2_000, 3, 0.1, 2, 0.5, (2_000, 20_000), (10, 1_000), 10)
FULL = Size(20_000, 2_000, 21, 0.3, 5, 2.0, (100_000, 1_000_000, 10_000_000), (10, 10_000), 50)


class Run:
    """One run: its stores, its size, and the tokens of each peer, which are made once."""

    def __init__(self, stores: Stores, size: Size, say: Callable[[str], None]) -> None:
        self.stores = stores
        self.size = size
        self.say = say
        self.headers: dict[tuple[str, str], list[str]] = {}

    @contextmanager
    def processes(self, contenders: list[Contender]) -> Iterator[dict[Contender, Process]]:
        with ExitStack() as running:
            yield {
                contender: running.enter_context(self.process(contender))
                for contender in contenders
            }

    def process(self, contender: Contender) -> Process:
        process = Process(contender, self.stores.environment(contender))
        process.ask("use", headers=self.headers_of(process))
        return process

    def headers_of(self, process: Process) -> list[str]:
        key = process.contender.peer, process.contender.store
        if key not in self.headers:
            self.say(f"{self.size.rows:,} tokens for {' on '.join(key)}")
            self.headers[key] = process.ask("seed", rows=self.size.rows, used=self.size.used)
        return self.headers[key]

    def warm_up(self, processes: Iterable[Process]) -> None:
        """Everyone a bit; ours until no token of the round is new to where it is used from."""
        for process in processes:
            process.ask(
                "warm_up", calls=self.size.used if process.contender.peer == "ours" else 200
            )

    # -- Sections ----------------------------------------------------------------------------------

    def calls(self) -> Rows:
        """`GET /api/v1/me` in process, everyone; then what is refused, on PostgreSQL."""
        with self.processes(field()) as processes:
            turns = {
                (contender, case): partial(
                    process.ask, "round", case=case, seconds=self.size.seconds
                )
                for contender, process in processes.items()
                for case in cases_of(contender)
            }
            self.warm_up(processes.values())
            self.say("calls in process")
            measured = in_turns(turns, self.size.rounds, self.say)
            return [
                asdict(contender)
                | {"case": case}
                | result
                | processes[contender].ask("count", case=case)
                for (contender, case), result in measured.items()
            ]

    def served(self) -> Rows:
        """The same call through granian; PostgreSQL's turn and SQLite's come one after another."""
        rows: Rows = []
        for _, contenders in groupby(field()[1:], key=lambda contender: contender.store):
            rows += self._served([BARE, *contenders])
        return rows

    def _served(self, contenders: list[Contender]) -> Rows:
        results: dict[Contender, Rows] = {contender: [] for contender in contenders}
        with ExitStack() as running:
            servers = [running.enter_context(self.server(c)).start() for c in contenders]
            for server in servers:
                server.round(self.size.served_seconds)  # its first calls cost more
            for number in range(1, self.size.served_rounds + 1):
                self.say(f"served, round {number} of {self.size.served_rounds}")
                for server in servers:
                    results[server.contender].append(server.round(self.size.served_seconds))
        store = contenders[-1].store
        return [
            asdict(contender) | {"store": store} | summary(rounds)
            for contender, rounds in results.items()
        ]

    def server(self, contender: Contender) -> Served:
        with self.process(contender):
            headers = self.headers[contender.peer, contender.store]
        return Served(contender, self.stores.environment(contender), headers)

    def growth(self) -> Rows:
        """Ours with more and more tokens in PostgreSQL."""
        ours = Contender("ours", "postgresql", "memory")
        with ExitStack() as running:
            turns = {}
            for rows in self.size.growth:
                self.say(f"{rows:,} tokens for the growth of ours")
                environment = self.stores.environment(ours, f"bench_rows_{rows}")
                process = running.enter_context(Process(ours, environment))
                headers = process.ask("seed", rows=rows, used=self.size.used, many=True)
                process.ask("use", headers=headers)
                self.warm_up([process])
                turns[rows] = partial(process.ask, "round", case="me", seconds=self.size.seconds)
            measured = in_turns(turns, self.size.rounds, self.say)
        return [{"rows": rows} | result for rows, result in measured.items()]

    def verbs(self) -> Rows:
        """Create and revoke through everyone's models, least of the rounds."""
        contenders = [c for c in field()[1:] if c.limits == "memory"]
        results: dict[Contender, Rows] = {contender: [] for contender in contenders}
        self.say("create and revoke")
        with self.processes(contenders) as processes:
            for _ in range(self.size.served_rounds):
                for contender, process in processes.items():
                    results[contender].append(process.ask("verbs", pairs=self.size.pairs))
        return [
            asdict(contender)
            | {verb: min(r[verb] for r in rounds) for verb in ("create", "revoke")}
            for contender, rounds in results.items()
        ]

    def lists(self) -> Rows:
        """The page with somebody's tokens, through all of the pages' middleware."""
        rows = []
        with self.process(Contender("ours", "postgresql", "memory")) as process:
            for owned in self.size.listed:
                self.say(f"the page of {owned:,} tokens")
                process.ask("sign_in", owned=owned)
                rounds = [process.ask("round", case="list", seconds=0.5) for _ in range(3)]
                counts = process.ask("count", case="list", calls=3)
                rows.append({"owned": owned, "wall": min(r["wall"] for r in rounds)} | counts)
        return rows


def cases_of(contender: Contender) -> list[str]:
    """Refusals are looked at where limits cost least: at ours in Redis, at peers without any."""
    if contender == BARE or contender.store == "sqlite":
        return ["me"]
    refuses = contender.limits == ("redis" if contender.peer == "ours" else "none")
    return ["me", "junk", "forged"] if refuses else ["me"]


def summary(rounds: Rows) -> dict[str, float]:
    rates = sorted(r["rate"] for r in rounds)
    low, high = rates[len(rates) // 4], rates[-1 - len(rates) // 4]
    middle = median(rates)
    others = {name: median(r[name] for r in rounds) for name in ("p50", "p99", "cpu")}
    return {"rate": middle, "best": rates[-1], "spread": (high - low) / middle} | others
