"""Admission: which channels are meant, and in which form they may be read."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable

from starlette.requests import Request

from holdfast.contracts.channels import (
    MAX_CHANNELS,
    ChannelKey,
    CustomerKey,
    parse_channel,
)
from holdfast.contracts.cursor import parse_cursor
from holdfast.contracts.events import ResetReason
from holdfast.contracts.ids import is_date, is_id
from holdfast.contracts.problems import Code
from holdfast.contracts.states import Audience
from holdfast.runtime.auth import Principal
from stream_gateway.absence import NotThere
from stream_gateway.problems import Refusal, invalid
from stream_gateway.subscriber import Join
from stream_gateway.venues import Venue, Venues

PLACE = "/v1/clubs/{club}/venues/{venue}/availability"
"""The path that `by_path` reads."""
LOOK_BACK_DAYS = 31
"""How long a night that is over may be looked at by everybody."""
MARGIN_DAYS = 31
"""Beyond the booking horizon."""
Wanted = list[tuple[ChannelKey | CustomerKey, Audience]]


class Admission:
    """Reads requests against the venues in memory. Raises Refusal."""

    def __init__(self, venues: Venues, *, max_channels: int = MAX_CHANNELS) -> None:
        self._venues = venues
        self._max_channels = max_channels

    def by_path(self, request: Request, principal: Principal | None) -> Wanted:
        """The channels of `/v1/clubs/{club}/venues/{venue}/…?date=&slotId=&days=`."""
        club, venue_id = request.path_params["club"], request.path_params["venue"]
        if principal is not None and not principal.belongs_to(club):
            raise _no_club(club)
        date, slots, days = _date(request), _slots(request), _days(request)
        venue = self._venue(ChannelKey(club, venue_id, date, slots[0]), principal)
        if len(slots) * days > self._max_channels:
            raise invalid(
                "days" if days > 1 else "slotId", f"at most {self._max_channels} channels"
            )
        audience = Audience.PUBLIC if principal is None else principal.audience(club)
        dates = [date] if days == 1 else _dates(date, days)
        keys = []
        for slot in slots:
            named = [ChannelKey(club, venue_id, each, slot) for each in dates]
            shown = [key for key in named if _is_shown(venue, key.date, audience)]
            runs = [key for key in shown if venue.runs(slot, key.date)]
            if not runs:
                raise _no_slot(shown[0]) if shown else _out_of_sight(named[0])
            keys += runs
        return [(key, audience) for key in keys]

    def by_name(self, request: Request, principal: Principal | None) -> Wanted:
        """The channels of `/v1/stream?channel=…`."""
        names = request.query_params.getlist("channel")
        if not names:
            raise invalid("channel", "is required")
        return self.named(names, principal, where="channel")

    def named(self, names: list[str], principal: Principal | None, *, where: str) -> Wanted:
        """Channels by their names, which stand in the request's `where`."""
        names = list(dict.fromkeys(names))
        if len(names) > self._max_channels:
            raise invalid(where, f"at most {self._max_channels} channels")
        return [self._named(name, principal, where) for name in names]

    def _named(
        self, name: str, principal: Principal | None, where: str
    ) -> tuple[ChannelKey | CustomerKey, Audience]:
        try:
            key = parse_channel(name)
        except ValueError as error:
            raise invalid(where, str(error)) from None
        if isinstance(key, CustomerKey):
            return key, _own(key, principal)
        if principal is not None and not principal.belongs_to(key.club):
            raise _no_club(key.club)
        venue = self._venue(key, principal)
        audience = Audience.PUBLIC if principal is None else principal.audience(key.club)
        if not _is_shown(venue, key.date, audience):
            raise _out_of_sight(key)
        if not venue.runs(key.slot, key.date):
            raise _no_slot(key)
        return key, audience

    def _venue(self, key: ChannelKey, principal: Principal | None) -> Venue:
        club, venue_id = key.club, key.venue
        words = f"there is no venue {venue_id!r} in {club!r}"
        if not (is_id(club) and is_id(venue_id)):
            raise Refusal(Code.VENUE_NOT_FOUND, words)
        venue = self._venues.find(club, venue_id)
        if venue is None:
            if not self._venues.loaded:
                raise Refusal(Code.UNAVAILABLE, "the venues are not known yet")
            raise NotThere(Code.VENUE_NOT_FOUND, words, key)
        if principal is None and not venue.record.public_read:
            raise Refusal(Code.UNAUTHENTICATED, "this venue is for members: a token is needed")
        return venue


