"""Source: what the gateway asks of NATS besides the feed, and the shape of the answers."""

from __future__ import annotations

from typing import NamedTuple, Protocol

from holdfast.contracts.channels import ChannelKey
from holdfast.contracts.snapshots import SnapshotRecord
from holdfast.contracts.subjects import HEADER_EPOCH, HEADER_MSG_ID
from stream_gateway.consumer import Delivery


class StreamState(NamedTuple):
    """The stream `LIVE` as its leader has it. `epoch` is None until the relay has set one."""

    epoch: str | None
    first_seq: int
    last_seq: int
    subject_cap: int
    subject_count: int
    """Messages of the subject that was asked for."""


class Stored(NamedTuple):
    """One message of a stream."""

    subject: str
    seq: int
    time: str
    headers: dict[str, str]
    data: bytes

    @property
    def epoch(self) -> str | None:
        """Which history the message belongs to; None where it does not say."""
        return self.headers.get(HEADER_EPOCH)

    @property
    def version(self) -> int:
        """The channel version in the message id; 0 where there is none."""
        return version_of(self.headers.get(HEADER_MSG_ID, ""))


class History(NamedTuple):
    """The messages of one subject and epoch after some sequence. Complete for cursors from
    `floor` on: what was before it has aged out."""

    messages: list[Delivery]
    floor: int


class Source(Protocol):
    """Every method raises nats.errors.Error, ApiError or TimeoutError when NATS cannot answer."""

    async def stream(self, subject: str | None = None) -> StreamState | None:
        """None where there is no such stream."""

    async def message(self, seq: int) -> Stored | None:
        """The message at `seq` of `LIVE`."""

    async def head(self, subject: str) -> Stored | None:
        """The last message of a subject of `LIVE`."""

    async def kept_snapshot(self, key: ChannelKey) -> SnapshotRecord | None:
        """From the bucket."""

    async def asked_snapshot(self, key: ChannelKey) -> SnapshotRecord:
        """From command-api; raises SnapshotRefused."""

    async def history(self, subject: str, after: int, epoch: str) -> History:
        """What the stream has of `subject` after sequence `after`. Where a new epoch began in a
        stream that went on, messages of the old one stand before it: they are left out. Raises
        AnotherHistory where the stream is not of `epoch`."""


class AnotherHistory(Exception):
    """The stream was made anew, or began another epoch, and the feed is about to notice: until then
    what is not there proves nothing."""


class SnapshotRefused(Exception):
    """command-api answered with an error; `status` is HTTP-like."""

    def __init__(self, channel: str, status: int, detail: str) -> None:
        super().__init__(f"{channel}: {status} {detail}")
        self.status = status


def version_of(message_id: str) -> int:
    """The version in `{epoch}/{channel}/{version}`; 0 in anything else."""
    tail = message_id.rpartition("/")[2]
    return int(tail) if tail.isdigit() else 0


def version_of_delivery(delivery: Delivery) -> int:
    """The channel version in a delivered message's id."""
    return version_of(delivery.headers.get(HEADER_MSG_ID, ""))
