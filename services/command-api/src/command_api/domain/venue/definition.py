"""Whether a venue definition makes sense: what the types alone cannot say.

Every problem is one sentence that names its place, like `sections.t1: …`. A definition of 50,000
sections is checked in one pass.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from holdfast.contracts.ids import is_date
from holdfast.contracts.schedule import is_timezone
from holdfast.contracts.states import SectionKind
from holdfast.contracts.venues import Deposit, Section, Slot, VenueDefinition

MAX_PROBLEMS = 100


def check_definition(definition: VenueDefinition) -> list[str]:
    """Problems in words; none: the definition may be stored. At most 100 are named."""
    problems: list[str] = []
    for problem in _problems(definition):
        problems.append(problem)
        if len(problems) == MAX_PROBLEMS:
            break
    return problems


def _problems(definition: VenueDefinition) -> Iterator[str]:
    if not is_timezone(definition.timezone):
        yield f"timezone: {definition.timezone!r} is not a known IANA time zone"
    if definition.policy.deposit is not None:
        yield from _deposit(definition.policy.deposit)
    yield from _twice("categories", (category.category_id for category in definition.categories))
    yield from _twice("sections", (section.section_id for section in definition.sections))
    yield from _twice("slots", (slot.slot_id for slot in definition.slots))
    categories = {category.category_id for category in definition.categories}
    sections = {section.section_id: section for section in definition.sections}
    for section in definition.sections:
        yield from _section(section, sections, categories)
    for slot in definition.slots:
        yield from _slot(slot, sections, categories)


def _twice(what: str, ids: Iterable[str]) -> Iterator[str]:
    seen: set[str] = set()
    for id_ in ids:
        if id_ in seen:
            yield f"{what}.{id_}: this id is used more than once"
        seen.add(id_)


def _deposit(deposit: Deposit) -> Iterator[str]:
    if deposit.type == "percent" and deposit.amount > 100:
        yield "policy.deposit: a percentage is at most 100"


def _section(section: Section, sections: dict[str, Section], categories: set[str]) -> Iterator[str]:
    place = f"sections.{section.section_id}"
    if section.category_id is not None and section.category_id not in categories:
        yield f"{place}: category {section.category_id!r} is not defined"
    if (
        section.party_min is not None
        and section.party_max is not None
        and section.party_min > section.party_max
    ):
        yield f"{place}: partyMin is above partyMax"
    if section.kind is SectionKind.SEAT and section.capacity != 1:
        yield f"{place}: a seat has capacity 1"
    if section.parent_id is not None:
        yield from _child(section, sections)


def _child(section: Section, sections: dict[str, Section]) -> Iterator[str]:
    place = f"sections.{section.section_id}"
    parent = sections.get(section.parent_id or "")
    if section.kind is not SectionKind.SEAT:
        yield f"{place}: only a seat may have a parent, this is a {section.kind.value}"
    if parent is None:
        yield f"{place}: parent {section.parent_id!r} is not defined"
    elif parent.kind is not SectionKind.TABLE:
        yield f"{place}: the parent must be a table, {parent.section_id!r} is a {parent.kind.value}"
    elif parent.parent_id is not None:
        yield f"{place}: sections nest one level deep, {parent.section_id!r} has a parent itself"


def _slot(slot: Slot, sections: dict[str, Section], categories: set[str]) -> Iterator[str]:
    place = f"slots.{slot.slot_id}"
    yield from _dates(slot, place)
    if slot.days is not None:
        yield from _twice(f"{place}.days", slot.days)
    if slot.section_ids is not None:
        if not slot.section_ids:
            yield f"{place}.sectionIds: name at least one section, or leave it out for all of them"
        yield from _twice(f"{place}.sectionIds", slot.section_ids)
        for section_id in slot.section_ids:
            if section_id not in sections:
                yield f"{place}.sectionIds: section {section_id!r} is not defined"
    yield from _prices(f"{place}.prices", slot.prices, sections, categories)
    for exception in slot.exceptions:
        where = f"{place}.exceptions.{exception.date}.prices"
        yield from _prices(where, exception.prices, sections, categories)


def _dates(slot: Slot, place: str) -> Iterator[str]:
    for name, date in (("validFrom", slot.valid_from), ("validTo", slot.valid_to)):
        if date is not None and not is_date(date):
            yield f"{place}.{name}: {date!r} is not a calendar day"
    if (
        slot.valid_from is not None
        and slot.valid_to is not None
        and slot.valid_from > slot.valid_to
    ):
        yield f"{place}: validFrom is after validTo"
    for exception in slot.exceptions:
        if not is_date(exception.date):
            yield f"{place}.exceptions: {exception.date!r} is not a calendar day"
    yield from _twice(f"{place}.exceptions", (exception.date for exception in slot.exceptions))


def _prices(
    place: str, prices: dict[str, int], sections: dict[str, Section], categories: set[str]
) -> Iterator[str]:
    for key in prices:
        if key not in sections and key not in categories:
            yield f"{place}: {key!r} is neither a section nor a category"
