"""Publishing to JetStream: one by one, or an atomic batch; and reading a subject's head.

Requests with a timeout throughout: nats-py's `publish_async` never resolves on an error ack.
"""

from __future__ import annotations

import base64
import uuid
from collections.abc import Sequence
from typing import Any, NamedTuple

import msgspec
from nats.errors import Error as NatsError

from command_api.envelope import Outgoing
from holdfast.contracts.subjects import HEADER_MSG_ID
from holdfast.runtime.nats import NOT_FOUND_MESSAGE, ApiError, Client, jetstream_api

BATCH_MESSAGES = 1000
"""The server's limit on one atomic batch."""

_BATCH_ID = "Nats-Batch-Id"
_BATCH_SEQUENCE = "Nats-Batch-Sequence"
_BATCH_COMMIT = "Nats-Batch-Commit"


class PublishError(Exception):
    """A message, or a batch of them, was not acknowledged."""


class Refused(PublishError):
    """The stream said no: nothing was stored. `err_code` names the condition (10071: another last
    sequence on the subject; 10201: a message of the batch was published before)."""

    def __init__(self, err_code: int, description: str) -> None:
        super().__init__(f"{description} ({err_code})")
        self.err_code = err_code


class Unanswered(PublishError):
    """No answer: it may be stored, or not, or be stored later."""


class Ack(NamedTuple):
    """`seq` of the message (of a batch: of the last one). `duplicate`: its id was known already."""

    seq: int
    duplicate: bool


class SubjectHead(NamedTuple):
    """The last message of a subject. `message_id` is empty where it has none."""

    seq: int
    message_id: str
    body: bytes


class Publisher:
    """`timeout`: seconds for an ack."""

    def __init__(self, nc: Client, *, timeout: float = 2.0) -> None:
        self._nc = nc
        self._timeout = timeout

    async def one(self, message: Outgoing) -> Ack:
        """Publish and wait for the ack; raises Refused, Unanswered."""
        return await self._request(message)

    async def batch(self, messages: Sequence[Outgoing]) -> Ack:
        """Publish all or none, with consecutive sequences `ack.seq - len(messages) + 1 … ack.seq`.

        Of a subject only the first message may carry an expectation. At most 1000 messages.
        Raises Refused, Unanswered.
        """
        batch_id = uuid.uuid4().hex
        for number, message in enumerate(messages, 1):
            message.headers[_BATCH_ID] = batch_id
            message.headers[_BATCH_SEQUENCE] = str(number)
        *first, last = messages
        last.headers[_BATCH_COMMIT] = "1"
        if not self._nc.is_connected:
            raise Unanswered("the batch was not sent: not connected")
        # All but the last as one write. `Client.publish` checks every header's name by a regular
        # expression and takes 12 µs a message, three of which a hold has; ours are known.
        await self._nc._send_command(b"".join(map(_command, first)))  # noqa: SLF001
        return await self._request(last)

    async def subject_head(self, stream: str, subject: str) -> SubjectHead | None:
        """The subject's last message, by the stream's leader; None where there is none.
        Raises ApiError, Unanswered."""
        try:
            reply = await jetstream_api(
                self._nc,
                f"STREAM.MSG.GET.{stream}",
                {"last_by_subj": subject},
                timeout=self._timeout,
            )
        except ApiError as error:
            if error.err_code == NOT_FOUND_MESSAGE:
                return None
            raise
        except NatsError as error:
            raise Unanswered(f"reading {subject}: {error!r}") from error
        message = reply["message"]
        headers = base64.b64decode(message.get("hdrs", "")).decode()
        return SubjectHead(
            message["seq"],
            _header(headers, HEADER_MSG_ID),
            base64.b64decode(message.get("data", "")),
        )

    async def _request(self, message: Outgoing) -> Ack:
        try:
            answer = await self._nc.request(
                message.subject, message.body, timeout=self._timeout, headers=message.headers
            )
        except NatsError as error:
            raise Unanswered(f"publishing to {message.subject}: {error!r}") from error
        reply: dict[str, Any] = msgspec.json.decode(answer.data)
        if refusal := reply.get("error"):
            raise Refused(refusal.get("err_code", 0), refusal.get("description", ""))
        return Ack(reply["seq"], reply.get("duplicate", False))


def _command(message: Outgoing) -> bytes:
    """The message as the client protocol's HPUB (no reply). Header names and values come from ids,
    numbers and constants: no line break can be in them."""
    lines = "".join(f"{name}: {value}\r\n" for name, value in message.headers.items())
    headers = f"NATS/1.0\r\n{lines}\r\n".encode()
    size = len(headers)
    start = f"HPUB {message.subject} {size} {size + len(message.body)}\r\n".encode()
    return b"%b%b%b\r\n" % (start, headers, message.body)


def _header(block: str, name: str) -> str:
    for line in block.split("\r\n"):
        key, _, value = line.partition(": ")
        if key == name:
            return value
    return ""
