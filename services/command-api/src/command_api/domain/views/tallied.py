"""What sections are, from tallies of their claims alone: no claim is needed to draw a floor plan."""

from __future__ import annotations

from collections.abc import Mapping

from command_api.domain.draft.claims import View, strongest, view_of
from command_api.domain.draft.crowd import Crowd
from command_api.domain.model import Tally, Unit
from holdfast.contracts.states import SectionState


def tallied_view(unit: Unit, tallies: Mapping[str, Tally], crowd: Crowd) -> View:
    """As `section_view` and `table_view` have it, without until when it is held; a section without
    claims has no tally. The crowd is of the channel."""
    if not unit.seats:
        tally = tallies.get(unit.section.section_id)
        if tally is None:
            return View(SectionState.AVAILABLE, unit.total, None)
        return view_of(tally, unit.total, (), crowd)
    taken = [tally for seat in unit.seats if (tally := tallies.get(seat)) is not None]
    if len(taken) < len(unit.seats):
        return View(SectionState.AVAILABLE, len(unit.seats) - len(taken), None)
    return View(strongest(_merged(taken)), 0, None)


def _merged(tallies: list[Tally]) -> Tally:
    """Which kinds of claims there are among several sections."""
    whole = Tally()
    for tally in tallies:
        whole.holds += tally.holds
        whole.pending += tally.pending
        whole.confirmed += tally.confirmed
        whole.blocks += tally.blocks
    return whole
