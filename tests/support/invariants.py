"""What must hold of a venue at rest, read from Postgres: claims, records, log, limits.

    await check_venue(database, "backroom", "leeds")

- the log replayed gives the claims, each event's `previousState` is the `newState` before it;
- a record's claims are all there and nothing else is, mirrored into every overlapping channel;
- one exclusive claim for a section; units taken never above the capacity;
- offers are holds of entries that were offered them, and the other way round;
- every change of a booking, block or waitlist entry left one notice of its revision;
- nobody is above a limit.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterator

import asyncpg
import msgspec

from command_api.domain.draft.crowd import Crowd
from command_api.domain.draft.overlaps import overlapping, takes_part
from command_api.domain.evolve import evolve
from command_api.domain.holds.limits import tables_of
from command_api.domain.model import ChannelState, Venue
from command_api.domain.records import BlockRecord, BookingRecord, EntryRecord, HoldRecord, Record
from command_api.domain.views.snapshot import section_of
from command_api.store.heads import channel_head, channel_of_head
from command_api.store.load import load_channels, load_venue
from holdfast.contracts.channels import ChannelKey
from holdfast.contracts.events import AvailabilityUpdated
from holdfast.contracts.snapshots import Claim
from holdfast.contracts.states import BookingStatus, ClaimKind, SectionState, WaitlistStatus

States = dict[ChannelKey, ChannelState]
_event = msgspec.json.Decoder(AvailabilityUpdated)


async def check_venue(database: str, club: str, venue_id: str) -> States:
    """Raises AssertionError; answers the channels by key. Nothing may be under way."""
    connection = await asyncpg.connect(database)
    try:
        venue = await load_venue(connection, club, venue_id)
        assert venue is not None
        heads = await connection.fetch(
            "select head from holdfast.heads where club = $1 and venue = $2 and kind = 'channel'",
            club,
            venue_id,
        )
        states = await load_channels(connection, [channel_of_head(club, row[0]) for row in heads])
        now = await connection.fetchval(
            "select to_char(clock_timestamp() at time zone 'UTC', 'YYYY-MM-DD\"T\"HH24:MI:SS.MS\"Z\"')"
        )
        for state in states.values():
            await _check_log(connection, venue, state)
        await _check_notices(connection, club, states)
    finally:
        await connection.close()
    _check_claims(venue, states)
    _check_offers(states)
    _check_limits(venue, states, now)
    return states


async def _check_log(connection: asyncpg.Connection, venue: Venue, state: ChannelState) -> None:
    rows = await connection.fetch(
        "select body from holdfast.events where club = $1 and head = $2 and kind = 'availability'"
        " order by version",
        state.key.club,
        channel_head(state.key),
    )
    replayed = ChannelState(state.key)
    shown: dict[str, SectionState] = defaultdict(lambda: SectionState.AVAILABLE)
    for row in rows:
        event = _event.decode(row["body"])
        assert event.previous_state is shown[event.section_id], (event, shown[event.section_id])
        assert 0 <= event.capacity.available <= event.capacity.total, event
        shown[event.section_id] = event.new_state
        evolve(replayed, event)
    assert replayed.version == state.version
    assert replayed.claims == state.claims
    crowd = Crowd(venue, state.key)
    for section_id, last in shown.items():
        assert section_of(state, section_id, venue.units[section_id], crowd).state is last


async def _check_notices(connection: asyncpg.Connection, club: str, states: States) -> None:
    rows = await connection.fetch(
        "select record_id, array_agg(convert_from(body, 'UTF8')) as bodies from holdfast.events"
        " where club = $1 and kind = 'notice' group by record_id",
        club,
    )
    revisions = {
        row["record_id"]: {msgspec.json.decode(body)["revision"] for body in row["bodies"]}
        for row in rows
    }
    for record in _records(states):
        # A confirmed hold is told of by its booking, a block that takes over by the section's event.
        if not isinstance(record, HoldRecord | BlockRecord):
            expected = set(range(1, record.revision + 1))
            assert revisions.get(record.id) == expected, (record, revisions.get(record.id))


def _check_claims(venue: Venue, states: States) -> None:
    owned = {key: dict(_owned(state)) for key, state in states.items()}
    for key, state in states.items():
        expected = dict(owned[key])
        for other in overlapping(venue, key):
            expected |= {
                (section_id, record_id): quantity
                for (section_id, record_id), quantity in owned.get(other, {}).items()
                if takes_part(venue, key, section_id)
            }
        actual = {
            (section_id, claim.claim_id): claim.quantity
            for section_id, claims in state.claims.items()
            for claim in claims.values()
        }
        ahead = {  # a block that waits lies at once where the section is free in an overlapping slot
            (section_id, record.id)
            for other in overlapping(venue, key)
            if other in states
            for record in states[other].waiting.values()
            for section_id in record.waiting
        }
        actual = {place: units for place, units in actual.items() if place not in ahead}
        assert actual == expected, (key, actual.items() ^ expected.items())
        for section_id, claims in state.claims.items():
            _check_section(venue, key, section_id, list(claims.values()))


def _check_section(venue: Venue, key: ChannelKey, section_id: str, claims: list[Claim]) -> None:
    total = venue.units[section_id].total
    taking = [claim for claim in claims if claim.kind is not ClaimKind.BLOCK]
    own = sum(claim.quantity for claim in taking if claim.channel is msgspec.UNSET)
    assert own <= total, (key, section_id, claims)
    # A neighbour's claims and one's own are at the same time; two neighbours' may not be.
    elsewhere: Counter[str] = Counter()
    for claim in taking:
        if isinstance(claim.channel, str):
            elsewhere[claim.channel] += claim.quantity
    assert own + Crowd(venue, key).peak(elsewhere) <= total, (key, section_id, claims)


def _owned(state: ChannelState) -> Iterator[tuple[tuple[str, str], int]]:
    for record in state.records.values():
        match record:
            case HoldRecord() | BlockRecord():
                claims = record.claims
            case BookingRecord() if record.status is not BookingStatus.CONFLICTED:
                claims = record.claims
            case _:
                continue
        for section_id, quantity in claims.items():
            yield (section_id, record.id), quantity


def _check_offers(states: States) -> None:
    for state in states.values():
        offered = {
            record.hold_id
            for record in state.records.values()
            if isinstance(record, EntryRecord) and record.status is WaitlistStatus.OFFERED
        }
        offers = {
            record.id
            for record in state.records.values()
            if isinstance(record, HoldRecord) and record.entry_id is not None
        }
        assert offers == offered


def _check_limits(venue: Venue, states: States, now: str) -> None:
    tables: dict[tuple[str, str], set[str]] = defaultdict(set)
    holds: Counter[str] = Counter()
    for record in _records(states):
        if record.customer_id is None:
            continue
        if isinstance(record, HoldRecord) and record.expires_at > now:
            holds[record.customer_id] += 1
            tables[record.customer_id, record.date] |= _tables_of(venue, record)
        elif isinstance(record, BookingRecord) and _counts(record, now):
            tables[record.customer_id, record.date] |= _tables_of(venue, record)
    policy = venue.policy
    if policy.max_tables_per_customer_per_date is not None:
        most = policy.max_tables_per_customer_per_date
        assert all(len(names) <= most for names in tables.values()), tables
    if policy.max_active_holds_per_customer is not None:
        most = policy.max_active_holds_per_customer
        assert all(count <= most for count in holds.values()), holds


def _tables_of(venue: Venue, record: HoldRecord | BookingRecord) -> frozenset[str]:
    return tables_of(venue, record.slot, record.claims, record.id)


def _counts(booking: BookingRecord, now: str) -> bool:
    until = booking.approval_expires_at
    return booking.status is not BookingStatus.CONFLICTED and (until is None or until > now)


def _records(states: States) -> Iterator[Record]:
    for state in states.values():
        yield from state.records.values()
