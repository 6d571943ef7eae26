"""Nobody holds a section for ever by letting go of it and holding it again."""

from __future__ import annotations

from datetime import datetime

import msgspec
import pytest
from tests.unit.domain.build import KEY, NOW, STAFF, accepted, customer, rejected
from tests.unit.domain.edges import Place
from tests.unit.domain.elsewhere import DINNER, EARLY

from command_api.domain.commands import ReleaseHold
from command_api.domain.decide import decide
from command_api.domain.decision import Decision
from command_api.domain.evolve import apply
from command_api.domain.holds.recent import MOST_RECENT, Recent
from command_api.domain.records import HoldRecord
from command_api.domain.times import later
from command_api.journal import ChannelJournal
from holdfast.contracts.holds import BestAvailable
from holdfast.contracts.problems import Code
from holdfast.contracts.venues import Policy

POLICY = Policy(hold_ttl_seconds=300, max_hold_seconds=500, rehold_after_seconds=60)
BOB = customer("bob")


def seconds_left(place: Place, expires_at: str) -> float:
    ends, now = (datetime.fromisoformat(text) for text in (expires_at, place.now))
    return (ends - now).total_seconds()


@pytest.mark.parametrize("swept", [True, False])
def test_who_lets_a_hold_run_out_and_holds_again_has_what_is_left_of_the_time(swept: bool) -> None:
    place = Place(POLICY)
    first = place.hold("s1")
    place.pass_time(300)
    if swept:
        accepted(place.expire(first.hold_id))
    place.pass_time(30)
    again = place.hold("s1", "s2")
    assert seconds_left(place, again.expires_at) == 170
    assert place.denied(place.extend(again.hold_id)) is Code.HOLD_LIMIT_REACHED
    place.wait_until(again.expires_at)
    denied = rejected(place.try_hold("s2", "s1"))
    assert denied.code is Code.HOLD_LIMIT_REACHED
    assert denied.facts == {
        "max": 500,
        "sectionIds": ["s1", "s2"],
        "notBefore": later(place.now, 60),
    }
    assert denied.valid_until == later(place.now, 60)
    place.hold("s3")


def test_after_a_rest_the_time_begins_anew() -> None:
    place = Place(POLICY)
    place.hold("s1")
    place.pass_time(300 + 60)
    hold = place.hold("s1")
    place.pass_time(10)
    accepted(place.extend(hold.hold_id))
    assert seconds_left(place, place.held(hold.hold_id).expires_at) == 300


def test_others_and_staff_are_not_kept_waiting() -> None:
    place = Place(msgspec.structs.replace(POLICY, max_hold_seconds=300))
    hold = place.hold("s1", "s2")
    place.pass_time(299)
    accepted(place.release(hold.hold_id))
    assert seconds_left(place, place.hold("s1").expires_at) == 1
    place.hold("s2", by=BOB)
    place.pass_time(1)
    assert place.denied(place.try_hold("s1")) is Code.HOLD_LIMIT_REACHED
    place.hold("s1", by=STAFF)


def test_a_venue_may_do_without() -> None:
    place = Place(msgspec.structs.replace(POLICY, rehold_after_seconds=0))
    place.hold("s1")
    place.pass_time(300)
    assert seconds_left(place, place.hold("s1").expires_at) == 300


def test_a_section_that_a_change_takes_out_is_let_go_of() -> None:
    place = Place(POLICY)
    first = place.hold("s1", "s2").hold_id
    place.pass_time(200)
    accepted(place.try_change(first, remove=["s1"]))
    second = place.hold("s1")
    assert (second.expires_at, place.held(second.hold_id).limit_at) == (later(NOW, 500),) * 2
    accepted(place.release(second.hold_id))
    accepted(place.try_change(first, add=["s1"]))  # it lasts until 300, and may last until 500
    assert place.held(first).limit_at == later(NOW, 500)


def test_what_is_added_to_a_hold_lasts_as_long_as_the_hold_or_is_not_added() -> None:
    place = Place(POLICY)
    first = place.hold("s1").hold_id
    place.pass_time(290)
    second = place.hold("s2").hold_id
    accepted(place.release(first))
    denied = rejected(place.try_change(second, add=["s1"]))
    assert (denied.code, denied.facts["sectionIds"]) == (Code.HOLD_LIMIT_REACHED, ["s1"])
    accepted(place.try_change(second, add=["s3"]))
    assert place.held(second).limit_at == later(NOW, 790)


def test_the_server_chooses_what_the_customer_may_hold() -> None:
    place = Place(msgspec.structs.replace(POLICY, max_hold_seconds=300))
    wanted = BestAvailable(quantity=1, category_id="gold")
    first = place.hold(best_available=wanted)
    theirs = place.hold(best_available=wanted, by=BOB)
    assert first.section_ids != theirs.section_ids
    accepted(place.release(theirs.hold_id, by=BOB))
    place.pass_time(300)
    accepted(place.expire(first.hold_id))
    assert place.hold(best_available=wanted).section_ids == theirs.section_ids
    assert place.hold(best_available=wanted, by=BOB).section_ids == first.section_ids


def test_an_overlapping_slot_is_no_way_out() -> None:
    place = Place(msgspec.structs.replace(POLICY, max_hold_seconds=300))
    place.at(EARLY).hold("s1")
    place.pass_time(300)
    assert place.denied(place.at(DINNER).try_hold("s1")) is Code.HOLD_LIMIT_REACHED


def test_a_hold_that_was_not_written_was_never_let_go_of() -> None:
    place = Place(POLICY)
    smaller = place.hold("s1", "s2").hold_id
    accepted(place.try_change(smaller, remove=["s2"]))
    ends = place.hold("s3").hold_id
    before = msgspec.msgpack.encode(place.state)
    journal = ChannelJournal(place.state)
    for hold_id in (smaller, ends):
        scope = place.scope()
        command = ReleaseHold(channel=KEY, asker=customer(), hold_id=hold_id, record=None)
        decision = decide(scope, command, place.now)
        assert isinstance(decision, Decision)
        journal.save(decision.parts[KEY])
        apply(scope, decision)
    assert msgspec.msgpack.encode(place.state) != before
    journal.restore()
    after = msgspec.msgpack.decode(msgspec.msgpack.encode(place.state))
    known = msgspec.msgpack.decode(before)
    assert after["recent"] == known["recent"] != Recent()
    assert (after["claims"], after["records"]) == (known["claims"], known["records"])


def test_a_channel_remembers_the_last_ones() -> None:
    place, recent = Place(POLICY), Recent()
    hold = place.hold("s1").hold_id
    accepted(place.release(hold))
    record = place.ended[hold]
    assert isinstance(record, HoldRecord)
    for number in range(MOST_RECENT + 1):
        recent.note(msgspec.structs.replace(record, id=f"h{number}"))
    assert len(recent.by_hold) == MOST_RECENT
    assert next(iter(recent.of(record.customer_id or ""))).hold_id == "h1"
    assert list(recent.of("bob")) == []
