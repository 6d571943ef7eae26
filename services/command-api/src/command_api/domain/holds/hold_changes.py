"""Extending and releasing a hold, and who may."""

from __future__ import annotations

import msgspec

from command_api.domain.commands import Asker, ChangeHold, ConfirmHold, ExtendHold, ReleaseHold
from command_api.domain.decision import Decision, Rejection
from command_api.domain.draft.draft import Draft
from command_api.domain.draft.step import Cause, Change
from command_api.domain.holds.expiry import expire_hold
from command_api.domain.model import Scope
from command_api.domain.payments.compensation import owe
from command_api.domain.records import HoldRecord
from command_api.domain.times import later
from command_api.domain.venue.days import day_of, no_slot, over
from command_api.domain.views.answers import answer_of
from command_api.domain.waitlist.offers import reason_of
from holdfast.contracts.notices import NoticeType
from holdfast.contracts.problems import Code
from holdfast.contracts.snapshots import Actor
from holdfast.contracts.states import HoldStatus, Reason


def extend_hold(scope: Scope, command: ExtendHold, now: str) -> Decision | Rejection:
    """A hold lasts `ttlSeconds` from now, never less than before, and never past `maxHoldSeconds`
    from when it was made. An offer of the waitlist is not extended: others wait. Nor is what can be
    booked no more, because its slot is over or was closed."""
    hold = live_hold(scope, command, now)
    if isinstance(hold, Rejection):
        return hold
    day = day_of(scope.venue, hold.date, hold.slot)
    if day is None:
        return no_slot(scope.venue, hold.date, hold.slot)
    if denied := over(day, command.asker, hold.date, now):
        return denied
    policy, draft = scope.venue.policy, Draft(scope, now)
    if hold.expires_at >= hold.limit_at:
        most, what = policy.max_hold_seconds, "A hold"
        if hold.entry_id is not None:
            most, what = policy.waitlist_offer_ttl_seconds, "An offer of the waitlist"
        return Rejection(
            code=Code.HOLD_LIMIT_REACHED,
            detail=f"{what} lasts at most {most} seconds in all.",
            facts={"max": most},
            valid_until=hold.expires_at,
        )
    draft.relies_on_future(hold.expires_at)
    draft.relies_on_future(day.ends_at)
    ttl = min(command.ttl_seconds or policy.hold_ttl_seconds, policy.max_ttl_seconds)
    expires_at = min(later(now, ttl), hold.limit_at)
    if expires_at <= hold.expires_at:
        return draft.close(answer_of(hold, now))
    cause = Cause(Reason.HOLD_EXTENDED, command.asker.actor, hold_id=hold.id)
    changes = []
    for section_id in hold.claims:
        claim = scope.channel.claims[section_id][hold.id]
        longer = msgspec.structs.replace(claim, expires_at=expires_at)
        changes.append(Change(section_id, hold.id, longer))
    draft.step(cause, changes)
    extended = msgspec.structs.replace(
        hold,
        expires_at=expires_at,
        warned=False,
        updated_at=now,
        revision=hold.revision + 1,
        version=draft.version,
    )
    draft.save(extended, NoticeType.HOLD_EXTENDED, cause)
    return draft.close(answer_of(extended, now))


def release_hold(scope: Scope, command: ReleaseHold, now: str) -> Decision | Rejection:
    """Again the same answer where the hold is released already, or has expired."""
    hold = find_hold(scope, command)
    if isinstance(hold, Rejection):
        return hold
    if hold.status is HoldStatus.CONFIRMED:
        return ended(hold)
    draft = Draft(scope, now)
    if hold.status is HoldStatus.ACTIVE:
        hold = (
            expire_hold(draft, hold)
            if hold.expires_at <= now
            else give_up(draft, hold, command.asker.actor)
        )
    return draft.close(answer_of(hold, now))


def give_up(draft: Draft, hold: HoldRecord, actor: Actor) -> HoldRecord:
    """A hold that is alive is released; the record as it is then."""
    cause = Cause(reason_of(hold, Reason.HOLD_RELEASED), actor, hold_id=hold.id)
    draft.relies_on_future(hold.expires_at)
    draft.step(cause, [Change(section_id, hold.id, None) for section_id in hold.claims])
    released = msgspec.structs.replace(
        hold,
        status=HoldStatus.RELEASED,
        updated_at=draft.now,
        revision=hold.revision + 1,
        version=draft.version,
    )
    draft.save(released, NoticeType.HOLD_RELEASED, cause)
    return owe(draft, released, cause)


def live_hold(
    scope: Scope, command: ExtendHold | ChangeHold | ConfirmHold, now: str
) -> HoldRecord | Rejection:
    """The asker's hold where it can still be changed."""
    hold = find_hold(scope, command)
    if isinstance(hold, Rejection):
        return hold
    if hold.status is HoldStatus.EXPIRED or (
        hold.status is HoldStatus.ACTIVE and hold.expires_at <= now
    ):
        return Rejection(
            code=Code.HOLD_EXPIRED,
            detail=f"The hold expired at {hold.expires_at}.",
            valid_from=hold.expires_at,
        )
    return hold if hold.status is HoldStatus.ACTIVE else ended(hold)


def find_hold(
    scope: Scope, command: ExtendHold | ReleaseHold | ChangeHold | ConfirmHold
) -> HoldRecord | Rejection:
    """The hold, active or ended, where it is the asker's; staff may use any."""
    hold = scope.channel.records.get(command.hold_id) or command.record
    if not isinstance(hold, HoldRecord):
        return Rejection(code=Code.HOLD_NOT_FOUND, detail=f"There is no hold {command.hold_id}.")
    if not owns(command.asker, hold.customer_id):
        return Rejection(
            code=Code.HOLD_NOT_OWNED,
            detail="The hold belongs to somebody else.",
            facts={"holdIds": [hold.id]},
        )
    return hold


def owns(asker: Asker, customer_id: str | None) -> bool:
    """Staff may act for everybody; a customer for themselves."""
    return asker.is_staff or (customer_id is not None and asker.customer_id == customer_id)


def ended(hold: HoldRecord) -> Rejection:
    """A released or confirmed hold changes no more."""
    facts = {"currentStatus": hold.status.value}
    if hold.booking_id is not None:
        facts["bookingId"] = hold.booking_id
    return Rejection(
        code=Code.INVALID_TRANSITION,
        detail=f"The hold is {hold.status.value} already.",
        facts=facts,
    )
