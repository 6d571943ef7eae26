"""Changing a hold: sections added and removed in one step, all or nothing, by the hold's own end."""

from __future__ import annotations

import msgspec

from command_api.domain.commands import ChangeHold
from command_api.domain.decision import Decision, Rejection
from command_api.domain.draft.draft import Draft
from command_api.domain.draft.step import Cause, Change
from command_api.domain.holds.again import time_left
from command_api.domain.holds.asked import Asked, check_count, check_party, invalid
from command_api.domain.holds.hold_changes import live_hold
from command_api.domain.holds.hold_cut import Cut, cut
from command_api.domain.holds.holding import check_free
from command_api.domain.holds.limits import check_tables, tables_in
from command_api.domain.model import Day, Scope
from command_api.domain.records import HoldRecord
from command_api.domain.venue.days import closed, day_of, no_slot
from command_api.domain.venue.pricing import deposit_of, quote
from command_api.domain.views.answers import answer_of
from holdfast.contracts.holds import Item
from holdfast.contracts.notices import NoticeType
from holdfast.contracts.problems import Code
from holdfast.contracts.snapshots import Claim
from holdfast.contracts.states import ClaimKind, Reason


def change_hold(scope: Scope, command: ChangeHold, now: str) -> Decision | Rejection:
    """What stays keeps its price, what is new is priced now, and the hold ends when it did before.
    Where everything is so already, the hold answers as it is. An offer of the waitlist is taken or
    left, never changed."""
    hold = live_hold(scope, command, now)
    if isinstance(hold, Rejection):
        return hold
    change, key = command.change, command.channel
    if not (change.add or change.remove or change.quantities or change.party_size):
        return invalid("add", "say what to add, to remove, or of what to have another quantity")
    if hold.entry_id is not None:
        return _offered(hold)
    day = day_of(scope.venue, key.date, key.slot)
    if day is None and change.add:
        return no_slot(scope.venue, key.date, key.slot)
    draft = Draft(scope, now)
    draft.relies_on_future(hold.expires_at)
    made = cut(draft, day, hold, change)
    if isinstance(made, Rejection):
        return made
    party_size = change.party_size or hold.party_size
    if not made.moves and party_size == hold.party_size:
        return draft.close(answer_of(hold, now))
    return _change(draft, day, hold, command, made)


def _change(
    draft: Draft, day: Day | None, hold: HoldRecord, command: ChangeHold, made: Cut
) -> Decision | Rejection:
    claims = _claims(hold, made)
    if not claims:
        return invalid("remove", "nothing would be left; release the hold instead")
    denied = _check_growth(draft, day, hold, command, made, claims)
    if denied is not None:
        return denied
    left = time_left(
        draft,
        command.asker,
        hold.customer_id,
        [section_id for section_id in made.new.claims if section_id not in made.gone],
        after=hold.expires_at,
        hold_id=hold.id,
    )
    if isinstance(left, Rejection):
        return left
    amounts, items = _priced(draft, day, hold, made)
    party_size = command.change.party_size or hold.party_size
    units = [(draft.unit(item.section_id), item.quantity) for item in items]
    denied = check_party(draft.venue, units, party_size)
    if denied is not None:
        return denied
    cause = Cause(Reason.HOLD_CHANGED, command.asker.actor, hold_id=hold.id)
    draft.step(cause, _changes(draft, hold, command, made, amounts))
    total = sum(item.amount for item in items)
    changed = msgspec.structs.replace(
        hold,
        claims=claims,
        items=items,
        party_size=party_size,
        total_amount=total,
        deposit_amount=_deposit(draft, hold, claims, total),
        limit_at=min(left or hold.limit_at, hold.limit_at),
        let_go=hold.let_go | {s: draft.now for s in made.gone if s not in claims},
        updated_at=draft.now,
        revision=hold.revision + 1,
        version=draft.version,
    )
    draft.save(changed, NoticeType.HOLD_CHANGED, cause)
    return draft.close(answer_of(changed, draft.now))


def _deposit(draft: Draft, hold: HoldRecord, claims: dict[str, int], total: int) -> int:
    """By the policy as it is now where something comes to the hold; where not, never more than was
    asked before, for the policy may have changed since."""
    deposit = deposit_of(draft.venue.policy.deposit, total, len(claims))
    grows = any(n > hold.claims.get(section_id, 0) for section_id, n in claims.items())
    return deposit if grows else min(deposit, hold.deposit_amount)


