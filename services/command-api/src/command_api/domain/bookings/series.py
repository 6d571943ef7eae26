"""Series: the same sections in the same slot on many dates, each a booking of its own, in one outcome.

Each date is booked by the rules of booking in one step. All or nothing where that is asked for; else
what can be booked is, and for the rest the answer says why not. Where nothing can be booked nothing is
made, and the first date's problem is the answer.
"""

from __future__ import annotations

from collections.abc import Iterable

import msgspec

from command_api.domain.bookings.cancelling import cancel, check_cancel
from command_api.domain.bookings.requests import book
from command_api.domain.commands import Asker, BookSeries, CancelSeries, RequestBooking
from command_api.domain.decision import Decision, Rejection
from command_api.domain.draft.draft import Draft
from command_api.domain.draft.overlaps import overlapping
from command_api.domain.holds.asked import invalid
from command_api.domain.holds.hold_changes import owns
from command_api.domain.model import Scope
from command_api.domain.records import BookingRecord
from holdfast.contracts.bookings import BookingRequest, ItemResult, SeriesRequest, SeriesResult
from holdfast.contracts.channels import ChannelKey
from holdfast.contracts.problems import Code
from holdfast.contracts.states import BookingStatus

MAX_REACH = 3_000
"""Channels of one command, with those that overlap: they have to be in memory at the same time."""
_SHARED = [
    name for name in BookingRequest.__struct_fields__ if name in SeriesRequest.__struct_fields__
]


def book_series(scope: Scope, command: BookSeries, now: str) -> Decision | Rejection:
    """Customers for themselves, staff for whom they name, as for a single booking."""
    if denied := _reach(scope, command.channels, command.customer_id):
        return denied
    draft = Draft(scope, now)
    shared = {name: getattr(command.request, name) for name in _SHARED}
    results: list[ItemResult] = []
    denials: list[Rejection] = []
    for key, (booking_id, reference) in zip(command.channels, command.bookings, strict=True):
        one = RequestBooking(
            channel=key,
            asker=command.asker,
            request=BookingRequest(date=key.date, **shared),
            customer_id=command.customer_id,
            booking_id=booking_id,
            reference=reference,
        )
        booked = book(draft.at(key), one, series_id=command.series_id)
        results.append(_result(draft, len(results), key.date, booked))
        if isinstance(booked, Rejection):
            denials.append(booked)
    if denials and (command.request.all_or_nothing or len(denials) == len(results)):
        return _refused(draft, denials[0], results)
    return draft.close(SeriesResult(series_id=command.series_id, items=results), created=True)


def _reach(scope: Scope, keys: Iterable[ChannelKey], customer_id: str | None) -> Rejection | None:
    """Have all at hand that many dates need: asked for one by one, each would decide all anew."""
    venue, keys = scope.venue, list(keys)
    reach = {*keys, *(other for key in keys for other in overlapping(venue, key))}
    if len(reach) > MAX_REACH:
        return invalid(
            "dates",
            f"with all slots that overlap these are {len(reach)} channels, and at most {MAX_REACH}"
            " go into one series; make several",
        )
    scope.at(*sorted(reach))
    if venue.policy.max_tables_per_customer_per_date is not None and customer_id is not None:
        scope.quotas({key.date: None for key in keys}, customer_id)
    return None


def _result(
    draft: Draft, index: int, date: str, outcome: BookingRecord | Rejection, id_: str | None = None
) -> ItemResult:
    """One date's part of the answer, which stands as long as the reason for it does. `id_`: of the
    booking that was denied something."""
    if isinstance(outcome, BookingRecord):
        return ItemResult(index=index, date=date, booking_id=outcome.id)
    draft.relies_on_past(outcome.valid_from)
    draft.relies_on_future(outcome.valid_until)
    return ItemResult(
        index=index, date=date, booking_id=id_, code=outcome.code, detail=outcome.detail
    )


def _refused(draft: Draft, first: Rejection, results: list[ItemResult]) -> Rejection:
    """`items` has what every date would have come to; none was booked."""
    items = [
        msgspec.to_builtins(msgspec.structs.replace(result, booking_id=None)) for result in results
    ]
    date = next(result.date for result in results if result.code is not None)
    failed = sum(result.code is not None for result in results)
    return Rejection(
        code=first.code,
        detail=f"{failed} of {len(results)} dates cannot be booked; {date}: {first.detail}",
        facts={**first.facts, "items": items},
        valid_from=draft.valid_from,
        valid_until=draft.valid_until,
    )


def cancel_series(scope: Scope, command: CancelSeries, now: str) -> Decision | Rejection:
    """What has started is left alone and out of the answer. What may not be cancelled (any more) stays,
    and its item has the code; what is cancelled already is answered again."""
    keys = [key for key, _booking_id in command.bookings]
    draft = Draft(scope, now)
    scope.at(*sorted({*keys, *(other for key in keys for other in overlapping(scope.venue, key))}))
    bookings = _bookings(draft, command)
    if isinstance(bookings, Rejection):
        return bookings
    _count(scope, bookings)
    results: list[ItemResult] = []
    for booking in bookings:
        if booking.starts_at <= draft.now:
            draft.relies_on_past(booking.starts_at)
            continue
        draft.relies_on_future(booking.starts_at)
        outcome = _cancel(draft, booking, command.asker, command.reason)
        results.append(_result(draft, len(results), booking.date, outcome, booking.id))
    return draft.close(SeriesResult(series_id=command.series_id, items=results))


def _bookings(draft: Draft, command: CancelSeries) -> list[BookingRecord] | Rejection:
    """In order of time. One that is not where it was found has moved or ended since: the caller looks
    them up again."""
    found = [booking for booking in command.ended if booking.status is BookingStatus.CANCELLED]
    for key, booking_id in command.bookings:
        booking = draft.at(key).record(booking_id)
        if not isinstance(booking, BookingRecord):
            detail = f"There is no booking {booking_id}."
            return Rejection(code=Code.BOOKING_NOT_FOUND, detail=detail)
        found.append(booking)
    if not all(owns(command.asker, booking.customer_id) for booking in found):
        detail = "The booking series belongs to somebody else."
        return Rejection(code=Code.ACTION_NOT_PERMITTED, detail=detail)
    return sorted(found, key=lambda booking: (booking.starts_at, booking.id))


def _count(scope: Scope, bookings: list[BookingRecord]) -> None:
    """Have the quotas at hand that the bookings leave."""
    if scope.venue.policy.max_tables_per_customer_per_date is None:
        return
    dates: dict[str, dict[str, None]] = {}
    for booking in bookings:
        if booking.customer_id is not None:
            dates.setdefault(booking.customer_id, {})[booking.date] = None
    for customer_id, nights in dates.items():
        scope.quotas(nights, customer_id)


def _cancel(
    draft: Draft, booking: BookingRecord, asker: Asker, reason: str | None
) -> BookingRecord | Rejection:
    if booking.status is BookingStatus.CANCELLED:
        return booking
    there = draft.at(booking.channel)
    return check_cancel(there, booking, asker) or cancel(there, booking, asker, reason)
