"""Known: what is there already, to be asked for in place of what was made up."""

from __future__ import annotations

from collections import defaultdict
from random import Random
from typing import Any

GROUNDED = 0.85
"""How often a generated value gives way to one that is known."""


class Known:
    """What is there: values by the name of the parameter or member that they stand in; ids of paths by
    the collection before them."""

    def __init__(self) -> None:
        self.values: dict[str, list[Any]] = defaultdict(list)
        self.ids: dict[str, list[str]] = defaultdict(list)

    def add(self, name: str, *values: Any) -> None:
        self.values[name] += [value for value in values if value not in self.values[name]]

    def ground(self, value: Any, chance: Random, name: str = "") -> Any:
        """`value` with known values in place of generated ones."""
        known = self.values.get(name)
        if isinstance(value, list):
            if known and value and chance.random() < GROUNDED:
                return chance.sample(known, min(len(known), chance.choice((1, 1, 1, 2, 3))))
            return [self.ground(each, chance, name) for each in value]
        if isinstance(value, dict):
            if known and chance.random() < GROUNDED:
                return {chance.choice(known): each for each in value.values()}
            return {key: self.ground(each, chance, key) for key, each in value.items()}
        if known and value is not None and chance.random() < GROUNDED:
            return chance.choice(known)
        return value
