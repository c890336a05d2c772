"""What a reader of the guide types into a terminal."""

import os
import subprocess
from pathlib import Path


def run(folder: Path, command: str) -> str:
    """What `command` prints, run in `folder`, which is its home. Raises CalledProcessError."""
    environment = {"PATH": os.environ["PATH"], "HOME": str(folder), "NO_PROXY": "127.0.0.1"}
    return subprocess.run(
        ["sh", "-c", command],
        cwd=folder,
        env=environment,
        stdout=subprocess.PIPE,
        text=True,
        check=True,
        timeout=60,
    ).stdout
