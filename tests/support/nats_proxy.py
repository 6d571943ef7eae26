"""A proxy that reads the NATS protocol, to lose, double or change single messages on the way."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

from tests.support.tcp_proxy import TcpProxy

from holdfast.contracts.subjects import LIVE_STREAM

CRLF = b"\r\n"
WITH_PAYLOAD = (b"MSG", b"HMSG", b"PUB", b"HPUB")


class Frame(NamedTuple):
    """One message as it stands on the wire: `MSG`, `HMSG` to the client, `PUB`, `HPUB` from it."""

    op: str
    subject: str
    reply: str
    raw: bytes

    @property
    def is_fed(self) -> bool:
        """Whether a consumer of the live stream brings it."""
        return self.reply.startswith(f"$JS.ACK.{LIVE_STREAM}.")

    @property
    def is_heartbeat(self) -> bool:
        return b"Idle Heartbeat" in self.raw

    @property
    def is_api_answer(self) -> bool:
        return b'"type":"io.nats.jetstream.api.' in self.raw


class NatsProxy(TcpProxy):
    """`copies` says how often a message arrives: 0 loses it. Everything else passes."""

    def __init__(self, port: int) -> None:
        super().__init__(port)
        self.patient = True  # nats-py forgets to close a connection that is refused so late
        self.copies: Callable[[Frame], int] = lambda _frame: 1

    def passing(self, *, answers: bool) -> Callable[[bytes], bytes]:
        buffer = b""

        def passing(data: bytes) -> bytes:
            nonlocal buffer
            buffer += data
            passed = []
            while (piece := _first(buffer)) is not None:
                buffer = buffer[len(piece) :]
                frame = _frame(piece)
                passed.append(piece if frame is None else piece * self.copies(frame))
            return b"".join(passed)

        return passing


def _first(buffer: bytes) -> bytes | None:
    """The first whole piece of the protocol."""
    line, end, _ = buffer.partition(CRLF)
    if not end:
        return None
    size = len(line) + len(CRLF)
    words = line.split()
    if words and words[0].upper() in WITH_PAYLOAD:
        size += int(words[-1]) + len(CRLF)
    return buffer[:size] if len(buffer) >= size else None


def _frame(piece: bytes) -> Frame | None:
    op, *words = piece.partition(CRLF)[0].decode().split()
    op = op.upper()
    if op.encode() not in WITH_PAYLOAD:
        return None
    # MSG subject sid [reply] size; HMSG subject sid [reply] head size; PUB, HPUB without sid
    names = words[: -2 if op.startswith("H") else -1]
    if op.endswith("MSG"):
        del names[1]
    return Frame(op, names[0], names[1] if len(names) > 1 else "", piece)
