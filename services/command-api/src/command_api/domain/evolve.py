"""Evolve: what a decision that was accepted makes of the state. In place; only whoever owns the
scope calls this, and puts the state back where the append refuses the decision."""

from __future__ import annotations

from collections.abc import Iterable

from command_api.domain.decision import Decision
from command_api.domain.draft.claims import count
from command_api.domain.holds.limits import tables_of
from command_api.domain.model import ChannelState, Quota, QuotaKey, Scope, Venue
from command_api.domain.records import BookingRecord, HoldRecord, Record, is_active
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
    moved = {record_id for part in decision.parts.values() for record_id in part.gone}
    quotas = bool(scope.used_quotas)
    for key, part in decision.parts.items():
        state = scope.used_channels[key]
        for event in part.events:
            evolve(state, event)
        for record_id in part.gone:
            state.drop(record_id)
        for record in part.records:
            put_record(state, record)
            if not quotas:
                continue
            for quota in _quotas_of(scope, record, moved=record.id in moved):
                count_record(quota, scope.venue, record)


def _quotas_of(scope: Scope, record: Record, *, moved: bool) -> Iterable[Quota]:
    """Those that the record may be counted in: one that moved may come from any other date. A series
    has hundreds of quotas and records, so what stays where it is does not look at all of them."""
    quotas, customer = scope.used_quotas, record.customer_id
    if customer is None:
        return ()
    if moved:
        return quotas.values()
    places = (QuotaKey(record.club, record.venue, date, customer) for date in (record.date, None))
    return [quotas[place] for place in places if place in quotas]


def put_record(state: ChannelState, record: Record) -> None:
    """Keep the record while it is active."""
    if is_active(record):
        state.put(record)
    else:
        state.end(record)
    state.updated_at = max(state.updated_at, record.updated_at)


def count_record(quota: Quota, venue: Venue, record: Record) -> None:
    """Count the record towards its customer's quota while it is active."""
    key = quota.key
    if record.customer_id != key.customer_id or not isinstance(record, HoldRecord | BookingRecord):
        return
    if key.date not in (None, record.date):  # it may have been on this date before
        quota.entries.pop(record.id, None)
        return
    if key.date is None:
        if not isinstance(record, HoldRecord):
            return
        counts = frozenset((record.id,))
    else:
        counts = tables_of(venue, record.slot, record.claims, record.id)
    if is_active(record):
        quota.entries[record.id] = (counts, counts_until(record))
    else:
        quota.entries.pop(record.id, None)


def counts_until(record: HoldRecord | BookingRecord) -> str | None:
    """From when on the record no longer counts by the clock alone; None: until it ends."""
    if isinstance(record, HoldRecord):
        return record.expires_at
    return record.approval_expires_at
