"""What sections cost: by section, in all, and as a deposit. Money is in minor units.

Precedence: the date's exception, the slot, the section, the category; exception and slot name a
section or else its category. A table with seats costs its own price where it has one (named by its
own id, or its `price`), else the sum of its seats, else, where no seat has a price, its category's.
What has no price at all costs nothing.
"""

from __future__ import annotations

from collections.abc import Mapping

from msgspec import Struct

from command_api.domain.model import Day, Unit, Venue
from holdfast.contracts.holds import Item
from holdfast.contracts.venues import Deposit, Section


class Quote(Struct, frozen=True):
    """`amounts` by section taken; None where its table was priced as one."""

    items: list[Item]
    amounts: dict[str, int | None]
    total: int
    deposit: int


def quote(venue: Venue, day: Day, asked: list[tuple[Unit, int]]) -> Quote:
    """The price of `asked` sections with their quantities; a table stands for all of its seats."""
    items: list[Item] = []
    amounts: dict[str, int | None] = {}
    total = 0
    for unit, quantity in asked:
        section = unit.section
        if unit.seats:
            amount = _table(venue, day, unit, amounts)
        else:
            amount = (_price(venue, day, section) or 0) * quantity
            amounts[section.section_id] = amount
        total += amount
        items.append(
            Item(
                section_id=section.section_id,
                category_id=section.category_id,
                amount=amount,
                quantity=quantity,
            )
        )
    return Quote(items, amounts, total, deposit_of(venue.policy.deposit, total, len(amounts)))


def deposit_of(deposit: Deposit | None, total: int, sections: int) -> int:
    """`sections` counts seats, not their table. A percentage is rounded half up to the minor unit;
    a fixed deposit is asked in full, whatever the total."""
    if deposit is None:
        return 0
    if deposit.type == "percent":
        return (total * deposit.amount + 50) // 100
    return deposit.amount * (sections if deposit.type == "per_section" else 1)


def _table(venue: Venue, day: Day, unit: Unit, amounts: dict[str, int | None]) -> int:
    if not _priced_itself(day, unit.section):
        prices = {seat: _price(venue, day, venue.units[seat].section) for seat in unit.seats}
        if any(price is not None for price in prices.values()):
            amounts.update({seat: price or 0 for seat, price in prices.items()})
            return sum(price or 0 for price in prices.values())
    amounts.update(dict.fromkeys(unit.seats))
    return _price(venue, day, unit.section) or 0


def _priced_itself(day: Day, section: Section) -> bool:
    section_id = section.section_id
    return section.price is not None or section_id in day.prices or section_id in day.slot.prices


def _price(venue: Venue, day: Day, section: Section) -> int | None:
    """None: nothing gives the section a price."""
    section_id, category_id = section.section_id, section.category_id
    for prices in (day.prices, day.slot.prices):
        if prices:
            price = _named(prices, section_id, category_id)
            if price is not None:
                return price
    if section.price is not None:
        return section.price
    category = venue.categories.get(category_id) if category_id is not None else None
    return category.price if category is not None else None


def _named(prices: Mapping[str, int], section_id: str, category_id: str | None) -> int | None:
    price = prices.get(section_id)
    if price is None and category_id is not None:
        return prices.get(category_id)
    return price
