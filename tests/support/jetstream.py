"""Look into streams."""

import asyncio
from collections import defaultdict
from collections.abc import Iterable
from typing import NamedTuple

from nats.aio.client import Client
from nats.aio.msg import Msg

from holdfast.contracts.subjects import HEADER_EPOCH, HEADER_MSG_ID
from holdfast.runtime.nats import jetstream_api


class Stored(NamedTuple):
    """One message of a stream."""

    seq: int
    subject: str
    headers: dict[str, str]
    body: bytes

    @property
    def message_id(self) -> str:
        return self.headers.get(HEADER_MSG_ID, "")

    @property
    def epoch(self) -> str:
        return self.headers.get(HEADER_EPOCH, "")


def versions(messages: Iterable[Stored], epoch: str | None = None) -> dict[str, list[int]]:
    """Versions by channel, in the stream's order; of one epoch, or of all."""
    found = defaultdict(list)
    for message in messages:
        if message.subject.startswith("availability.") and epoch in (None, message.epoch):
            found[message.message_id.split("/")[1]].append(int(message.message_id.split("/")[2]))
    return found


async def last_seq(nc: Client, stream: str) -> int:
    info = await jetstream_api(nc, f"STREAM.INFO.{stream}")
    last: int = info["state"]["last_seq"]
    return last


async def stored(nc: Client, stream: str) -> list[Stored]:
    """All messages that the stream holds, in order."""
    info = await jetstream_api(nc, f"STREAM.INFO.{stream}")
    wanted = info["state"]["messages"]
    found: list[Stored] = []
    done = asyncio.Event()

    async def take(message: Msg) -> None:
        found.append(
            Stored(
                message.metadata.sequence.stream,
                message.subject,
                dict(message.headers or {}),
                message.data,
            )
        )
        if len(found) >= wanted:
            done.set()

    if not wanted:
        return found
    inbox = nc.new_inbox()
    subscription = await nc.subscribe(inbox, cb=take, pending_msgs_limit=-1, pending_bytes_limit=-1)
    made = await jetstream_api(
        nc,
        f"CONSUMER.CREATE.{stream}",
        {
            "stream_name": stream,
            "config": {
                "deliver_subject": inbox,
                "deliver_policy": "all",
                "ack_policy": "none",
                "mem_storage": True,
                "num_replicas": 1,
            },
        },
    )
    async with asyncio.timeout(20):
        await done.wait()
    await subscription.unsubscribe()
    await jetstream_api(nc, f"CONSUMER.DELETE.{stream}.{made['name']}")
    return found
