"""Whether the make that started us is ending."""

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="looks at /proc")

PROGRAM = """
import asyncio
from holdfast_dev.parent import POLL, make_is_ending

async def main():
    ending = asyncio.create_task(make_is_ending())
    await asyncio.sleep(0)  # it has looked at its parent now
    print("started", flush=True)
    try:
        await asyncio.wait_for(ending, TIMEOUT)
        print("ending")
    except TimeoutError:
        print("nothing")

asyncio.run(main())
"""


# `make test` runs us: a make within it would take its flags, and say that it is within one.
ENVIRON = {
    name: value for name, value in os.environ.items() if not name.startswith(("MAKE", "MFLAGS"))
}


def heed_interrupts() -> None:
    """Whoever is started in the background by a script ignores SIGINT, and so do its children."""
    signal.signal(signal.SIGINT, signal.SIG_DFL)


def program(folder: Path, timeout: str) -> list[str]:
    path = folder / "program.py"
    path.write_text(PROGRAM.replace("TIMEOUT", timeout))
    return [sys.executable, str(path)]


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGKILL])
def test_returns_when_make_alone_gets_a_signal(number: signal.Signals, tmp_path: Path) -> None:
    command = " ".join(program(tmp_path, "20"))
    (tmp_path / "Makefile").write_text(f"run:\n\t@exec {command}\n")
    with subprocess.Popen(
        ["make", "run"],
        cwd=tmp_path,
        env=ENVIRON,
        preexec_fn=heed_interrupts,  # noqa: PLW1509 - nothing of ours runs in a thread here
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    ) as make:
        assert make.stdout
        assert make.stdout.readline() == "started\n"
        make.send_signal(number)
        assert make.stdout.read() == "ending\n"


def test_a_make_that_goes_on_means_nothing(tmp_path: Path) -> None:
    command = " ".join(program(tmp_path, "4 * POLL"))
    (tmp_path / "Makefile").write_text(f"run:\n\t@exec {command}\n")
    run = subprocess.run(
        ["make", "run"], cwd=tmp_path, env=ENVIRON, capture_output=True, text=True, check=True
    )
    assert run.stdout == "started\nnothing\n"


def test_another_parent_means_nothing(tmp_path: Path) -> None:
    run = subprocess.run(program(tmp_path, "4 * POLL"), capture_output=True, text=True, check=True)
    assert run.stdout == "started\nnothing\n"
