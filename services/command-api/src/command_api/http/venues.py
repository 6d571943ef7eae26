"""`PUT` and `GET …/venues/{venue}`: the definition of a venue."""

from __future__ import annotations

import msgspec

from command_api.domain import model
from command_api.domain.venue.prepared import check_definition
from command_api.http.answer import Answer, Header, json_answer, not_modified
from command_api.http.auth import DEFINERS, in_role, readable_venue
from command_api.http.call import Call
from command_api.http.compress import compressed
from command_api.http.problems import Refused, invalid
from command_api.http.reading import decoder_of, if_match, matches, read_body
from holdfast.contracts.ids import is_id
from holdfast.contracts.problems import Code
from holdfast.contracts.venues import MAX_DEFINITION_BYTES, Venue, VenueBody, VenueDefinition

_venue_body = decoder_of(VenueBody)

_REVALIDATE: tuple[Header, ...] = (
    (b"cache-control", b"no-cache"),
    (b"vary", b"Authorization, Cookie, Accept-Encoding"),
)


async def put_venue(call: Call) -> Answer:
    """Creates, or with If-Match changes; the whole definition each time."""
    _principal, club = in_role(call, DEFINERS)
    venue = call.params["venue"]
    if not is_id(venue):
        raise invalid("venue", "letters, digits, `_` and `-`, at most 64")
    revision = if_match(call)
    _body, asked = await read_body(call, _venue_body, limit=MAX_DEFINITION_BYTES)
    definition = VenueDefinition(**{field: getattr(asked, field) for field in _FIELDS})
    if problems := check_definition(definition):
        raise _wrong(problems)
    stored = await call.services.put_venue(club, venue, definition, revision)
    headers: tuple[Header, ...] = (_etag(stored.venue),)
    if stored.created:
        headers = (*headers, (b"location", call.path.encode()))
    return json_answer(_shown(stored.venue), *headers, status=201 if stored.created else 200)


async def read_venue(call: Call) -> Answer:
    venue, _audience = await readable_venue(call)
    etag = _etag(venue)
    if matches(call, etag[1].decode()):
        return not_modified(etag, *_REVALIDATE)
    return await compressed(call, json_answer(_shown(venue), etag, *_REVALIDATE))


def _etag(venue: model.Venue) -> Header:
    return (b"etag", b'"%d"' % venue.revision)


def _shown(venue: model.Venue) -> Venue:
    definition = venue.definition
    return Venue(
        club_id=venue.club,
        venue_id=venue.venue,
        revision=venue.revision,
        layout_version=venue.layout_version,
        updated_at=venue.updated_at,
        **{field: getattr(definition, field) for field in _FIELDS},
    )


def _wrong(problems: list[str]) -> Refused:
    """All that is wrong at once, so that a definition is mended in one go."""
    errors = []
    for problem in problems:
        path, _, message = problem.partition(": ")
        errors.append({"path": path, "message": message})
    more = f" (and {len(problems) - 1} more)" if len(problems) > 1 else ""
    return Refused(Code.VALIDATION_FAILED, f"{problems[0]}{more}.", errors=errors)


_FIELDS = tuple(field.name for field in msgspec.structs.fields(VenueDefinition))
