"""Rows of the log as NATS messages: CloudEvents 1.0, binary mode (attributes as `ce-` headers)."""

from __future__ import annotations

from typing import NamedTuple

from command_api.store.relay import LogRow
from holdfast.contracts.channels import ChannelKey
from holdfast.contracts.ids import timestamp
from holdfast.contracts.subjects import (
    HEADER_EPOCH,
    HEADER_EXPECTED_SUBJECT_SEQ,
    HEADER_MSG_ID,
    message_id,
)


class Outgoing(NamedTuple):
    """A message for JetStream. `headers` belong to it alone and may be added to."""

    subject: str
    headers: dict[str, str]
    body: bytes


def envelope(key: ChannelKey, row: LogRow, epoch: str, expected: int | None = None) -> Outgoing:
    """The message of one row; `expected` is the subject's last sequence in the stream.

    `ce-id` is the row's place in the log and stays the same when a new epoch publishes it again, so
    that consumers dedupe by it; `Nats-Msg-Id` bears the epoch, so that the stream does not.
    """
    headers = {
        "ce-specversion": "1.0",
        "ce-id": f"{key.name}@{row.position}",
        "ce-source": f"/clubs/{key.club}/venues/{key.venue}",
        "ce-type": row.type,
        "ce-time": timestamp(row.at_ms),
        "content-type": "application/json",
        HEADER_EPOCH: epoch,
        HEADER_MSG_ID: row_message_id(key, row, epoch),
    }
    if expected is not None:
        headers[HEADER_EXPECTED_SUBJECT_SEQ] = str(expected)
    return Outgoing(row.subject, headers, row.body)


def row_message_id(key: ChannelKey, row: LogRow, epoch: str) -> str:
    """`{epoch}/{channel}/{version}`, or `{epoch}/{channel}/@{position}` for rows without one."""
    if row.version is None:
        return f"{epoch}/{key.name}/@{row.position}"
    return message_id(epoch, key, row.version)


def parse_message_id(text: str) -> tuple[str, str, int] | None:
    """(epoch, channel name, version) of a versioned event's `Nats-Msg-Id`; None for any other."""
    match text.split("/"):
        case [epoch, channel, number] if number.isdecimal():
            return epoch, channel, int(number)
    return None
