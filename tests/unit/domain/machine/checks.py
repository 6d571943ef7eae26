"""What must hold after every command: of the decision, of all channels, and against the plain model."""

from __future__ import annotations

from collections import Counter

from msgspec import UNSET
from tests.unit.domain.machine.asking import Items
from tests.unit.domain.machine.house import (
    CHANNELS,
    LEAVES,
    ROW,
    SECTIONS,
    leaves_of,
    sold_at,
    stretches,
    tables_of,
)
from tests.unit.domain.machine.ledger import ACTIVE, Rec, meet
from tests.unit.domain.machine.model import Model
from tests.unit.domain.machine.world import World

from command_api.domain.commands import Command, ErasePersonalData, RecordPayment
from command_api.domain.decision import Decision
from command_api.domain.records import (
    BlockRecord,
    BookingRecord,
    ConflictRecord,
    HoldRecord,
    Record,
    is_active,
    status_of,
)
from holdfast.contracts.channels import ChannelKey
from holdfast.contracts.states import HoldStatus


def check_decision(
    world: World, command: Command, decision: Decision, before: dict[str, Record]
) -> None:
    """`before`: the records that it changed, as they were. Versions are dense and events replay; each
    change of a record is one revision with one notice; what has ended has ended."""
    for key, part in decision.parts.items():
        for event in part.events:
            world.readers[key].read(event)
            assert 0 <= event.capacity.available <= event.capacity.total
        assert world.readers[key].version == world.channels[key].version
    told = Counter((notice.object_id, notice.revision) for notice in decision.notices)
    assert all(count == 1 for count in told.values()), told
    expected: set[tuple[str, int]] = set()
    for record in decision.records:
        known = before.get(record.id)
        since = 0 if known is None else known.revision
        changes = {(record.id, number) for number in range(since + 1, record.revision + 1)}
        assert changes, ("saved without a revision", record)
        assert record.version <= world.channels[record.channel].version
        if known is not None and not is_active(known):
            assert isinstance(command, RecordPayment | ErasePersonalData), (known, record)
        expected |= {change for change in changes if not _is_told_otherwise(record, change[1])}
    assert set(told) >= expected, (expected - set(told), decision)
    assert {id_ for id_, _ in told} <= {record.id for record in decision.records}


def _is_told_otherwise(record: Record, revision: int) -> bool:
    """A confirmed hold is told of by its booking; a block that takes over by the section's event."""
    if isinstance(record, HoldRecord):
        return record.status is HoldStatus.CONFIRMED and revision == record.revision
    return isinstance(record, BlockRecord)


def check_channels(world: World, model: Model) -> None:
    """Every section of every channel is as the model says, and as who followed the events knows."""
    for key in CHANNELS:
        shown = world.shown(key)
        assert list(shown) == [s for s in SECTIONS if sold_at(key, s)]
        for section_id, section in shown.items():
            view = model.view(key, section_id)
            seen = (
                section.state.value,
                section.capacity.available,
                section.capacity.total,
                section.capacity.over_committed,
                section.held_until,
            )
            assert seen == view, (key, section_id, seen, view)
            assert world.readers[key].agrees_with(section), (key, section_id)
            if section_id in LEAVES:
                _check_claims(world, model, key, section_id)
        world.tallies_hold(world.channels[key])
    world.quotas_hold()


def _check_claims(world: World, model: Model, key: ChannelKey, section_id: str) -> None:
    claims = world.channels[key].claims.get(section_id, {}).values()
    found = {
        (c.claim_id, c.kind.value, c.quantity if c.kind != "block" else 0, c.expires_at, c.channel)
        for c in claims
    }
    expected = {
        (s.owner, s.kind, s.quantity if s.kind != "block" else 0, s.expires)
        + (UNSET if s.home == key else s.home.name,)
        for s in model.seen(key, section_id)
    }
    assert found == expected, (key, section_id, found ^ expected)


def check_records(world: World, model: Model) -> None:
    """Records are where and what the model says, and there are no others."""
    everywhere = [(key, id_) for key, state in world.channels.items() for id_ in state.records]
    assert len({id_ for _, id_ in everywhere}) == len(everywhere), "in one place at a time"
    assert {id_ for _, id_ in everywhere} | set(world.ended) == set(model.records)
    for id_, plain in model.records.items():
        record = world.record(id_)
        assert record is not None
        known = (status_of(record), record.channel, record.customer_id)
        assert known == (plain["status"], plain["at"], plain["customer"]), (id_, known, plain)
        match record:
            case HoldRecord() | BookingRecord():
                paid = (record.claims, record.party_size, record.paid_amount)
                assert paid == (plain["claims"], plain["party"], plain["paid"]), (record, plain)
                if plain["total"] is not None:
                    assert record.total_amount == plain["total"], "prices are frozen"
                if isinstance(record, HoldRecord):
                    assert record.refund_due == plain["refund_due"], (record, plain)
                    assert record.expires_at == plain["expires"]
                else:
                    assert record.payment_status.value == plain["payment"], (record, plain)
                    assert (record.contact is not None) == plain["contact"]
            case BlockRecord():
                assert set(record.claims) == set(plain["claims"])
                assert set(record.waiting) == set(plain["waiting"])
            case ConflictRecord():
                assert record.winner_id == plain["winner"]


