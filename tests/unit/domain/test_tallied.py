"""Sections drawn from counts are those of the snapshot."""

from __future__ import annotations

from tests.unit.domain.build import STAFF, Floor

from command_api.domain.draft.claims import tally_of
from command_api.domain.draft.crowd import Crowd
from command_api.domain.views.tallied import tallied_view


def test_states_and_what_is_left_are_as_in_the_snapshot() -> None:
    floor = Floor()
    floor.hold("t1", "s1", "p")
    floor.hold("p", quantities={"p": 4}, by=STAFF)
    floor.confirm(floor.hold("t2-1", "m").hold_id)
    floor.block("a1", "a2", "t2-2")
    floor.block("m", on_conflict="after_release")
    tallies = {id_: tally_of(claims.values()) for id_, claims in floor.state.claims.items()}
    crowd = Crowd(floor.venue, floor.state.key)
    for section_id, section in floor.sections().items():
        view = tallied_view(floor.venue.units[section_id], tallies, crowd)
        assert view.state is section.state, section_id
        assert view.available == section.capacity.available, section_id
