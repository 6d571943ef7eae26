"""Evolve: what a decision that was accepted makes of the state. In place; only whoever owns the
scope calls this, and puts the state back where the append refuses the decision."""

from __future__ import annotations

from command_api.domain.claims import count
from command_api.domain.decision import Decision
from command_api.domain.limits import tables_in
from command_api.domain.model import (
    BookingRecord,
    ChannelState,
    HoldRecord,
    NightState,
    Record,
    Scope,
    Venue,
    is_active,
)
from holdfast.contracts.events import AvailabilityUpdated


def evolve(state: ChannelState, event: AvailabilityUpdated) -> None:
    """Raises ValueError where the event is not the next of this channel."""
    if event.version != state.version + 1:
        raise ValueError(f"version {event.version} does not follow {state.version}")
    if event.claims_removed or event.claims_added:
        _change_claims(state, event)
    state.version = event.version
    state.updated_at = event.updated_at


def _change_claims(state: ChannelState, event: AvailabilityUpdated) -> None:
    section_id = event.section_id
    claims = state.claims.setdefault(section_id, {})
    tally = state.tallies.get(section_id)
    for claim_id in event.claims_removed:
        claim = claims.pop(claim_id)
        if tally is not None:
            count(tally, claim, -1)
    for claim in event.claims_added:
        claims[claim.claim_id] = claim
        if tally is not None:
            count(tally, claim, 1)
    if not claims:
        del state.claims[section_id]


def apply(scope: Scope, decision: Decision) -> None:
    """The events, then the records: active ones stay, ended ones leave. `position` and `stamp` are
    the store's and stay as they are."""
    state = scope.channel
    for event in decision.events:
        evolve(state, event)
    for record in decision.records:
        put_record(state, record)
        if scope.night is not None:
            put_night(scope.night, scope.venue, record)


def put_record(state: ChannelState, record: Record) -> None:
    """Keep the record while it is active, and the list of who holds what in step."""
    active = is_active(record)
    if active:
        state.records[record.id] = record
    else:
        state.records.pop(record.id, None)
    if state.holders is not None and isinstance(record, HoldRecord) and record.customer_id:
        holds = state.holders.setdefault(record.customer_id, set())
        (holds.add if active else holds.discard)(record.id)
        if not holds:
            del state.holders[record.customer_id]
    state.updated_at = max(state.updated_at, record.updated_at)


def put_night(night: NightState, venue: Venue, record: Record) -> None:
    """Count the record in its customer's night while it is active."""
    if record.customer_id != night.customer_id:
        return
    if is_active(record):
        night.tables[record.id] = (night_tables(venue, record), counts_until(record))
    else:
        night.tables.pop(record.id, None)


def night_tables(venue: Venue, record: Record) -> int:
    """How many tables the record counts towards `maxTablesPerCustomerPerDate`."""
    return tables_in(venue, record.claims)


def counts_until(record: Record) -> str | None:
    """From when on the record no longer counts by the clock alone; None: until it ends."""
    match record:
        case HoldRecord():
            return record.expires_at
        case BookingRecord():
            return record.approval_expires_at
        case _:
            return None