def join_of(request: Request, wanted: Wanted) -> Join:
    """Where the client wants to start: `Last-Event-ID`, else `cursor`, else `after` and `epoch`."""
    query = request.query_params
    after = query.get("after")
    if after is not None and (len(wanted) != 1 or isinstance(wanted[0][0], CustomerKey)):
        raise invalid("after", "is a version of a single channel; use a cursor for several")
    snapshot = query.get("snapshot")
    if snapshot not in (None, "none"):
        raise invalid("snapshot", "may only be `none`")
    # An empty Last-Event-ID is what an EventSource sends that has seen no id: as if it had none.
    text = request.headers.get("last-event-id") or query.get("cursor")
    if text:
        cursor = parse_cursor(text)
        return Join(reset=ResetReason.MALFORMED) if cursor is None else Join(cursor=cursor)
    if after:
        if not (after.isascii() and after.isdigit() and len(after) <= 18):
            return Join(reset=ResetReason.MALFORMED)
        return Join(after=int(after), epoch=query.get("epoch") or None)
    return Join(snapshots=snapshot is None)


def _own(key: CustomerKey, principal: Principal | None) -> Audience:
    """Who may read a private channel: its customer, and the staff and services of the club."""
    if principal is None:
        raise Refusal(Code.UNAUTHENTICATED, "a private channel needs a token")
    audience = principal.audience(key.club)
    own = principal.belongs_to(key.club) and principal.customer_id == key.customer
    if not own and audience is not Audience.STAFF:
        raise Refusal(Code.ACTION_NOT_PERMITTED, f"the channel {key.name} is not yours")
    return audience


def _date(request: Request) -> str:
    date = request.query_params.get("date")
    if not date:
        raise invalid("date", "is required")
    if not is_date(date):
        raise invalid("date", f"{date!r} is not a date like 2026-02-15")
    return date


def _slots(request: Request) -> list[str]:
    slots = list(dict.fromkeys(request.query_params.getlist("slotId")))
    if not slots or not all(slots):
        raise invalid("slotId", "is required")
    for slot in slots:
        if not is_id(slot):
            raise invalid("slotId", f"{slot!r} is not an id")
    return slots


def _days(request: Request) -> int:
    text = request.query_params.get("days", "1")
    if (
        not (text.isascii() and text.isdigit() and len(text) <= 3)
        or not 1 <= int(text) <= MAX_CHANNELS
    ):
        raise invalid("days", f"must be a number from 1 to {MAX_CHANNELS}")
    return int(text)


def _dates(first: str, days: int) -> Iterable[str]:
    start = dt.date.fromisoformat(first)
    try:
        return [(start + dt.timedelta(days=offset)).isoformat() for offset in range(days)]
    except OverflowError:
        raise invalid("days", "goes beyond the calendar") from None


def _no_slot(key: ChannelKey) -> NotThere:
    return NotThere(Code.SLOT_NOT_FOUND, f"there is no slot {key.slot!r} on {key.date}", key)


def _out_of_sight(key: ChannelKey) -> Refusal:
    return Refusal(Code.SLOT_NOT_FOUND, f"there is no slot {key.slot!r} on {key.date}")


def _no_club(club: str) -> Refusal:
    return Refusal(Code.CLUB_NOT_FOUND, f"there is no club {club!r} for this token")


def _is_shown(venue: Venue, date: str, audience: Audience) -> bool:
    """Whether the night may be looked at: every date that anybody may name can be made a channel, so
    for everybody there are those around now. Where a record does not say how far one may book, it was
    written by a command-api that is older than we are."""
    horizon = venue.record.booking_horizon_days
    if horizon is None or audience is Audience.STAFF:
        return True
    today = dt.datetime.now(dt.UTC).date()
    ahead = (dt.date.fromisoformat(date) - today).days
    return -LOOK_BACK_DAYS <= ahead <= horizon + MARGIN_DAYS
