"""Who takes part, and on what."""

from dataclasses import dataclass
from importlib.metadata import version

PEERS = {
    "bare": "bare Django view",
    "ours": "Meetzy Tokens",
    "drf_token": "DRF TokenAuthentication",
    "knox": "django-rest-knox",
    "api_key": "djangorestframework-api-key",
}
LIMITS = {
    "none": "no limits",
    "memory": "limits in memory",
    "redis": "limits in Redis",
}
STORES = {"postgresql": "PostgreSQL", "sqlite": "SQLite"}
PACKAGES = (
    "django",
    "psycopg",
    "redis",
    "granian",
    "djangorestframework",
    "django-rest-knox",
    "djangorestframework-api-key",
)


@dataclass(frozen=True, slots=True)
class Contender:
    peer: str
    store: str
    limits: str

    @property
    def settings(self) -> str:
        return "meetzy_tokens.settings" if self.peer == "ours" else f"{self.folder}.settings"

    @property
    def application(self) -> str:
        return "meetzy_tokens.wsgi" if self.peer == "ours" else "benchmarks.peers.wsgi"

    @property
    def folder(self) -> str:
        return f"benchmarks.peers.{self.peer}"

    @property
    def title(self) -> str:
        """Ours always limits, so only where it counts is worth a word."""
        return PEERS[self.peer] + ("" if self.peer == "bare" else f", {LIMITS[self.limits]}")


BARE = Contender("bare", "none", "none")


def field() -> list[Contender]:
    """Everyone who serves `GET /api/v1/me`. Redis counts for several hosts, SQLite has one."""
    return [
        BARE,
        *(
            Contender(peer, store, limits)
            for store in STORES
            for peer in PEERS
            for limits in LIMITS
            if peer != "bare"
            and (peer, limits) != ("ours", "none")
            and (store, limits) != ("sqlite", "redis")
        ),
    ]


def versions() -> dict[str, str]:
    return {name: version(name) for name in PACKAGES}
