"""The programs of the demo: each has a token, habits, and perhaps a fate.

Addresses are those reserved for documentation (RFC 5737, RFC 3849).
"""

from dataclasses import dataclass
from enum import Enum
from typing import NamedTuple

from accounts.expiry import Expiry
from accounts.models import Environment


class Rhythm(Enum):
    """How many of a day's calls fall into each of its hours, and the share of a weekend's day."""

    OFFICE = ((0, 0, 0, 0, 0, 0, 1, 4, 9, 11, 11, 10, 7, 9, 11, 11, 9, 6, 3, 1, 1, 0, 0, 0), 0.12)
    EVENING = ((2, 1, 1, 0, 0, 1, 2, 4, 5, 5, 5, 6, 7, 6, 5, 5, 6, 8, 10, 12, 12, 10, 7, 4), 1.3)
    NIGHT = ((0, 0, 6, 60, 25, 9, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0), 1.0)
    STEADY = ((1,) * 24, 1.0)

    def share(self, hour: int, *, weekend: bool) -> float:
        hours, on_weekends = self.value
        return hours[hour] / sum(hours) * (on_weekends if weekend else 1)


class Source(NamedTuple):
    address: str
    agent: str


CLUSTER = (
    Source("203.0.113.21", "python-httpx/0.28.1"),
    Source("203.0.113.22", "python-httpx/0.28.1"),
)
CLOUD = (
    Source("198.51.100.7", "axios/1.7.9"),
    Source("198.51.100.8", "axios/1.7.9"),
    Source("2001:db8:52:7::1", "axios/1.7.9"),
)
WORKER = (Source("198.51.100.90", "Go-http-client/2.0"),)
CRON = (Source("203.0.113.5", "curl/8.5.0"),)
PARTNER = (Source("192.0.2.14", "okhttp/4.12.0"), Source("192.0.2.15", "okhttp/4.12.0"))
LAPTOP = (
    Source("192.0.2.201", "PostmanRuntime/7.43.0"),
    Source("2001:db8:9:a1::4", "python-requests/2.32.3"),
)
SCANNERS = tuple(Source(f"192.0.2.{n}", "python-requests/2.31.0") for n in (66, 67, 91, 130))


@dataclass(frozen=True, slots=True)
class Revocation:
    days_ago: float
    reason: str
    by: str = "page"  # an ``accounts.origin.Way``


@dataclass(frozen=True, slots=True)
class Rotation:
    """`switched`: how many days ago the program took the successor into use; None: not yet."""

    days_ago: float
    overlap_hours: int
    expiry: Expiry
    switched: float | None = None
    by: str = "page"


@dataclass(frozen=True, slots=True)
class Program:
    """Days are counted back from now. `calls`: on a usual working day; `growth`: how many times as
    many as ninety days ago. A stubborn program goes on calling when its token has ended."""

    name: str
    environment: Environment
    expiry: Expiry
    age: float
    calls: float = 0
    rhythm: Rhythm = Rhythm.OFFICE
    sources: tuple[Source, ...] = CLUSTER
    growth: float = 1.2
    mistakes: float = 0.01  # the share of its calls that are answered 404
    bursts: float = 0  # how many of its hours overrun the limit
    stopped: float = 0
    stubborn: bool = False
    formerly: str = ""
    limits: tuple[int, int] | None = None
    revocation: Revocation | None = None
    rotation: Rotation | None = None


LIVE, STAGE, DEV = Environment.PRODUCTION, Environment.STAGING, Environment.DEVELOPMENT
MONTH, QUARTER, HALF, YEAR, LONG = Expiry
OFFICE, EVENING, NIGHT, STEADY = Rhythm
LONG_NAME = (
    "Synchronisation of contacts, calls and playbooks between the regional sales offices and the HQ"
)

