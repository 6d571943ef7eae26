"""Denied: what the answer to a conflict says beyond what the rules know."""

from __future__ import annotations

import msgspec

from command_api.domain.alternatives.wishes import wish_of
from command_api.domain.commands import Command, HoldSections
from command_api.domain.decision import Rejection
from command_api.http.call import Services
from holdfast.contracts.problems import Code

_CONFLICTS = frozenset({Code.SECTION_NOT_AVAILABLE, Code.CAPACITY_EXCEEDED})


async def explained(services: Services, command: Command, rejection: Rejection) -> Rejection:
    """With alternatives, where sections were asked for and are not free. They are worked out here and
    not by the rules: decisions of a hot channel are made one after the other, and must stay cheap."""
    if rejection.code not in _CONFLICTS:
        return rejection
    if _is_stale(command, rejection):
        services.stale_attempt()
    wish = wish_of(command, rejection.wanted)
    if wish is None:
        return rejection
    facts = await services.nearby.suggest(services.reads, wish, services.clock())
    if facts is None:
        return rejection
    return msgspec.structs.replace(rejection, facts=rejection.facts | facts)


def _is_stale(command: Command, rejection: Rejection) -> bool:
    """Whether the channel has changed since the asker looked. A version that it has not reached is of
    another history, and tells nothing."""
    if not isinstance(command, HoldSections):
        return False
    seen, version = command.request.seen_version, rejection.facts.get("version")
    return seen is not None and isinstance(version, int) and seen < version
