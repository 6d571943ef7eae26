"""What is said never stops the stack, whoever reads it or does not."""

import os

from holdfast_dev.console import PIPE_BUF, Console


class Pipe:
    """A pipe as a text stream that only has a number."""

    def __init__(self) -> None:
        self.reader, self._writer = os.pipe()

    def fileno(self) -> int:
        return self._writer

    def close(self) -> None:
        os.close(self._writer)

    def read(self) -> str:
        self.close()
        with os.fdopen(self.reader) as file:
            return file.read()


def test_own_words_and_those_of_children_go_apart() -> None:
    out, err = Pipe(), Pipe()
    console = Console(out, err)
    console.say("ready")
    console.warn("careful")
    console.relay("command-api", "hello")
    assert out.read() == "ready\n"
    assert err.read() == "careful\ncommand-api | hello\n"


def test_lines_that_nobody_reads_are_dropped_and_never_waited_for() -> None:
    err = Pipe()
    console = Console(err, err)
    for _ in range(100):
        console.relay("child", "x" * 10_000)
    lines = err.read().splitlines()
    assert 0 < len(lines) < 100
    assert {len(line) for line in lines} == {PIPE_BUF - 1}


def test_a_reader_that_went_away_is_no_error() -> None:
    out = Pipe()
    os.close(out.reader)
    console = Console(out, out)
    console.say("ready")
    console.relay("child", "hello")
    out.close()
