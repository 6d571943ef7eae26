"""Admission: which nights may be looked at."""

from __future__ import annotations

import datetime as dt
import time
from typing import Any, cast

import pytest
from starlette.requests import Request

from holdfast.contracts.channels import ChannelKey
from holdfast.contracts.problems import Code
from holdfast.contracts.states import Role
from holdfast.contracts.venues import Slot, VenueRecord
from holdfast.runtime.auth import Principal
from stream_gateway.absence import NotThere
from stream_gateway.admission import LOOK_BACK_DAYS, MARGIN_DAYS, Admission
from stream_gateway.problems import Refusal
from stream_gateway.venues import Venue, Venues

HORIZON = 90
STAFF = Principal("sam", Role.STAFF, "a", None, None, int(time.time()) + 3600, "sam")
FOREIGN = Principal("sam", Role.STAFF, "b", None, None, int(time.time()) + 3600, "sam")


class Known:
    """Venues in memory, one of them."""

    loaded = True

    def __init__(self, horizon: int | None) -> None:
        self._record = VenueRecord(
            club_id="a",
            venue_id="v",
            name="",
            timezone="UTC",
            public_read=True,
            revision=1,
            layout_version=1,
            slots=[Slot(slot_id="s", start="20:00", end="22:00")],
            booking_horizon_days=horizon,
        )

    def find(self, club: str, venue: str) -> Venue | None:
        return Venue(self._record) if (club, venue) == ("a", "v") else None


def admission(horizon: int | None = HORIZON, **options: Any) -> Admission:
    return Admission(cast("Venues", Known(horizon)), **options)


def day(ahead: int) -> str:
    return (dt.datetime.now(dt.UTC).date() + dt.timedelta(days=ahead)).isoformat()


def by_path(date: str, days: int = 1) -> Request:
    query = f"date={date}&slotId=s&days={days}".encode()
    params = {"club": "a", "venue": "v"}
    return Request({"type": "http", "query_string": query, "headers": [], "path_params": params})


def name(date: str) -> str:
    return ChannelKey("a", "v", date, "s").name


NEAR = [0, -LOOK_BACK_DAYS + 1, HORIZON + MARGIN_DAYS - 1]
FAR = [-LOOK_BACK_DAYS - 2, HORIZON + MARGIN_DAYS + 2, -100_000, 500_000]


@pytest.mark.parametrize("ahead", NEAR)
def test_nights_around_now_are_for_everybody(ahead: int) -> None:
    assert len(admission().by_path(by_path(day(ahead)), None)) == 1
    assert len(admission().named([name(day(ahead))], None, where="channel")) == 1


@pytest.mark.parametrize("ahead", FAR)
def test_nights_beyond_are_not_there_and_nobody_is_asked(ahead: int) -> None:
    with pytest.raises(Refusal) as path:
        admission().by_path(by_path(day(ahead)), None)
    with pytest.raises(Refusal) as named:
        admission().named([name(day(ahead))], None, where="channel")
    for refusal in (path.value, named.value):
        assert refusal.code is Code.SLOT_NOT_FOUND
        assert not isinstance(refusal, NotThere), "command-api would be asked for each"


@pytest.mark.parametrize("ahead", FAR)
def test_staff_may_look_at_any(ahead: int) -> None:
    assert len(admission().by_path(by_path(day(ahead)), STAFF)) == 1
    assert len(admission().named([name(day(ahead))], STAFF, where="channel")) == 1


@pytest.mark.parametrize("ahead", FAR)
def test_a_record_that_does_not_say_bounds_nothing(ahead: int) -> None:
    assert len(admission(None).by_path(by_path(day(ahead)), None)) == 1


def test_of_several_days_those_that_are_shown() -> None:
    last = HORIZON + MARGIN_DAYS
    wanted = admission().by_path(by_path(day(last - 10), days=30), None)
    dates = [key.date for key, _ in wanted if isinstance(key, ChannelKey)]
    assert dates[0] == day(last - 10)
    assert 10 <= len(dates) <= 12


def test_names_of_a_club_that_the_token_is_not_for() -> None:
    with pytest.raises(Refusal) as caught:
        admission().named([name(day(1))], FOREIGN, where="channel")
    assert caught.value.code is Code.CLUB_NOT_FOUND


def test_channels_of_one_stream() -> None:
    few = admission(max_channels=3)
    assert len(few.by_path(by_path(day(1), days=3), None)) == 3
    with pytest.raises(Refusal, match="days: at most 3 channels"):
        few.by_path(by_path(day(1), days=4), None)
    names = [name(day(ahead)) for ahead in range(4)]
    with pytest.raises(Refusal, match="channels: at most 3 channels"):
        few.named(names, None, where="channels")
    assert len(few.named([names[0]] * 9, None, where="channels")) == 1
