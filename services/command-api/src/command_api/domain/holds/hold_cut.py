"""What a change of a hold asks for, worked out against what the hold has: which claims go, which come,
which change their quantity, and what the items are then. Nothing is decided here but what the request
itself forbids."""

from __future__ import annotations

import msgspec
from msgspec import field

from command_api.domain.decision import Rejection
from command_api.domain.draft.draft import Draft
from command_api.domain.holds.asked import Asked, invalid, look_up
from command_api.domain.model import Day
from command_api.domain.records import HoldRecord
from holdfast.contracts.holds import HoldChange, Item
from holdfast.contracts.problems import Code


class Cut(msgspec.Struct):
    """`gone` are claims that leave, `new` what is added, `sizes` new quantities of sections that stay;
    `kept` are the items that stay, at their frozen prices but for those of `sizes`."""

    gone: dict[str, None] = field(default_factory=dict)
    new: Asked = field(default_factory=lambda: Asked([], {}))
    sizes: dict[str, int] = field(default_factory=dict)
    kept: list[Item] = field(default_factory=list)

    @property
    def moves(self) -> bool:
        """Whether it changes anything at all."""
        return bool(self.gone or self.new.claims or self.sizes)


def cut(draft: Draft, day: Day | None, hold: HoldRecord, change: HoldChange) -> Cut | Rejection:
    """What is so already asks for nothing: sections to add that are in the hold, and to remove that are
    not, where the change asks for nothing else. `day` may be None where nothing is added."""
    made, absent = Cut(), list[str]()
    denied = (
        _contradiction(change)
        or _take_out(draft, hold, change, made, absent)
        or _put_in(draft, day, hold, change, made)
        or _resize(draft, hold, change, made)
    )
    if denied is not None:
        return denied
    if _comes_back(draft, hold, made):
        made.gone, made.new = {}, Asked([], {})
    if absent and made.moves:
        return _not_found(absent, "not in the hold")
    kept = _kept(draft, hold, made)
    if isinstance(kept, Rejection):
        return kept
    made.kept = kept
    return made


def _contradiction(change: HoldChange) -> Rejection | None:
    twice = [id_ for id_ in dict.fromkeys(change.remove) if id_ in set(change.add)]
    return _twice(twice, "both to add and to remove") if twice else None


def _take_out(
    draft: Draft, hold: HoldRecord, change: HoldChange, made: Cut, absent: list[str]
) -> Rejection | None:
    unknown, twice = list[str](), list[str]()
    for section_id in change.remove:
        seats = draft.unit(section_id).seats or (section_id,)
        inside = [seat for seat in seats if seat in hold.claims]
        if not inside:
            known = section_id in draft.venue.units
            (absent if known else unknown).append(section_id)
        twice.extend(seat for seat in inside if seat in made.gone)
        made.gone.update(dict.fromkeys(inside))
    if unknown:
        return _not_found(unknown, "not in the hold")
    return _twice(twice, "to remove more than once; a table takes its own seats") if twice else None


def _put_in(
    draft: Draft, day: Day | None, hold: HoldRecord, change: HoldChange, made: Cut
) -> Rejection | None:
    new, twice = list[str](), list[str]()
    for section_id in change.add:
        seats = draft.unit(section_id).seats or (section_id,)
        inside = [seat for seat in seats if seat in hold.claims and seat not in made.gone]
        if len(inside) < len(seats):
            new.append(section_id)
            twice.extend(inside)
    if twice:
        return _twice(twice, "in the hold already; to take their table, remove them with it")
    if not new or day is None:
        return None
    quantities = {id_: n for id_, n in change.quantities.items() if id_ in new}
    asked = look_up(draft.venue, day, new, quantities)
    if isinstance(asked, Rejection):
        return asked
    made.new = asked
    return None


def _resize(draft: Draft, hold: HoldRecord, change: HoldChange, made: Cut) -> Rejection | None:
    tables = {item.section_id for item in hold.items}
    for section_id, quantity in change.quantities.items():
        unit = draft.unit(section_id)
        if any(unit is added for added, _quantity in made.new.units):
            continue
        path = f"quantities.{section_id}"
        stays = section_id in hold.claims and section_id not in made.gone
        if unit.seats and section_id in tables and not made.gone.keys() & set(unit.seats):
            if quantity != 1:
                return invalid(path, "a table with seats is taken as a whole, once")
        elif not stays:
            return invalid(path, "there is a quantity for a section that the hold will not have")
        elif quantity != hold.claims[section_id]:
            made.sizes[section_id] = quantity
    return None


def _comes_back(draft: Draft, hold: HoldRecord, made: Cut) -> bool:
    """Whether nothing leaves but what comes again just as it was: the change was made before."""
    if any(hold.claims.get(s) != n for s, n in made.new.claims.items()):
        return False
    leaving = {
        item.section_id
        for item in hold.items
        if all(section_id in made.gone for section_id in _claims_of(draft, hold, item))
    }
    coming = {unit.section.section_id for unit, _quantity in made.new.units}
    return leaving == coming and made.gone.keys() == made.new.claims.keys()


def _kept(draft: Draft, hold: HoldRecord, made: Cut) -> list[Item] | Rejection:
    """A table priced by its seats falls into those that stay, each at its own frozen price. One that
    has a price as a whole goes as a whole: nobody said what a part of it costs."""
    kept: list[Item] = []
    for item in hold.items:
        own = _claims_of(draft, hold, item)
        staying = [section_id for section_id in own if section_id not in made.gone]
        if len(staying) == len(own):
            kept.append(item)
        elif staying:
            seats = _seat_items(draft, hold, staying)
            if seats is None:
                return invalid(
                    "remove",
                    f"table {item.section_id} is held at one price; remove it as a whole, and add the "
                    "seats that are to stay",
                )
            kept.extend(seats)
    return kept


def _claims_of(draft: Draft, hold: HoldRecord, item: Item) -> list[str]:
    seats = draft.unit(item.section_id).seats or (item.section_id,)
    return [section_id for section_id in seats if section_id in hold.claims]


def _seat_items(draft: Draft, hold: HoldRecord, seats: list[str]) -> list[Item] | None:
    items = []
    for seat in seats:
        claim = draft.claim(seat, hold.id)
        if claim is None or claim.amount is None:
            return None
        category = draft.unit(seat).section.category_id
        items.append(Item(section_id=seat, category_id=category, amount=claim.amount))
    return items


def _not_found(section_ids: list[str], why: str) -> Rejection:
    return Rejection(
        code=Code.SECTION_NOT_FOUND,
        detail=f"{_named(section_ids)} {why}.",
        facts={"sectionIds": section_ids},
    )


def _twice(section_ids: list[str], why: str) -> Rejection:
    return Rejection(
        code=Code.DUPLICATE_SECTIONS,
        detail=f"{_named(section_ids)} {why}.",
        facts={"sectionIds": list(dict.fromkeys(section_ids))},
    )


def _named(ids: list[str]) -> str:
    shown = ", ".join(ids[:5]) + (f" and {len(ids) - 5} more" if len(ids) > 5 else "")
    return f"Section {shown} is" if len(ids) == 1 else f"Sections {shown} are"
