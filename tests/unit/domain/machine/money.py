"""What the model makes of payment events."""

from __future__ import annotations

from typing import Any

from tests.unit.domain.machine.house import WINDOWS
from tests.unit.domain.machine.ledger import Denied
from tests.unit.domain.machine.moving import Moving

from command_api.domain import commands as c
from command_api.domain.times import later
from holdfast.contracts.problems import Code

_LOST = ("cancelled", "declined", "expired")


class Money(Moving):
    def pay(self, x: c.RecordPayment, now: str, late: bool = False) -> str | None:
        """The outcome that is answered. `late`: somebody who waited was first."""
        record, event = self.records.get(x.record_id), x.event
        if record is None or (record["kind"] == "hold" and record["status"] == "confirmed"):
            raise Denied(Code.HOLD_NOT_FOUND)
        paid, refunds = record["money"].get(event.transaction_id, (0, ()))
        told = (x.event_id, event.amount)
        if event.type == "payment.succeeded":
            if paid:
                return "duplicate"
            after = (event.amount, refunds)
        else:
            if told in refunds:
                return "duplicate"
            if paid and not _kept((paid, refunds)):
                return "ignored"
            after = (paid, (*refunds, told))
        if event.currency != "GBP":
            return "ignored"
        sum_ = max(0, record["paid"] + _kept(after) - _kept((paid, refunds)))
        more = sum_ - record["paid"]
        record["money"] = {**record["money"], event.transaction_id: after}
        if record["kind"] == "hold":
            return self._pay_hold(x.record_id, sum_, more, now, late)
        if self.is_due(x.record_id, now):
            self.expire(x.record_id)
        record["paid"] = sum_
        if record["status"] in _LOST and more > 0:
            record["payment"] = "refund_due"
            return "late"
        if sum_ == 0 and any(came for came, _ in record["money"].values()):
            record["payment"] = "refunded"
        elif more > 0:
            record["payment"] = "paid"
        return "applied"

    def _pay_hold(self, id_: str, sum_: int, more: int, now: str, late: bool) -> str:
        hold, due = self.records[id_], self.is_due(id_, now)
        if (hold["status"] != "active" or due) and more > 0:
            saved = self.copy()
            if not late and self._take_again(id_, now):
                hold["paid"] = sum_
                return "applied"
            expired = self.expired
            self.__dict__.update(saved.__dict__)
            for other in expired:  # what was found due has ended all the same
                if self.is_due(other, now):
                    self.expire(other)
            hold = self.records[id_]
            if due and self.is_due(id_, now):
                self.expire(id_)
            hold["paid"], hold["refund_due"] = sum_, hold["refund_due"] + more
            return "late"
        if due:
            self.expire(id_)
        hold["refund_due"] = min(max(0, hold["refund_due"] + min(0, more)), sum_)
        hold["paid"] = sum_
        return "applied"

    def _take_again(self, id_: str, now: str) -> bool:
        """The hold comes back where all of it is free."""
        hold = self.records[id_]
        key = hold["at"]
        closing = self.closing(key) if hold["by_customer"] else WINDOWS[key][1]
        open_ = key not in self.closed and now < closing
        if hold["status"] not in ("active", "expired") or hold["refund_due"] or not open_:
            return False
        try:
            self.check_tables(hold["customer"], key, hold["claims"], now, id_)
            self.check_holds(hold["customer"], now)
        except Denied:
            return False
        gone = hold["claims"] if hold["status"] == "expired" else {}
        lacking = [s for s, n in gone.items() if not self.make_room(key, s, n, now)]
        if lacking:
            return False
        hold["whole"] = hold["status"] == "expired"  # nobody remembers what a seat of a table cost
        policy = self.policy
        ttl = min(policy.hold_ttl_seconds, policy.max_ttl_seconds, policy.max_hold_seconds)
        self.entry_of(hold, "accepted")
        hold["status"], hold["expires"], hold["offer_to"] = "active", later(now, ttl), None
        hold["limit"] = max(hold["limit"], hold["expires"])
        self.spans = [span for span in self.spans if span.owner != id_]
        self.put(id_, "hold", hold["claims"], hold["expires"])
        return True


def _kept(money: tuple[int, tuple[Any, ...]]) -> int:
    refunded: int = sum(amount for _, amount in money[1])
    return max(0, money[0] - refunded)
