"""Series of bookings, and the end of them."""

from __future__ import annotations

import datetime as dt
from typing import Any

import msgspec
import pytest
from tests.unit.domain.build import CONTACT, DATE, MANAGER, STAFF, accepted, customer, rejected
from tests.unit.domain.elsewhere import LATE, NEXT, NEXT_DATE, SLOTS, Nights

from command_api.domain.bookings import series
from command_api.domain.commands import Asker, BookSeries, CancelSeries, MoveBooking
from command_api.domain.decide import decide
from command_api.domain.decision import Decision, Rejection
from command_api.domain.model import ChannelState, Missing, Quota, QuotaKey, Scope
from command_api.domain.records import BookingRecord
from holdfast.contracts.bookings import ItemResult, SeriesRequest, SeriesResult
from holdfast.contracts.channels import ChannelKey
from holdfast.contracts.notices import NoticeType
from holdfast.contracts.problems import Code
from holdfast.contracts.states import BookingStatus
from holdfast.contracts.venues import Deposit, Policy, SlotException

BOB = customer("bob")
LAST_DATE = "2026-03-01"
DATES = (DATE, NEXT_DATE, LAST_DATE)


def series_of(
    *sections: str,
    dates: tuple[str, ...] = DATES,
    slot: str = "late",
    by: Asker | None = None,
    customer_id: str | None = None,
    **more: Any,
) -> BookSeries:
    asker = by or customer()
    return BookSeries(
        channel=ChannelKey("backroom", "leeds", dates[0], slot),
        asker=asker,
        request=SeriesRequest(
            **{"slot_id": slot, "section_ids": list(sections), "contact": CONTACT, **more}
        ),
        customer_id=customer_id or asker.customer_id,
        series_id="ser1",
        dates=dates,
        bookings=tuple((f"b-{date}", f"R{place}") for place, date in enumerate(dates)),
    )


def book(place: Nights, *sections: str, **more: Any) -> list[ItemResult]:
    answer = accepted(place.run(series_of(*sections, **more))).answer
    assert isinstance(answer, SeriesResult)
    assert answer.series_id == "ser1"
    return answer.items


def cancel(place: Nights, by: Asker | None = None) -> Decision | Rejection:
    of_series = [
        record
        for state in place.channels.values()
        for record in state.records.values()
        if isinstance(record, BookingRecord) and record.series_id == "ser1"
    ]
    ended = tuple(
        record
        for record in place.ended.values()
        if isinstance(record, BookingRecord) and record.series_id == "ser1"
    )
    return place.run(
        CancelSeries(
            channel=[*of_series, *ended][0].channel,
            asker=by or customer(),
            series_id="ser1",
            bookings=tuple((record.channel, record.id) for record in of_series),
            ended=ended,
            reason="ill",
        )
    )


def codes(items: list[ItemResult]) -> dict[str, Code | None]:
    assert [item.index for item in items] == list(range(len(items)))
    return {item.date: item.code for item in items}


def test_each_date_is_a_booking_of_its_own_and_all_are_one_outcome() -> None:
    place = Nights()
    items = book(place, "t1", "p", quantities={"p": 2}, party_size=4, notes="quiet, please")
    assert [item.booking_id for item in items] == [f"b-{date}" for date in DATES]
    assert len(place.decisions) == 1
    decision = place.decisions[0]
    assert decision.created
    assert [notice.type for notice in decision.notices] == [NoticeType.BOOKING_CONFIRMED] * 3
    for date in DATES:
        booking = place.booking(f"b-{date}")
        assert (booking.date, booking.series_id) == (date, "ser1")
        assert booking.claims["p"] == 2
        assert (booking.party_size, booking.notes) == (4, "quiet, please")
    place.check()
    assert b"quiet" not in msgspec.json.encode([decision.events, decision.notices])


