"""The launcher: who the server runs as, and that it never outlives its parent."""

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from holdfast_dev.process import LAUNCH

needs_root = pytest.mark.skipif(os.geteuid() != 0, reason="only root can become another user")
PROBE = """
import json, os, signal, sys

status = dict(line.split(":\\t") for line in open("/proc/self/status") if ":\\t" in line)
print(json.dumps({
    "uid": os.getuid(),
    "groups": os.getgroups(),
    "access": [os.access(path, os.R_OK) for path in sys.argv[1:]],
    "capabilities": int(status["CapEff"], 16),
    "permitted": int(status["CapPrm"], 16),
    "interrupt": signal.getsignal(signal.SIGINT) is signal.default_int_handler,
}))
"""


def probe(parent: int, user: str, *paths: Path) -> subprocess.CompletedProcess[str]:
    """Launches a program that tells who it is and which paths it can read."""
    command = [sys.executable, "-I", "-S", "-c", PROBE, *map(str, paths)]
    return subprocess.run(
        [sys.executable, str(LAUNCH), str(parent), user, "INT", *command],
        capture_output=True,
        text=True,
        check=False,
    )


def told(run: subprocess.CompletedProcess[str]) -> dict[str, Any]:
    assert run.returncode == 0, run.stderr
    answer: dict[str, Any] = json.loads(run.stdout)
    return answer


def test_stays_who_it_is_without_a_user(tmp_path: Path) -> None:
    answer = told(probe(os.getpid(), "", tmp_path))
    assert answer["uid"] == os.getuid()
    assert answer["access"] == [True]


def test_refuses_when_the_parent_is_gone() -> None:
    run = probe(1, "")
    assert run.returncode == 1
    assert "the parent is gone" in run.stderr


@needs_root
def test_gives_up_root_and_passes_closed_folders_by_one_capability(tmp_path: Path) -> None:
    closed = tmp_path / "closed"
    closed.mkdir(mode=0o700)
    (closed / "file").touch(mode=0o600)

    answer = told(probe(os.getpid(), "nobody", closed / "file"))

    assert answer["uid"] != 0
    assert answer["groups"] == []
    assert answer["access"] == [True]
    assert answer["capabilities"] == answer["permitted"] == 1 << 1  # CAP_DAC_OVERRIDE alone


def test_a_server_that_runs_in_the_background_can_be_interrupted() -> None:
    launch = f"{sys.executable} {LAUNCH} {os.getpid()} '' INT"
    ignoring = f"trap '' INT; exec {launch} {sys.executable} -c "
    run = subprocess.run(
        ["sh", "-c", ignoring + '"$0"', PROBE], capture_output=True, text=True, check=False
    )
    assert told(run)["interrupt"]
