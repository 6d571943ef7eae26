"""What claims make of a section: its state, what is left of it, and until when it is held.

The state is the strongest claim, `blocked` over `confirmed` over `pending_approval` over `held`,
once nothing is left; `available` before. A block leaves nothing, however much it was made for, and takes
no units itself: whoever is in stays in. What is taken is what is taken at the fullest moment, where claims
of several overlapping slots lie here.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import NamedTuple

from command_api.domain.draft.crowd import Crowd
from command_api.domain.draft.ends import join
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
    """`held_until`: when the first of the holds ends, where nothing but holds is in the way. `over`:
    units taken beyond what there is, after the section was made smaller."""

    state: SectionState
    available: int
    held_until: str | None
    over: int = 0


def count(tally: Tally, claim: Claim, sign: int) -> None:
    """Add one claim to the tally (`sign` 1) or take it out (-1)."""
    tally.taken += sign * claim.quantity
    kind = claim.kind
    if sign > 0 and tally.ends is not None:
        join(tally.ends, claim)
    if kind is ClaimKind.BLOCK:
        tally.barred += sign * claim.quantity
    elif isinstance(claim.channel, str):
        _count_elsewhere(tally, claim.channel, sign * claim.quantity)
    if kind is ClaimKind.HOLD:
        tally.holds += sign
    elif kind is ClaimKind.CONFIRMED:
        tally.confirmed += sign
    elif kind is ClaimKind.PENDING:
        tally.pending += sign
    else:
        tally.blocks += sign


def _count_elsewhere(tally: Tally, channel: str, units: int) -> None:
    if tally.elsewhere is None:
        tally.elsewhere = {}
    units += tally.elsewhere.pop(channel, 0)
    if units:
        tally.elsewhere[channel] = units


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


def taken_of(tally: Tally, crowd: Crowd | None) -> int:
    """Units that are taken at the fullest moment; without a crowd, as if all claims met."""
    taken = tally.taken - tally.barred
    elsewhere = tally.elsewhere
    if crowd is None or elsewhere is None or len(elsewhere) < 2:
        return taken
    return taken - sum(elsewhere.values()) + crowd.peak(elsewhere)


def left_of(tally: Tally, total: int, crowd: Crowd | None = None) -> int:
    """Units that are free; 0 where a definition shrank below what is taken."""
    return 0 if tally.blocks else max(0, total - taken_of(tally, crowd))


def over_of(tally: Tally, total: int, crowd: Crowd | None = None) -> int:
    """Units that are taken beyond what there is."""
    if tally.taken - tally.barred <= total:
        return 0
    return max(0, taken_of(tally, crowd) - total)


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


def view_of(tally: Tally, total: int, claims: Iterable[Claim], crowd: Crowd | None = None) -> View:
    """The view of a section whose `claims` were counted in `tally`."""
    left = left_of(tally, total, crowd)
    if left > 0:
        return View(SectionState.AVAILABLE, left, None)
    state = strongest(tally)
    held_until = first_expiry(claims) if state is SectionState.HELD else None
    return View(state, 0, held_until, over_of(tally, total, crowd))


def section_view(
    unit: Unit, claims: Mapping[str, Claim] | None, crowd: Crowd | None = None
) -> View:
    """The view of a section that takes claims, in the channel that the crowd is of."""
    if not claims:
        return View(SectionState.AVAILABLE, unit.total, None)
    if unit.total == len(claims) == 1:
        (claim,) = claims.values()
        if claim.quantity == 1:
            held_until = claim.expires_at if claim.kind is ClaimKind.HOLD else None
            return View(_STATES[claim.kind], 0, held_until)
    return view_of(tally_of(claims.values()), unit.total, claims.values(), crowd)


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
    tally = tally_of(taken)
    state = strongest(tally)
    return View(state, 0, first_expiry(taken) if state is SectionState.HELD else None)
