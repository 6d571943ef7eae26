"""How structs cross a wire: camelCase keys; requests refuse unknown members, readers ignore them."""

from __future__ import annotations

import msgspec


class Wire(msgspec.Struct, kw_only=True, rename="camel"):
    """A body that we send. Readers ignore members that they do not know."""


class Request(msgspec.Struct, kw_only=True, rename="camel", forbid_unknown_fields=True):
    """A body that we receive. An unknown member is an error, so that a misspelt one is not lost."""
