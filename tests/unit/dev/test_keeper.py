"""Keeping a part running: again after one end, no more after two in a short time."""

import asyncio

import pytest

from holdfast_dev.child import ChildFailed
from holdfast_dev.keeper import SHORT_TIME, keep


class FakePart:
    """Ends as often as there are moments, each at its moment; then runs for ever."""

    name = "fake"

    def __init__(self, ends: list[float]) -> None:
        self.now = 0.0
        self.starts = 0
        self.lines = ["last words"]
        self.start_fails = False
        self.idle = asyncio.Event()
        self._ends = ends

    def clock(self) -> float:
        return self.now

    async def start(self) -> None:
        if self.start_fails:
            raise ChildFailed(self.name, "did not start", self.lines)
        self.starts += 1

    async def wait(self) -> int:
        if not self._ends:
            self.idle.set()
            await asyncio.Event().wait()
        self.now = self._ends.pop(0)
        return -9

    async def stop(self) -> None:
        return None


@pytest.fixture
def pauses(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    taken: list[float] = []

    async def pause(seconds: float) -> None:
        taken.append(seconds)

    monkeypatch.setattr(asyncio, "sleep", pause)
    return taken


async def kept(part: FakePart) -> list[str]:
    told: list[str] = []
    keeping = asyncio.create_task(keep(part, told.append, part.clock))
    await part.idle.wait()
    keeping.cancel()
    await asyncio.gather(keeping, return_exceptions=True)
    return told


async def test_starts_again_what_ended_once(pauses: list[float]) -> None:
    part = FakePart([100])
    assert await kept(part) == ["fake ended (SIGKILL); starting it again", "fake is back"]
    assert part.starts == 1


async def test_waits_longer_each_time(pauses: list[float]) -> None:
    part = FakePart([100 * number for number in range(1, 9)])
    await kept(part)
    assert part.starts == 8
    assert pauses == [0.25, 0.5, 1, 2, 4, 8, 8, 8]


async def test_begins_anew_after_a_long_time_in_peace(pauses: list[float]) -> None:
    await kept(FakePart([100, 200, 10_000]))
    assert pauses == [0.25, 0.5, 0.25]


async def test_gives_up_after_two_ends_in_a_short_time(pauses: list[float]) -> None:
    part = FakePart([100, 100 + SHORT_TIME - 1])
    with pytest.raises(ChildFailed, match="fake ended twice in a short time: SIGKILL") as failure:
        await keep(part, print, part.clock)
    assert failure.value.lines == ["last words"]
    assert part.starts == 1


async def test_gives_up_when_it_does_not_start_again(pauses: list[float]) -> None:
    part = FakePart([100])
    part.start_fails = True
    with pytest.raises(ChildFailed, match="did not start"):
        await keep(part, print, part.clock)