# fmt: off
PROGRAMS = (
    # In daily use.
    Program("Production API", LIVE, QUARTER, 80, 520, growth=1.8, formerly="API key",
            rotation=Rotation(20, 168, QUARTER, switched=17.4)),
    Program("Customer portal", LIVE, YEAR, 211, 430, EVENING, CLOUD, growth=1.5, bursts=0.01),
    Program("Mobile app", LIVE, HALF, 150, 380, EVENING, CLOUD, growth=2.2, bursts=0.004),
    Program("Call transcription worker", LIVE, HALF, 75, 300, sources=WORKER, growth=3),
    Program("Uptime probe", LIVE, LONG, 500, 288, STEADY, CRON, growth=1),
    Program("Data warehouse sync", LIVE, LONG, 302, 144, STEADY, WORKER, limits=(600, 50)),
    Program("Chat bot", LIVE, HALF, 100, 120, sources=CLOUD, growth=0.4),
    Program("Dashboards on the office wall", LIVE, LONG, 400, 96, sources=LAPTOP, growth=1),
    Program("CRM import", LIVE, HALF, 30, 90, mistakes=0.06),
    Program("Partner integration, APAC", LIVE, YEAR, 190, 65, NIGHT, PARTNER),
    Program("Billing export", LIVE, YEAR, 120, 60, NIGHT, CRON,
            rotation=Rotation(0.12, 24, YEAR, by="api")),
    Program("Monitoring-und-Benachrichtigungsdienst-Produktionsumgebung", LIVE, HALF, 20, 48,
            STEADY, WORKER, formerly="Monitoring"),
    Program("Playbook sync", LIVE, QUARTER, 45, 24, STEADY),
    Program(LONG_NAME, LIVE, YEAR, 77, 18, STEADY, PARTNER),
    Program("Infrastructure scripts", LIVE, QUARTER, 12, 15, sources=CRON),
    Program("تقارير المبيعات اليومية", LIVE, QUARTER, 35, 10, NIGHT, PARTNER),
    Program("End-to-end tests", STAGE, QUARTER, 33, 70, sources=WORKER, mistakes=0.12),
    Program("CI pipeline", DEV, QUARTER, 61, 55, sources=WORKER, mistakes=0.03),
    Program("Staging webhook relay", STAGE, HALF, 63, 40, sources=CLOUD),
    Program("Load test", STAGE, QUARTER, 40, 30, sources=WORKER, bursts=0.1),
    # Expiring soon.
    Program("Analytics Service", LIVE, QUARTER, 83.6, 160, growth=1.6),
    Program("Nightly backup", LIVE, YEAR, 340, 48, NIGHT, CRON, growth=1),
    Program("Invoice mailer", LIVE, YEAR, 360.3, 30, NIGHT, CRON),
    Program("Automation bridge", LIVE, QUARTER, 88.1, 12, EVENING, CLOUD),
    Program("Quick test", DEV, MONTH, 29.5, 6, sources=LAPTOP, mistakes=0.2),
    # Not used any more, or never.
    Program("Quarterly report generator", LIVE, YEAR, 200, 6, NIGHT, CRON, stopped=97),
    Program("Conference demo", LIVE, HALF, 130, 40, sources=LAPTOP, stopped=118),
    Program("Account migration", LIVE, LONG, 450, 200, sources=WORKER, stopped=210),
    Program("Disaster recovery drill", STAGE, HALF, 90, 30, sources=CRON, stopped=60),
    Program("Data science notebook", DEV, QUARTER, 50),
    Program("Reserved for the new portal", LIVE, YEAR, 15),
    Program("Sandbox", DEV, MONTH, 3),
    # Ended, some of them unnoticed.
    Program("Legacy importer", LIVE, QUARTER, 140, 24, STEADY, CRON, stubborn=True),
    Program("Cron job of the old data centre", LIVE, YEAR, 372, 6, NIGHT, CRON, stubborn=True),
    Program("Intern project", DEV, MONTH, 45, 9, sources=LAPTOP, mistakes=0.3),
    Program("Hackathon", DEV, MONTH, 62, 80, sources=LAPTOP, mistakes=0.15, stopped=58),
    Program("Partner integration, EMEA", LIVE, YEAR, 280, 65, sources=PARTNER, stubborn=True,
            rotation=Rotation(40, 168, YEAR, switched=36)),
    Program("Contractor laptop", DEV, MONTH, 26, 14, sources=LAPTOP, stubborn=True,
            revocation=Revocation(9, "Project ended")),
    Program("Frontend prototype", DEV, MONTH, 22, 35, sources=SCANNERS, stubborn=True,
            revocation=Revocation(20, "Found in a public repository", "admin")),
    Program("Browser extension", LIVE, QUARTER, 70, 30, EVENING, LAPTOP, stubborn=True,
            growth=0.3, revocation=Revocation(35, "Replaced by the mobile app")),
    Program("Webhook of the trial period", STAGE, HALF, 160,
            revocation=Revocation(12, "Unused for 90 days", "system")),
)
# fmt: on
