"""The whole product in a process of its own, as `./dev run` serves it."""

import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import httpx

from tests.support.servers import OwnServer

ROOT = Path(__file__).resolve().parent.parent.parent
ISSUE = """
from accounts.expiry import Expiry
from accounts.models import ApiToken, User

owner, _ = User.objects.get_or_create(email="alice@example.com")
print(ApiToken.objects.issue(owner=owner, name="Nightly", expiry=Expiry.NINETY_DAYS).plaintext)
"""


class Site(OwnServer):
    """`environment` is what an operator would set: DATABASE_URL, REDIS_URL, TOKEN_PEPPERS…"""

    def __init__(
        self,
        *,
        threads: int = 4,
        application: str = "meetzy_tokens.wsgi:application",
        **environment: str,
    ) -> None:
        super().__init__()
        self.threads = threads
        self.application = application
        self.environment = os.environ | {"SITE_URL": self.url} | environment
        self.client = httpx.Client(base_url=self.url, timeout=10, trust_env=False)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def command(self) -> list[str | Path]:
        options = f"--host 127.0.0.1 --port {self.port} --workers 1 --no-ws".split()
        threads = f"--blocking-threads={self.threads}"
        program = [sys.executable, "-m", "granian", "--interface", "wsgi", *options, threads]
        return [*program, self.application]

    def options(self) -> dict[str, Any]:
        return {"cwd": ROOT, "env": self.environment}

    def is_ready(self) -> bool:
        """Once it answers at all: a site whose database is away is up, and says so."""
        try:
            self.client.get("/healthz")
        except httpx.TransportError:
            return False
        return True

    def call(
        self, path: str, token: str | None = None, *, method: str = "GET", **options: Any
    ) -> httpx.Response:
        """One API call, with `token` as its bearer."""
        headers = {"Authorization": f"Bearer {token}"} if token else {}
        return self.client.request(method, path, headers=headers, **options)

    def manage(self, *arguments: str) -> str:
        """What `manage.py` prints in this site's environment."""
        return subprocess.run(
            [sys.executable, "manage.py", *arguments],
            cwd=ROOT,
            env=self.environment,
            stdout=subprocess.PIPE,
            text=True,
            check=True,
        ).stdout

    def issue(self) -> str:
        """A new token's plaintext, for sites whose database is not the tests' own."""
        return self.manage("shell", "--verbosity=0", "--command", ISSUE).strip()

    def close(self) -> None:
        self.client.close()
        super().close()
