"""Ended records: nobody writes over what somebody else has just made of one.

An ended record is in no channel's state, so whoever changes it (a payment event, the erasure of personal
data) hands it to the rules as it was read, and the channel's head says nothing of whether it is still so.
Their commands therefore go under the record's revision as their key, all of one subject: the commands'
unique index lets one through. The others are refused with a code of `STALE`, and look again.
"""

from __future__ import annotations

from command_api.domain.records import BookingRecord, HoldRecord
from holdfast.contracts.problems import Code

SUBJECT = "holdfast:ended"
"""Whose idempotency keys they are; no token's subject."""

STALE = frozenset({Code.IDEMPOTENCY_KEY_REUSED, Code.IDEMPOTENCY_IN_PROGRESS})


def key_of(record: HoldRecord | BookingRecord) -> str:
    return f"{record.id}.{record.revision}"
