"""A child process: ready, heard, ended in every way."""

import asyncio
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from holdfast_dev.child import Child, ChildFailed, ending
from holdfast_dev.ports import ReservedPort
from holdfast_dev.process import is_alive

SERVICE = """
import http.server, os, signal, sys

class Probe(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        self.send_response(200 if self.path == "/readyz" else 404)
        self.end_headers()
    def log_message(self, *_):
        pass

server = http.server.HTTPServer(("127.0.0.1", int(os.environ["PORT"])), Probe)
print(f"fake listening on http://127.0.0.1:{os.environ['PORT']}")
print("something happened", file=sys.stderr)
if "stubborn" in sys.argv:
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
server.serve_forever()
"""


class Family:
    """Makes children of programs, and hears what they say."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.heard: list[str] = []
        self.reserved = ReservedPort()
        self.reserved.take()
        (folder / "fake.py").write_text(SERVICE)

    def child(self, *arguments: str, program: str = "", stop_timeout: float = 10) -> Child:
        if program:
            (self.folder / "short.py").write_text(program)
            arguments = ("short",)
        port = self.reserved.number
        return Child(
            "fake",
            arguments or ("fake",),
            environment={
                **os.environ,
                "PYTHONPATH": str(self.folder),
                "PYTHONUNBUFFERED": "1",
                "PORT": str(port),
            },
            port=port,
            folder=self.folder,
            listener=lambda name, line: self.heard.append(f"{name}: {line}"),
            stop_timeout=stop_timeout,
        )


@pytest.fixture
def family(tmp_path: Path) -> Iterator[Family]:
    made = Family(tmp_path)
    yield made
    made.reserved.release()


async def test_starts_until_ready_and_stops_on_sigterm(family: Family) -> None:
    child = family.child()
    await child.start()
    pid = child.pid
    assert pid

    await child.stop()

    assert child.pid is None
    assert not is_alive(pid)
    # the line that says where it listens is for us, all others are for the reader
    assert family.heard == ["fake: something happened"]
    assert child.lines[0].startswith("fake listening on http://")


async def test_starts_again_on_the_same_port_after_a_kill(family: Family) -> None:
    child = family.child()
    await child.start()
    assert child.pid
    os.kill(child.pid, signal.SIGKILL)
    assert await child.wait() == -signal.SIGKILL
    await child.start()
    await child.stop()


async def test_kills_what_does_not_listen(family: Family) -> None:
    child = family.child("fake", "stubborn", stop_timeout=0.2)
    await child.start()
    pid = child.pid
    assert pid
    await child.stop()
    assert not is_alive(pid)


async def test_a_failed_start_carries_the_last_lines(family: Family) -> None:
    child = family.child(program="raise SystemExit('the setting is wrong')")
    with pytest.raises(ChildFailed) as failure:
        await child.start()
    assert failure.value.lines == ["the setting is wrong"]
    assert str(failure.value) == "fake did not start: exit status 1"


async def test_runs_a_program_to_its_end(family: Family) -> None:
    await family.child(program="print('done', end='')").run()
    assert family.heard == ["fake: done"]
    with pytest.raises(ChildFailed, match="exit status 3"):
        await family.child(program="raise SystemExit(3)").run()


async def test_only_the_last_lines_are_kept_and_long_ones_are_cut(family: Family) -> None:
    child = family.child(program="print('x' * 1_000_000)\nfor n in range(100): print(n)")
    await child.run()
    assert child.lines == [str(number) for number in range(70, 100)]
    assert max(map(len, family.heard)) < 100_000


async def test_stopping_what_never_started_is_harmless(family: Family) -> None:
    await family.child().stop()


async def test_is_killed_when_the_parent_is(family: Family) -> None:
    program = f"""
import asyncio, os, pathlib
from holdfast_dev.child import Child

async def main():
    child = Child("fake", ["fake", "stubborn"], environment=os.environ, port={family.reserved.number},
        folder=pathlib.Path({str(family.folder)!r}), listener=print, stop_timeout=1)
    await child.start()
    print(child.pid, flush=True)
    await asyncio.Event().wait()

asyncio.run(main())
"""
    environment = {
        **os.environ,
        "PYTHONPATH": str(family.folder),
        "PORT": str(family.reserved.number),
        "PYTHONUNBUFFERED": "1",
    }
    with subprocess.Popen(
        [sys.executable, "-c", program], stdout=subprocess.PIPE, text=True, env=environment
    ) as parent:
        assert parent.stdout
        words = [parent.stdout.readline(), parent.stdout.readline()]
        [pid] = [int(word) for word in words if word.strip().isdigit()]
        assert is_alive(pid)
        descriptor = os.pidfd_open(pid)
        parent.kill()
        parent.wait()
    await ended(descriptor)


async def ended(descriptor: int) -> None:
    """Waits until the process behind a pidfd is gone."""
    gone = asyncio.Event()
    loop = asyncio.get_running_loop()
    loop.add_reader(descriptor, gone.set)
    try:
        await asyncio.wait_for(gone.wait(), 10)
    finally:
        loop.remove_reader(descriptor)
        os.close(descriptor)


def test_an_exit_status_in_words() -> None:
    assert ending(1) == "exit status 1"
    assert ending(-9) == "SIGKILL"
    assert ending(-200) == "signal 200"
