"""A slot on one service date: when it runs, who may book it when, and what it costs by itself."""

from __future__ import annotations

from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from command_api.domain.commands import Asker
from command_api.domain.decision import Rejection
from command_api.domain.model import Day, Venue
from holdfast.contracts.ids import timestamp
from holdfast.contracts.problems import Code
from holdfast.contracts.schedule import slot_window
from holdfast.contracts.venues import Slot

FIRST_DATE, LAST_DATE = "2000-01-01", "8999-12-31"
"""No slot runs outside; inside, every moment has four digits for the year, and so sorts as text."""
_MEMO = 4096


def day_of(venue: Venue, date: str, slot_id: str) -> Day | None:
    """None: there is no such slot, or it does not run on that date. `date` is a calendar day."""
    key = (date, slot_id)
    try:
        return venue.days[key]
    except KeyError:
        pass
    slot = venue.slots.get(slot_id)
    if slot is None or not FIRST_DATE <= date <= LAST_DATE:
        return None
    if len(venue.days) >= _MEMO:
        venue.days.clear()
    day = venue.days[key] = _day(venue, slot, date)
    return day


def _day(venue: Venue, slot: Slot, date: str) -> Day | None:
    timezone = venue.definition.timezone
    window = slot_window(slot, date, timezone)
    if window is None:
        return None
    lead = venue.policy.min_lead_minutes * 60_000
    prices = [exception.prices for exception in slot.exceptions if exception.date == date]
    return Day(
        slot=slot,
        starts_at=timestamp(window.starts_at),
        ends_at=timestamp(window.ends_at),
        opens_at=_opening(date, venue.policy.booking_horizon_days, timezone),
        closes_at=timestamp(window.starts_at - lead if lead else window.ends_at),
        closed=window.closed,
        sections=venue.members.get(slot.slot_id),
        prices=prices[-1] if prices else {},
        guests=venue.policy.guest_checkout,
    )


def _opening(date: str, horizon_days: int, timezone: str) -> str:
    """Midnight in the venue's zone, `horizon_days` before the service date."""
    midnight = datetime.fromisoformat(date) - timedelta(days=horizon_days)
    midnight = midnight.replace(tzinfo=ZoneInfo(timezone))
    return timestamp(round(midnight.timestamp() * 1000))


def no_slot(venue: Venue, date: str, slot_id: str) -> Rejection:
    """Why `day_of` gave None."""
    if slot_id in venue.slots:
        detail = f"Slot {slot_id} does not run on {date}."
    else:
        detail = f"Venue {venue.venue} has no slot {slot_id}."
    return Rejection(code=Code.SLOT_NOT_FOUND, detail=detail)


def closed(day: Day, asker: Asker, now: str) -> Rejection | None:
    """Why nothing can be booked now, if so. Customers keep to the horizon and the lead time; those
    without an account book where the policy has `guestCheckout`."""
    slot_id = day.slot.slot_id
    if asker.is_guest and not day.guests:
        return Rejection(
            code=Code.ACTION_NOT_PERMITTED, detail="Only signed-in customers may book here."
        )
    if day.closed:
        return _slot_closed(f"Slot {slot_id} is closed on that date.")
    if now >= day.ends_at:
        return _slot_closed(f"Slot {slot_id} ended at {day.ends_at}.", valid_from=day.ends_at)
    if asker.is_staff:
        return None
    if now >= day.closes_at:
        return _slot_closed(f"Bookings closed at {day.closes_at}.", valid_from=day.closes_at)
    if now < day.opens_at:
        return _slot_closed(f"Bookings open at {day.opens_at}.", valid_until=day.opens_at)
    return None


def over(day: Day, asker: Asker, date: str, now: str) -> Rejection | None:
    """Why nothing can become of what is held there, if so. The lead time is kept by who held before it;
    staff may use a date that was closed."""
    slot_id = day.slot.slot_id
    if day.closed and not asker.is_staff:
        return _slot_closed(f"Slot {slot_id} was closed on {date}.")
    if now >= day.ends_at:
        return _slot_closed(f"Slot {slot_id} ended at {day.ends_at}.", valid_from=day.ends_at)
    return None


def _slot_closed(
    detail: str, *, valid_from: str | None = None, valid_until: str | None = None
) -> Rejection:
    return Rejection(
        code=Code.SLOT_CLOSED, detail=detail, valid_from=valid_from, valid_until=valid_until
    )
