"""The waitlist: joining, leaving, and what the leader does for those who wait.

waiting ──something fits──▶ offered ──accept, confirm──▶ accepted
   │  ▲                        │ ├──decline, release──▶ declined
   │  └──its hold is blocked───┘ └──its time is up────▶ expired
   ├──leave (an offer too)──▶ left
   └──the slot can be booked no more──▶ expired

Out of the queue is out: who declined or let an offer pass may join again, at the end.
"""

from __future__ import annotations

from command_api.domain.commands import Asker, JoinWaitlist, LeaveWaitlist, ServeWaitlist
from command_api.domain.decision import Decision, Rejection
from command_api.domain.draft.draft import Draft
from command_api.domain.draft.step import Cause
from command_api.domain.holds.asked import invalid
from command_api.domain.holds.expiry import SYSTEM, expire_hold
from command_api.domain.holds.hold_changes import give_up, owns
from command_api.domain.model import Day, Scope, Venue
from command_api.domain.records import EntryRecord, HoldRecord
from command_api.domain.venue.days import closed, day_of, no_slot
from command_api.domain.waitlist.offers import changed, closing_of, waiting_in
from command_api.domain.waitlist.queue import ends_of, entry_answer, estimate, position_of
from command_api.domain.waitlist.serving import serve_all
from command_api.domain.waitlist.shapes import bounds_of, plan_of, takes_party
from holdfast.contracts.notices import NoticeType
from holdfast.contracts.problems import Code
from holdfast.contracts.snapshots import Actor
from holdfast.contracts.states import HoldStatus, Reason, WaitlistStatus
from holdfast.contracts.waitlist import WaitlistEntry, WaitlistRequest

MOST_WAITING = 1_000
"""Entries that wait in one channel."""


def join_waitlist(scope: Scope, command: JoinWaitlist, now: str) -> Decision | Rejection:
    """Where something that fits is free right now, it is offered at once: nobody ahead wants it. A
    customer waits once for a slot: asking for the same again answers the entry that there is, asking for
    something else is refused. Staff may put guests without an account on the list, each by themselves."""
    venue, key, request = scope.venue, command.channel, command.request
    day = day_of(venue, key.date, key.slot)
    if day is None:
        return no_slot(venue, key.date, key.slot)
    draft = Draft(scope, now)
    if known := _of_customer(draft, command.customer_id):
        return _known(draft, known, request)
    denied = (
        closed(day, command.asker, now) or _check_request(venue, day, request) or _check_room(draft)
    )
    if denied is not None:
        return denied
    draft.serve()  # their own old offer, where it ran out: those of overlapping slots wait for it too
    entry = _entry(draft, command)
    draft.relies_on_future(closing_of(day, entry))
    cause = Cause(Reason.WAITLIST_JOINED, command.asker.actor)
    draft.save(entry, NoticeType.WAITLIST_JOINED, cause)
    serve_all(draft)
    return draft.close(answer_in(draft, entry.id), created=True)


def _of_customer(draft: Draft, customer_id: str | None) -> EntryRecord | None:
    """The entry of the customer here, unless its offer has run out: then it is expired first."""
    if customer_id is None:
        return None
    for entry in draft.state.entries.values():
        if entry.customer_id == customer_id:
            _expire_offer(draft, entry)
            still = draft.record(entry.id)
            if isinstance(still, EntryRecord) and _waits_on(still):
                return still
    return None


def _waits_on(entry: EntryRecord) -> bool:
    return entry.status in (WaitlistStatus.WAITING, WaitlistStatus.OFFERED)


def _expire_offer(draft: Draft, entry: EntryRecord) -> None:
    hold = draft.record(entry.hold_id or "")
    if isinstance(hold, HoldRecord) and hold.status is HoldStatus.ACTIVE:
        if hold.expires_at <= draft.now:
            expire_hold(draft, hold)
        else:
            draft.relies_on_future(hold.expires_at)


def _known(draft: Draft, entry: EntryRecord, request: WaitlistRequest) -> Decision | Rejection:
    same = entry.party_size == request.party_size
    if same and set(entry.category_ids) == set(request.category_ids):
        return draft.close(answer_in(draft, entry.id))
    return Rejection(
        code=Code.INVALID_TRANSITION,
        detail="This customer waits for the slot already, with another party: leave the waitlist first.",
        facts={"currentStatus": entry.status.value, "entryId": entry.id},
        valid_from=draft.valid_from,
        valid_until=draft.valid_until,
    )


def _check_request(venue: Venue, day: Day, request: WaitlistRequest) -> Rejection | None:
    """Whether the party would fit something if all were free."""
    for category in request.category_ids:
        if category not in venue.categories:
            return invalid("categoryIds", f"there is no category {category}")
    plan, categories = plan_of(venue, day.slot.slot_id), frozenset(request.category_ids)
    if takes_party(venue, plan, request.party_size, categories):
        return None
    least, most = bounds_of(venue, plan, categories)
    return Rejection(
        code=Code.CAPACITY_MISMATCH,
        detail=f"Nothing in slot {day.slot.slot_id} takes a party of {request.party_size}.",
        facts={"requested": request.party_size, "min": least, "max": most},
    )


