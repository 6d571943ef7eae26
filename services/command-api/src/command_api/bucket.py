"""A key-value bucket in JetStream, written by compare-and-set, upwards only."""

from __future__ import annotations

from command_api.envelope import Outgoing
from command_api.publish import Publisher, Refused, SubjectHead
from holdfast.contracts.subjects import HEADER_EXPECTED_SUBJECT_SEQ
from holdfast.runtime.nats import WRONG_LAST_SEQUENCE, Client


class Bucket:
    """Bucket `name`; its stream exists."""

    def __init__(self, nc: Client, name: str) -> None:
        self._name = name
        self._publisher = Publisher(nc)

    async def get(self, key: str) -> SubjectHead | None:
        """The entry by the stream's leader (`seq` is its revision); raises ApiError, Unanswered."""
        return await self._publisher.subject_head(f"KV_{self._name}", f"$KV.{self._name}.{key}")

    async def put(
        self, key: str, value: bytes, *, revision: int, headers: dict[str, str]
    ) -> int | None:
        """The new revision; None where the entry is not at `revision` (0: there is none), and then
        nothing was written. Raises Refused, Unanswered."""
        expected = {HEADER_EXPECTED_SUBJECT_SEQ: str(revision)}
        message = Outgoing(f"$KV.{self._name}.{key}", {**headers, **expected}, value)
        try:
            return (await self._publisher.one(message)).seq
        except Refused as refusal:
            if refusal.err_code == WRONG_LAST_SEQUENCE:
                return None
            raise
