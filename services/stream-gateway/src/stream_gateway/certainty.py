"""Certainty: since when we cannot tell any more that everything the stream holds is here.

A feed that is connected may be far behind, and one that hears heartbeats may hear them late. So a
moment counts as certain only if a message or heartbeat was handled then, nothing that the leader
had told of was missing, and the leader had answered not too long ago.
"""

from __future__ import annotations

import time

UNHEARD_HEARTBEATS = 3
UNANSWERED_COMPARISONS = 3
ANSWER_SECONDS = 2.0
"""How long the leader may take for an answer."""


class Certainty:
    """Told by the feed what it sees; times are seconds of the monotonic clock."""

    def __init__(self, *, heartbeat: float, verify: float) -> None:
        self._heartbeat = heartbeat
        self._answered_within = UNANSWERED_COMPARISONS * verify + ANSWER_SECONDS
        self._attached = False
        self._complete = False
        self._target = 0
        self._answered = 0.0
        self._sure = time.monotonic()

    @property
    def is_ready(self) -> bool:
        """Whether the feed has everything, as far as can be known."""
        if not self._complete:
            return False
        return time.monotonic() - self._sure <= UNHEARD_HEARTBEATS * self._heartbeat

    @property
    def doubtful_for(self) -> float:
        """Seconds since the last certain moment; 0 where the next one is not due yet."""
        seconds = time.monotonic() - self._sure
        if self._complete and seconds <= 2 * self._heartbeat:
            return 0.0
        return seconds

    def attach(self, seq: int) -> None:
        """The feed is at `seq` and hears of what comes."""
        self._attached = True
        self.heard(seq)

    def detach(self) -> None:
        """From now on it does not."""
        self._attached = self._complete = False

    def answered(self, asked: float, last_seq: int) -> None:
        """At `asked` or later the stream ended at `last_seq`, says its leader."""
        self._answered = asked
        self._target = last_seq

    def heard(self, seq: int) -> None:
        """Everything up to `seq` was handled just now."""
        if not self._attached or seq < self._target:
            return
        now = time.monotonic()
        if now - self._answered <= self._answered_within:
            self._sure = now
            self._complete = True