def test_what_can_be_booked_is_and_the_rest_says_why_not() -> None:
    late = msgspec.structs.replace(
        SLOTS[0],
        valid_to="2026-03-10",
        exceptions=[SlotException(date=LAST_DATE, closed=True)],
    )
    place = Nights(Policy(booking_horizon_days=20), slots=[late, *SLOTS[1:]])
    taken = place.book("s1", at=NEXT, by=BOB)
    items = book(place, "s1", dates=(*DATES, "2026-03-08", "2026-04-05"))
    assert codes(items) == {
        DATE: None,
        NEXT_DATE: Code.SECTION_NOT_AVAILABLE,
        LAST_DATE: Code.SLOT_CLOSED,
        "2026-03-08": Code.SLOT_CLOSED,
        "2026-04-05": Code.SLOT_NOT_FOUND,
    }
    assert all((item.booking_id is None) == (item.detail is not None) for item in items)
    assert list(place.channels.get(NEXT).records) == [taken.booking_id]
    place.check()


def test_a_pool_that_is_full_on_one_date_says_what_is_left() -> None:
    place = Nights()
    place.book("p", at=NEXT, by=BOB, quantities={"p": 4})
    items = book(place, "p", quantities={"p": 2})
    assert codes(items)[NEXT_DATE] is Code.CAPACITY_EXCEEDED
    place.check()


def test_all_or_nothing_is_refused_with_every_date_and_the_first_code() -> None:
    place = Nights()
    taken = place.book("s1", at=NEXT, by=BOB)
    denied = rejected(place.run(series_of("s1", all_or_nothing=True)))
    assert denied.code is Code.SECTION_NOT_AVAILABLE
    assert denied.facts["conflictingSections"] == ["s1"]
    assert [(item["date"], item["code"]) for item in denied.facts["items"]] == [
        (DATE, None),
        (NEXT_DATE, "SECTION_NOT_AVAILABLE"),
        (LAST_DATE, None),
    ]
    assert {item["bookingId"] for item in denied.facts["items"]} == {None}
    assert NEXT_DATE in denied.detail
    records = [id_ for state in place.channels.values() for id_ in state.records]
    assert records == [taken.booking_id]
    place.check()


def test_where_no_date_can_be_booked_there_is_no_series() -> None:
    place = Nights(Policy(deposit=Deposit(type="fixed", amount=500)))
    denied = rejected(place.run(series_of("s1")))
    assert denied.code is Code.PAYMENT_REQUIRED
    assert len(denied.facts["items"]) == 3
    assert codes(book(place, "s1", by=STAFF, customer_id="ann")) == dict.fromkeys(DATES)
    without = rejected(Nights().run(series_of("s1", contact=None)))
    assert without.code is Code.VALIDATION_FAILED


def test_each_night_has_its_own_limit_of_tables() -> None:
    place = Nights(Policy(max_tables_per_customer_per_date=2))
    place.book("s1", at=NEXT)
    items = book(place, "s2", "s3")
    assert codes(items) == {DATE: None, NEXT_DATE: Code.MAX_TABLES_EXCEEDED, LAST_DATE: None}
    for date, count in ((DATE, 2), (NEXT_DATE, 1), (LAST_DATE, 2)):
        quota = place.quotas.get(QuotaKey("backroom", "leeds", date, "ann"))
        assert sum(len(tables) for tables, _until in quota.entries.values()) == count
    accepted(cancel(place))
    assert place.quotas.get(QuotaKey("backroom", "leeds", LAST_DATE, "ann")).entries == {}


def test_a_hold_past_its_time_is_in_the_way_of_no_date() -> None:
    place = Nights()
    place.hold("s1", by=BOB, ttl_seconds=60)
    place.pass_time(60)
    assert codes(book(place, "s1")) == dict.fromkeys(DATES)
    place.check()


def test_dates_whose_slots_overlap_one_another_are_in_each_others_way() -> None:
    long = msgspec.structs.replace(SLOTS[0], start="20:00", end="35:00")
    night = msgspec.structs.replace(SLOTS[0], slot_id="day", start="05:00", end="30:00")
    place = Nights(slots=[night, long])
    items = book(place, "s1", dates=("2026-02-16", "2026-02-17", "2026-02-18"), slot="day")
    assert list(codes(items).values()) == [None, Code.SECTION_NOT_AVAILABLE, None]
    place.check()


