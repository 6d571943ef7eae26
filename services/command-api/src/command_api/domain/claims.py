"""What claims make of a section: its state, what is left of it, and until when it is held.

The state is the strongest claim, `blocked` over `confirmed` over `pending_approval` over `held`,
once nothing is left; `available` before. A block leaves nothing, however much it was made for.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import NamedTuple

from command_api.domain.ends import join
from command_api.domain.model import ChannelState, Tally, Unit
from holdfast.contracts.snapshots import Claim
from holdfast.contracts.states import ClaimKind, SectionState

_NONE: Mapping[str, Claim] = {}
_STATES = {
    ClaimKind.HOLD: SectionState.HELD,
    ClaimKind.PENDING: SectionState.PENDING_APPROVAL,
    ClaimKind.CONFIRMED: SectionState.CONFIRMED,
    ClaimKind.BLOCK: SectionState.BLOCKED,
}


class View(NamedTuple):
    """`held_until`: when the first of the holds ends, where nothing but holds is in the way."""

    state: SectionState
    available: int
    held_until: str | None


def count(tally: Tally, claim: Claim, sign: int) -> None:
    """Add one claim to the tally (`sign` 1) or take it out (-1)."""
    tally.taken += sign * claim.quantity
    kind = claim.kind
    if sign > 0 and tally.ends is not None:
        join(tally.ends, claim)
    if kind is ClaimKind.HOLD:
        tally.holds += sign
    elif kind is ClaimKind.CONFIRMED:
        tally.confirmed += sign
    elif kind is ClaimKind.PENDING:
        tally.pending += sign
    else:
        tally.blocks += sign


def tally_of(claims: Iterable[Claim]) -> Tally:
    tally = Tally()
    for claim in claims:
        count(tally, claim, 1)
    return tally


def known_tally(state: ChannelState, section_id: str) -> Tally:
    """The tally of a section that takes many claims: counted once per channel, then kept, so that
    a pool with thousands of claims costs no more than an empty one."""
    tally = state.tallies.get(section_id)
    if tally is None:
        tally = tally_of(state.claims.get(section_id, _NONE).values())
        state.tallies[section_id] = tally
    return tally


def left_of(tally: Tally, total: int) -> int:
    """Units that are free; 0 where a definition shrank below what is taken."""
    return 0 if tally.blocks else max(0, total - tally.taken)


def strongest(tally: Tally) -> SectionState:
    """The state by the strongest claim, whatever is left."""
    if tally.blocks:
        return SectionState.BLOCKED
    if tally.confirmed:
        return SectionState.CONFIRMED
    if tally.pending:
        return SectionState.PENDING_APPROVAL
    return SectionState.HELD if tally.holds else SectionState.AVAILABLE


def first_expiry(claims: Iterable[Claim]) -> str | None:
    """When the first of the holds among `claims` ends."""
    return min(
        (c.expires_at for c in claims if c.kind is ClaimKind.HOLD and c.expires_at is not None),
        default=None,
    )


def view_of(tally: Tally, total: int, claims: Iterable[Claim]) -> View:
    """The view of a section whose `claims` were counted in `tally`."""
    left = left_of(tally, total)
    if left > 0:
        return View(SectionState.AVAILABLE, left, None)
    state = strongest(tally)
    return View(state, 0, first_expiry(claims) if state is SectionState.HELD else None)


def section_view(unit: Unit, claims: Mapping[str, Claim] | None) -> View:
    """The view of a section that takes claims."""
    if not claims:
        return View(SectionState.AVAILABLE, unit.total, None)
    if unit.total == len(claims) == 1:
        (claim,) = claims.values()
        return View(
            _STATES[claim.kind], 0, claim.expires_at if claim.kind is ClaimKind.HOLD else None
        )
    return view_of(tally_of(claims.values()), unit.total, claims.values())


def table_view(seats: Iterable[Mapping[str, Claim] | None]) -> View:
    """The view of a table from the claims of its seats: taken once no seat is free, and then as the
    strongest claim among them says."""
    free = 0
    taken: list[Claim] = []
    for claims in seats:
        if claims:
            taken.extend(claims.values())
        else:
            free += 1
    if free:
        return View(SectionState.AVAILABLE, free, None)
    return view_of(tally_of(taken), 0, taken)
