"""What the writer remembers between commands: venues, channels, quotas, and recent answers.

Nothing here is trusted: every outcome decided on it is confirmed by the append's compare-and-set.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Iterable
from typing import Generic, TypeVar

from command_api.domain.model import ChannelState, Quota, QuotaKey, Venue
from holdfast.contracts.channels import ChannelKey

K = TypeVar("K")
V = TypeVar("V")

MAX_VENUES = 1_000
MAX_CHANNELS = 5_000
MAX_QUOTAS = 20_000
MAX_ANSWERS = 20_000


class Recent(Generic[K, V]):
    """A mapping that forgets what was not used for longest."""

    def __init__(self, size: int) -> None:
        self._size = size
        self._items: OrderedDict[K, V] = OrderedDict()

    def get(self, key: K) -> V | None:
        value = self._items.get(key)
        if value is not None:
            self._items.move_to_end(key)
        return value

    def put(self, key: K, value: V) -> None:
        self._items[key] = value
        self._items.move_to_end(key)
        if len(self._items) > self._size:
            self._items.popitem(last=False)

    def drop(self, key: K) -> None:
        self._items.pop(key, None)

    def clear(self) -> None:
        self._items.clear()

    def __len__(self) -> int:
        return len(self._items)


class StateCache:
    """States by their keys."""

    def __init__(self) -> None:
        self.venues: Recent[tuple[str, str], Venue] = Recent(MAX_VENUES)
        self.channels: Recent[ChannelKey, ChannelState] = Recent(MAX_CHANNELS)
        self.quotas: Recent[QuotaKey, Quota] = Recent(MAX_QUOTAS)

    def clear(self) -> None:
        """Forget everything: after a reconnect, any state may be of another history."""
        self.venues.clear()
        self.channels.clear()
        self.quotas.clear()

    def drop(self, channels: Iterable[ChannelKey], quotas: Iterable[QuotaKey]) -> None:
        """Forget states that an append may or may not have moved on."""
        for key in channels:
            self.channels.drop(key)
        for quota in quotas:
            self.quotas.drop(quota)
