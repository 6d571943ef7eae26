"""Operations: what one method at one path takes and answers, as data."""

from __future__ import annotations

from enum import StrEnum
from typing import Any

from msgspec import Struct, field

from holdfast.contracts.problems import Code
from holdfast.contracts.states import Role


class Access(StrEnum):
    """What an asker must show."""

    OPEN = "open"
    """Nothing; a token is not looked at."""
    READERS = "readers"
    """Nothing where the venue's policy has `publicRead`, else a token."""
    TOKEN = "token"  # noqa: S105 - a kind, not a secret
    """A bearer token; on GET the cookie does as well."""
    BEARER = "bearer"
    """A bearer token, and nothing else."""
    STREAM = "stream"
    """As READERS, or a stream ticket in the address."""
    SIGNED = "signed"
    """A signature over the body (Standard Webhooks)."""


class Parameter(Struct, frozen=True):
    """A query parameter or a header. `type` is a type as msgspec reads it."""

    name: str
    type: Any
    words: str
    required: bool = False
    example: Any = None
    many: bool = False
    """It may be repeated."""


class Body(Struct, frozen=True):
    """JSON that comes in; `optional` bodies may be left out."""

    type: type
    example: Any
    optional: bool = False


class Answer(Struct, frozen=True, kw_only=True):
    """A good answer. `types`: the shapes that its JSON may have, by who asks; none: no JSON."""

    status: int = 200
    words: str
    types: tuple[type, ...] = ()
    schema: Any = None
    """Instead of `types`, where no contract type is meant."""
    headers: tuple[str, ...] = ()
    """Names of `parts.HEADERS`."""
    events: dict[str, tuple[type, ...]] | None = None
    """It is a stream of these events."""
    example: Any = None


class Operation(Struct, frozen=True, kw_only=True):
    """`codes`: problems of its own; what paths, bodies and keys imply is added (see `implied`)."""

    id: str
    tag: str
    summary: str
    words: str = ""
    access: Access = Access.TOKEN
    roles: tuple[Role, ...] = ()
    """None: for every role."""
    query: tuple[Parameter, ...] = ()
    headers: tuple[Parameter, ...] = ()
    keyed: bool = False
    """Needs an Idempotency-Key."""
    may_be_keyed: bool = False
    """Heeds one."""
    conditional: bool = False
    """Has an ETag, and answers 304 to it."""
    body: Body | None = None
    answers: tuple[Answer, ...]
    codes: tuple[Code, ...] = ()
    facts: dict[str, Any] = field(default_factory=dict)
    """Members, with their types, that problems of any of the codes may have here."""


Operations = dict[tuple[str, str], Operation]
"""By (method, path template)."""
