"""A channel as it was at the version published last, kept by following what the relay publishes.

A load from Postgres may be ahead of what is published. The view then waits until the relay gets
there; from then on it is at the published version after every step, which is the only moment at
which a snapshot may be written with a stream sequence.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

import msgspec

from command_api.domain.evolve import evolve
from command_api.domain.model import ChannelState, Venue
from command_api.domain.views.snapshot import staff_snapshot
from holdfast.contracts.cursor import Cursor
from holdfast.contracts.events import AvailabilityUpdated
from holdfast.contracts.ids import timestamp
from holdfast.contracts.snapshots import Claim, SnapshotRecord

if TYPE_CHECKING:
    from command_api.store.relay import LogRow

_event = msgspec.json.Decoder(AvailabilityUpdated)


class ViewLost(Exception):
    """The view cannot follow; load it again."""


class View:
    """`venue` and `state` are of the same moment; the view owns the state."""

    def __init__(self, venue: Venue, state: ChannelState) -> None:
        self.venue = venue
        self._key = state.key
        self._updated_at = state.updated_at
        self._claims: dict[str, dict[str, Claim]] = state.claims
        self.version = state.version
        self.weight = sum(map(len, state.claims.values())) + 1
        """About how much memory it takes: the number of claims."""

    def follow(self, rows: Iterable[LogRow]) -> None:
        """Apply published rows, in order; those that the load had already are skipped. Raises
        ViewLost on a gap, and where the layout changed."""
        state = self._state(self._claims)
        for row in rows:
            if row.version is None or row.version <= state.version:
                continue
            if row.kind != "availability":
                raise ViewLost("the layout changed")
            event = _event.decode(row.body)
            try:
                evolve(state, event)
            except (ValueError, KeyError) as error:
                raise ViewLost(f"{self._key.name}: {error!r}") from error
            self.weight += len(event.claims_added) - len(event.claims_removed)
        self.version, self._updated_at = state.version, state.updated_at

    def copy(self) -> ChannelState:
        """The state as it is now, safe to read in another thread (claims are frozen)."""
        return self._state({section: dict(claims) for section, claims in self._claims.items()})

    def _state(self, claims: dict[str, dict[str, Claim]]) -> ChannelState:
        return ChannelState(
            self._key, version=self.version, updated_at=self._updated_at, claims=claims
        )


def snapshot_record(
    venue: Venue, state: ChannelState, *, epoch: str, seq: int, published: int, now_ms: int
) -> SnapshotRecord:
    """`seq` is where the channel stands in the stream, with version `published`. Only where `state`
    is of that version the snapshot has a cursor. Raises NoSuchSlot."""
    current = seq and published == state.version
    return SnapshotRecord(
        seq=seq,
        published_version=published,
        public_read=venue.policy.public_read,
        snapshot=staff_snapshot(
            venue,
            state,
            epoch=epoch,
            cursor=str(Cursor(epoch, seq)) if current else None,
            server_time=timestamp(now_ms),
        ),
    )
