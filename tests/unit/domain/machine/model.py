"""The plain model: what each command should do, with the waitlist. Offers are the one thing that it does
not choose; it judges whether those that were made could have been."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from tests.unit.domain.machine.asking import Items, owns
from tests.unit.domain.machine.house import (
    CATEGORIES,
    ROW,
    SECTIONS,
    WINDOWS,
    leaves_of,
    party_of,
    sold_at,
    stretches,
)
from tests.unit.domain.machine.ledger import Denied, Rec
from tests.unit.domain.machine.staff import Staff

from command_api.domain import commands as c
from holdfast.contracts.channels import ChannelKey
from holdfast.contracts.problems import Code
from holdfast.contracts.states import ActorType

_GIVEN_UP = ("declined", "left")


class Model(Staff):
    def carry_out(self, x: c.Command, now: str, **more: Any) -> Any:
        """Raises Denied."""
        self.clock = now
        return getattr(self, _VERBS[type(x)])(x, now, **more)

    def expire_records(self, x: c.ExpireRecords, now: str) -> None:
        for id_ in x.record_ids:
            if id_ in self.records and self.is_due(id_, now):
                self.expire(id_)

    def nothing(self, x: Any, now: str) -> None:
        """No section and no status changes."""

    def erase(self, x: c.ErasePersonalData, now: str) -> None:
        for id_ in self.of_kind("booking"):
            booking = self.records[id_]
            if (booking["customer"], booking["at"]) == (x.customer_id, x.channel):
                booking["contact"] = False

    def series(
        self, x: c.BookSeries, now: str, booked: list[bool] | None = None
    ) -> list[Code | None]:
        """The code of each date. `booked`: what is known of it already."""
        codes: list[Code | None] = []
        for number, key in enumerate(x.channels):
            request = c.RequestBooking(
                channel=key,
                asker=x.asker,
                request=x.request,  # type: ignore[arg-type]  # the same fields
                customer_id=x.customer_id,
                booking_id=x.bookings[number][0],
                reference="",
            )
            try:
                if booked is not None and not booked[number]:
                    raise Denied(Code.SECTION_NOT_AVAILABLE)
                self.request(request, now, series=x.series_id)
                codes.append(None)
            except Denied as denied:
                codes.append(denied.code)
        failed = [code for code in codes if code is not None]
        if failed and (x.request.all_or_nothing or len(failed) == len(codes)):
            raise Denied(failed[0])
        return codes

    def cancel_series(self, x: c.CancelSeries, now: str) -> None:
        ended = [r.id for r in x.ended if self.records[r.id]["status"] == "cancelled"]
        ids = [id_ for _, id_ in x.bookings]
        if not all(owns(x.asker, self.records[id_]) for id_ in ids + ended):
            raise Denied(Code.ACTION_NOT_PERMITTED)
        for id_ in ids:
            booking = self.records[id_]
            if booking["starts"] <= now:
                continue
            try:
                self.check_cancel(id_, booking, x.asker, now)
            except Denied:
                continue
            self.end_booking(id_)

    def join(self, x: c.JoinWaitlist, now: str) -> None:
        key, wish = x.channel, x.request
        for id_ in self.of_kind("entry", "waiting", "offered") if x.customer_id else ():
            entry = self.records[id_]
            if (entry["customer"], entry["at"]) != (x.customer_id, key):
                continue
            if entry["status"] == "offered" and self.is_due(entry["hold"], now):
                self.expire(entry["hold"])
                continue
            if (entry["party"], entry["wish"]) != (wish.party_size, set(wish.category_ids)):
                raise Denied(Code.INVALID_TRANSITION)
            return
        self.check_open(key, x.asker, now)
        entry = {
            "kind": "entry",
            "status": "waiting",
            "at": key,
            "customer": x.customer_id,
            "party": wish.party_size,
            "wish": set(wish.category_ids),
            "hold": None,
            "place": (now, x.entry_id),
            "by_customer": x.asker.actor.type is ActorType.CUSTOMER,
        }
        if not self._could_take(entry, lambda section_id: self.capacity.get(section_id, 1)):
            raise Denied(Code.CAPACITY_MISMATCH)
        self.records[x.entry_id] = entry

    def would_take(self, entry: Rec, section_id: str, left: int) -> bool:
        """Whether the section, of which so much is left, is something for the party."""
        if not self.is_wanted(entry, section_id):
            return False
        size, (low, high) = entry["party"], party_of(section_id)
        if section_id in ("p", "m"):
            return bool(left >= size)
        if section_id in ROW:
            high = 1
        return bool(left >= 1 and low <= size and (high is None or size <= high))

    def is_wanted(self, entry: Rec, section_id: str) -> bool:
        """By its slot and category."""
        wish = entry["wish"]
        return sold_at(entry["at"], section_id) and (not wish or CATEGORIES.get(section_id) in wish)

    def find_entry(self, x: Any, missing: Code) -> Rec:
        entry = self.records.get(x.entry_id)
        if entry is None or entry["kind"] != "entry" or not owns(x.asker, entry):
            raise Denied(missing)
        return entry

    def leave(self, x: c.LeaveWaitlist, now: str) -> None:
        entry = self.find_entry(x, Code.WAITLIST_ENTRY_NOT_FOUND)
        if entry["status"] == "accepted":
            raise Denied(Code.INVALID_TRANSITION)
        if entry["status"] == "offered" and self.is_due(entry["hold"], now):
            self.expire(entry["hold"])
        elif entry["status"] in ("waiting", "offered"):
            offered = entry["status"] == "offered"
            entry["status"] = "left"
            if offered:
                self.give_up(entry["hold"], "left")

    def find_offer(self, x: Any) -> Rec:
        entry = self.find_entry(x, Code.OFFER_NOT_FOUND)
        if entry["hold"] != x.offer_id:
            raise Denied(Code.OFFER_NOT_FOUND)
        if entry["status"] == "accepted":
            raise Denied(Code.INVALID_TRANSITION)
        return entry

    def accept(self, x: c.AcceptOffer, now: str) -> None:
        entry = self.find_offer(x)
        if entry["status"] in _GIVEN_UP:
            raise Denied(Code.INVALID_TRANSITION)
        hold = self.records[x.offer_id]
        if entry["status"] != "offered" or (self.is_due(x.offer_id, now) and not hold["paid"]):
            raise Denied(Code.OFFER_EXPIRED)
        self.confirm(
            c.ConfirmHold(
                channel=x.channel,
                asker=x.asker,
                hold_id=x.offer_id,
                request=x.request,
                booking_id=x.booking_id,
                reference=x.reference,
                record=None,
            ),
            now,
        )

    def decline(self, x: c.DeclineOffer, now: str) -> None:
        entry = self.find_offer(x)
        if entry["status"] in _GIVEN_UP:
            return
        if entry["status"] != "offered" or self.is_due(x.offer_id, now):
            raise Denied(Code.OFFER_EXPIRED)
        self.give_up(x.offer_id, "declined")

    def closing_for(self, entry: Rec) -> str:
        key = entry["at"]
        return self.closing(key) if entry["by_customer"] else WINDOWS[key][1]

    def serve(self, x: c.ServeWaitlist, now: str) -> None:
        """Who can book no more waits no more."""
        for id_ in self.of_kind("entry", "waiting"):
            entry = self.records[id_]
            over = x.channel in self.closed or self.closing_for(entry) <= now
            if entry["at"] == x.channel and over:
                entry["status"] = "expired"

    def waiting(self, key: ChannelKey | None = None) -> list[str]:
        """Those who wait, in their order."""
        ids = [
            id_
            for id_ in self.of_kind("entry", "waiting")
            if key in (None, self.records[id_]["at"])
        ]
        return sorted(ids, key=lambda id_: self.records[id_]["place"])

    def could_have(self, entry: Rec, now: str) -> list[str]:
        """Something free that the entry should have been offered."""
        if entry["at"] in self.closed or now >= self.closing_for(entry):
            return []
        return self._could_take(entry, lambda section_id: self._whole(entry["at"], section_id))

    def _whole(self, key: ChannelKey, section_id: str) -> int:
        """What is left of it; of a table all or nothing."""
        return min(self.left(key, leaf) for leaf in leaves_of(section_id))

    def _could_take(self, entry: Rec, left: Callable[[str], int]) -> list[str]:
        for section_id in SECTIONS:
            if self.would_take(entry, section_id, left(section_id)):
                return [section_id]
        row = [s for s in ROW if left(s) and self.is_wanted(entry, s)]
        return next(iter(stretches(row, entry["party"])), [])

    def would_take_of(self, entry: Rec, items: Items) -> bool:
        """Whether these, or some of them, are something for the party."""
        if any(self.would_take(entry, section_id, left) for section_id, left in items):
            return True
        row = [s for s, _ in items if s in ROW and self.is_wanted(entry, s)]
        return bool(stretches(row, entry["party"]))


_VERBS: dict[type, str] = {
    c.HoldSections: "hold",
    c.ExtendHold: "extend",
    c.ReleaseHold: "release",
    c.ChangeHold: "change",
    c.ConfirmHold: "confirm",
    c.RequestBooking: "request",
    c.MoveBooking: "move",
    c.EditBooking: "edit",
    c.CancelBooking: "cancel",
    c.RescheduleBooking: "reschedule",
    c.BookSeries: "series",
    c.CancelSeries: "cancel_series",
    c.ImportBooking: "import_",
    c.ResolveConflict: "resolve",
    c.RecordPayment: "pay",
    c.BlockSections: "block",
    c.RemoveBlock: "unblock",
    c.JoinWaitlist: "join",
    c.LeaveWaitlist: "leave",
    c.AcceptOffer: "accept",
    c.DeclineOffer: "decline",
    c.ServeWaitlist: "serve",
    c.WarnExpiring: "nothing",
    c.ErasePersonalData: "erase",
    c.ExpireRecords: "expire_records",
}
assert set(_VERBS) == set(c.Command.__args__), "the model knows every command"
