"""Serving: what becomes free goes to those who wait for it, as a hold, in the same outcome.

The queue of a channel goes by when its entries were made. The first entry that something free fits gets
it (see `fitting` for what fits), then the next, until nothing fits anybody. An entry that nothing fits, or
whose customer is at a limit of the policy (tables, holds), is passed over: it keeps its place, and is
looked at first the next time. So a large party waits while single seats go to small ones behind it; nobody
behind it gets what it could have had.

Whatever a decision frees is offered before anybody else can ask for it, in the channels of overlapping
slots too, where the earliest entry of them all is first. An offer is a hold like any other, of the entry's
customer, so offers and other claims together never are more than there is. It ends after
`waitlistOfferTtlSeconds`, and never after the slot can be booked no more; it cannot be extended.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

from command_api.domain.draft.step import Cause, Change
from command_api.domain.holds.asked import Asked
from command_api.domain.holds.limits import counted, tables_of
from command_api.domain.model import Day
from command_api.domain.records import EntryRecord, HoldRecord
from command_api.domain.times import later
from command_api.domain.venue.days import day_of
from command_api.domain.venue.pricing import Quote, quote
from command_api.domain.waitlist.fitting import Fit, Fitting
from command_api.domain.waitlist.offers import changed, closing_of, offer_id, place_of, waiting_in
from command_api.domain.waitlist.shapes import Plan, plan_of
from holdfast.contracts.notices import NoticeType
from holdfast.contracts.snapshots import Actor, Claim
from holdfast.contracts.states import ActorType, ClaimKind, HoldStatus, Reason, WaitlistStatus

if TYPE_CHECKING:
    from command_api.domain.draft.draft import Draft

_SYSTEM = Actor(type=ActorType.SYSTEM)


def serve_freed(drafts: Iterable[Draft]) -> None:
    """Offer what became free in these channels to those who wait there. What was free before fitted
    nobody, so it is not looked at again."""
    _serve([_Hatch(d, plan_of(d.venue, d.state.key.slot, d.freed)) for d in drafts])


def serve_all(draft: Draft) -> None:
    """Offer whatever is free in the channel."""
    _serve([_Hatch(draft, plan_of(draft.venue, draft.state.key.slot))])


def _serve(hatches: list[_Hatch]) -> None:
    queue = [
        (place_of(entry), hatch, entry) for hatch in hatches for entry in waiting_in(hatch.draft)
    ]
    if len(hatches) > 1:
        queue.sort(key=lambda waiting: waiting[0])
    for _place, hatch, entry in queue:
        hatch.serve(entry)


class _Hatch:
    """What one channel has to give, and has not been given to anybody yet."""

    def __init__(self, draft: Draft, plan: Plan) -> None:
        key = draft.state.key
        self.draft = draft
        self._day = day_of(draft.venue, key.date, key.slot)
        self._fitting = Fitting(draft.venue, plan, draft.left)
        self._hopeless: set[tuple[int, tuple[str, ...]]] = set()
        """What was looked for in vain: less is free each time, so it would be again."""

    def serve(self, entry: EntryRecord) -> None:
        """Make the entry an offer, where something fits."""
        draft, day = self.draft, self._day
        if day is None or day.closed:
            return
        closing = closing_of(day, entry)
        wanted = (entry.party_size, tuple(entry.category_ids))
        if wanted in self._hopeless or draft.now >= closing:
            return
        fit = self._fitting.find(entry.party_size, frozenset(entry.category_ids))
        if fit is None:
            self._hopeless.add(wanted)
            return
        asked = _asked(fit)
        if _is_allowed(draft, entry.customer_id, asked):
            draft.relies_on_future(closing)
            _offer(draft, day, entry, asked, closing)


def _asked(fit: Fit) -> Asked:
    claims: dict[str, int] = {}
    for unit, quantity in fit:
        claims.update(dict.fromkeys(unit.seats or (unit.section.section_id,), quantity))
    return Asked(fit, claims)


def _is_allowed(draft: Draft, customer_id: str | None, asked: Asked) -> bool:
    """Within the limits of the customer, by what this outcome makes of their records."""
    policy = draft.venue.policy
    if customer_id is None:
        return True
    limit = policy.max_tables_per_customer_per_date
    if limit is not None:
        key = draft.state.key
        there, _end = counted(draft, draft.quota(key.date, customer_id), None)
        if len(there | tables_of(draft.venue, key.slot, asked.claims, "")) > limit:
            return False
    limit = policy.max_active_holds_per_customer
    return limit is None or len(counted(draft, draft.quota(None, customer_id), None)[0]) < limit


def _offer(draft: Draft, day: Day, entry: EntryRecord, asked: Asked, closing: str) -> None:
    price = quote(draft.venue, day, asked.units)
    hold = _hold(draft, entry, asked, price, closing)
    cause = Cause(Reason.OFFER_CREATED, _SYSTEM, hold_id=hold.id)
    changes = [
        Change(section_id, None, _claim(hold, quantity, price.amounts[section_id]))
        for section_id, quantity in asked.claims.items()
    ]
    draft.step(cause, changes)
    hold.version = draft.version
    draft.save(hold, NoticeType.HOLD_CREATED, cause)
    offered = changed(
        draft,
        entry,
        WaitlistStatus.OFFERED,
        hold_id=hold.id,
        offer_expires_at=hold.expires_at,
        offers=entry.offers + 1,
    )
    draft.save(offered, NoticeType.WAITLIST_OFFERED, cause)


def _hold(draft: Draft, entry: EntryRecord, asked: Asked, price: Quote, closing: str) -> HoldRecord:
    expires_at = min(later(draft.now, draft.venue.policy.waitlist_offer_ttl_seconds), closing)
    return HoldRecord(
        id=offer_id(entry),
        club=entry.club,
        venue=entry.venue,
        date=entry.date,
        slot=entry.slot,
        customer_id=entry.customer_id,
        actor=_SYSTEM,
        created_at=draft.now,
        updated_at=draft.now,
        revision=1,
        version=draft.version,
        status=HoldStatus.ACTIVE,
        claims=asked.claims,
        items=price.items,
        party_size=entry.party_size,
        total_amount=price.total,
        deposit_amount=price.deposit,
        currency=draft.venue.definition.currency,
        expires_at=expires_at,
        limit_at=expires_at,
        entry_id=entry.id,
    )


def _claim(hold: HoldRecord, quantity: int, amount: int | None) -> Claim:
    return Claim(
        claim_id=hold.id,
        kind=ClaimKind.HOLD,
        quantity=quantity,
        customer_id=hold.customer_id,
        actor=hold.actor,
        since=hold.created_at,
        expires_at=hold.expires_at,
        amount=amount,
    )
