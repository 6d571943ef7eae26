"""Taking an offer, or leaving it. It is the customer's as long as its hold lasts."""

from __future__ import annotations

from command_api.domain.bookings.confirming import confirm_hold
from command_api.domain.commands import AcceptOffer, ConfirmHold, DeclineOffer
from command_api.domain.decision import Decision, Rejection
from command_api.domain.draft.draft import Draft
from command_api.domain.holds.hold_changes import give_up
from command_api.domain.model import Scope
from command_api.domain.records import EntryRecord, HoldRecord
from command_api.domain.waitlist.joining import accepted_already, answer_in, find_entry
from command_api.domain.waitlist.offers import was_offered
from holdfast.contracts.problems import Code
from holdfast.contracts.states import HoldStatus, WaitlistStatus

_GIVEN_UP = frozenset({WaitlistStatus.DECLINED, WaitlistStatus.LEFT})


def accept_offer(scope: Scope, command: AcceptOffer, now: str) -> Decision | Rejection:
    """By the rules of confirming a hold; the same happens where its hold is confirmed as such."""
    entry = _find(scope, command)
    if isinstance(entry, Rejection):
        return entry
    if entry.status in _GIVEN_UP:
        return Rejection(
            code=Code.INVALID_TRANSITION,
            detail="The offer was declined already.",
            facts={"currentStatus": entry.status.value},
        )
    hold = _open(scope, entry, now)
    if isinstance(hold, Rejection) and not _is_paid(scope, entry):
        return hold
    confirm = ConfirmHold(
        channel=command.channel,
        asker=command.asker,
        hold_id=command.offer_id,
        request=command.request,
        booking_id=command.booking_id,
        reference=command.reference,
        record=None,
    )
    return confirm_hold(scope, confirm, now)


def decline_offer(scope: Scope, command: DeclineOffer, now: str) -> Decision | Rejection:
    """What it held goes to the next in the queue. Again the same answer where it is declined already."""
    entry = _find(scope, command)
    if isinstance(entry, Rejection):
        return entry
    draft = Draft(scope, now)
    if entry.status not in _GIVEN_UP:
        hold = _open(scope, entry, now)
        if isinstance(hold, Rejection):
            return hold
        give_up(draft, hold, command.asker.actor)
    return draft.close(answer_in(draft, entry.id, entry))


def _find(scope: Scope, command: AcceptOffer | DeclineOffer) -> EntryRecord | Rejection:
    """The entry of an offer that may still be open, or was given up."""
    entry = find_entry(scope, command.asker, command.entry_id, command.record)
    if entry is None or not was_offered(entry, command.offer_id):
        detail = f"There is no offer {command.offer_id}."
        return Rejection(code=Code.OFFER_NOT_FOUND, detail=detail)
    if entry.hold_id != command.offer_id:
        return Rejection(
            code=Code.OFFER_EXPIRED,
            detail="The offer was taken back; the entry kept its place in the waitlist.",
        )
    if entry.status is WaitlistStatus.ACCEPTED:
        return accepted_already(entry)
    return entry


def _open(scope: Scope, entry: EntryRecord, now: str) -> HoldRecord | Rejection:
    """The offer's hold while it lasts."""
    hold = scope.channel.records.get(entry.hold_id or "")
    if (
        entry.status is WaitlistStatus.OFFERED
        and isinstance(hold, HoldRecord)
        and hold.status is HoldStatus.ACTIVE
        and now < hold.expires_at
    ):
        return hold
    return Rejection(
        code=Code.OFFER_EXPIRED,
        detail=f"The offer expired at {entry.offer_expires_at}.",
        valid_from=entry.offer_expires_at if entry.status is WaitlistStatus.OFFERED else None,
    )


def _is_paid(scope: Scope, entry: EntryRecord) -> bool:
    """Whether there is money in an offer that nobody has swept yet: confirming says what becomes of it."""
    hold = scope.channel.records.get(entry.hold_id or "")
    return isinstance(hold, HoldRecord) and hold.paid_amount > 0
