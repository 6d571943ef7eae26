"""Holding sections: all or nothing, for a short while."""

from __future__ import annotations

from command_api.domain.commands import Asker, HoldSections
from command_api.domain.decision import Decision, Rejection
from command_api.domain.draft.draft import Draft
from command_api.domain.draft.step import Cause, Change
from command_api.domain.holds.again import spent, time_left
from command_api.domain.holds.asked import Asked, check_count, check_party, invalid, look_up
from command_api.domain.holds.best import choose
from command_api.domain.holds.expiry import make_room
from command_api.domain.holds.limits import check_holds, check_tables
from command_api.domain.model import Day, Scope, Unit
from command_api.domain.records import HoldRecord
from command_api.domain.times import earliest, later
from command_api.domain.venue.days import closed, day_of, no_slot
from command_api.domain.venue.pricing import Quote, quote
from command_api.domain.venue.sharing import quantities_of
from command_api.domain.views.answers import answer_of
from holdfast.contracts.holds import BestAvailable, Hold
from holdfast.contracts.notices import NoticeType
from holdfast.contracts.problems import Code
from holdfast.contracts.snapshots import Claim
from holdfast.contracts.states import ClaimKind, HoldStatus, Reason, SectionKind


def hold_sections(scope: Scope, command: HoldSections, now: str) -> Decision | Rejection:
    """Yields a hold, or with `dryRun` the quote of one."""
    venue, key, request = scope.venue, command.channel, command.request
    day = day_of(venue, key.date, key.slot)
    if day is None:
        return no_slot(venue, key.date, key.slot)
    if denied := closed(day, command.asker, now):
        return denied
    draft = Draft(scope, now)
    draft.relies_on_future(day.ends_at if command.asker.is_staff else day.closes_at)
    asked = _asked(draft, day, command)
    if isinstance(asked, Rejection):
        return asked
    denied = (
        check_party(venue, asked.units, request.party_size)
        or check_free(draft, asked, command.asker, command.customer_id)
        or check_tables(draft, command.customer_id, asked.claims)
        or check_holds(draft, command.customer_id)
    )
    if denied is not None:
        return denied
    left = time_left(draft, command.asker, command.customer_id, asked.claims, after=draft.now)
    if isinstance(left, Rejection):
        return left
    price = quote(venue, day, asked.units)
    record = _record(draft, command, asked, price, left)
    if request.dry_run:
        return Decision(
            valid_from=draft.valid_from,
            valid_until=draft.valid_until,
            answer=_quoted(draft, record),
        )
    return _hold(draft, record, price)


def _asked(draft: Draft, day: Day, command: HoldSections) -> Asked | Rejection:
    request, limit = command.request, draft.venue.policy.max_sections_per_hold
    if (request.section_ids is None) == (request.best_available is None):
        return invalid("sectionIds", "name either sectionIds or bestAvailable")
    if request.best_available is not None:
        return _best(draft, day, request.best_available, command)
    section_ids = request.section_ids or ()
    quantities = quantities_of(draft.venue, section_ids, request.quantities, request.party_size)
    asked = look_up(draft.venue, day, section_ids, quantities)
    if isinstance(asked, Rejection):
        return asked
    return check_count(len(asked.claims), limit) or asked


def _best(
    draft: Draft, day: Day, wanted: BestAvailable, command: HoldSections
) -> Asked | Rejection:
    limit = draft.venue.policy.max_sections_per_hold
    for section_id in command.request.quantities:
        return invalid(f"quantities.{section_id}", "bestAvailable has a quantity of its own")
    if wanted.kind is not SectionKind.POOL and (denied := check_count(wanted.quantity, limit)):
        return denied
    asked = _choose_free(draft, day, wanted, command)
    if isinstance(asked, Rejection):
        return asked
    return check_count(len(asked.claims), limit) or asked


def _choose_free(
    draft: Draft, day: Day, wanted: BestAvailable, command: HoldSections
) -> Asked | Rejection:
    """What was due may go to somebody who waits as soon as it is expired: then there is another best."""
    while True:
        version = draft.version
        not_for_them = spent(draft, command.asker, command.customer_id)
        asked = choose(draft, day, wanted, command.request.party_size, without=not_for_them)
        if isinstance(asked, Rejection):
            return asked
        if not make_room(draft, asked.claims) or draft.version == version:
            return asked


def check_free(
    draft: Draft, asked: Asked, asker: Asker, customer_id: str | None
) -> Rejection | None:
    """Whether all that is asked for is free, once what is due there has been expired."""
    conflict = make_room(draft, asked.claims)
    if not conflict:
        return None
    partly = [unit for unit in conflict if draft.left(unit) > 0]
    if len(partly) == len(conflict):
        return _too_many_units(draft, partly[0], asked)
    return _not_available(draft, conflict, asker, customer_id)


