"""Schemas: JSON Schema 2020-12 of the contract types, as components of a document.

Msgspec makes the shapes. Added here: the words that stand below fields and members in the sources,
and that what we send always has all its members.
"""

from __future__ import annotations

import ast
import inspect
import sys
from collections.abc import Iterable
from enum import Enum
from functools import cache
from itertools import pairwise
from typing import Any, TypeAlias

import msgspec
from msgspec import UNSET

from holdfast.contracts.wire import Request

Json: TypeAlias = dict[str, Any]
REF = "#/components/schemas/{name}"


def ref(type_: type) -> Json:
    """A reference to the component of a type."""
    return {"$ref": REF.format(name=type_.__name__)}


def schemas_of(types: Iterable[type]) -> dict[str, Json]:
    """The components of these types and of all that they are made of, by type name."""
    wanted = list(types)
    _, components = msgspec.json.schema_components(wanted, ref_template=REF)
    named = {type_.__name__: type_ for type_ in _reached(wanted)}
    return {
        name: _completed(named[name], schema) for name, schema in sorted(dict(components).items())
    }


def schema_of(annotation: Any) -> Json:
    """The schema of one annotated type, for a parameter."""
    (schema,), _ = msgspec.json.schema_components([annotation], ref_template=REF)
    return schema


def _completed(type_: type, schema: Json) -> Json:
    words = inspect.cleandoc(type_.__doc__) if type_.__doc__ else ""
    if issubclass(type_, Enum):
        members = _words_below(type_)
        told = [f"`{m.value}`: {members[m.name]}" for m in type_ if m.name in members]
        paragraphs = [part for part in (words, *told) if part]
        completed: Json = {"title": schema["title"], "type": "string"}
        if paragraphs:
            completed["description"] = "\n\n".join(paragraphs)
        return {**completed, "enum": [member.value for member in type_]}
    if words:
        schema["description"] = words
    assert issubclass(type_, msgspec.Struct)
    told_of = _words_below(type_)
    sent = not issubclass(type_, Request)
    for field in msgspec.structs.fields(type_):
        shape = schema["properties"][field.encode_name]
        if field.name in told_of:
            shape["description"] = told_of[field.name]
        if sent:
            shape.pop("default", None)
    if sent and not type_.__struct_config__.omit_defaults:
        schema["required"] = [
            field.encode_name
            for field in msgspec.structs.fields(type_)
            if field.default is not UNSET
        ]
    return schema


def _reached(types: Iterable[type]) -> set[type]:
    """Structs and enums that are named anywhere in these types."""
    found: set[type] = set()
    pending = list(msgspec.inspect.multi_type_info(types))
    while pending:
        info: Any = pending.pop()
        if isinstance(info, msgspec.inspect.StructType | msgspec.inspect.EnumType):
            if info.cls in found:
                continue
            found.add(info.cls)
        if isinstance(info, msgspec.inspect.StructType):
            pending += [field.type for field in info.fields]
            continue
        for member in ("type", "item_type", "key_type", "value_type"):
            if isinstance(inner := getattr(info, member, None), msgspec.inspect.Type):
                pending.append(inner)
        if isinstance(info, msgspec.inspect.UnionType):
            pending += info.types
    return found


def _words_below(type_: type) -> dict[str, str]:
    """What the sources say below fields or members, by their names; nothing where there are no
    sources."""
    words: dict[str, str] = {}
    for base in reversed(type_.__mro__):
        words.update(_words_of(base.__module__).get(base.__name__, {}))
    return words


@cache
def _words_of(module: str) -> dict[str, dict[str, str]]:
    if not module.startswith("holdfast."):
        return {}
    try:
        tree = ast.parse(inspect.getsource(sys.modules[module]))
    except OSError:
        return {}
    return {
        node.name: _strings_below(node.body)
        for node in ast.walk(tree)
        if isinstance(node, ast.ClassDef)
    }


def _strings_below(body: list[ast.stmt]) -> dict[str, str]:
    found = {}
    for statement, below in pairwise(body):
        match statement:
            case ast.AnnAssign(target=ast.Name(id=name)) | ast.Assign(targets=[ast.Name(id=name)]):
                pass
            case _:
                continue
        match below:
            case ast.Expr(value=ast.Constant(value=str(text))):
                found[name] = inspect.cleandoc(text)
    return found
