"""What the model makes of bookings: made, moved along, edited, ended."""

from __future__ import annotations

from typing import Any

from tests.unit.domain.machine.asking import Asking, Items, owns
from tests.unit.domain.machine.house import WINDOWS
from tests.unit.domain.machine.ledger import Denied, Rec

from command_api.domain import commands as c
from command_api.domain.times import later
from holdfast.contracts.channels import ChannelKey
from holdfast.contracts.problems import Code
from holdfast.contracts.states import ActorType

_OPEN = ("pending_approval", "confirmed", "conflicted")


class Booking(Asking):
    def awaits(self, key: ChannelKey, asker: c.Asker, now: str) -> bool:
        """Whether somebody else has to approve."""
        if not self.policy.requires_approval or asker.may_manage:
            return False
        door = asker.is_staff and asker.actor.type is not ActorType.KIOSK
        return not (door and now >= WINDOWS[key][0])

    def check_approval(self, key: ChannelKey, asker: c.Asker, now: str) -> None:
        if self.awaits(key, asker, now) and now >= WINDOWS[key][0]:
            raise Denied(Code.SLOT_CLOSED)

    def check_deposit(self, asker: c.Asker, deposit: int, paid: int) -> None:
        if not asker.is_staff and paid < deposit:
            raise Denied(Code.PAYMENT_REQUIRED)

    def new_booking(
        self,
        id_: str,
        key: ChannelKey,
        asker: c.Asker,
        now: str,
        claims: dict[str, int],
        **more: Any,
    ) -> Rec:
        pending = self.awaits(key, asker, now) and not more.pop("settled", False)
        record: Rec = {
            "kind": "booking",
            "status": "pending_approval" if pending else "confirmed",
            "at": key,
            "claims": claims,
            "expires": self.deadline(key, now) if pending else None,
            "starts": WINDOWS[key][0],
            "ends": WINDOWS[key][1],
            "paid": 0,
            "payment": "none",
            "money": {},
            "contact": True,
            "made": now,
            "vip": False,
            "conflict": None,
            "series": None,
            **more,
        }
        self.records[id_] = record
        return record

    def deadline(self, key: ChannelKey, now: str) -> str:
        return min(later(now, self.policy.approval_ttl_seconds), WINDOWS[key][0])

    def lay(self, id_: str) -> None:
        record = self.records[id_]
        kind = "pending" if record["status"] == "pending_approval" else "confirmed"
        self.put(id_, kind, record["claims"], record["expires"])

    def confirm(self, x: c.ConfirmHold, now: str) -> None:
        try:
            hold = self.live_hold(x, now)
        except Denied as denied:
            lost = self.records.get(x.hold_id, {})
            if denied.code is Code.HOLD_EXPIRED and (lost["refund_due"] or lost["paid"]):
                raise Denied(Code.PAYMENT_AFTER_EXPIRY) from None
            raise
        key = hold["at"]
        if (key in self.closed and not x.asker.is_staff) or now >= WINDOWS[key][1]:
            raise Denied(Code.SLOT_CLOSED)
        self.check_party(hold["items"], x.request.party_size)
        self.check_approval(key, x.asker, now)
        self.check_deposit(x.asker, hold["deposit"], hold["paid"])
        hold["status"] = "confirmed"
        self.entry_of(hold, "accepted")
        self.spans = [span for span in self.spans if span.owner != x.hold_id]
        self.new_booking(
            x.booking_id,
            key,
            x.asker,
            now,
            hold["claims"],
            **{
                name: hold[name]
                for name in ("customer", "items", "total", "deposit", "paid", "money")
            },
            party=x.request.party_size or hold["party"],
            payment="paid" if hold["paid"] else "none",
        )
        self.lay(x.booking_id)

    def request(self, x: c.RequestBooking, now: str, **more: Any) -> None:
        key, request = x.channel, x.request
        self.check_open(key, x.asker, now)
        self.check_approval(key, x.asker, now)
        items, claims = self.look_up(key, request.section_ids, request.quantities)
        self.check_count(len(claims))
        self.check_party(items, request.party_size)
        self.check_free(key, claims, now)
        self.check_tables(x.customer_id, key, claims, now)
        self.check_deposit(x.asker, self.deposit(), 0)
        self.new_booking(
            x.booking_id,
            key,
            x.asker,
            now,
            claims,
            customer=x.customer_id,
            items=items,
            total=self.total(items),
            deposit=self.deposit(),
            party=request.party_size,
            **more,
        )
        self.lay(x.booking_id)

    def total(self, items: Items) -> int:
        return sum(self.price(s) * n for s, n in items)

    def find_booking(self, x: Any, now: str, *allowed: str) -> Rec:
        booking = self.records.get(x.booking_id)
        if booking is None or booking["kind"] != "booking":
            raise Denied(Code.BOOKING_NOT_FOUND)
        if not owns(x.asker, booking):
            raise Denied(Code.ACTION_NOT_PERMITTED)
        if allowed and (booking["status"] not in allowed or self.is_due(x.booking_id, now)):
            raise Denied(Code.INVALID_TRANSITION)
        return booking

    def move(self, x: c.MoveBooking, now: str) -> None:
        booking = self.find_booking(x, now)
        verbs = {
            "approve": ("confirmed", ("pending_approval",)),
            "decline": ("declined", ("pending_approval",)),
            "check-in": ("checked_in", ("confirmed",)),
            "complete": ("completed", ("checked_in", "confirmed")),
            "no-show": ("no_show", ("confirmed",)),
        }
        status, allowed = verbs[x.verb]
        if booking["status"] == status:
            return
        self.find_booking(x, now, *allowed)
        self._check_move(x, booking, now)
        if x.verb == "decline":
            self.owe(booking)
        booking["status"], booking["expires"] = status, None
        if x.verb == "check-in":
            return
        had = self.pick_up(x.booking_id)
        if x.verb == "approve":
            self.lay(x.booking_id)
        self.settle(had)

    def _check_move(self, x: c.MoveBooking, booking: Rec, now: str) -> None:
        key, early = booking["at"], now < later(booking["starts"], -12 * 3600)
        match x.verb:
            case "approve":
                if key in self.closed or now >= booking["starts"]:
                    raise Denied(Code.SLOT_CLOSED)
                here = [span.kind for s in booking["claims"] for span in self.seen(key, s)]
                if "block" in here:
                    raise Denied(Code.BLOCK_CONFLICT)
            case "check-in" if early or now >= booking["ends"]:
                raise Denied(Code.INVALID_TRANSITION)
            case "complete" if early and booking["status"] == "confirmed":
                raise Denied(Code.INVALID_TRANSITION)
            case "no-show" if now < booking["starts"]:
                raise Denied(Code.INVALID_TRANSITION)

    def edit(self, x: c.EditBooking, now: str, stale: bool) -> None:
        booking = self.find_booking(x, now, *_OPEN, "checked_in")
        if booking["party"] == x.change.party_size:
            return
        if stale:
            raise Denied(Code.VERSION_MISMATCH)
        if not x.asker.is_staff and now >= booking["starts"]:
            raise Denied(Code.INVALID_TRANSITION)
        self.check_party(booking["items"], x.change.party_size)
        booking["party"] = x.change.party_size

    def cancel(self, x: Any, now: str) -> None:
        booking, asker = self.find_booking(x, now), x.asker
        if booking["status"] == "cancelled":
            return
        self.check_cancel(x.booking_id, booking, asker, now)
        self.end_booking(x.booking_id)

    def check_cancel(self, id_: str, booking: Rec, asker: c.Asker, now: str) -> None:
        status = booking["status"]
        if status == "checked_in" and asker.is_staff and not asker.may_manage:
            raise Denied(Code.ACTION_NOT_PERMITTED)
        allowed = (*_OPEN, "checked_in") if asker.may_manage else _OPEN
        late = now >= self.leaving(booking)
        if (
            status not in allowed
            or self.is_due(id_, now)
            or (not asker.is_staff and status == "confirmed" and late)
        ):
            raise Denied(Code.INVALID_TRANSITION)

    def leaving(self, booking: Rec) -> str:
        """Until when its customer may leave it."""
        return later(booking["starts"], -60 * self.policy.cancel_until_minutes)

    def end_booking(self, id_: str) -> None:
        """Cancelled: by somebody, or displaced."""
        booking = self.records[id_]
        if booking["status"] == "conflicted" and booking["conflict"] in self.records:
            conflict = self.records[booking["conflict"]]
            if conflict["status"] == "open":
                conflict["status"], conflict["winner"] = "resolved", None
        self.owe(booking)
        booking["status"], booking["expires"] = "cancelled", None
        self.take_away(id_)
