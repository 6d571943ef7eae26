"""Where resources are: the beginnings of their paths."""

from __future__ import annotations

CLUB = "/v1/clubs/{club}"
VENUE = CLUB + "/venues/{venue}"
