"""Steps: what is done to sections at once, for one reason."""

from __future__ import annotations

from typing import NamedTuple

from holdfast.contracts.snapshots import Actor, Claim
from holdfast.contracts.states import Reason


class Cause(NamedTuple):
    """Why a step happens, as its events say it."""

    reason: Reason
    actor: Actor
    hold_id: str | None = None
    booking_id: str | None = None


class Change(NamedTuple):
    """What a step does to one section: `removed` is a claim's id."""

    section_id: str
    removed: str | None
    added: Claim | None