def _check_room(draft: Draft) -> Rejection | None:
    if len(draft.state.entries) < MOST_WAITING or len(waiting_in(draft)) < MOST_WAITING:
        return None
    return Rejection(
        code=Code.CAPACITY_EXCEEDED,
        detail=f"The waitlist is full: {MOST_WAITING} parties wait for this slot already.",
        facts={"max": MOST_WAITING, "requested": 1, "available": 0},
    )


def _entry(draft: Draft, command: JoinWaitlist) -> EntryRecord:
    key, request = command.channel, command.request
    return EntryRecord(
        id=command.entry_id,
        club=key.club,
        venue=key.venue,
        date=key.date,
        slot=key.slot,
        customer_id=command.customer_id,
        actor=command.asker.actor,
        created_at=draft.now,
        updated_at=draft.now,
        revision=1,
        version=draft.version,
        status=WaitlistStatus.WAITING,
        party_size=request.party_size,
        category_ids=list(dict.fromkeys(request.category_ids)),
        place=_last_place(draft) + 1,
    )


def _last_place(draft: Draft) -> int:
    """Of those who wait here and in overlapping slots: all of them may come to want the same."""
    states = (draft.state, *(draft.at(key).state for key in draft.overlaps))
    return max((entry.place for state in states for entry in state.entries.values()), default=0)


def answer_in(draft: Draft, entry_id: str, record: EntryRecord | None = None) -> WaitlistEntry:
    """The entry as the draft has it; `record` where it had ended before."""
    entry = draft.record(entry_id) or record
    assert isinstance(entry, EntryRecord)
    hold = draft.record(entry.hold_id or "")
    position = minutes = None
    if entry.status is WaitlistStatus.WAITING:
        position = position_of(entry, waiting_in(draft))
        claims = (claim for here in draft.state.claims.values() for claim in here.values())
        minutes = estimate(draft.venue, entry, position, ends_of(claims), draft.now)
    return entry_answer(
        entry, hold if isinstance(hold, HoldRecord) else None, position=position, minutes=minutes
    )


def find_entry(
    scope: Scope, asker: Asker, entry_id: str, record: EntryRecord | None
) -> EntryRecord | None:
    """The entry, active or ended, where it is the asker's; staff may use any. Nobody else learns that
    it is there."""
    entry = scope.channel.entries.get(entry_id) or record
    return entry if entry is not None and owns(asker, entry.customer_id) else None


def leave_waitlist(scope: Scope, command: LeaveWaitlist, now: str) -> Decision | Rejection:
    """An open offer is declined with it. Again the same answer where the entry has ended already,
    however; but what was accepted is a booking, and is cancelled as one."""
    entry = find_entry(scope, command.asker, command.entry_id, command.record)
    if entry is None:
        detail = f"There is no waitlist entry {command.entry_id}."
        return Rejection(code=Code.WAITLIST_ENTRY_NOT_FOUND, detail=detail)
    if entry.status is WaitlistStatus.ACCEPTED:
        return accepted_already(entry)
    draft = Draft(scope, now)
    if _waits_on(entry):
        _expire_offer(draft, entry)
        still = draft.record(entry.id)
        if isinstance(still, EntryRecord) and _waits_on(still):
            _leave(draft, still, command.asker.actor)
    return draft.close(answer_in(draft, entry.id, entry))


def accepted_already(entry: EntryRecord) -> Rejection:
    return Rejection(
        code=Code.INVALID_TRANSITION,
        detail="The offer was accepted already.",
        facts={"currentStatus": entry.status.value, "bookingId": entry.booking_id},
    )


def _leave(draft: Draft, entry: EntryRecord, actor: Actor) -> None:
    """The entry has left before its hold is given up, which so has nothing more to say of it."""
    offered = entry.status is WaitlistStatus.OFFERED
    cause = Cause(Reason.OFFER_DECLINED if offered else Reason.WAITLIST_LEFT, actor, entry.hold_id)
    left = changed(draft, entry, WaitlistStatus.LEFT)
    draft.save(left, None, cause)
    hold = draft.record(entry.hold_id or "")
    if isinstance(hold, HoldRecord) and hold.status is HoldStatus.ACTIVE:
        give_up(draft, hold, actor)
    left.version = draft.version
    type_ = NoticeType.WAITLIST_DECLINED if offered else NoticeType.WAITLIST_LEFT
    draft.save(left, type_, cause)


def serve_waitlist(scope: Scope, command: ServeWaitlist, now: str) -> Decision:
    """Whatever came free otherwise than by a decision of its channels (a venue with more sections, a
    limit that was lifted) is offered; who waits for a slot that can be booked no more, waits no more."""
    draft = Draft(scope, now)
    day = day_of(scope.venue, command.channel.date, command.channel.slot)
    for entry in waiting_in(draft):
        closing = None if day is None or day.closed else closing_of(day, entry)
        if closing is None or closing <= draft.now:
            draft.relies_on_past(closing)
            expired = changed(draft, entry, WaitlistStatus.EXPIRED)
            cause = Cause(Reason.WAITLIST_EXPIRED, SYSTEM)
            draft.save(expired, NoticeType.WAITLIST_EXPIRED, cause, by_clock=True)
    serve_all(draft)
    return draft.close(None)
