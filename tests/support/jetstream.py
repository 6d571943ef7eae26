"""Look into streams."""

from collections import defaultdict
from collections.abc import AsyncIterator, Iterable
from contextlib import asynccontextmanager
from typing import NamedTuple

from nats.aio.client import Client
from nats.aio.msg import Msg
from tests.support.until import until

from holdfast.contracts.subjects import HEADER_EPOCH, HEADER_MSG_ID
from holdfast.runtime.nats import jetstream_api


class Stored(NamedTuple):
    """One message of a stream."""

    seq: int
    subject: str
    headers: dict[str, str]
    body: bytes
    at: float
    """Seconds since the Unix epoch."""

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


@asynccontextmanager
async def following(nc: Client, stream: str) -> AsyncIterator[list[Stored]]:
    """A list of all messages of the stream that goes on growing as they are stored."""
    found: list[Stored] = []

    async def take(message: Msg) -> None:
        found.append(
            Stored(
                message.metadata.sequence.stream,
                message.subject,
                dict(message.headers or {}),
                message.data,
                message.metadata.timestamp.timestamp(),
            )
        )

    inbox = nc.new_inbox()
    subscription = await nc.subscribe(inbox, cb=take, pending_msgs_limit=-1, pending_bytes_limit=-1)
    config = {
        "deliver_subject": inbox,
        "deliver_policy": "all",
        "ack_policy": "none",
        "mem_storage": True,
        "num_replicas": 1,
    }
    made = await jetstream_api(
        nc, f"CONSUMER.CREATE.{stream}", {"stream_name": stream, "config": config}
    )
    yield found
    await subscription.unsubscribe()
    await jetstream_api(nc, f"CONSUMER.DELETE.{stream}.{made['name']}")


async def stored(nc: Client, stream: str) -> list[Stored]:
    """All messages that the stream holds, in order."""
    info = await jetstream_api(nc, f"STREAM.INFO.{stream}")
    async with following(nc, stream) as found:
        await until(lambda: len(found) >= info["state"]["messages"])
    return found
