from __future__ import annotations

from tests.unit.domain.build import DATE, NOW, STAFF, Floor, customer, rejected, venue

from command_api.domain.holds.limits import tables_in
from command_api.domain.model import QuotaKey
from command_api.domain.times import later
from holdfast.contracts.problems import Code
from holdfast.contracts.venues import Policy

TWO_TABLES = Policy(max_tables_per_customer_per_date=2)


def test_a_seat_counts_its_table_once_and_a_lone_seat_nothing() -> None:
    assert tables_in(venue(), ["t1-1", "t1-2", "t2-1", "s1", "p", "m", "a1"]) == 5


def test_tables_of_holds_and_bookings_count_together() -> None:
    floor = Floor(TWO_TABLES)
    held = floor.hold("t1-1", "t1-2")
    floor.confirm(held.hold_id)
    floor.hold("s1")
    denied = rejected(floor.try_hold("s2"))
    assert (denied.code, denied.facts) == (Code.MAX_TABLES_EXCEEDED, {"max": 2, "current": 2})
    floor.hold("s2", by=customer("bob"))


def test_staff_asking_for_a_customer_are_bound_too_staff_alone_are_not() -> None:
    floor = Floor(TWO_TABLES)
    floor.hold("s1", "s2", by=STAFF, customer_id="ann")
    denied = rejected(floor.try_hold("s3", by=STAFF, customer_id="ann"))
    assert denied.code is Code.MAX_TABLES_EXCEEDED
    floor.hold("s3", "m", "p", by=STAFF)


def test_holds_past_their_time_do_not_count_even_where_nobody_expired_them() -> None:
    floor = Floor(TWO_TABLES)
    floor.hold("s1", "s2")
    denied = rejected(floor.try_hold("s3"))
    assert denied.valid_until == later(NOW, 300)
    floor.pass_time(300)
    assert floor.quotas[QuotaKey("backroom", "leeds", DATE, "ann")].entries
    floor.hold("s3", "m")


def test_what_ends_no_longer_counts() -> None:
    floor = Floor(TWO_TABLES)
    held = floor.hold("s1", "s2")
    floor.release(held.hold_id)
    booking = floor.confirm(floor.hold("s3", "m").hold_id)
    assert rejected(floor.try_hold("s1")).code is Code.MAX_TABLES_EXCEEDED
    floor.cancel(booking.booking_id)
    floor.hold("s1", "s2")


def test_an_extended_hold_counts_for_longer() -> None:
    floor = Floor(TWO_TABLES)
    held = floor.hold("s1", "s2")
    floor.pass_time(200)
    floor.extend(held.hold_id)
    floor.pass_time(200)
    assert rejected(floor.try_hold("s3")).code is Code.MAX_TABLES_EXCEEDED


def test_active_holds_are_limited() -> None:
    floor = Floor(Policy(max_active_holds_per_customer=2))
    first = floor.hold("s1")
    floor.hold("s2")
    denied = rejected(floor.try_hold("s3"))
    assert (denied.code, denied.facts) == (Code.HOLD_LIMIT_REACHED, {"max": 2})
    assert denied.valid_until == later(NOW, 300)
    floor.hold("s3", by=customer("bob"))
    floor.release(first.hold_id)
    floor.hold("s1")
    floor.pass_time(300)
    floor.hold("m")


def test_a_table_counts_once_however_many_records_its_seats_are_in() -> None:
    floor = Floor(Policy(max_tables_per_customer_per_date=1))
    floor.hold("t1-1")
    floor.hold("t1-2")
    denied = rejected(floor.try_hold("t2-1"))
    assert (denied.code, denied.facts) == (Code.MAX_TABLES_EXCEEDED, {"max": 1, "current": 1})
    floor.hold("a1")
