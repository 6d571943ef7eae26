"""Crowds: how many units others take at the fullest moment of a channel.

    early    ├────2────┤                at 2 + 3 units of a pool, `late` has never more than 3 taken:
    late          ├─────────────┤       `early` is over before `dinner` begins
    dinner                  ├──3──┤

Claims of overlapping slots lie in a channel as mirrors, all at once; but two of its neighbours that do
not overlap each other never meet, so adding them up would count people who have gone.
"""

from __future__ import annotations

from collections.abc import Mapping

from command_api.domain.model import Venue
from command_api.domain.venue.days import day_of
from holdfast.contracts.channels import ChannelKey, parse_channel

_Window = tuple[str, str]


class Crowd:
    """Of one channel. It costs nothing until somebody asks."""

    __slots__ = ("_key", "_venue", "_windows")

    def __init__(self, venue: Venue, key: ChannelKey) -> None:
        self._venue = venue
        self._key = key
        self._windows: dict[str, _Window | None] = {}

    def peak(self, elsewhere: Mapping[str, int]) -> int:
        """The most units that are taken at one moment; `elsewhere` are units by the name of the channel
        whose claims they are. A channel whose slot is no more counts all the time."""
        if len(elsewhere) < 2:
            return sum(elsewhere.values())
        always, turns = 0, []
        for name, units in elsewhere.items():
            window = self._window(name)
            if window is None:
                always += units
            else:
                turns += [(window[0], units), (window[1], -units)]
        turns.sort()  # at one moment those who leave go first: windows that touch do not overlap
        most = now = 0
        for _at, units in turns:
            now += units
            most = max(most, now)
        return always + most

    def _window(self, name: str) -> _Window | None:
        """While that channel's slot runs within this one's; an empty window where it does not."""
        if name not in self._windows:
            key = parse_channel(name)
            assert isinstance(key, ChannelKey)
            own = day_of(self._venue, self._key.date, self._key.slot)
            other = day_of(self._venue, key.date, key.slot)
            if own is None or other is None:
                self._windows[name] = None
            else:
                starts_at = max(own.starts_at, other.starts_at)
                self._windows[name] = (starts_at, max(starts_at, min(own.ends_at, other.ends_at)))
        return self._windows[name]
