"""The secrets that payment events are signed with: the platform's, and those of single clubs."""

from __future__ import annotations

from collections.abc import Iterable

from holdfast.runtime.signatures import PREFIX, secret_bytes


class PaymentSecrets:
    """Made of `whsec_…`, good for every club, and `{club}=whsec_…`. Several are good at a time, so that
    one can be changed for the next. Raises ValueError where one is neither."""

    def __init__(self, entries: Iterable[str] = ()) -> None:
        self._platform: tuple[bytes, ...] = ()
        self._clubs: dict[str, tuple[bytes, ...]] = {}
        for entry in entries:
            club, _, secret = entry.rpartition("=" + PREFIX)
            if club:
                key = secret_bytes(PREFIX + secret)
                self._clubs[club] = (*self._clubs.get(club, ()), key)
            else:
                self._platform = (*self._platform, secret_bytes(entry))

    def of(self, club: str) -> tuple[bytes, ...]:
        """All that an event for the club may be signed with."""
        return (*self._clubs.get(club, ()), *self._platform)
