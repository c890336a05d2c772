"""What the developer guide shows and tests run: calls that are patient, and commands that watch."""

from dataclasses import dataclass
from itertools import groupby
from operator import attrgetter

from accounts.api.problems import PROBLEMS
from accounts.examples import PATH, VARIABLE, Example


class PatientExample(Example):
    @property
    def about(self) -> str:
        return f"the {self.language} example that waits and tries again"


def patient_calls(site_url: str) -> tuple[PatientExample, ...]:
    """Twelve calls where ten a second are allowed: each of them gets its answer."""
    return (
        PatientExample(
            "patient-javascript", "JavaScript", "patient.mjs", JAVASCRIPT % (VARIABLE, site_url)
        ),
        PatientExample("patient-python", "Python", "patient.py", PYTHON % (site_url, VARIABLE)),
        PatientExample("patient-curl", "cURL", "Terminal", CURL % (VARIABLE, site_url + PATH)),
    )


def expiry_command(site_url: str) -> str:
    return EXPIRY % (VARIABLE, site_url + PATH)


@dataclass(frozen=True, slots=True)
class Trouble:
    """One error code of the API, and the template that says how it comes about."""

    code: str
    status: int
    title: str
    message: str

    @property
    def advice(self) -> tuple[str, str]:
        return f"accounts/guide/advice/_{self.code}.html", "accounts/guide/advice/_other.html"


def troubles() -> list[tuple[int, list[Trouble]]]:
    """Every code that the API can answer with, by status."""
    listed = [
        Trouble(code, problem.status, problem.title, problem.message)
        for code, problem in PROBLEMS.items()
    ]
    by_status = attrgetter("status")
    return [
        (status, list(each)) for status, each in groupby(sorted(listed, key=by_status), by_status)
    ]


JAVASCRIPT = """\
// node --env-file=.env patient.mjs
import { setTimeout as sleep } from "node:timers/promises";

const headers = { Authorization: `Bearer ${process.env.%s}` };

async function call(path, attempts = 6) {
  for (let attempt = 0; attempt < attempts; attempt++) {
    const response = await fetch("%s" + path, { headers });
    if (![429, 503].includes(response.status)) return response;
    const told = Number(response.headers.get("Retry-After"));
    const pause = Math.max(told, 2 ** attempt);
    await sleep(1000 * pause * (1 + Math.random() / 2));
  }
  throw new Error(`${path}: gave up after ${attempts} attempts`);
}

for (let number = 1; number <= 12; number++) {
  const response = await call("/api/v1/me");
  console.log(number, response.status);
}
"""

PYTHON = """\
# set -a; . ./.env; python patient.py
import os
import random
import time

import httpx

client = httpx.Client(
    base_url="%s",
    headers={"Authorization": f"Bearer {os.environ['%s']}"},
)


def call(path, attempts=6):
    for attempt in range(attempts):
        response = client.get(path)
        if response.status_code not in (429, 503):
            return response
        told = int(response.headers.get("Retry-After", 0))
        pause = max(told, 2**attempt)
        time.sleep(pause * random.uniform(1, 1.5))
    raise RuntimeError(f"{path}: gave up after {attempts} attempts")


for number in range(1, 13):
    print(number, call("/api/v1/me").status_code)
"""

CURL = """\
set -a; . ./.env
curl --retry 6 --fail --silent --show-error \\
  --header "Authorization: Bearer $%s" \\
  "%s"
"""

EXPIRY = """\
set -a; . ./.env
curl --silent --output /dev/null --dump-header - \\
  --header "Authorization: Bearer $%s" \\
  "%s" | grep -i "^meetzy-token-expires"
"""

IGNORE = """\
echo .env >> .gitignore
"""

# Names of commits and files, not the tokens themselves: a terminal is no place for them either.
LEAKS = """\
git rev-list --all | xargs git grep -lE "mtz_[0-9A-Za-z]{62}"
"""
