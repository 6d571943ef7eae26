"""The Source over a NATS connection. Every answer comes from the stream's leader."""

from __future__ import annotations

import asyncio
import base64
import gzip
import logging
import zlib
from typing import Any

import msgspec

from holdfast.contracts.channels import ChannelKey
from holdfast.contracts.rpc import SnapshotRequest
from holdfast.contracts.snapshots import SnapshotRecord
from holdfast.contracts.subjects import (
    EPOCH_METADATA,
    HEADER_EPOCH,
    LIVE_STREAM,
    SNAPSHOT_SUBJECT,
    SNAPSHOTS_BUCKET,
    snapshot_key,
)
from holdfast.runtime.nats import (
    NOT_FOUND_MESSAGE,
    NOT_FOUND_STREAM,
    ApiError,
    Client,
    cancellable,
    jetstream_api,
)
from stream_gateway.consumer import Delivery, PushConsumer
from stream_gateway.source import (
    AnotherHistory,
    History,
    SnapshotRefused,
    Stored,
    StreamState,
    version_of_delivery,
)

log = logging.getLogger("holdfast.gateway.source")

OFF_LOOP = 32 * 1024
"""Compressed bytes from which on a snapshot is decoded in a thread."""
SERVICE_ERROR = "Nats-Service-Error-Code"
ANSWER_SECONDS = 2.0
"""For JetStream's answer; one that a reconnect has lost never comes."""
FETCH_SECONDS = 10.0
SNAPSHOT_SECONDS = 5.0


class NatsSource:
    """The Source over a NATS connection."""

    def __init__(self, nc: Client) -> None:
        self._nc = nc

    async def stream(self, subject: str | None = None) -> StreamState | None:
        body = None if subject is None else {"subjects_filter": subject}
        try:
            reply = await jetstream_api(
                self._nc, f"STREAM.INFO.{LIVE_STREAM}", body, timeout=ANSWER_SECONDS
            )
        except ApiError as error:
            if error.err_code == NOT_FOUND_STREAM:
                return None
            raise
        config, state = reply["config"], reply["state"]
        return StreamState(
            epoch=(config.get("metadata") or {}).get(EPOCH_METADATA),
            first_seq=state["first_seq"],
            last_seq=state["last_seq"],
            subject_cap=config.get("max_msgs_per_subject", -1),
            subject_count=(state.get("subjects") or {}).get(subject, 0),
        )

    async def message(self, seq: int) -> Stored | None:
        return await self._get(LIVE_STREAM, {"seq": seq})

    async def head(self, subject: str) -> Stored | None:
        return await self._get(LIVE_STREAM, {"last_by_subj": subject})

    async def kept_snapshot(self, key: ChannelKey) -> SnapshotRecord | None:
        subject = f"$KV.{SNAPSHOTS_BUCKET}.{snapshot_key(key)}"
        try:
            stored = await self._get(f"KV_{SNAPSHOTS_BUCKET}", {"last_by_subj": subject})
        except ApiError as error:
            if error.err_code == NOT_FOUND_STREAM:
                return None
            raise
        if stored is None or "KV-Operation" in stored.headers or not stored.data:
            return None
        try:
            return await _decode_record(stored.data)
        except (msgspec.MsgspecError, OSError, EOFError, zlib.error) as error:
            log.warning("the kept snapshot of %s cannot be read: %s", key.name, error)
            return None

    async def asked_snapshot(self, key: ChannelKey) -> SnapshotRecord:
        request = msgspec.json.encode(SnapshotRequest(channel=key.name))
        reply = await cancellable(
            self._nc.request(SNAPSHOT_SUBJECT, request, timeout=SNAPSHOT_SECONDS)
        )
        failed = (reply.headers or {}).get(SERVICE_ERROR)
        if failed is not None:
            status = int(failed) if failed.isdigit() else 500
            raise SnapshotRefused(key.name, status, reply.data.decode(errors="replace")[:500])
        try:
            return await _decode_record(reply.data)
        except (msgspec.MsgspecError, OSError, EOFError, zlib.error) as error:
            raise SnapshotRefused(key.name, 500, f"cannot be read: {error}") from error

    async def history(self, subject: str, after: int, epoch: str) -> History:
        messages = await self._fetch(subject, after + 1)
        # Asked after the fetch: what has not aged out by now had not aged out then.
        state = await self.stream(subject)
        if state is None:
            raise ApiError(404, NOT_FOUND_STREAM, "stream not found")
        if state.epoch != epoch:
            raise AnotherHistory(f"the stream is of epoch {state.epoch}, not {epoch}")
        floor = max(after, state.first_seq - 1)
        capped = 0 < state.subject_cap <= state.subject_count <= len(messages)
        if capped and messages and version_of_delivery(messages[0]) != 1:
            # The cap per subject may have dropped messages between `after` and the first one.
            floor = max(floor, messages[0].seq)
        ours = [
            message
            for message in messages
            if message.seq > floor and message.headers.get(HEADER_EPOCH, epoch) == epoch
        ]
        return History(ours, floor)

    async def _fetch(self, subject: str, first: int) -> list[Delivery]:
        messages: list[Delivery] = []
        complete: asyncio.Future[None] = asyncio.get_running_loop().create_future()

        def take(delivery: Delivery) -> None:
            messages.append(delivery)
            if delivery.pending == 0 and not complete.done():
                complete.set_result(None)

        def idle(_seq: int) -> None:
            # Nothing pending any more, though the last message never came: it has aged out.
            if not complete.done():
                complete.set_result(None)

        consumer = PushConsumer(self._nc, LIVE_STREAM, take, on_idle=idle)
        async with asyncio.timeout(FETCH_SECONDS):
            try:
                pending = await consumer.start(
                    deliver_policy="by_start_sequence",
                    opt_start_seq=max(first, 1),
                    filter_subject=subject,
                )
                if pending:
                    trouble = asyncio.ensure_future(consumer.ended())
                    try:
                        await asyncio.wait((complete, trouble), return_when=asyncio.FIRST_COMPLETED)
                    finally:
                        trouble.cancel()
                    if not complete.done():
                        raise TimeoutError(f"the consumer on {subject} broke off")
            finally:
                await consumer.stop()
        return messages

    async def _get(self, stream: str, query: dict[str, Any]) -> Stored | None:
        try:
            reply = await jetstream_api(
                self._nc, f"STREAM.MSG.GET.{stream}", query, timeout=ANSWER_SECONDS
            )
        except ApiError as error:
            if error.err_code == NOT_FOUND_MESSAGE:
                return None
            raise
        message = reply["message"]
        return Stored(
            subject=message["subject"],
            seq=message["seq"],
            time=message["time"],
            headers=_headers(base64.b64decode(message.get("hdrs") or "")),
            data=base64.b64decode(message.get("data") or ""),
        )


async def _decode_record(data: bytes) -> SnapshotRecord:
    if len(data) >= OFF_LOOP:
        return await asyncio.to_thread(_decode, data)
    return _decode(data)


def _decode(data: bytes) -> SnapshotRecord:
    plain = gzip.decompress(data) if data.startswith(b"\x1f\x8b") else data
    return msgspec.json.decode(plain, type=SnapshotRecord)


def _headers(raw: bytes) -> dict[str, str]:
    """`NATS/1.0` headers of a stored message."""
    headers: dict[str, str] = {}
    for line in raw.decode(errors="replace").split("\r\n")[1:]:
        name, separator, value = line.partition(":")
        if separator:
            headers[name] = value.strip()
    return headers
