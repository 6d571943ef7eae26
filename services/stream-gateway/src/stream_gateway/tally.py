"""Tally: how many streams the other gateways have on each channel, by their reports."""

from __future__ import annotations

from holdfast.contracts.presence import PresenceReport

SILENT_SECONDS = 15.0
"""A gateway that was not heard of for so long is gone, with all its viewers."""
MAX_GATEWAYS = 1000


class _Other:
    def __init__(self) -> None:
        self.number = 0
        self.heard = 0.0
        self.viewers: dict[str, int] = {}


class Tally:
    """Sums kept up to date report by report."""

    def __init__(self) -> None:
        self._others: dict[str, _Other] = {}
        self._sums: dict[str, int] = {}

    def elsewhere(self, channel: str) -> int:
        """Streams on the channel at the other gateways."""
        return self._sums.get(channel, 0)

    def take(self, report: PresenceReport, now: float) -> bool:
        """Count the report in; whether nothing is missing before it."""
        other = self._others.get(report.gateway)
        if other is None:
            if len(self._others) >= MAX_GATEWAYS:
                return True
            other = self._others[report.gateway] = _Other()
        dense = report.whole or report.number == other.number + 1
        other.number, other.heard = report.number, now
        if report.whole:
            for channel in other.viewers.keys() - report.viewers.keys():
                self._set(other, channel, 0)
        for channel, number in report.viewers.items():
            self._set(other, channel, number)
        return dense

    def expire(self, now: float) -> None:
        """Forget the gateways that are silent for too long."""
        for name, other in list(self._others.items()):
            if now - other.heard > SILENT_SECONDS:
                for channel in list(other.viewers):
                    self._set(other, channel, 0)
                del self._others[name]

    def _set(self, other: _Other, channel: str, number: int) -> None:
        known = other.viewers.get(channel, 0)
        if number == known:
            return
        if number:
            other.viewers[channel] = number
        else:
            del other.viewers[channel]
        total = self._sums.get(channel, 0) + number - known
        if total:
            self._sums[channel] = total
        else:
            del self._sums[channel]
