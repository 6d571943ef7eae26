"""What the model lets somebody take: holds, and bookings in one step. Each function raises Denied."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from tests.unit.domain.machine.house import (
    SEATS,
    SECTIONS,
    WINDOWS,
    leaves_of,
    party_of,
    sold_at,
    tables_in,
    tables_of,
)
from tests.unit.domain.machine.ledger import Denied, Ledger, Rec
from tests.unit.domain.machine.resting import time_left

from command_api.domain import commands as c
from command_api.domain.times import later
from holdfast.contracts.channels import ChannelKey
from holdfast.contracts.problems import Code
from holdfast.contracts.states import ActorType

Items = list[tuple[str, int]]


class Asking(Ledger):
    def check_open(self, key: ChannelKey, asker: c.Asker, now: str) -> None:
        if asker.is_guest and not self.policy.guest_checkout:
            raise Denied(Code.ACTION_NOT_PERMITTED)
        if key in self.closed or now >= WINDOWS[key][1]:
            raise Denied(Code.SLOT_CLOSED)
        if not asker.is_staff and now >= self.closing(key):
            raise Denied(Code.SLOT_CLOSED)

    def closing(self, key: ChannelKey) -> str:
        """Until when customers may book."""
        lead = self.policy.min_lead_minutes
        return later(WINDOWS[key][0], -60 * lead) if lead else WINDOWS[key][1]

    def look_up(
        self, key: ChannelKey, section_ids: Iterable[str], quantities: Mapping[str, int]
    ) -> tuple[Items, dict[str, int]]:
        items = [(s, quantities.get(s, 1)) for s in section_ids]
        if any(s not in SECTIONS or not sold_at(key, s) for s, _ in items):
            raise Denied(Code.SECTION_NOT_FOUND)
        taken = [(leaf, n) for s, n in items for leaf in leaves_of(s)]
        claims = {leaf: 1 if leaf in SEATS else n for leaf, n in taken}
        if len(claims) < len(taken):
            raise Denied(Code.DUPLICATE_SECTIONS)
        asked = dict(items)
        if any(s not in asked or (s == "t" and n != 1) for s, n in quantities.items()):
            raise Denied(Code.VALIDATION_FAILED)
        return items, claims

    def check_count(self, count: int) -> None:
        if count > self.policy.max_sections_per_hold:
            raise Denied(Code.TOO_MANY_SECTIONS)

    def check_party(self, items: Items, size: int | None) -> None:
        if size is None or not items:
            return
        highs = [(party_of(s)[1], n) for s, n in items]
        most = None if any(high is None for high, _ in highs) else sum(h * n for h, n in highs if h)
        if size < min(party_of(s)[0] for s, _ in items) or (most is not None and size > most):
            raise Denied(Code.CAPACITY_MISMATCH)

    def check_free(self, key: ChannelKey, claims: Mapping[str, int], now: str) -> None:
        conflict = [s for s, n in claims.items() if not self.make_room(key, s, n, now)]
        if conflict:
            partly = all(self.left(key, s) for s in conflict)
            raise Denied(Code.CAPACITY_EXCEEDED if partly else Code.SECTION_NOT_AVAILABLE)

    def check_tables(
        self, who: str | None, key: ChannelKey, claims: Any, now: str, without: str | None = None
    ) -> None:
        most = self.policy.max_tables_per_customer_per_date
        if (
            who is not None
            and most is not None
            and len(self.tables(who, key.date, now, without) | tables_of(key.slot, claims, ""))
            > most
        ):
            raise Denied(Code.MAX_TABLES_EXCEEDED)

    def check_holds(self, who: str | None, now: str) -> None:
        most = self.policy.max_active_holds_per_customer
        if who is not None and most is not None and self.holds(who, now) >= most:
            raise Denied(Code.HOLD_LIMIT_REACHED)

    def hold(self, x: c.HoldSections, now: str, chosen: list[str] | None = None) -> None:
        """`chosen`: the best that was left by those who waited."""
        key, request = x.channel, x.request
        self.check_open(key, x.asker, now)
        section_ids: Iterable[str] = request.section_ids or ()
        if request.best_available is not None:
            wanted = request.best_available.quantity
            self.check_count(wanted)
            free = self.free_leaves(key, now)
            section_ids = chosen or [s for s in free if self._is_theirs(x, s, now)][:wanted]
            if len(list(section_ids)) < wanted:
                raise Denied(Code.SECTION_NOT_AVAILABLE)
        items, claims = self.look_up(key, section_ids, request.quantities)
        self.check_count(len(claims))
        self.check_party(items, request.party_size)
        self.check_free(key, claims, now)
        self.check_tables(x.customer_id, key, claims, now)
        self.check_holds(x.customer_id, now)
        ends = time_left(self, key, x.asker, x.customer_id, claims, now=now, after=now)
        if request.dry_run:
            return
        policy = self.policy
        limit = min([later(now, policy.max_hold_seconds), *ends])
        ttl = min(request.ttl_seconds or policy.hold_ttl_seconds, policy.max_ttl_seconds)
        self.records[x.hold_id] = {
            "kind": "hold",
            "status": "active",
            "at": key,
            "customer": x.customer_id,
            "claims": claims,
            "items": items,
            "party": request.party_size,
            "expires": min(later(now, ttl), limit),
            "limit": limit,
            "let_go": {},
            "offer_to": None,
            "by_customer": x.asker.actor.type is ActorType.CUSTOMER,
            "total": sum(self.price(s) * n for s, n in items),
            "deposit": self.deposit(),
            "paid": 0,
            "refund_due": 0,
            "money": {},
        }
        self.put(x.hold_id, "hold", claims, self.records[x.hold_id]["expires"])

    def _is_theirs(self, x: c.HoldSections, section_id: str, now: str) -> bool:
        """Whether they may hold it at all, now."""
        try:
            time_left(self, x.channel, x.asker, x.customer_id, [section_id], now=now, after=now)
        except Denied:
            return False
        return True

    def deposit(self) -> int:
        """Fixed, in this model."""
        return 0 if self.policy.deposit is None else self.policy.deposit.amount

    def find_hold(self, x: Any) -> Rec:
        hold = self.records.get(x.hold_id)
        if hold is None or hold["kind"] != "hold":
            raise Denied(Code.HOLD_NOT_FOUND)
        if not owns(x.asker, hold):
            raise Denied(Code.HOLD_NOT_OWNED)
        return hold

    def live_hold(self, x: Any, now: str) -> Rec:
        hold = self.find_hold(x)
        if hold["status"] == "expired" or self.is_due(x.hold_id, now):
            raise Denied(Code.HOLD_EXPIRED)
        if hold["status"] != "active":
            raise Denied(Code.INVALID_TRANSITION)
        return hold

    def extend(self, x: c.ExtendHold, now: str) -> None:
        hold, policy = self.live_hold(x, now), self.policy
        key = hold["at"]
        if (key in self.closed and not x.asker.is_staff) or now >= WINDOWS[key][1]:
            raise Denied(Code.SLOT_CLOSED)
        if hold["expires"] >= hold["limit"]:
            raise Denied(Code.HOLD_LIMIT_REACHED)
        ttl = min(x.ttl_seconds or policy.hold_ttl_seconds, policy.max_ttl_seconds)
        end = min(later(now, ttl), hold["limit"])
        if end > hold["expires"]:
            hold["expires"] = end
            self._lay_again(x.hold_id)

    def _lay_again(self, id_: str) -> None:
        """The same record with other claims or another end: nobody gets in between."""
        hold = self.records[id_]
        had = self.pick_up(id_)
        self.put(id_, "hold", hold["claims"], hold["expires"])
        self.settle(had)

    def release(self, x: c.ReleaseHold, now: str) -> None:
        hold = self.find_hold(x)
        if hold["status"] == "confirmed":
            raise Denied(Code.INVALID_TRANSITION)
        if self.is_due(x.hold_id, now):
            self.expire(x.hold_id)
        elif hold["status"] == "active":
            self.give_up(x.hold_id, "declined")

    def give_up(self, id_: str, entry_status: str) -> None:
        hold = self.records[id_]
        hold["ended"] = min(self.clock, hold["expires"])
        hold["status"], hold["refund_due"] = "released", hold["paid"]
        self.entry_of(hold, entry_status)
        self.take_away(id_)

    def change(self, x: c.ChangeHold, now: str) -> None:
        """Leaves only, in and out; whatever else the contract allows has tests of its own."""
        hold, change, key = self.live_hold(x, now), x.change, x.channel
        if hold["offer_to"] is not None:
            raise Denied(Code.INVALID_TRANSITION)
        if set(change.add) & set(change.remove):
            raise Denied(Code.DUPLICATE_SECTIONS)
        gone = [s for s in change.remove if s in hold["claims"]]
        new = [s for s in change.add if s not in hold["claims"]]
        if any(not sold_at(key, s) for s in new) or (
            len(gone) < len(change.remove) and (gone or new)
        ):
            raise Denied(Code.SECTION_NOT_FOUND)
        if not gone and not new:
            return
        leaving = [s for s in SEATS if s in gone]
        if hold.get("whole") and ("t", 1) in hold["items"] and len(leaving) in (1, 2):
            raise Denied(Code.VALIDATION_FAILED)
        claims = {s: n for s, n in hold["claims"].items() if s not in gone} | dict.fromkeys(new, 1)
        if not claims:
            raise Denied(Code.VALIDATION_FAILED)
        if new:
            self.check_open(key, x.asker, now)
            if len(claims) > len(hold["claims"]):
                self.check_count(len(claims))
            self.check_free(key, dict.fromkeys(new, 1), now)
            if tables_in(claims) > tables_in(hold["claims"]):
                self.check_tables(hold["customer"], key, claims, now, x.hold_id)
        end, who = hold["expires"], hold["customer"]
        ends = time_left(self, key, x.asker, who, new, now=now, after=end, without=x.hold_id)
        items: Items = []
        for s, n in hold["items"]:
            staying = [leaf for leaf in leaves_of(s) if leaf not in gone]
            items += [(s, n)] if staying == list(leaves_of(s)) else [(leaf, 1) for leaf in staying]
        items += [(s, 1) for s in new]
        self.check_party(items, hold["party"])
        hold["claims"], hold["items"], hold["total"] = claims, items, None
        hold["limit"] = min([hold["limit"], *ends])
        hold["let_go"] = hold["let_go"] | dict.fromkeys(gone, now)
        self._lay_again(x.hold_id)


def owns(asker: c.Asker, record: Rec) -> bool:
    return asker.is_staff or (
        record["customer"] is not None and asker.customer_id == record["customer"]
    )
