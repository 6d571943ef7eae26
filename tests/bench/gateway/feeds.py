"""Feeds: how each side is given the same events, as fast as it takes them."""

from __future__ import annotations

import asyncio
import struct
import time
from collections.abc import Callable
from typing import Protocol

import msgspec
from tests.support.live_publisher import CHANNEL, LivePublisher
from tests.support.live_truth import Truth

from holdfast.contracts.channels import ChannelKey
from holdfast.contracts.subjects import LIVE_STREAM, availability_subject
from holdfast.runtime.nats import jetstream_api
from stream_gateway.frames import decode_change, encode_body, public_body

NAME = b"availability.updated"


def as_chunk(data: bytes) -> bytes:
    """One HTTP/1.1 chunk (RFC 9112 §7.1)."""
    return b"%x\r\n%b\r\n" % (len(data), data)


class Feed(Protocol):
    """`sent`: when each version left the publisher, monotonic seconds."""

    sent: dict[int, float]

    async def send(self, number: int) -> None:
        """Publish the next so many events."""


class NatsFeed:
    """Into JetStream, without waiting for its acknowledgements: the stream is not under test."""

    def __init__(self, publisher: LivePublisher, key: ChannelKey = CHANNEL) -> None:
        self.sent: dict[int, float] = {}
        self._publisher = publisher
        self._key = key

    async def send(self, number: int) -> None:
        publisher, subject = self._publisher, availability_subject(self._key)
        truth = publisher.truth(self._key)
        for _ in range(number):
            data, headers = publisher.encoded(publisher.commit(self._key))
            self.sent[truth.version] = time.monotonic()
            await publisher.nc.publish(subject, data, headers=headers)
        truth.published = truth.version
        await publisher.nc.flush()


async def keep_snapshot(publisher: LivePublisher, key: ChannelKey = CHANNEL) -> None:
    """The channel's snapshot of now, as the relay keeps it: a gateway that opens the channel reads
    no events before it."""
    request = {"last_by_subj": availability_subject(key)}
    info = await jetstream_api(publisher.nc, f"STREAM.MSG.GET.{LIVE_STREAM}", request)
    publisher.truth(key).seq = info["message"]["seq"]
    await publisher.keep_snapshot(key)


class _DirectFeed:
    """The gateway's own public events over a connection of the side's own."""

    def __init__(self, writer: asyncio.StreamWriter) -> None:
        self.sent: dict[int, float] = {}
        self._writer = writer
        self._truth = Truth(CHANNEL, 8)

    def _next(self) -> bytes:
        at_ms = 1_771_189_272_123 + self._truth.version
        change = self._truth.step(f"sec_{self._truth.version % 8}", at_ms)
        self.sent[change.version] = time.monotonic()
        return public_body(decode_change(msgspec.json.encode(change)))

    def close(self) -> None:
        self._writer.close()


class PostFeed(_DirectFeed):
    """HTTP POSTs to nchan, pipelined on one kept connection."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        super().__init__(writer)
        self._reader = reader

    async def send(self, number: int) -> None:
        requests = []
        for _ in range(number):
            body = self._next()
            requests.append(
                b"POST /pub HTTP/1.1\r\nHost: x\r\nX-EventSource-Event: %b\r\n"
                b"Content-Length: %d\r\n\r\n%b" % (NAME, len(body), body)
            )
        self._writer.write(b"".join(requests))
        for _ in requests:
            head = await self._reader.readuntil(b"\r\n\r\n")
            at = head.index(b"Content-Length: ") + 16
            await self._reader.readexactly(int(head[at : head.index(b"\r", at)]))


class ControlFeed(_DirectFeed):
    """Ready frames, with their lengths before them, to `bare_send.c`."""

    def __init__(self, writer: asyncio.StreamWriter, cursor: Callable[[int], bytes]) -> None:
        super().__init__(writer)
        self._cursor = cursor

    async def send(self, number: int) -> None:
        for _ in range(number):
            body = self._next()
            line = b"id: %b\n" % self._cursor(self._truth.version)
            frame = as_chunk(line + encode_body(NAME, body))
            self._writer.write(struct.pack("!I", len(frame)) + frame)
        await self._writer.drain()