def test_requests_wait_for_approval_one_by_one() -> None:
    place = Nights(Policy(requires_approval=True))
    book(place, "s1")
    approval = MoveBooking(
        channel=LATE,
        asker=MANAGER,
        booking_id=f"b-{DATE}",
        verb="approve",
        reason=None,
        record=None,
    )
    accepted(place.run(approval))
    assert [place.booking(f"b-{date}").status for date in DATES] == [
        BookingStatus.CONFIRMED,
        BookingStatus.PENDING_APPROVAL,
        BookingStatus.PENDING_APPROVAL,
    ]


def test_cancelling_a_series_ends_what_is_to_come_and_leaves_the_past() -> None:
    place = Nights()
    book(place, "s1", "t2")
    accepted(place.end(f"b-{NEXT_DATE}"))
    moved = place.move(f"b-{LAST_DATE}", ChannelKey("backroom", "leeds", LAST_DATE, "early"))
    place.pass_time(3 * 3600)
    outcome = accepted(cancel(place))
    answer = outcome.answer
    assert isinstance(answer, SeriesResult)
    assert codes(answer.items) == {NEXT_DATE: None, LAST_DATE: None}
    assert answer.items[1].booking_id == moved.booking_id
    assert [notice.type for notice in outcome.notices] == [NoticeType.BOOKING_CANCELLED]
    assert place.booking(f"b-{DATE}").status is BookingStatus.CONFIRMED
    assert place.booking(f"b-{LAST_DATE}").status is BookingStatus.CANCELLED
    assert place.booking(f"b-{LAST_DATE}").status_reason == "ill"
    place.check()
    again = accepted(cancel(place))
    assert (again.answer, again.parts) == (answer, {})


def test_what_can_no_longer_be_cancelled_stays_and_is_told_of() -> None:
    place = Nights(Policy(cancel_until_minutes=6 * 60))
    book(place, "s1")
    answer = accepted(cancel(place)).answer
    assert isinstance(answer, SeriesResult)
    assert codes(answer.items) == {
        DATE: Code.INVALID_TRANSITION,
        NEXT_DATE: None,
        LAST_DATE: None,
    }
    assert answer.items[0].booking_id == f"b-{DATE}"
    assert place.booking(f"b-{DATE}").status is BookingStatus.CONFIRMED
    accepted(cancel(place, by=STAFF))
    assert place.booking(f"b-{DATE}").status is BookingStatus.CANCELLED


def test_another_customers_series_stays() -> None:
    place = Nights()
    book(place, "s1")
    assert rejected(cancel(place, by=BOB)).code is Code.ACTION_NOT_PERMITTED
    place.check()


def test_a_booking_that_moved_since_it_was_looked_up_is_looked_up_again() -> None:
    place = Nights()
    book(place, "s1")
    command = CancelSeries(
        channel=LATE,
        asker=customer(),
        series_id="ser1",
        bookings=((LATE, f"b-{DATE}"), (LATE, f"b-{NEXT_DATE}")),
        ended=(),
        reason=None,
    )
    assert rejected(place.run(command)).code is Code.BOOKING_NOT_FOUND
    assert place.booking(f"b-{DATE}").status is BookingStatus.CONFIRMED


@pytest.mark.parametrize("many", [366])
def test_a_year_asks_for_all_that_it_needs_at_once(many: int) -> None:
    place = Nights(Policy(max_tables_per_customer_per_date=5, cancel_until_minutes=60))
    first = dt.date.fromisoformat(DATE)
    dates = tuple((first + dt.timedelta(days=day)).isoformat() for day in range(many))
    command = series_of("s1", dates=dates)
    channels: dict[ChannelKey, ChannelState] = {}
    quotas: dict[QuotaKey, Quota] = {}
    outcome: Decision | Rejection | None = None
    rounds = 0
    while outcome is None:
        state = channels.setdefault(command.channel, ChannelState(command.channel))
        try:
            outcome = decide(Scope(place.venue, state, channels, quotas), command, place.now)
        except Missing as missing:
            rounds += 1
            channels.update((key, ChannelState(key)) for key in missing.channels)
            quotas.update((key, Quota(key, place.venue.revision)) for key in missing.quotas)
    assert rounds <= 2
    assert len(accepted(outcome).records) == many


def test_a_series_over_too_many_channels_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(series, "MAX_REACH", 5)
    denied = rejected(Nights().run(series_of("s1")))
    assert denied.code is Code.VALIDATION_FAILED
    assert "6 channels" in denied.detail
