"""Presence: what gateways tell each other of their viewers."""

from __future__ import annotations

from holdfast.contracts.wire import Wire


class PresenceReport(Wire, kw_only=True):
    """Body of `holdfast.v1.presence`, at most once a second and at least every five.

    `viewers` is by channel name: all channels where `whole`, else those that changed. `number` goes
    up by one with each report of a gateway, so that a lost one shows; who misses something, or is
    new, `asks` in a report of its own, and every gateway sends a whole one.
    """

    gateway: str
    number: int
    whole: bool
    asks: bool
    viewers: dict[str, int]
