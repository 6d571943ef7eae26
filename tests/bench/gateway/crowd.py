"""Crowd: ten thousand clients in one process, lean enough not to be the limit.

Raw sockets and epoll. Nearly all clients only count bytes, which the kernel drops without copying
them (MSG_TRUNC); a few are decoded and say which events came and when. Everybody has an event when
everybody has as many bytes as those.
"""

from __future__ import annotations

import os
import select
import socket
import time
from collections.abc import Callable
from typing import NamedTuple

from tests.bench.gateway.decoding import StreamDecoder

SIZE = 256 * 1024
BATCH = 4096
PER_ADDRESS = 20_000
"""Clients per source address: there are 28,000 ports for one."""
GZIP = b"Accept-Encoding: gzip"
BIND_ADDRESS_NO_PORT = 24
"""IP_BIND_ADDRESS_NO_PORT (ip(7)): the port is chosen by `connect`, so pairs may share it."""


class Joined(NamedTuple):
    """`refused` counts by the status line's first words or the error."""

    ready: int
    seconds: float
    refused: dict[str, int]


class Outcome(NamedTuple):
    """What came since the last `mark`. `deliveries`: events times clients, by bytes."""

    complete: bool
    events: int
    deliveries: int
    bytes: int
    seconds: float
    lost: int
    arrivals: list[list[tuple[int, float]]]
    """(version, monotonic time) of each decoded client."""


class _Joining:
    """A client whose stream has not come to its mark yet."""

    def __init__(self, sock: socket.socket, request: bytes, mark: bytes, *, decoded: bool) -> None:
        self.sock = sock
        self.request = request
        self.mark = mark
        self.tail = b""
        self.start = b""
        self.decoded = decoded
        # in compressed bytes no mark can be found
        self.decoder = StreamDecoder() if decoded or (mark and GZIP in request) else None
        self.arrivals: list[tuple[int, float]] = []


