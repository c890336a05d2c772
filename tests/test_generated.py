"""The secrets that an installation makes for itself."""

import stat
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from subprocess import PIPE
from threading import Barrier

from accounts.tokens import Keyring
from meetzy_tokens.generated import generated_secrets
from tests.support.site import ROOT


def test_the_first_start_makes_secrets_and_the_next_ones_keep_them(tmp_path: Path) -> None:
    first = generated_secrets(tmp_path / "var")
    assert len(first["SECRET_KEY"]) >= 50
    assert Keyring.parse(first["TOKEN_PEPPERS"]).current == 1
    assert generated_secrets(tmp_path / "var") == first


def test_two_installations_share_no_secret(tmp_path: Path) -> None:
    one, other = generated_secrets(tmp_path / "one"), generated_secrets(tmp_path / "other")
    assert not set(one.values()) & set(other.values())


def test_nobody_else_can_read_them(tmp_path: Path) -> None:
    generated_secrets(tmp_path / "var")
    assert stat.S_IMODE((tmp_path / "var").stat().st_mode) == 0o700
    assert stat.S_IMODE((tmp_path / "var" / "secrets.env").stat().st_mode) == 0o600


def test_nothing_but_the_one_file_stays(tmp_path: Path) -> None:
    generated_secrets(tmp_path)
    assert [path.name for path in tmp_path.iterdir()] == ["secrets.env"]


def test_an_operator_may_add_lines_and_comments(tmp_path: Path) -> None:
    (tmp_path / "secrets.env").write_text("# mine\n\nSECRET_KEY=a=b\nTOKEN_PEPPERS=1:x,2:y\n")
    assert generated_secrets(tmp_path) == {"SECRET_KEY": "a=b", "TOKEN_PEPPERS": "1:x,2:y"}


def test_first_starts_at_once_agree_on_one_file(tmp_path: Path) -> None:
    gate = Barrier(16)

    def start(_: int) -> dict[str, str]:
        gate.wait()
        return generated_secrets(tmp_path)

    with ThreadPoolExecutor(16) as pool:
        agreed = list(pool.map(start, range(16)))
    assert all(secrets == agreed[0] for secrets in agreed)
    assert [path.name for path in tmp_path.iterdir()] == ["secrets.env"]


def test_two_processes_starting_at_once_agree(tmp_path: Path) -> None:
    program = (
        "import pathlib, sys; from meetzy_tokens.generated import generated_secrets;"
        "sys.stdin.read(); print(generated_secrets(pathlib.Path(sys.argv[1])))"
    )
    command = [sys.executable, "-c", program, str(tmp_path)]
    starts = [subprocess.Popen(command, cwd=ROOT, stdin=PIPE, stdout=PIPE) for _ in range(2)]
    with ThreadPoolExecutor(2) as pool:
        printed = [output for output, _ in pool.map(subprocess.Popen.communicate, starts)]
    assert [start.returncode for start in starts] == [0, 0]
    assert printed[0] == printed[1] != b""