def check_capacity(model: Model, before: Model) -> None:
    """One exclusive claim for a section and moment; of more than there is, never any more."""
    for key in CHANNELS:
        for leaf in LEAVES:
            peak = model.peak(key, leaf)
            if peak > model.capacity[leaf]:
                assert peak <= before.peak(key, leaf), (key, leaf)
    for id_, record in model.records.items():
        claims = sorted(
            (s.section, s.quantity) for s in model.spans if s.owner == id_ and not s.only
        )
        if record["kind"] in ("hold", "booking"):
            has = record["status"] in ACTIVE and (record["kind"], record["status"]) != (
                "hold",
                "confirmed",
            )
            assert claims == (sorted(record["claims"].items()) if has else []), (id_, record)


def check_limits(model: Model, customer: str, date: str, now: str) -> None:
    """Nobody is made an offer beyond what they may have."""
    policy = model.policy
    if policy.max_tables_per_customer_per_date is not None:
        assert len(model.tables(customer, date, now)) <= policy.max_tables_per_customer_per_date
    if policy.max_active_holds_per_customer is not None:
        assert model.holds(customer, now) <= policy.max_active_holds_per_customer


def adopt_offers(
    model: Model, decision: Decision, before: list[str], now: str, *, bound: bool
) -> None:
    """Take over the offers that were made, each of which has to be right: free, for a party that fits,
    and past nobody before it who could have had the same. `before`: who waited, in order; `bound`:
    whether limits hold for what the decision made otherwise."""
    offers = [
        record
        for record in decision.records
        if isinstance(record, HoldRecord) and record.entry_id and record.id not in model.records
    ]
    for offer in offers:
        entry = model.records[offer.entry_id or ""]
        assert entry["status"] == "waiting", entry
        assert entry["at"] not in model.closed
        assert now < model.closing_for(entry)
        key, items = entry["at"], _items(offer)
        assert set(offer.claims) == {leaf for s, _ in items for leaf in leaves_of(s)}
        assert all(model.left(key, leaf) >= units for leaf, units in offer.claims.items()), offer
        _check_fit(model, entry, items)
        entry["status"], entry["hold"] = "offered", offer.id
        model.records[offer.id] = {
            "kind": "hold",
            "status": "active",
            "at": key,
            "customer": entry["customer"],
            "claims": dict(offer.claims),
            "items": items,
            "party": entry["party"],
            "expires": offer.expires_at,
            "limit": offer.limit_at,
            "offer_to": offer.entry_id,
            "let_go": {},
            "by_customer": False,
            "total": model.total(items),
            "deposit": model.deposit(),
            "paid": 0,
            "refund_due": 0,
            "money": {},
        }
        assert now < offer.expires_at <= model.closing_for(entry)
        model.put(offer.id, "hold", dict(offer.claims), offer.expires_at)
    for offer in offers:
        _check_nobody_overtaken(model, offer, before, now)
        if offer.customer_id is not None and bound:
            check_limits(model, offer.customer_id, offer.date, now)


def _items(offer: HoldRecord) -> Items:
    return [(item.section_id, item.quantity) for item in offer.items]


def _check_fit(model: Model, entry: Rec, items: Items) -> None:
    """One thing for the party, chairs for each of them, or seats side by side."""
    seats, size = [s for s, _ in items], entry["party"]
    if len(items) > 1:
        assert seats in stretches(list(ROW), size), (entry, items)
        assert all(n == 1 and model.is_wanted(entry, s) for s, n in items), (entry, items)
        return
    ((section_id, units),) = items
    assert model.would_take(entry, section_id, units), (entry, items)
    assert units == (size if section_id in ("p", "m") else 1), (entry, items)


def _check_nobody_overtaken(model: Model, offer: HoldRecord, before: list[str], now: str) -> None:
    entry = model.records[offer.entry_id or ""]
    ahead = [id_ for id_ in before if model.records[id_]["place"] < entry["place"]]
    policy = model.policy  # who comes below a limit waits for the leader's next round
    limits = policy.max_tables_per_customer_per_date or policy.max_active_holds_per_customer
    for id_ in ahead:
        other = model.records[id_]
        key = other["at"]
        if other["status"] != "waiting" or key in model.closed or now >= model.closing_for(other):
            continue
        there = key == entry["at"] or (
            not limits
            and meet(key, entry["at"])
            and all(
                model.left(key, leaf, {offer.id}) >= units for leaf, units in offer.claims.items()
            )
        )
        if there and model.would_take_of(other, _items(offer)):
            assert _is_limited(model, other, offer, now), (other, entry)


def _is_limited(model: Model, other: Rec, offer: HoldRecord, now: str) -> bool:
    policy, customer, date = model.policy, other["customer"], other["at"].date
    tables, holds = policy.max_tables_per_customer_per_date, policy.max_active_holds_per_customer
    if customer is None:
        return False
    if holds is not None and model.holds(customer, now) >= holds:
        return True
    more = tables_of(other["at"].slot, offer.claims, "")
    return tables is not None and len(model.tables(customer, date, now) | more) > tables
