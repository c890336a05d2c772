"""Secrets that the installation makes for itself, once, and keeps beside its database."""

import os
import secrets
from pathlib import Path


def generated_secrets(folder: Path) -> dict[str, str]:
    """Read ``secrets.env`` in `folder`, writing it (mode 600) on the very first start.

    Two first starts at once agree on one file: whoever links it into place first wins.
    """
    path = folder / "secrets.env"
    if not path.exists():
        _create(path)
    lines = path.read_text(encoding="ascii").splitlines()
    return dict(line.split("=", 1) for line in lines if "=" in line and not line.startswith("#"))


def _create(path: Path) -> None:
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    draft = path.with_suffix(f".{os.getpid()}.{secrets.token_hex(4)}")
    draft.touch(mode=0o600)
    draft.write_text(
        "# Made on the first start. Who has this file can forge sessions and test stolen digests.\n"
        f"SECRET_KEY={secrets.token_urlsafe(50)}\n"
        f"TOKEN_PEPPERS=1:{secrets.token_urlsafe(32)}\n",
        encoding="ascii",
    )
    try:
        os.link(draft, path)
    except FileExistsError:
        pass
    finally:
        draft.unlink()
