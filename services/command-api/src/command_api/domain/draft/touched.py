"""One section in a draft: the claims of the state, less what left, plus what joined."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

import msgspec

from command_api.domain.draft.claims import View, count, left_of, over_of, strongest, tally_of
from command_api.domain.draft.crowd import Crowd
from command_api.domain.draft.ends import End, ends_of, first_end
from command_api.domain.model import Tally
from holdfast.contracts.snapshots import Claim
from holdfast.contracts.states import SectionState


class Touched:
    """`known` is the state's own tally of a section that takes many claims, else None. The claims
    of the state are read, never copied."""

    __slots__ = ("_base", "_ends", "_joined", "_left", "tally")

    def __init__(self, base: Mapping[str, Claim], known: Tally | None) -> None:
        self._base = base
        self._left: set[str] = set()
        self._joined: dict[str, Claim] = {}
        if known is None:
            self.tally = tally_of(base.values())
            self._ends: list[End] | None = None
        else:
            if known.ends is None:
                known.ends = ends_of(base.values())
            elsewhere = None if known.elsewhere is None else dict(known.elsewhere)
            self.tally = msgspec.structs.replace(known, ends=None, elsewhere=elsewhere)
            self._ends = known.ends

    def get(self, claim_id: str) -> Claim | None:
        claim = self._joined.get(claim_id)
        if claim is None and claim_id not in self._left:
            return self._base.get(claim_id)
        return claim

    def remove(self, claim_id: str) -> None:
        """Raises KeyError where there is no such claim."""
        claim = self.get(claim_id)
        if claim is None:
            raise KeyError(claim_id)
        if self._joined.pop(claim_id, None) is None:
            self._left.add(claim_id)
        count(self.tally, claim, -1)

    def put(self, claim: Claim) -> None:
        """Raises ValueError where the claim is there already."""
        if self.get(claim.claim_id) is not None:
            raise ValueError(f"claim {claim.claim_id} is there already")
        self._joined[claim.claim_id] = claim
        count(self.tally, claim, 1)

    def first_end(self) -> End | None:
        """Which claim ends first by the clock, if any does."""
        if self._ends is None:
            self._ends = ends_of(self._base.values())
        first = first_end(self._ends, self._base, self._left)
        joined = [
            End(c.expires_at, c.claim_id) for c in self._joined.values() if c.expires_at is not None
        ]
        return min(joined if first is None else [*joined, first], default=None)

    def state(self, total: int, crowd: Crowd) -> SectionState:
        """By the strongest claim, once nothing is left."""
        left = left_of(self.tally, total, crowd)
        return SectionState.AVAILABLE if left else strongest(self.tally)

    def view(self, total: int, crowd: Crowd) -> View:
        left = left_of(self.tally, total, crowd)
        if left:
            return View(SectionState.AVAILABLE, left, None)
        state = strongest(self.tally)
        first = self.first_end() if state is SectionState.HELD else None
        held_until = None if first is None else first.at
        return View(state, 0, held_until, over_of(self.tally, total, crowd))

    def __len__(self) -> int:
        return len(self._base) - len(self._left) + len(self._joined)

    def __iter__(self) -> Iterator[Claim]:
        for claim_id, claim in self._base.items():
            if claim_id not in self._left:
                yield claim
        yield from self._joined.values()

    def by_id(self) -> dict[str, Claim]:
        return {claim.claim_id: claim for claim in self}
