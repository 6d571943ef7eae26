"""Errors as RFC 9457 problems: the one table from what went wrong to code, facts and headers.

What is not in the table is a fault of ours: it is logged with the request's id, and the asker learns
that id and nothing else.
"""

from __future__ import annotations

import logging
from typing import Any, NamedTuple

from command_api.domain.decision import Rejection
from command_api.domain.views.snapshot import NoSuchSlot
from command_api.http.answer import NO_STORE, Answer, Header
from command_api.job import Unavailable
from command_api.outages import POSTGRES_OUTAGES
from command_api.store.venues import (
    ClubMissing,
    CurrencyInUse,
    RevisionMismatch,
    RevisionRequired,
    SectionInUse,
    SlotInUse,
)
from holdfast.contracts.problems import PROBLEM_JSON, STATUS, Code, problem_body
from holdfast.runtime.auth import InvalidToken

log = logging.getLogger("holdfast.http")

_PROBLEM: Header = (b"content-type", PROBLEM_JSON.encode())
_RETRY_LATER = 1
"""Seconds."""


class Refused(Exception):
    """The request was refused before it came to the rules. `facts` become members of the problem."""

    def __init__(
        self, code: Code, detail: str, *, headers: tuple[Header, ...] = (), **facts: Any
    ) -> None:
        super().__init__(detail)
        self.code = code
        self.detail = detail
        self.headers = headers
        self.facts = facts


def invalid(path: str, message: str) -> Refused:
    """`path` names the member, parameter or header that is wrong."""
    return Refused(
        Code.VALIDATION_FAILED,
        f"{path}: {message}." if path else f"{message}.",
        errors=[{"path": path, "message": message}],
    )


class Problem(NamedTuple):
    code: Code
    detail: str
    facts: dict[str, Any]
    headers: tuple[Header, ...] = ()


def refusal(rejection: Rejection, request_id: str) -> Answer:
    """A rejection of the rules, or of the writer."""
    headers: tuple[Header, ...] = ()
    if rejection.code is Code.IDEMPOTENCY_IN_PROGRESS:
        headers = (_retry_after(_RETRY_LATER),)
    return _answer(Problem(rejection.code, rejection.detail, rejection.facts, headers), request_id)


def problem(error: Exception, request_id: str) -> Answer:
    """The answer to any error that a handler raised."""
    known = _known(error)
    if known is None:
        log.error("request %s failed", request_id, exc_info=error)
        known = Problem(Code.INTERNAL, "Something went wrong on our side.", {})
    elif known.code is Code.UNAVAILABLE and not isinstance(error, Unavailable):
        log.warning("request %s met an outage: %r", request_id, error)
    return _answer(known, request_id)


def _known(error: Exception) -> Problem | None:  # noqa: C901, PLR0911, PLR0912 - a table
    match error:
        case Refused():
            return Problem(error.code, error.detail, error.facts, error.headers)
        case InvalidToken():
            challenge = (b"www-authenticate", b'Bearer error="invalid_token"')
            return Problem(Code.UNAUTHENTICATED, _sentence(error), {}, (challenge,))
        case ClubMissing():
            return Problem(Code.CLUB_NOT_FOUND, "There is no such club.", {})
        case NoSuchSlot():
            detail = "There is no such slot, or it does not run on that date."
            return Problem(Code.SLOT_NOT_FOUND, detail, {})
        case RevisionRequired():
            detail = "The venue exists; name its revision in If-Match to change it."
            return Problem(Code.PRECONDITION_REQUIRED, detail, {})
        case RevisionMismatch():
            detail = f"The venue is at revision {error.current}."
            return Problem(Code.VERSION_MISMATCH, detail, {"version": error.current})
        case SectionInUse():
            detail = "Sections with holds, bookings or blocks on them cannot be removed."
            return Problem(Code.SECTION_IN_USE, detail, {"sectionIds": error.section_ids})
        case SlotInUse():
            detail = (
                "Holds, bookings or blocks would lose their night or section, or come to overlap others: "
                f"on {', '.join(error.dates[:5])}{' and more' if len(error.dates) > 5 else ''}."
            )
            facts: dict[str, Any] = {"slotIds": error.slot_ids}
            if error.section_ids:
                facts["sectionIds"] = error.section_ids
            return Problem(Code.SECTION_IN_USE, detail, facts)
        case CurrencyInUse():
            detail = f"What is held and booked on nights to come is priced in {error.currency}."
            return Problem(Code.SECTION_IN_USE, detail, {"slotIds": error.slot_ids})
        case Unavailable():
            detail = "This cannot be done at the moment. Send the same request again."
            return Problem(Code.UNAVAILABLE, detail, {}, (_retry_after(error.retry_after),))
        case _ if isinstance(error, POSTGRES_OUTAGES):
            detail = "The database cannot be reached at the moment."
            return Problem(Code.UNAVAILABLE, detail, {}, (_retry_after(_RETRY_LATER),))
        case _:
            return None


def _answer(known: Problem, request_id: str) -> Answer:
    body = problem_body(known.code, known.detail, request_id, known.facts)
    return Answer(STATUS[known.code], body, (_PROBLEM, NO_STORE, *known.headers))


def _retry_after(seconds: int) -> Header:
    return (b"retry-after", b"%d" % seconds)


def _sentence(error: Exception) -> str:
    text = str(error)
    return text[:1].upper() + text[1:] + "."
