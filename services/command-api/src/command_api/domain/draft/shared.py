"""What the drafts of one outcome share: one another, the time that it relies on, what is left to blocks."""

from __future__ import annotations

from typing import TYPE_CHECKING
from weakref import ref

from holdfast.contracts.channels import ChannelKey

if TYPE_CHECKING:
    from command_api.domain.draft.draft import Draft


class Shared:
    """What the drafts of one outcome share. It does not own the first of them: with one channel, as
    nearly always, there is no cycle, and nothing is left to the garbage collector."""

    __slots__ = ("_root", "left_to_blocks", "others", "valid_from", "valid_until")

    def __init__(self, root: Draft) -> None:
        self._root = ref(root)
        self.others: dict[ChannelKey, Draft] = {}
        self.left_to_blocks: dict[Draft, list[str]] = {}
        """Sections that a claim has left, where blocks wait in the channel."""
        self.valid_from: str | None = None
        self.valid_until: str | None = None

    @property
    def root(self) -> Draft:
        root = self._root()
        assert root is not None, "whoever decides keeps the first draft"
        return root

    def drafts(self) -> list[Draft]:
        """All of them, the first one first."""
        return [self.root, *self.others.values()]
