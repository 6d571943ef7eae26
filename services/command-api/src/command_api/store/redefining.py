"""Whether a venue may be redefined under the claims that are on it, and what becomes of these."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from command_api.domain.model import Venue
from command_api.domain.venue.redefinition import (
    Parting,
    Redefinition,
    broken,
    moved_slots,
    redefine,
)
from command_api.store.heads import channel_head
from command_api.store.sql import query

if TYPE_CHECKING:
    from command_api.store.pool import Connection
    from holdfast.contracts.channels import ChannelKey


class SectionInUse(Exception):
    """Sections that have claims cannot leave the layout."""

    def __init__(self, section_ids: list[str]) -> None:
        super().__init__(f"claimed: {', '.join(section_ids[:20])}")
        self.section_ids = section_ids


class SlotInUse(Exception):
    """Slots with claims on nights to come cannot leave the definition, nor those nights; nor may these
    sections of them, or slots come to overlap on them."""

    def __init__(self, slot_ids: list[str], section_ids: list[str], dates: list[str]) -> None:
        super().__init__(f"claimed: {', '.join(slot_ids[:20])} on {', '.join(dates[:20])}")
        self.slot_ids = slot_ids
        self.section_ids = section_ids
        self.dates = dates


class CurrencyInUse(Exception):
    """What is held or booked was priced, and maybe paid, in the currency that is."""

    def __init__(self, currency: str, slot_ids: list[str]) -> None:
        super().__init__(f"prices in {currency} are in use")
        self.currency = currency
        self.slot_ids = slot_ids


async def redefine_claimed(connection: Connection, old: Venue, new: Venue) -> None:
    """The caller has the venue's head locked. Claims of slots that part leave each other's channels.
    Raises SectionInUse, SlotInUse, CurrencyInUse."""
    if old.definition.currency != new.definition.currency:
        rows = await connection.fetch(query("claimed_nights"), old.club, old.venue)
        if rows:
            slots = sorted({row["slot"] for row in rows})
            raise CurrencyInUse(old.definition.currency, slots)
    gone = [
        section
        for section, unit in old.units.items()
        if section not in new.units or (new.units[section].seats and not unit.seats)
    ]
    rows = await connection.fetch(query("sections_in_use"), old.club, old.venue, gone)
    if gone and rows:
        raise SectionInUse([row["section"] for row in rows])
    if moved_slots(old, new):
        await _move_slots(connection, old, new)


async def _move_slots(connection: Connection, old: Venue, new: Venue) -> None:
    rows = await connection.fetch(query("claimed_nights"), old.club, old.venue)
    nights = [(row["date"].isoformat(), row["slot"]) for row in rows]
    found = await asyncio.to_thread(redefine, old, new, nights, new.updated_at)
    if found.gone:
        raise _in_use(found.gone, [])
    if found.watched:
        hit = broken(found, await _claims(connection, old, found))
        if hit:
            raise _in_use(hit, sorted({id_ for ids in hit.values() for id_ in ids}))
    if found.partings:
        await _part(connection, old.club, found.partings)


async def _claims(
    connection: Connection, venue: Venue, found: Redefinition
) -> dict[ChannelKey, list[str]]:
    heads = {channel_head(key): key for key in found.watched}
    watched = [sections for all_ in found.watched.values() for sections in all_]
    known = [sections for sections in watched if sections is not None]
    matter = sorted(frozenset().union(*known)) if len(known) == len(watched) else None
    rows = await connection.fetch(query("claimed_sections"), venue.club, list(heads), matter)
    return {heads[row["head"]]: row["sections"] for row in rows}


async def _part(connection: Connection, club: str, partings: list[Parting]) -> None:
    rows = [
        (channel_head(parting.there), channel_head(parting.home), section)
        for parting in partings
        for section in ([None] if parting.sections is None else sorted(parting.sections))
    ]
    columns = [list(column) for column in zip(*rows, strict=True)]
    await connection.execute(query("part_claims"), club, *columns)


def _in_use(keys: list[ChannelKey] | dict[ChannelKey, list[str]], sections: list[str]) -> SlotInUse:
    return SlotInUse(
        sorted({key.slot for key in keys}), sections, sorted({key.date for key in keys})
    )
