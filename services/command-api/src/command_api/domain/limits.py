"""Limits of one customer: tables per service date, holds at a time."""

from __future__ import annotations

from collections.abc import Iterable

from command_api.domain.decision import Rejection
from command_api.domain.draft import Draft
from command_api.domain.model import ChannelState, HoldRecord, Scope, Venue
from holdfast.contracts.problems import Code
from holdfast.contracts.states import HoldStatus, SectionKind


def tables_in(venue: Venue, section_ids: Iterable[str]) -> int:
    """A seat counts its table, once; a seat without a table counts nothing; all else is one."""
    tables: set[str] = set()
    for section_id in section_ids:
        unit = venue.units.get(section_id)
        if unit is None or unit.section.kind is not SectionKind.SEAT:
            tables.add(section_id)
        elif unit.section.parent_id is not None:
            tables.add(unit.section.parent_id)
    return len(tables)


def check_tables(
    scope: Scope, customer_id: str | None, section_ids: Iterable[str], draft: Draft
) -> Rejection | None:
    """`maxTablesPerCustomerPerDate` over all slots of the date; what staff ask for a customer
    counts as well. Holds past their time do not. Raises ValueError where the
    night was not loaded."""
    limit = scope.venue.policy.max_tables_per_customer_per_date
    if limit is None or customer_id is None:
        return None
    night = scope.night
    if night is None or night.customer_id != customer_id:
        raise ValueError(f"the night of {customer_id} is needed to decide")
    current, first_end, last_passed = 0, None, None
    for tables, until in night.tables.values():
        if until is not None and until <= draft.now:
            last_passed = max(last_passed or until, until)
            continue
        current += tables
        first_end = min(first_end or until, until) if until is not None else first_end
    draft.relies_on_past(last_passed)
    if current + tables_in(scope.venue, section_ids) <= limit:
        return None
    return Rejection(
        code=Code.MAX_TABLES_EXCEEDED,
        detail=f"At most {limit} tables for each customer and date; {current} are taken already.",
        facts={"max": limit, "current": current},
        valid_until=first_end,
    )


def check_holds(scope: Scope, customer_id: str | None, draft: Draft) -> Rejection | None:
    """`maxActiveHoldsPerCustomer`, counted within this channel, without holds past their time."""
    limit = scope.venue.policy.max_active_holds_per_customer
    if limit is None or customer_id is None:
        return None
    ends: list[str] = []
    for hold_id in holds_of(scope.channel, customer_id):
        hold = draft.record(hold_id)
        if isinstance(hold, HoldRecord) and hold.status is HoldStatus.ACTIVE:
            if hold.expires_at > draft.now:
                ends.append(hold.expires_at)
            else:
                draft.relies_on_past(hold.expires_at)
    if len(ends) < limit:
        return None
    return Rejection(
        code=Code.HOLD_LIMIT_REACHED,
        detail=f"At most {limit} holds at a time for each customer.",
        facts={"max": limit},
        valid_until=min(ends),
    )


def holds_of(state: ChannelState, customer_id: str) -> set[str]:
    """Ids of the customer's active holds in the channel: sorted by customer on the first use, so
    that a busy channel is not searched for each hold."""
    if state.holders is None:
        state.holders = {}
        for record in state.records.values():
            if isinstance(record, HoldRecord) and record.customer_id is not None:
                state.holders.setdefault(record.customer_id, set()).add(record.id)
    return state.holders.get(customer_id, set())
