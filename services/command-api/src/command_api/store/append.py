"""The one write: rows of a batch of groups, and the call of `holdfast.append`.

A `Batch` gathers columns, because Postgres unnests arrays: one statement, whatever the number of
commands. What is written twice in a batch (a record that changes twice, a claim that comes and goes)
is folded to its last value; the log keeps every step.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec

from command_api.domain.decision import Part
from command_api.domain.model import ChannelState, Venue
from command_api.store.heads import channel_head
from command_api.store.rows import (
    availability_row,
    claim_row,
    customer_row,
    ms_of,
    notice_row,
    record_row,
)
from holdfast.contracts.events import AvailabilityUpdated
from holdfast.contracts.notices import PRIVATE_NOTICES

if TYPE_CHECKING:
    from command_api.store.pool import Connection

_ARGUMENTS = {
    "head": 14,
    "group": 2,
    "command": 9,
    "event": 14,
    "record": 19,
    "gone": 5,
    "claim": 10,
}
_PLACES = ", ".join(f"${place}" for place in range(1, 2 + sum(_ARGUMENTS.values())))
_CALL = f"select * from holdfast.append({_PLACES})"  # noqa: S608 - numbers only


class HeadUse(msgspec.Struct):
    """One head in one group. `mode`: w = written, s = relied on by a group that writes, r = by one
    that only checks. The `next_` values are meant for w only."""

    club: str
    head: str
    kind: str
    venue: str
    date: str | None
    slot: str | None
    version: int
    stamp: int
    mode: str = "r"
    next_version: int = 0
    next_position: int = 0
    next_stamp: int = 0
    next_ms: int = 0


class CommandRow(msgspec.Struct):
    """One command to be answered; `write`: its group stores the answer."""

    club: str
    id: str
    subject: str
    key: str | None
    hash: bytes
    write: bool = False
    created: bool = False
    reply: bytes = b""


class Duplicate(msgspec.Struct):
    """A command that was answered before: by its id, or by its idempotency key."""

    index: int
    command_id: str
    hash: bytes
    created: bool
    reply: bytes


class Result(msgspec.Struct):
    """`lost`: groups with a head that has moved on; `late`: groups whose window of time has passed
    or not begun; everything else was written or confirmed. `now_ms`: the database's clock."""

    now_ms: int
    lost: frozenset[int]
    late: frozenset[int]
    duplicates: list[Duplicate]


class Batch:
    """Rows for one call. Groups are numbered from 0 in the order of `add_group`."""

    def __init__(self) -> None:
        self.clubs: set[str] = set()
        self._heads: list[tuple[object, ...]] = []
        self._groups: list[tuple[object, ...]] = []
        self._commands: list[tuple[object, ...]] = []
        self._events: list[tuple[object, ...]] = []
        self._records: dict[tuple[str, str], tuple[object, ...]] = {}
        self._claims: dict[tuple[str, str, str, str], tuple[object, ...] | None] = {}
        self._claim_groups: dict[tuple[str, str, str, str], int] = {}

    def add_group(
        self, heads: list[HeadUse], valid_from: str | None, valid_until: str | None
    ) -> int:
        """Answers the group's number."""
        group = len(self._groups)
        self._groups.append((ms_of(valid_from), ms_of(valid_until)))
        for h in heads:
            self.clubs.add(h.club)
            self._heads.append(
                (group, h.mode, h.club, h.head, h.kind, h.venue, h.date, h.slot, h.version, h.stamp)
                + (h.next_version, h.next_position, h.next_stamp, h.next_ms)
            )
        return group

    def add_command(self, group: int, row: CommandRow) -> int:
        """Answers the command's index, by which duplicates are reported."""
        self.clubs.add(row.club)
        self._commands.append(
            (
                group,
                row.write,
                row.club,
                row.id,
                row.subject,
                row.key,
                row.hash,
                row.created,
                row.reply,
            )
        )
        return len(self._commands) - 1

    def add_part(
        self,
        group: int,
        venue: Venue,
        state: ChannelState,
        part: Part,
        command_id: str,
        stamp: int,
    ) -> None:
        """The rows of what one decision does to one channel; moves `state.position` on by the rows of
        the log."""
        key = state.key
        head = channel_head(key)
        rows = [availability_row(key, event) for event in part.events]
        for notice in part.notices:
            if notice.type not in PRIVATE_NOTICES:
                rows.append(notice_row(notice))
            if notice.customer_id is not None:
                rows.append(customer_row(notice))
        for row in rows:
            state.position += 1
            version, kind, subject, type_, record, at_ms, body = row
            self._events.append(
                (group, key.club, head, key.date, state.position, version, kind, subject, type_)
                + (record, command_id, at_ms, stamp, body)
            )
        for event in part.events:
            self._fold_claims(group, key.club, head, venue, event)
        for changed in part.records:
            self._records[changed.club, changed.id] = record_row(group, head, changed)

    def _fold_claims(
        self, group: int, club: str, head: str, venue: Venue, event: AvailabilityUpdated
    ) -> None:
        section = event.section_id
        for claim_id in event.claims_removed:
            self._claims[club, head, section, claim_id] = None
            self._claim_groups[club, head, section, claim_id] = group
        unit = venue.units.get(section)
        alone = unit is not None and unit.total == 1 and not _is_inherited(event)
        for claim in event.claims_added:
            place = (club, head, section, claim.claim_id)
            own = claim.channel is msgspec.UNSET
            self._claims[place] = claim_row(claim, own and alone)
            self._claim_groups[place] = group

    def arguments(self) -> list[object]:
        """The arguments of `holdfast.append`, in its order."""
        gone = [
            (self._claim_groups[place], *place)
            for place, row in self._claims.items()
            if row is None
        ]
        claims = [
            (self._claim_groups[place], *place, *row)
            for place, row in self._claims.items()
            if row is not None
        ]
        arguments: list[object] = [list(self.clubs)]
        for name, rows in (
            ("head", self._heads),
            ("group", self._groups),
            ("command", self._commands),
            ("event", self._events),
            ("record", list(self._records.values())),
            ("gone", gone),
            ("claim", claims),
        ):
            arguments += list(zip(*rows, strict=True)) if rows else [()] * _ARGUMENTS[name]
        return arguments


def _is_inherited(event: AvailabilityUpdated) -> bool:
    """Whether a claim takes the place of another on a section that was made smaller than what is taken:
    several may stay there, one beside the other, and become bookings. Whoever is new has to be alone."""
    return bool(event.claims_removed) and event.capacity.over_committed > 0


async def append(connection: Connection, batch: Batch) -> Result:
    """Write or refuse each group of the batch.

    Raises asyncpg.SerializationError where a command was answered elsewhere in this very moment
    (append again), OSError or asyncpg.PostgresConnectionError or TimeoutError where the outcome is
    not known (look the commands up), other asyncpg.PostgresError where a row breaks a constraint.
    """
    row = await connection.fetchrow(_CALL, *batch.arguments())
    assert row is not None
    return Result(
        now_ms=row["now_ms"],
        lost=frozenset(row["lost"] or ()),
        late=frozenset(row["late"] or ()),
        duplicates=[
            Duplicate(*fields)
            for fields in zip(
                row["dup_index"] or (),
                row["dup_command"] or (),
                row["dup_hash"] or (),
                row["dup_created"] or (),
                row["dup_reply"] or (),
                strict=True,
            )
        ],
    )
