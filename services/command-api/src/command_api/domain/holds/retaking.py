"""Taking a hold again whose time was up: its payment was under way when it ended."""

from __future__ import annotations

import msgspec

from command_api.domain.draft.draft import Draft
from command_api.domain.draft.step import Cause, Change
from command_api.domain.holds.expiry import make_room
from command_api.domain.holds.limits import check_holds, check_tables
from command_api.domain.model import Unit
from command_api.domain.records import HoldRecord
from command_api.domain.times import later
from command_api.domain.venue.days import day_of
from holdfast.contracts.snapshots import Actor, Claim
from holdfast.contracts.states import ActorType, ClaimKind, HoldStatus, Reason


def take_again(draft: Draft, hold: HoldRecord, actor: Actor) -> HoldRecord | None:
    """The hold, active for `holdTtlSeconds` from now on the same sections and at the same price; not
    saved yet. None where it was given up, its money is being paid back already, its slot can be booked
    no more, or anything of it is not free. What was an offer is a plain hold from then on."""
    if hold.status not in (HoldStatus.ACTIVE, HoldStatus.EXPIRED) or hold.refund_due > 0:
        return None
    units = _units(draft, hold)
    if units is None or not _is_allowed(draft, hold) or not _is_free(draft, hold, units):
        return None
    policy, now = draft.venue.policy, draft.now
    ttl = min(policy.hold_ttl_seconds, policy.max_ttl_seconds, policy.max_hold_seconds)
    expires_at = later(now, ttl)
    cause = Cause(Reason.PAYMENT_ACCEPTED, actor, hold_id=hold.id)
    draft.relies_on_past(hold.expires_at)
    draft.step(cause, [_change(draft, hold, unit, expires_at) for unit in units])
    return msgspec.structs.replace(
        hold,
        status=HoldStatus.ACTIVE,
        expires_at=expires_at,
        limit_at=max(hold.limit_at, expires_at),
        entry_id=None,
        warned=False,
    )


def _units(draft: Draft, hold: HoldRecord) -> list[Unit] | None:
    """Its sections, where all of them are still sold in its slot."""
    day = day_of(draft.venue, hold.date, hold.slot)
    if day is None or day.closed:
        return None
    closes_at = day.closes_at if hold.actor.type is ActorType.CUSTOMER else day.ends_at
    if draft.now >= closes_at:
        draft.relies_on_past(closes_at)
        return None
    draft.relies_on_future(closes_at)
    units = [
        unit
        for section_id in hold.claims
        if (unit := draft.venue.units.get(section_id)) is not None
        and (day.sections is None or section_id in day.sections)
        and not unit.seats
    ]
    return units if len(units) == len(hold.claims) else None


def _is_allowed(draft: Draft, hold: HoldRecord) -> bool:
    """Within the limits of its customer, who may have taken something else since."""
    denied = check_tables(draft, hold.customer_id, hold.claims, without=hold.id) or check_holds(
        draft, hold.customer_id
    )
    if denied is not None:
        draft.relies_on_future(denied.valid_until)
    return denied is None


def _is_free(draft: Draft, hold: HoldRecord, units: list[Unit]) -> bool:
    """Not swept yet it has its claims still; else all must be free once what is due has gone."""
    ids = [unit.section.section_id for unit in units]
    wanted = {id_: hold.claims[id_] for id_ in ids if draft.claim(id_, hold.id) is None}
    for unit in make_room(draft, wanted):
        first = draft.first_end(unit)
        draft.relies_on_future(None if first is None else first.at)
        return False
    return True


def _change(draft: Draft, hold: HoldRecord, unit: Unit, expires_at: str) -> Change:
    section_id = unit.section.section_id
    there = draft.claim(section_id, hold.id)
    if there is not None:
        return Change(section_id, hold.id, msgspec.structs.replace(there, expires_at=expires_at))
    amounts = {item.section_id: item.amount for item in hold.items}
    claim = Claim(
        claim_id=hold.id,
        kind=ClaimKind.HOLD,
        quantity=hold.claims[section_id],
        customer_id=hold.customer_id,
        actor=hold.actor,
        since=draft.now,
        expires_at=expires_at,
        amount=amounts.get(section_id),
    )
    return Change(section_id, None, claim)