def _too_many_units(draft: Draft, unit: Unit, asked: Asked) -> Rejection:
    section_id, left = unit.section.section_id, draft.left(unit)
    requested, first = asked.claims[section_id], draft.first_end(unit)
    return Rejection(
        code=Code.CAPACITY_EXCEEDED,
        detail=f"Section {section_id} has {left} left; {requested} were asked for.",
        facts={
            "sectionId": section_id,
            "requested": requested,
            "available": left,
            "version": draft.state.version,
            "alternatives": [],
        },
        valid_until=None if first is None else first.at,
    )


def _not_available(
    draft: Draft, conflict: list[Unit], asker: Asker, customer_id: str | None
) -> Rejection:
    """`heldUntil` is when holds leave the last of the sections, as snapshots show it; null where
    something else is in the way. The answer stands until the first claim in the way ends."""
    ids = [unit.section.section_id for unit in conflict]
    ends = [end.at for unit in conflict if (end := draft.first_end(unit)) is not None]
    only_holds = all(draft.only_holds(unit) for unit in conflict)
    facts = {
        "conflictingSections": ids,
        "heldUntil": max(ends, default=None) if only_holds else None,
        "version": draft.state.version,
        "alternatives": [],
    }
    if only_holds and (own := _own_hold(draft, ids, asker, customer_id)):
        facts["ownHoldId"] = own
    return Rejection(
        code=Code.SECTION_NOT_AVAILABLE,
        detail="Not available: " + ", ".join(ids[:5]) + (" and more." if len(ids) > 5 else "."),
        facts=facts,
        valid_until=min(ends, default=None),
    )


def _own_hold(
    draft: Draft, section_ids: list[str], asker: Asker, customer_id: str | None
) -> str | None:
    """The hold in the way where it is one, and of whom the sections are asked for; staff without a
    customer find what they hold themselves."""
    claims: list[Claim] = []
    for section_id in section_ids:
        here = draft.claims(section_id)
        if len(here) != 1:
            return None
        claims.extend(here)
    first = claims[0]
    if first.customer_id != customer_id:
        return None
    if customer_id is None and first.actor.id != asker.actor.id:
        return None
    same = all(claim.claim_id == first.claim_id for claim in claims)
    return first.claim_id if same else None


def _hold(draft: Draft, record: HoldRecord, price: Quote) -> Decision:
    cause = Cause(Reason.HOLD_CREATED, record.actor, hold_id=record.id)
    draft.step(
        cause,
        [
            Change(
                section_id,
                None,
                Claim(
                    claim_id=record.id,
                    kind=ClaimKind.HOLD,
                    quantity=quantity,
                    customer_id=record.customer_id,
                    actor=record.actor,
                    since=record.created_at,
                    expires_at=record.expires_at,
                    amount=price.amounts[section_id],
                ),
            )
            for section_id, quantity in record.claims.items()
        ],
    )
    record.version = draft.version
    draft.save(record, NoticeType.HOLD_CREATED, cause)
    return draft.close(answer_of(record, draft.now), created=True)


def _record(
    draft: Draft, command: HoldSections, asked: Asked, price: Quote, left: str | None
) -> HoldRecord:
    key, request, policy, now = command.channel, command.request, draft.venue.policy, draft.now
    ttl = min(request.ttl_seconds or policy.hold_ttl_seconds, policy.max_ttl_seconds)
    limit = earliest(later(now, policy.max_hold_seconds), left)
    assert limit is not None
    return HoldRecord(
        id=command.hold_id,
        club=key.club,
        venue=key.venue,
        date=key.date,
        slot=key.slot,
        customer_id=command.customer_id,
        actor=command.asker.actor,
        created_at=now,
        updated_at=now,
        revision=1,
        version=draft.version,
        status=HoldStatus.ACTIVE,
        claims=asked.claims,
        items=price.items,
        party_size=request.party_size,
        total_amount=price.total,
        deposit_amount=price.deposit,
        currency=draft.venue.definition.currency,
        expires_at=min(later(now, ttl), limit),
        limit_at=limit,
        reason=request.reason,
    )


def _quoted(draft: Draft, record: HoldRecord) -> Hold:
    """What a hold would be: without an id, at the channel's present version."""
    hold = answer_of(record, draft.now)
    hold.hold_id, hold.status, hold.version = "", HoldStatus.QUOTED, draft.state.version
    return hold
