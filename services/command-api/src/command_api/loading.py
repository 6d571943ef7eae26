"""Bring what a flight needs into the cache: one query each for venues, channels and quotas."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from command_api.cache import StateCache
from command_api.domain.decision import Rejection
from command_api.domain.model import QuotaKey, Venue
from command_api.job import Job
from command_api.store.load import load_channels, load_quotas, load_venues
from command_api.store.pool import open_to
from holdfast.contracts.channels import ChannelKey
from holdfast.contracts.problems import Code

if TYPE_CHECKING:
    from command_api.store.pool import Connection


async def open_to_jobs(connection: Connection, jobs: list[Job]) -> None:
    """Let row-level security show the jobs' clubs."""
    await open_to(connection, sorted({job.submission.club for job in jobs}))


async def load_missing(
    connection: Connection,
    cache: StateCache,
    jobs: list[Job],
    is_busy: Callable[[ChannelKey], bool] = lambda _key: False,
) -> list[Job]:
    """Load what is not cached; settles jobs of venues that do not exist and answers the others.
    Channels that somebody else is working on under their locks are left alone."""
    opened = False
    venues = {(job.submission.club, job.submission.venue) for job in jobs}
    if missing := [place for place in venues if cache.venues.get(place) is None]:
        await open_to_jobs(connection, jobs)
        opened = True
        for place, venue in (await load_venues(connection, missing)).items():
            cache.venues.put(place, venue)
    jobs = [job for job in jobs if _has_venue(cache, job)]
    cold = {
        key
        for job in jobs
        for key in job.channels
        if cache.channels.get(key) is None and not is_busy(key)
    }
    if cold:
        if not opened:
            await open_to_jobs(connection, jobs)
            opened = True
        for key, state in (await load_channels(connection, cold)).items():
            cache.channels.put(key, state)
    if quotas := missing_quotas(cache, jobs):
        if not opened:
            await open_to_jobs(connection, jobs)
        for quota in await load_quotas(connection, quotas):
            cache.quotas.put(quota.key, quota)
    return jobs


def missing_quotas(cache: StateCache, jobs: list[Job]) -> list[tuple[Venue, QuotaKey]]:
    """What the jobs need and is not cached, or was counted under another definition."""
    wanted: dict[QuotaKey, Venue] = {}
    for job in jobs:
        for key in job.quotas:
            venue = cache.venues.get((key.club, key.venue))
            quota = cache.quotas.get(key)
            if venue is not None and (quota is None or quota.revision != venue.revision):
                wanted[key] = venue
    return [(venue, key) for key, venue in wanted.items()]


def _has_venue(cache: StateCache, job: Job) -> bool:
    venue = cache.venues.get((job.submission.club, job.submission.venue))
    if venue is not None:
        job.foresee(venue)
        return True
    job.settle(Rejection(code=Code.VENUE_NOT_FOUND, detail="There is no such venue."))
    return False
