"""`…/imports`: bookings made elsewhere, in bulk, with a result for each.

Each item is a command of its own, so each counts by itself; sent again, those that were taken in answer
the same and the others are tried anew. So the Idempotency-Key of the whole is required as everywhere,
and nothing is kept under it: the external ids are the keys.
"""

from __future__ import annotations

import asyncio
import hashlib

import msgspec

from command_api.domain.commands import Asker, ImportBooking
from command_api.domain.conflicts.imports import digest_of
from command_api.domain.decision import Rejection
from command_api.domain.records import BookingRecord
from command_api.http.answer import Answer, json_answer
from command_api.http.auth import asker_of, for_whom, in_role, venue_not_found, venue_of
from command_api.http.call import Call
from command_api.http.carry_out import BOOKING, CONFLICT, new_id, new_reference
from command_api.http.problems import Refused, invalid
from command_api.http.reading import check_date, decoder_of, idempotency_key, read_body
from command_api.job import Submission, Unavailable
from holdfast.contracts.bookings import ImportItem, ImportRequest, ImportResult, ItemResult
from holdfast.contracts.channels import ChannelKey
from holdfast.contracts.ids import epoch_ms
from holdfast.contracts.problems import Code
from holdfast.contracts.states import STAFF_ROLES
from holdfast.runtime.auth import Principal

MAX_IMPORT = 8 * 1024 * 1024
AT_ONCE = 64
"""Commands of one import in the writer at a time: as many as one flight takes."""
SUBJECT = "holdfast:imports"
"""Whose idempotency keys they are; no token's subject."""

_import = decoder_of(ImportRequest)
_item = msgspec.json.Decoder(ItemResult)


async def import_bookings(call: Call) -> Answer:
    """Staff, services and kiosks; a kiosk names no customer. 200 whatever becomes of the items."""
    principal, club = in_role(call, STAFF_ROLES)
    venue = venue_of(call)
    idempotency_key(call)
    _body, request = await read_body(call, _import, limit=MAX_IMPORT)
    if await call.services.reads.venue(club, venue) is None:
        raise venue_not_found()
    run = _Import(call, principal, club, venue)
    return json_answer(ImportResult(items=await run.carry_out(request.items)))


class _Import:
    """One request's items on their way. After one that found the writer out of reach no other is
    tried: each would wait as long."""

    def __init__(self, call: Call, principal: Principal, club: str, venue: str) -> None:
        self._services = call.services
        self._principal = principal
        self._asker: Asker = asker_of(principal)
        self._club, self._venue = club, venue
        self._gate = asyncio.Semaphore(AT_ONCE)
        self._is_down = False

    async def carry_out(self, items: list[ImportItem]) -> list[ItemResult]:
        """Items with the same external id one after another, all others at once."""
        suffixes = [self._suffix(item) for item in items]
        known = await self._services.reads.records_by_id(
            self._club, [f"{BOOKING.prefix}_{suffix}" for suffix in dict.fromkeys(suffixes)]
        )
        same: dict[str, list[int]] = {}
        for index, suffix in enumerate(suffixes):
            same.setdefault(suffix, []).append(index)
        results: dict[int, ItemResult] = {}

        async def take(suffix: str, indexes: list[int]) -> None:
            booking_id = f"{BOOKING.prefix}_{suffix}"
            record = known.get(booking_id)
            for place, index in enumerate(indexes):
                if place > 0 and record is None:
                    record = await self._services.reads.record(self._club, booking_id)
                ours = record if isinstance(record, BookingRecord) else None
                results[index] = await self._take(index, items[index], suffix, ours)

        async with asyncio.TaskGroup() as group:
            for suffix, indexes in same.items():
                group.create_task(take(suffix, indexes))
        return [results[index] for index in range(len(items))]

    def _suffix(self, item: ImportItem) -> str:
        """The same external id at the same venue always makes the same ids."""
        text = f"{self._club}\n{self._venue}\n{item.external_id}"
        return hashlib.sha256(text.encode()).hexdigest()[:40]

    async def _take(
        self, index: int, item: ImportItem, suffix: str, record: BookingRecord | None
    ) -> ItemResult:
        async with self._gate:
            try:
                self._check(item)
                outcome = await self._submit(item, suffix, record)
            except Refused as error:
                return _refused(index, item, error.code, error.detail)
            except Unavailable:
                self._is_down = True
                detail = "This could not be done at the moment. Send the same import again."
                return _refused(index, item, Code.UNAVAILABLE, detail)
        if isinstance(outcome, Rejection):
            return _refused(index, item, outcome.code, outcome.detail)
        outcome.index = index
        return outcome

    def _check(self, item: ImportItem) -> None:
        """Raises Refused; a single item that makes no sense does not stop the others."""
        if self._is_down:
            raise Unavailable(retry_after=1)
        check_date(item.date)
        try:
            epoch_ms(item.created_at)
        except ValueError:
            raise invalid("createdAt", "not a moment of the calendar") from None
        for_whom(self._principal, item.customer_id)

    async def _submit(
        self, item: ImportItem, suffix: str, record: BookingRecord | None
    ) -> ItemResult | Rejection:
        """The key is the booking's id: two who import the same at once make it once."""
        booking_id = f"{BOOKING.prefix}_{suffix}"
        command = ImportBooking(
            channel=ChannelKey(self._club, self._venue, item.date, item.slot_id),
            asker=self._asker,
            item=item,
            booking_id=booking_id,
            conflict_id=f"{CONFLICT.prefix}_{suffix}",
            reference=new_reference(),
            record=record,
        )
        outcome = await self._services.writer.submit(
            Submission(
                command=command,
                club=self._club,
                venue=self._venue,
                command_id=new_id("cmd"),
                subject=SUBJECT,
                key=booking_id,
                hash=bytes.fromhex(digest_of(item)),
            )
        )
        return outcome if isinstance(outcome, Rejection) else _item.decode(outcome.body)


def _refused(index: int, item: ImportItem, code: Code, detail: str) -> ItemResult:
    if code is Code.IDEMPOTENCY_KEY_REUSED:
        detail = f"External id {item.external_id} was imported with other content."
    return ItemResult(index=index, date=item.date, booking_id=None, code=code, detail=detail)
