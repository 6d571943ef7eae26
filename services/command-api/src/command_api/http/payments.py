"""`…/payments/events`: what a payment provider's adapter tells of, signed by Standard Webhooks.

No token and no Idempotency-Key: the signature says who it is, and the records know what they were told
of, so a repeat is `duplicate` after days as well. Any 2xx is final for the sender; all else (also 404:
the booking may not be written yet) it sends again.
"""

from __future__ import annotations

import hashlib

import msgspec

from command_api.domain.commands import RecordPayment
from command_api.domain.decision import Rejection
from command_api.domain.payments.transactions import passed_over
from command_api.domain.records import BookingRecord, HoldRecord, is_active
from command_api.http.answer import Answer, json_answer
from command_api.http.attempts import ATTEMPTS, pause_before
from command_api.http.auth import club_not_found, venue_of
from command_api.http.call import Call
from command_api.http.carry_out import BOOKING, HOLD, missing, new_id
from command_api.http.ended import STALE, SUBJECT, key_of
from command_api.http.problems import Refused, invalid, refusal
from command_api.http.reading import decode_body, decoder_of
from command_api.job import Submission, Unavailable
from holdfast.contracts.ids import epoch_ms, is_id
from holdfast.contracts.payments import PaymentEvent, PaymentEventResult
from holdfast.contracts.problems import Code
from holdfast.runtime.signatures import BadSignature, verify

MAX_EVENT = 64 * 1024

_STALE = STALE | {Code.HOLD_NOT_FOUND, Code.BOOKING_NOT_FOUND}
"""The record changed between our look and the decision: look again."""

_event = decoder_of(PaymentEvent)
_result = msgspec.json.Decoder(PaymentEventResult)


async def take_event(call: Call) -> Answer:
    club, venue = call.params["club"], venue_of(call)
    if not is_id(club):
        raise club_not_found()
    secrets = call.services.payment_secrets.of(club)
    if not secrets:
        raise Refused(
            Code.UNAVAILABLE,
            "Payment events are not set up here: no HOLDFAST_PAYMENT_SECRETS.",
            headers=((b"retry-after", b"300"),),
        )
    body = await call.body(MAX_EVENT)
    try:
        event_id = verify(
            secrets,
            message_id=call.header(b"webhook-id"),
            timestamp=call.header(b"webhook-timestamp"),
            signatures=call.header(b"webhook-signature"),
            body=body,
            now=epoch_ms(call.services.clock()) / 1000,
        )
    except BadSignature as error:
        text = str(error)
        challenge = (b"www-authenticate", b"Standard-Webhooks")
        raise Refused(
            Code.UNAUTHENTICATED, text[:1].upper() + text[1:] + ".", headers=(challenge,)
        ) from None
    event = decode_body(call, body, _event)
    _check(event)
    digest = hashlib.sha256(b"%s\n%s" % (event_id.encode(), body)).digest()
    return await _record(call, (club, venue), event, event_id, digest)


def _check(event: PaymentEvent) -> None:
    if event.hold_id is None and event.booking_id is None:
        raise invalid("holdId", "name the hold or the booking that was paid for")
    try:
        epoch_ms(event.occurred_at)
    except ValueError:
        raise invalid("occurredAt", "not a moment of the calendar") from None


async def _record(
    call: Call, place: tuple[str, str], event: PaymentEvent, event_id: str, digest: bytes
) -> Answer:
    """An ended record is handed to the rules as it was read, and so goes under its key (see `ended`)."""
    club, venue = place
    for attempt in range(ATTEMPTS):
        await pause_before(attempt)
        record = await _find(call, place, event)
        ended = None if is_active(record) else record
        known = None if ended is None else passed_over(ended, event, event_id)
        if known is None:
            known = await _foreign(call, club, event, record)
        if known is not None:
            return json_answer(known)
        outcome = await call.services.writer.submit(
            Submission(
                command=RecordPayment(
                    channel=record.channel,
                    event=event,
                    event_id=event_id,
                    record_id=record.id,
                    record=ended,
                ),
                club=club,
                venue=venue,
                command_id=new_id("cmd"),
                subject=SUBJECT,
                key=None if ended is None else key_of(ended),
                hash=b"" if ended is None else digest,
            )
        )
        if not isinstance(outcome, Rejection):
            result = _result.decode(outcome.body)
            if outcome.replayed:  # the same event came twice at once, and the other was first
                result.outcome = "duplicate"
            return json_answer(result)
        if outcome.code not in _STALE:
            return refusal(outcome, call.request_id)
    raise Unavailable(retry_after=1)


async def _foreign(
    call: Call, club: str, event: PaymentEvent, record: HoldRecord | BookingRecord
) -> PaymentEventResult | None:
    """The answer where the transaction is known to have paid for something else: it pays once."""
    if event.type != "payment.succeeded":
        return None
    owner = record.id
    if isinstance(record, BookingRecord) and record.hold_id is not None:
        owner = record.hold_id
    first = await call.services.reads.owner_of_transaction(club, event.transaction_id, owner)
    if first == owner:
        return None
    detail = f"Transaction {event.transaction_id} was told of for {first} already; it pays once."
    return PaymentEventResult(outcome="ignored", detail=detail)


async def _find(
    call: Call, place: tuple[str, str], event: PaymentEvent
) -> HoldRecord | BookingRecord:
    """The booking that is named, or else the hold, or the booking that it became."""
    record: HoldRecord | BookingRecord | None = None
    if event.booking_id is not None:
        record = await _read(call, place, event.booking_id)
        if not isinstance(record, BookingRecord):
            record = None
    if record is None and event.hold_id is not None:
        record = await _read(call, place, event.hold_id)
        if not isinstance(record, HoldRecord):
            record = None
        elif record.booking_id is not None:
            record = await _read(call, place, record.booking_id)
    if record is None:
        raise missing(HOLD if event.booking_id is None else BOOKING)
    return record


async def _read(
    call: Call, place: tuple[str, str], record_id: str
) -> HoldRecord | BookingRecord | None:
    club, venue = place
    record = await call.services.reads.record(club, record_id)
    if isinstance(record, HoldRecord | BookingRecord) and record.venue == venue:
        return record
    return None