def _claims(hold: HoldRecord, made: Cut) -> dict[str, int]:
    """The claims of the hold as it will be."""
    staying = {
        section_id: made.sizes.get(section_id, quantity)
        for section_id, quantity in hold.claims.items()
        if section_id not in made.gone
    }
    return staying | made.new.claims


def _check_growth(
    draft: Draft,
    day: Day | None,
    hold: HoldRecord,
    command: ChangeHold,
    made: Cut,
    claims: dict[str, int],
) -> Rejection | None:
    """Only what makes a hold larger is held against the limits, so that one that is above a limit
    which was lowered meanwhile can still be made smaller."""
    needed = {s: n for s, n in made.new.claims.items() if s not in made.gone} | {
        s: n - hold.claims[s] for s, n in made.sizes.items() if n > hold.claims[s]
    }
    if not (needed or made.new.claims):
        return None
    if day is None:
        return no_slot(draft.venue, command.channel.date, command.channel.slot)
    if denied := closed(day, command.asker, draft.now):
        return denied
    draft.relies_on_future(day.ends_at if command.asker.is_staff else day.closes_at)
    limit = draft.venue.policy.max_sections_per_hold
    if len(claims) > len(hold.claims) and (denied := check_count(len(claims), limit)):
        return denied
    if denied := check_free(draft, Asked([], needed), command.asker, hold.customer_id):
        return denied
    if tables_in(draft.venue, claims) <= tables_in(draft.venue, hold.claims):
        return None
    return check_tables(draft, hold.customer_id, claims, without=hold.id)


def _priced(
    draft: Draft, day: Day | None, hold: HoldRecord, made: Cut
) -> tuple[dict[str, int | None], list[Item]]:
    """Amounts by section that comes or changes its quantity, and all items."""
    amounts: dict[str, int | None] = {}
    items: list[Item] = []
    for item in made.kept:
        size = made.sizes.get(item.section_id)
        now = item if size is None else _resized(draft, day, hold, item, size)
        if size is not None:
            amounts[now.section_id] = now.amount
        items.append(now)
    if day is not None:
        price = quote(draft.venue, day, made.new.units)
        amounts.update(price.amounts)
        items.extend(price.items)
    return amounts, items


def _resized(draft: Draft, day: Day | None, hold: HoldRecord, item: Item, size: int) -> Item:
    """Units that stay keep their price, of which fewer cost their share, rounded half up; more of them
    cost what they cost now."""
    before = hold.claims[item.section_id]
    if size < before:
        amount = (2 * item.amount * size + before) // (2 * before)
    else:
        assert day is not None
        more = [(draft.unit(item.section_id), size - before)]
        amount = item.amount + quote(draft.venue, day, more).total
    return msgspec.structs.replace(item, quantity=size, amount=amount)


def _changes(
    draft: Draft,
    hold: HoldRecord,
    command: ChangeHold,
    made: Cut,
    amounts: dict[str, int | None],
) -> list[Change]:
    """What leaves first. A seat that leaves with its table and comes back by itself is one change."""
    changes = [Change(s, hold.id, None) for s in made.gone if s not in made.new.claims]
    for section_id, size in made.sizes.items():
        claim = draft.claim(section_id, hold.id)
        assert claim is not None
        resized = msgspec.structs.replace(claim, quantity=size, amount=amounts[section_id])
        changes.append(Change(section_id, hold.id, resized))
    for section_id, quantity in made.new.claims.items():
        claim = Claim(
            claim_id=hold.id,
            kind=ClaimKind.HOLD,
            quantity=quantity,
            customer_id=hold.customer_id,
            actor=command.asker.actor,
            since=draft.now,
            expires_at=hold.expires_at,
            amount=amounts[section_id],
        )
        changes.append(Change(section_id, hold.id if section_id in made.gone else None, claim))
    return changes


def _offered(hold: HoldRecord) -> Rejection:
    return Rejection(
        code=Code.INVALID_TRANSITION,
        detail="The hold is an offer of the waitlist: accept it or decline it as it is.",
        facts={"currentStatus": hold.status.value, "entryId": hold.entry_id},
    )
