"""The venue of the machine, told twice: as a definition for the rules, as plain tables for the model.

18:00   19      20      21      22      23      24      01      02      03      04
early   ├───────────────────────┤
late                    ├───────────────────────┤
dinner                                  ├───────────────────────┤
brunch (the next date)                                  ├───────────────────────┤
late of the next date: meets nobody
"""

from __future__ import annotations

from typing import Any

from tests.unit.domain.build import venue

from command_api.domain.model import Venue
from holdfast.contracts.channels import ChannelKey
from holdfast.contracts.states import SectionKind
from holdfast.contracts.venues import Category, Policy, Section, Slot, SlotException

FIRST, NEXT = "2026-02-15", "2026-02-16"


def _key(date: str, slot: str) -> ChannelKey:
    return ChannelKey("backroom", "leeds", date, slot)


WINDOWS = {
    _key(FIRST, "early"): ("2026-02-15T19:00:00.000Z", "2026-02-15T22:00:00.000Z"),
    _key(FIRST, "late"): ("2026-02-15T21:00:00.000Z", "2026-02-16T00:00:00.000Z"),
    _key(FIRST, "dinner"): ("2026-02-15T23:00:00.000Z", "2026-02-16T02:00:00.000Z"),
    _key(NEXT, "brunch"): ("2026-02-16T01:00:00.000Z", "2026-02-16T04:00:00.000Z"),
    _key(NEXT, "late"): ("2026-02-16T21:00:00.000Z", "2026-02-17T00:00:00.000Z"),
}
CHANNELS = list(WINDOWS)
SEATS = ("t-1", "t-2", "t-3")
"""Of table `t`."""
ROW = ("a1", "a2", "a3", "a4")
"""Side by side, at no table."""
LEAVES = (*SEATS, "s", "u", "p", "m", *ROW)
"""What takes claims, in layout order."""
SECTIONS = ("t", *LEAVES)
AT_BRUNCH = frozenset({"t", *SEATS, "s", "p"})

CAPACITY = {**dict.fromkeys(LEAVES, 1), "p": 4, "m": 2}
PRICES = {"t-1": 100, "t-2": 100, "t-3": 150, "s": 700, "u": 500, "p": 30, "m": 40}
PARTIES: dict[str, tuple[int, int | None]] = {
    "t": (1, 3),
    **dict.fromkeys(SEATS, (1, 1)),
    "s": (2, 4),
    "u": (1, 2),
}
"""Least and most people; any number where it is not named."""
CATEGORIES = {
    **dict.fromkeys(("t", *SEATS, "s"), "gold"),
    **dict.fromkeys(("u", "a1", "a2"), "silver"),
}


def sold_at(key: ChannelKey, section_id: str) -> bool:
    return key.slot != "brunch" or section_id in AT_BRUNCH


def leaves_of(section_id: str) -> tuple[str, ...]:
    """What is taken where the section is asked for."""
    return SEATS if section_id == "t" else (section_id,)


def party_of(section_id: str) -> tuple[int, int | None]:
    return PARTIES.get(section_id, (1, None))


def tables_in(section_ids: Any) -> int:
    """A seat stands for its table; seats without one count nothing."""
    return len({"t" if id_ in SEATS else id_ for id_ in section_ids if id_ not in ROW})


def stretches(row: list[str], size: int) -> list[list[str]]:
    """So many of these seats side by side."""
    starts = range(len(ROW) - size + 1) if size > 1 else ()
    places = [list(ROW[start : start + size]) for start in starts]
    return [place for place in places if set(place) <= set(row)]


def tables_of(slot: str, section_ids: Any, record_id: str) -> set[str]:
    """By name: the table of seats is one in a slot, whichever records its seats are in."""
    return {
        f"{slot} t" if id_ in SEATS else f"{record_id} {id_}"
        for id_ in section_ids
        if tables_in([id_])
    }


def define(
    policy: Policy, capacity: dict[str, int], prices: dict[str, int], closed: frozenset[ChannelKey]
) -> Venue:
    """The definition as it is now; `closed` are nights that an exception closes."""
    sections = [Section(section_id="t", kind=SectionKind.TABLE, category_id="gold")]
    for leaf in LEAVES:
        low, high = PARTIES.get(leaf, (None, None))
        sections.append(
            Section(
                section_id=leaf,
                kind=_KINDS.get(leaf, SectionKind.SEAT),
                parent_id="t" if leaf in SEATS else None,
                capacity=capacity[leaf],
                price=prices.get(leaf),
                party_min=low,
                party_max=high,
                category_id=None if leaf in SEATS else CATEGORIES.get(leaf),
                row_label="A" if leaf in ROW else None,
                seat_number=1 + ROW.index(leaf) if leaf in ROW else None,
            )
        )
    times = {"early": ("19:00", "22:00"), "late": ("21:00", "24:00"), "dinner": ("23:00", "26:00")}
    slots = [
        _slot(slot, times.get(slot, ("01:00", "04:00")), closed)
        for slot in ("early", "late", "dinner", "brunch")
    ]
    categories = [Category(category_id="gold"), Category(category_id="silver")]
    return venue(policy, slots=slots, categories=categories, sections=sections)


_KINDS = {
    "s": SectionKind.SECTION,
    "u": SectionKind.SECTION,
    "p": SectionKind.POOL,
    "m": SectionKind.TABLE,
}


def _slot(slot_id: str, times: tuple[str, str], closed: frozenset[ChannelKey]) -> Slot:
    dates = [key.date for key in CHANNELS if key.slot == slot_id]
    return Slot(
        slot_id=slot_id,
        start=times[0],
        end=times[1],
        valid_from=min(dates),
        valid_to=max(dates),
        exceptions=[
            SlotException(date=key.date, closed=True)
            for key in sorted(closed)
            if key.slot == slot_id
        ],
        section_ids=["t", "s", "p"] if slot_id == "brunch" else None,
    )
