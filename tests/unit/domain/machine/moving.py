"""What the model makes of a booking that goes elsewhere."""

from __future__ import annotations

from tests.unit.domain.machine.booking import Booking
from tests.unit.domain.machine.house import WINDOWS
from tests.unit.domain.machine.ledger import Denied

from command_api.domain import commands as c
from holdfast.contracts.problems import Code


class Moving(Booking):
    def reschedule(self, x: c.RescheduleBooking, now: str) -> None:
        booking = self.find_booking(x, now, "pending_approval", "confirmed")
        had, asker, to = dict(booking["items"]), x.asker, x.to
        wanted = list(had) if x.request.section_ids is None else x.request.section_ids
        kept = {s: had[s] for s in wanted if had.get(s, 1) > 1}
        items, claims = self.look_up(to, wanted, {**kept, **x.request.quantities})
        if to == booking["at"] and dict(items) == had and claims == booking["claims"]:
            return
        self.away = self.pick_up(x.booking_id)
        waits = booking["status"] == "pending_approval" or self.awaits(to, asker, now)
        if not asker.is_staff and booking["status"] == "confirmed" and now >= self.leaving(booking):
            raise Denied(Code.INVALID_TRANSITION)
        self.check_open(to, asker, now)
        if waits and now >= WINDOWS[to][0]:
            raise Denied(Code.SLOT_CLOSED)
        if x.request.section_ids is not None:
            self.check_count(len(claims))
        self.check_party(items, booking["party"])
        self.check_free(to, claims, now)
        self.check_tables(booking["customer"], to, claims, now, x.booking_id)
        paid = booking["paid"]
        if booking["payment"] == "paid" and not paid:
            paid = booking["total"]
        if not asker.is_staff and self.deposit() > max(paid, booking["deposit"]):
            raise Denied(Code.PAYMENT_REQUIRED)
        booking |= {
            "at": to,
            "status": "pending_approval" if waits else booking["status"],
            "claims": claims,
            "items": items,
            "total": self.total(items),
            "deposit": self.deposit(),
            "starts": WINDOWS[to][0],
            "ends": WINDOWS[to][1],
            "expires": self.deadline(to, now) if waits else None,
        }
        self.lay(x.booking_id)
        left, self.away = self.away, []
        self.settle(left)
