"""When the claims of a section end by the clock, the first one first.

A heap of (moment, claim id). Entries are left behind when a claim leaves or is extended, and dropped
when they come up: a pool whose thousands of claims come and go is never searched from end to end.
"""

from __future__ import annotations

import heapq
from collections.abc import Collection, Iterable, Mapping
from typing import NamedTuple

from holdfast.contracts.snapshots import Claim

_SLACK = 64
"""Stale entries that are not worth building the heap again for."""


class End(NamedTuple):
    """Sorts by the moment."""

    at: str
    claim_id: str


def ends_of(claims: Iterable[Claim]) -> list[End]:
    """The heap of these claims."""
    ends = [
        End(claim.expires_at, claim.claim_id) for claim in claims if claim.expires_at is not None
    ]
    heapq.heapify(ends)
    return ends


def join(ends: list[End], claim: Claim) -> None:
    if claim.expires_at is not None:
        heapq.heappush(ends, End(claim.expires_at, claim.claim_id))


def first_end(
    ends: list[End], claims: Mapping[str, Claim], without: Collection[str] = ()
) -> End | None:
    """The first end among `claims`, those `without` left out. Only stale entries leave the heap."""
    if len(ends) > 2 * len(claims) + _SLACK:
        ends[:] = ends_of(claims.values())
    aside: list[End] = []
    found: End | None = None
    while ends and found is None:
        end = ends[0]
        claim = claims.get(end.claim_id)
        if claim is None or claim.expires_at != end.at:
            heapq.heappop(ends)
        elif end.claim_id in without:
            aside.append(heapq.heappop(ends))
        else:
            found = end
    for end in aside:
        heapq.heappush(ends, end)
    return found
