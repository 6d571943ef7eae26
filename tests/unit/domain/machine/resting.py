"""How long a customer may hold what they have held before, told plainly: look at all their holds."""

from __future__ import annotations

from collections.abc import Iterable

from tests.unit.domain.machine.ledger import Denied, Ledger, Rec, meet

from command_api.domain import commands as c
from command_api.domain.times import later
from holdfast.contracts.channels import ChannelKey
from holdfast.contracts.problems import Code


def time_left(
    ledger: Ledger,
    key: ChannelKey,
    asker: c.Asker,
    holder: str | None,
    section_ids: Iterable[str],
    *,
    now: str,
    after: str,
    without: str | None = None,
) -> list[str]:
    """The ends that are set already to what they want; Denied where one is over too early."""
    rest = ledger.policy.rehold_after_seconds
    if asker.is_staff or holder is None:
        return []
    ends = [
        hold["limit"]
        for id_ in ledger.of_kind("hold")
        if id_ != without
        and (hold := ledger.records[id_])["customer"] == holder
        and hold["offer_to"] is None
        and meet(hold["at"], key)
        and any(later(at, rest) > now for s in section_ids for at in _left_at(hold, s))
    ]
    if any(end <= after for end in ends):
        raise Denied(Code.HOLD_LIMIT_REACHED)
    return ends


def _left_at(hold: Rec, section_id: str) -> list[str]:
    if hold["status"] in ("released", "expired") and section_id in hold["claims"]:
        return [hold["ended"]]
    return [hold["let_go"][section_id]] if section_id in hold["let_go"] else []
