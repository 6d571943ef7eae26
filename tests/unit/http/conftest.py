"""One application on stand-ins for each test."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest
from tests.unit.http.stub import Desk


@pytest.fixture
async def desk() -> AsyncIterator[Desk]:
    desk = Desk()
    yield desk
    await desk.http.aclose()
