"""Bring what a flight needs into the cache: one query each for venues, channels and nights."""

from __future__ import annotations

from typing import TYPE_CHECKING

from command_api.cache import StateCache
from command_api.domain.decision import Rejection
from command_api.domain.model import Venue
from command_api.job import Job, night_customer, night_place
from command_api.store.load import load_channels, load_nights, load_venues
from command_api.store.pool import open_to
from holdfast.contracts.problems import Code

if TYPE_CHECKING:
    from command_api.store.pool import Connection


async def open_to_jobs(connection: Connection, jobs: list[Job]) -> None:
    """Let row-level security show the jobs' clubs."""
    await open_to(connection, sorted({job.submission.club for job in jobs}))


async def load_missing(connection: Connection, cache: StateCache, jobs: list[Job]) -> list[Job]:
    """Load what is not cached; settles jobs of venues that do not exist and answers the others."""
    opened = False
    venues = {(job.submission.club, job.submission.venue) for job in jobs}
    if missing := [place for place in venues if cache.venues.get(place) is None]:
        await open_to_jobs(connection, jobs)
        opened = True
        for place, venue in (await load_venues(connection, missing)).items():
            cache.venues.put(place, venue)
    jobs = [job for job in jobs if _has_venue(cache, job)]
    keys = {job.submission.command.channel for job in jobs}
    if cold := [key for key in keys if cache.channels.get(key) is None]:
        if not opened:
            await open_to_jobs(connection, jobs)
            opened = True
        for key, state in (await load_channels(connection, cold)).items():
            cache.channels.put(key, state)
    if nights := missing_nights(cache, jobs):
        if not opened:
            await open_to_jobs(connection, jobs)
        for place, night in (await load_nights(connection, nights)).items():
            cache.nights.put(place, night)
    return jobs


def nights_of(cache: StateCache, jobs: list[Job]) -> dict[tuple[str, str], tuple[Venue, str, str]]:
    """(venue, date, customer) of every night that the jobs depend on, by (club, head)."""
    nights: dict[tuple[str, str], tuple[Venue, str, str]] = {}
    for job in jobs:
        command = job.submission.command
        venue = cache.venues.get((job.submission.club, job.submission.venue))
        state = cache.channels.get(command.channel)
        if venue is None or state is None:
            continue
        customer = night_customer(venue, state, command)
        if customer is not None:
            date = command.channel.date
            nights[night_place(venue, date, customer)] = (venue, date, customer)
    return nights


def missing_nights(cache: StateCache, jobs: list[Job]) -> list[tuple[Venue, str, str]]:
    """Those of `nights_of` that are not cached."""
    return [
        night for place, night in nights_of(cache, jobs).items() if cache.nights.get(place) is None
    ]


def _has_venue(cache: StateCache, job: Job) -> bool:
    if cache.venues.get((job.submission.club, job.submission.venue)) is not None:
        return True
    job.settle(Rejection(code=Code.VENUE_NOT_FOUND, detail="There is no such venue."))
    return False
