"""Limits of one customer: tables per service date, holds at a time."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

from command_api.domain.decision import Rejection
from command_api.domain.model import Quota, Venue
from holdfast.contracts.problems import Code
from holdfast.contracts.states import SectionKind

if TYPE_CHECKING:
    from command_api.domain.draft.draft import Draft


def tables_in(venue: Venue, section_ids: Iterable[str]) -> int:
    """A seat counts its table, once; a seat without a table counts nothing; all else is one."""
    return len(tables_of(venue, "", section_ids, ""))


def tables_of(
    venue: Venue, slot: str, section_ids: Iterable[str], record_id: str
) -> frozenset[str]:
    """What a record counts towards the limit, by name: the table of its seats, of which there is one in a
    slot however many records its seats are in, and each other section for itself."""
    names: set[str] = set()
    for section_id in section_ids:
        unit = venue.units.get(section_id)
        if unit is None or unit.section.kind is not SectionKind.SEAT:
            names.add(f"{record_id}/{section_id}")
        elif unit.section.parent_id is not None:
            names.add(f"{slot}/{unit.section.parent_id}")
    return frozenset(names)


def check_tables(
    draft: Draft,
    customer_id: str | None,
    section_ids: Iterable[str],
    *,
    without: str | None = None,
) -> Rejection | None:
    """`maxTablesPerCustomerPerDate` over all slots of the channel's date; what staff ask for a customer
    counts as well. Records past their time do not, nor does the one
    named `without`, which these sections are instead of."""
    limit = draft.venue.policy.max_tables_per_customer_per_date
    if limit is None or customer_id is None:
        return None
    key = draft.state.key
    there, first_end = counted(draft, draft.quota(key.date, customer_id), without)
    if len(there | tables_of(draft.venue, key.slot, section_ids, "")) <= limit:
        return None
    current = len(there)
    return Rejection(
        code=Code.MAX_TABLES_EXCEEDED,
        detail=f"At most {limit} tables for each customer and date; {current} are taken already.",
        facts={"max": limit, "current": current},
        valid_until=first_end,
    )


def check_holds(draft: Draft, customer_id: str | None) -> Rejection | None:
    """`maxActiveHoldsPerCustomer` over all channels of the venue, without holds past their time."""
    limit = draft.venue.policy.max_active_holds_per_customer
    if limit is None or customer_id is None:
        return None
    there, first_end = counted(draft, draft.quota(None, customer_id), None)
    if len(there) < limit:
        return None
    return Rejection(
        code=Code.HOLD_LIMIT_REACHED,
        detail=f"At most {limit} holds at a time for each customer.",
        facts={"max": limit},
        valid_until=first_end,
    )


def counted(draft: Draft, quota: Quota, without: str | None) -> tuple[set[str], str | None]:
    """What counts now, by name, and when the first of it ends by the clock."""
    there, first_end, last_passed = set[str](), None, None
    for record_id, (names, until) in quota.entries.items():
        if record_id == without:
            continue
        if until is not None and until <= draft.now:
            last_passed = max(last_passed or until, until)
            continue
        there |= names
        first_end = min(first_end or until, until) if until is not None else first_end
    draft.relies_on_past(last_passed)
    return there, first_end
