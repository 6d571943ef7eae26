"""What the model makes of blocks, of imports and of their conflicts."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from tests.unit.domain.machine.house import LEAVES, WINDOWS, sold_at
from tests.unit.domain.machine.ledger import Denied
from tests.unit.domain.machine.money import Money

from command_api.domain import commands as c
from holdfast.contracts.channels import ChannelKey
from holdfast.contracts.problems import Code

_STANDING = ("pending_approval", "confirmed", "checked_in")


class Staff(Money):
    def block(self, x: c.BlockSections, now: str) -> None:
        key, request = x.channel, x.request
        leaves: Iterable[str] = [leaf for leaf in LEAVES if sold_at(key, leaf)]
        if request.section_ids is not None:
            leaves = self.look_up(key, request.section_ids, {})[1]
        if now >= WINDOWS[key][1]:
            raise Denied(Code.SLOT_CLOSED)
        for leaf in leaves:
            self.make_room(key, leaf, self.capacity[leaf], now)
        claimed = [leaf for leaf in leaves if self.guests(key, leaf)]
        waiting: list[str] = []
        if claimed and request.on_conflict == "reject":
            raise Denied(Code.BLOCK_CONFLICT)
        if claimed and request.on_conflict == "displace":
            self._clear(x, claimed)
        elif claimed:
            waiting = [leaf for leaf in claimed if self.capacity[leaf] == 1]
        claims = {leaf: self.capacity[leaf] for leaf in leaves if leaf not in waiting}
        self.records[x.block_id] = {
            "kind": "block",
            "status": "active",
            "at": key,
            "customer": None,
            "claims": claims,
            "waiting": waiting,
            "expires": None,
        }
        self.put(x.block_id, "block", claims, None)
        self.lie_ahead(x.block_id, self.records[x.block_id]["waiting"])

    def _clear(self, x: c.BlockSections, claimed: list[str]) -> None:
        key, asker = x.channel, x.asker
        owners = dict.fromkeys(span.owner for leaf in claimed for span in self.guests(key, leaf))
        records = {id_: self.records[id_] for id_ in owners}
        if any(record["status"] == "checked_in" for record in records.values()):
            raise Denied(Code.BLOCK_CONFLICT)
        if not asker.may_manage and any(r["kind"] == "booking" for r in records.values()):
            raise Denied(Code.ACTION_NOT_PERMITTED)
        for id_ in [id_ for id_ in records if records[id_]["kind"] == "hold"]:
            self.give_up(id_, "waiting")
        bookings = [id_ for id_ in records if records[id_]["kind"] == "booking"]
        for number, id_ in enumerate(bookings, 1):
            self.displace(id_)
            self.records[f"cfl_{x.block_id}_{number}"] = {
                "kind": "conflict",
                "status": "resolved",
                "at": records[id_]["at"],
                "customer": None,
                "bookings": [id_],
                "winner": x.block_id,
            }

    def displace(self, id_: str) -> None:
        booking = self.records[id_]
        paid = booking["payment"] == "paid"
        back = booking["paid"] or booking["deposit"] or booking["total"]
        booking["status"], booking["expires"] = "cancelled", None
        if paid and back:
            booking["payment"] = "refund_due"
        self.take_away(id_)

    def unblock(self, x: c.RemoveBlock, now: str) -> None:
        block = self.records.get(x.block_id)
        if block is None or block["kind"] != "block":
            raise Denied(Code.BLOCK_NOT_FOUND)
        if block["status"] == "active":
            block["status"] = "removed"
            self.take_away(x.block_id)

    def import_(self, x: c.ImportBooking, now: str, contested: bool = False) -> None:
        """`contested`: somebody who waited was first."""
        key, item = x.channel, x.item
        if x.booking_id in self.records:
            return
        items, claims = self.look_up(key, item.section_ids, item.quantities)
        if key in self.closed:
            raise Denied(Code.SLOT_CLOSED)
        if any(n > self.capacity[s] for s, n in claims.items()):
            raise Denied(Code.CAPACITY_EXCEEDED)
        rivals = self.rivals(key, claims, now)
        if rivals.blocked:
            raise Denied(Code.BLOCK_CONFLICT)
        booking = self.new_booking(
            x.booking_id,
            key,
            x.asker,
            now,
            claims,
            settled=True,
            customer=item.customer_id,
            items=items,
            total=self.total(items),
            deposit=self.deposit(),
            party=item.party_size,
            payment="paid" if item.paid else "none",
            made=min(item.created_at, now),
            vip=item.tier == "vip",
        )
        booking |= {"status": "confirmed", "expires": None}
        if rivals.sections or contested:
            booking |= {"status": "conflicted", "conflict": x.conflict_id}
            self.records[x.conflict_id] = {
                "kind": "conflict",
                "status": "open",
                "at": key,
                "customer": None,
                "bookings": [*rivals.losers, x.booking_id],
                "winner": None,
            }
        else:
            self.lay(x.booking_id)

    def rivals(self, key: ChannelKey, wanted: Mapping[str, int], now: str) -> Rivals:
        found = Rivals()
        for leaf, units in wanted.items():
            if self.make_room(key, leaf, units, now):
                continue
            found.sections.append(leaf)
            there = [
                span.owner
                for span in self.guests(key, leaf)
                if self.records[span.owner]["kind"] == "booking"
            ]
            found.standing.update(dict.fromkeys(there))
            blocked = any(span.kind == "block" for span in self.seen(key, leaf))
            if blocked or self.awaited(key, leaf):
                found.blocked.append(leaf)
                continue
            there = sorted((id_ for id_ in there if id_ not in found.losers), key=self.rank)
            while there and self.left(key, leaf, found.losers) < units:
                found.losers[there.pop()] = None
            if self.left(key, leaf, found.losers) < units:
                found.held.append(leaf)
        return found

    def rank(self, id_: str) -> tuple[Any, ...]:
        """The lowest comes first: there already, paid, earlier, VIP, who has it."""
        booking = self.records[id_]
        return (
            booking["status"] != "checked_in",
            booking["payment"] != "paid",
            booking["made"],
            not booking["vip"],
            booking["status"] == "conflicted",
            id_,
        )

    def resolve(self, x: c.ResolveConflict, now: str) -> None:
        conflict, word = self.records.get(x.conflict_id), x.winner_id
        if conflict is None or conflict["kind"] != "conflict":
            raise Denied(Code.CONFLICT_NOT_FOUND)
        if conflict["status"] == "resolved":
            if word not in (None, conflict["winner"]):
                raise Denied(Code.INVALID_TRANSITION)
            return
        waiting = conflict["bookings"][-1]
        claims = self.records[waiting]["claims"]
        rivals = self.rivals(conflict["at"], claims, now)
        if word is None:
            winner = min([waiting, *rivals.losers], key=self.rank)
        elif word == waiting or word in rivals.standing:
            winner = word
        else:
            known = word in conflict["bookings"]
            raise Denied(Code.INVALID_TRANSITION if known else Code.VALIDATION_FAILED)
        if winner == waiting:
            self._give(waiting, rivals)
        else:
            self.displace(waiting)
        conflict["status"], conflict["winner"] = "resolved", winner

    def _give(self, winner: str, rivals: Rivals) -> None:
        if rivals.blocked:
            raise Denied(Code.BLOCK_CONFLICT)
        if rivals.held:
            raise Denied(Code.SECTION_NOT_AVAILABLE)
        if any(self.records[id_]["status"] == "checked_in" for id_ in rivals.losers):
            raise Denied(Code.INVALID_TRANSITION)
        for id_ in rivals.losers:
            self.displace(id_)
        booking = self.records[winner]
        if any(self.left(booking["at"], s) < n for s, n in booking["claims"].items()):
            raise Denied(Code.BLOCK_CONFLICT)
        booking["status"] = "confirmed"
        self.lay(winner)


class Rivals:
    """Who is in the way of a booking made elsewhere."""

    def __init__(self) -> None:
        self.sections: list[str] = []
        self.standing: dict[str, None] = {}
        self.losers: dict[str, None] = {}
        self.blocked: list[str] = []
        self.held: list[str] = []
