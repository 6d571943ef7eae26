"""The garbage collector, set for processes that keep much and make little rubbish in cycles."""

from __future__ import annotations

import gc

YOUNG = 50_000
"""Allocations between collections of the young; Python's own 700 cost a hold a tenth of its time
(measured: 7 of 64 µs), for what reference counts free anyway."""


def settle_gc() -> None:
    """Call once everything is loaded: what lives now is not looked at again."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(YOUNG, 20, 20)