class Crowd:
    """All methods run to their end, within the seconds they are given; `interrupted` ends a `watch`
    before."""

    def __init__(self, interrupted: Callable[[], bool]) -> None:
        self._interrupted = interrupted
        self._poll = select.epoll()
        self._bulk = select.epoll()
        self._poll.register(self._bulk.fileno(), select.EPOLLIN)
        self._buffer = bytearray(SIZE)
        self._counted: dict[int, Callable[[bytearray, int, int], int]] = {}
        self._sockets: dict[int, socket.socket] = {}
        self._joining: dict[int, _Joining] = {}
        self._decoded: dict[int, _Joining] = {}
        self._silent = 0
        self._total = 0
        self._lost = 0
        self._last = 0.0
        self._made = 0

    # Joining

    def join(
        self,
        address: tuple[str, int],
        requests: list[bytes],
        marks: list[bytes],
        *,
        decode_every: int = 0,
        window: int = 500,
        seconds: float = 60,
    ) -> Joined:
        """Connect one client per request; each is ready when its stream comes to its mark. Every
        so manieth is decoded. At most `window` are on their way."""
        began = time.monotonic()
        ready, refused, started = 0, dict[str, int](), 0
        wanted = len(requests)
        while ready + sum(refused.values()) < wanted and time.monotonic() - began < seconds:
            while started < wanted and len(self._joining) < window:
                decoded = bool(decode_every) and started % decode_every == 0
                self._connect(address, requests[started], marks[started], decoded=decoded)
                started += 1
                if started % 64 == 0:
                    break
            for fd, events in self._poll.poll(0.05 if len(self._joining) >= window else 0, BATCH):
                if fd in self._joining:
                    outcome = self._go_on(fd, events)
                    ready += outcome == ""
                    if outcome:
                        refused[outcome] = refused.get(outcome, 0) + 1
                else:
                    self._read_other(fd)
        for fd in list(self._joining):
            self._close(fd)
            refused["not ready in time"] = refused.get("not ready in time", 0) + 1
        return Joined(ready, time.monotonic() - began, refused)

    def _connect(
        self, address: tuple[str, int], request: bytes, mark: bytes, *, decoded: bool
    ) -> None:
        sock = socket.socket()
        sock.setblocking(False)
        if self._made >= PER_ADDRESS:
            sock.setsockopt(socket.IPPROTO_IP, BIND_ADDRESS_NO_PORT, 1)
            sock.bind((f"127.0.0.{2 + self._made // PER_ADDRESS}", 0))
        self._made += 1
        sock.connect_ex(address)
        joining = _Joining(sock, request, mark, decoded=decoded)
        fd = sock.fileno()
        self._sockets[fd] = sock
        self._joining[fd] = joining
        self._poll.register(fd, select.EPOLLIN if self._send(joining) else select.EPOLLOUT)

    def _send(self, joining: _Joining) -> bool:
        """Loopback connects at once, as a rule."""
        try:
            joining.sock.send(joining.request)
        except OSError:
            return False
        joining.request = b""
        return True

    def _go_on(self, fd: int, events: int) -> str | None:
        """None while it is on its way, empty when it is ready, else what went wrong."""
        joining = self._joining[fd]
        if joining.request:
            if events & select.EPOLLERR or not self._send(joining):
                self._close(fd)
                return "no connection"
            self._poll.modify(fd, select.EPOLLIN)
            return None
        try:
            data = joining.sock.recv(SIZE)
        except OSError:
            data = b""
        if not data:
            self._close(fd)
            return (joining.start.partition(b"\r\n")[0] or b"cut off").decode()
        self._count(joining, data)
        joining.start = joining.start or data[:200]
        text = joining.tail + data if joining.decoder is None else joining.decoder.last
        if joining.mark not in text:
            joining.tail = text[-64:]
            return None
        del self._joining[fd]
        if joining.decoded:
            self._decoded[fd] = joining
        else:
            self._poll.unregister(fd)
            self._bulk.register(fd, select.EPOLLIN)
            self._counted[fd] = joining.sock.recv_into
        return ""

    # Reading

    def _count(self, client: _Joining, data: bytes) -> None:
        self._total += len(data)
        self._last = now = time.monotonic()
        if client.decoder is not None:
            client.arrivals += [(version, now) for version in client.decoder.feed(data)]

    def _read_other(self, fd: int) -> None:
        client = self._decoded.get(fd)
        if client is None:
            self._read_bulk(BATCH)
            return
        try:
            data = client.sock.recv(SIZE)
        except OSError:
            data = b""
        if data:
            self._count(client, data)
        else:
            self._close(fd)

    def _read_bulk(self, most: int) -> int:
        buffer, counted, total = self._buffer, self._counted, 0
        ready = self._bulk.poll(0, most)
        for fd, _ in ready:
            try:
                size = counted[fd](buffer, SIZE, socket.MSG_TRUNC)
            except OSError:
                size = 0
            if size:
                total += size
            else:
                self._close(fd)
        if total:
            self._total += total
            self._last = time.monotonic()
        return len(ready)

    def mark(self) -> None:
        """Count from here on."""
        self._total = self._lost = 0
        for client in self._decoded.values():
            client.arrivals = []
            if client.decoder is not None:
                client.decoder.restart()

    def until(self, events: int, *, seconds: float = 30, quiet: float = 3) -> Outcome:
        """Read until everybody has so many events, or nothing more comes for a while."""
        began = self._last = time.monotonic()
        while not self._all_have(events):
            for fd, _ in self._poll.poll(0.05, BATCH):
                self._read_other(fd)
            now = time.monotonic()
            if now - began > seconds or now - self._last > quiet:
                break
        return self._outcome(self._last - began, complete=self._all_have(events))

    def watch(self, events: int, *, seconds: float, every: float = 0.05) -> Outcome:
        """As `until`, but only the decoded are read at once; the others' bytes wait in the kernel
        for so long, so that reading thousands does not delay the times of the few."""
        began = self._last = drained = time.monotonic()
        left = 0
        self._poll.unregister(self._bulk.fileno())
        while time.monotonic() - began < seconds:
            for fd, _ in self._poll.poll(0 if left else 0.001, BATCH):
                self._read_other(fd)
            if self._interrupted():
                break
            if left:
                read = self._read_bulk(min(64, left))
                left = left - read if read else 0
                if self._all_have(events):
                    break
            elif time.monotonic() - drained > every:
                left, drained = len(self._counted), time.monotonic()
        self._poll.register(self._bulk.fileno(), select.EPOLLIN)
        return self._outcome(self._last - began, complete=self._all_have(events))

    def _first(self) -> _Joining | None:
        return next(iter(self._decoded.values()), None)

    def _all_have(self, events: int) -> bool:
        first = self._first()
        if first is None or first.decoder is None or len(first.arrivals) < events:
            return False
        return self._total == first.decoder.raw * (len(self._sockets) - self._silent)

    def _outcome(self, seconds: float, *, complete: bool) -> Outcome:
        first = self._first()
        events = len(first.arrivals) if first is not None else 0
        raw = first.decoder.raw if first is not None and first.decoder is not None else 0
        deliveries = round(self._total / (raw / events)) if events and raw else 0
        return Outcome(
            complete,
            events,
            deliveries,
            self._total,
            seconds,
            self._lost,
            [client.arrivals for client in self._decoded.values()],
        )

    def snapshots(self) -> list[list[bytes]]:
        """The starts of the snapshots that each decoded client got since the last `mark`."""
        return [each.decoder.snapshots for each in self._decoded.values() if each.decoder]

    def raws(self) -> list[int]:
        """Bytes of each decoded client since the last `mark`."""
        return [each.decoder.raw for each in self._decoded.values() if each.decoder]

    def heads(self) -> list[bytes]:
        """The responses' heads of the decoded clients."""
        return [each.decoder.head for each in self._decoded.values() if each.decoder]

    # Ends

    def stall(self, number: int) -> int:
        """So many of the counted clients, spread evenly, read nothing from now on."""
        fds = list(self._counted)
        chosen = fds[:: max(1, len(fds) // number)][:number]
        for fd in chosen:
            self._bulk.unregister(fd)
            del self._counted[fd]
        self._silent += len(chosen)
        return len(chosen)

    def close(self, keep: int = 0) -> None:
        """Cut all clients but the first `keep`, by RST: nothing is left in TIME_WAIT."""
        for fd in list(self._sockets)[keep:]:
            self._close(fd)
        self._lost = 0
        if not keep:
            self._silent = 0

    def _close(self, fd: int) -> None:
        sock = self._sockets.pop(fd)
        self._joining.pop(fd, None)
        self._decoded.pop(fd, None)
        self._counted.pop(fd, None)
        self._lost += 1
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")
        sock.close()

    def nice(self, more: int) -> None:
        """Give way to the processes whose times are taken."""
        os.nice(more)
