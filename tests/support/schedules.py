"""Seeded disorder: publishers at work, and clients that join, are cut anywhere, come back and compare
all they see with the truth. One seed is one schedule; many run at once on the same gateways."""

from __future__ import annotations

import asyncio
import random
from collections.abc import Awaitable, Callable, Sequence

from tests.support.follower import Audience, Follower
from tests.support.ledger import Ledger
from tests.support.live_publisher import CLUB, VENUE, LivePublisher
from tests.support.services import bearer

from holdfast.contracts.channels import ChannelKey, CustomerKey

SLOTS = ("early", "late")
SECONDS = 60
"""How long one schedule may take, with others beside it."""


def keys_of(seed: int) -> list[ChannelKey]:
    """Channels that no other seed uses, so that each schedule opens its own."""
    year, day = divmod(seed, 12 * 28)
    date = f"{2030 + year}-{1 + day // 28:02}-{1 + day % 28:02}"
    return [ChannelKey(CLUB, VENUE, date, slot) for slot in SLOTS]


class Schedule:
    """What one seed makes of two channels, a customer and some clients."""

    def __init__(self, seed: int, publisher: LivePublisher, places: Sequence[str]) -> None:
        self._seed = seed
        self._keys = keys_of(seed)
        self._customer = CustomerKey(CLUB, f"cus_{seed}")
        self._ledger = Ledger(publisher, self._keys, self._customer)
        self._publisher = publisher
        self._places = places
        rng = self._chance("schedule")
        # A big snapshot is a long backlog, which is another way through the gateway.
        self._sections = 700 if rng.random() < 0.02 else 8
        publisher.snapshot_delay = rng.choice((0, 0, 0.002, 0.01))
        self._clients = rng.randint(1, 4)
        self._early = [key for key in self._keys if rng.random() < 0.7]
        self._done = False
        self._followers: list[Follower] = []

    def __str__(self) -> str:
        return "; ".join(map(str, self._followers))

    async def run(self) -> None:
        """Raises AssertionError where a client saw anything but the truth."""
        await self._ledger.begin(self._sections)
        for key in self._early:
            await self._write(key, self._chance(f"early {key.slot}"))
        async with asyncio.TaskGroup() as group:
            for number in range(self._clients):
                group.create_task(self._follow(self._chance(f"client {number}")))
            writing = [
                group.create_task(self._write(key, self._chance(f"late {key.slot}")))
                for key in self._keys
            ]
            writing.append(group.create_task(self._notify(self._chance("notify"))))
            await asyncio.gather(*writing)
            self._done = True
            for follower in self._followers:
                follower.wake()
        for follower in self._followers:
            follower.compare()

    def _chance(self, what: str) -> random.Random:
        """Each task has dice of its own, whatever order they run in."""
        return random.Random(f"{self._seed} {what}")

    async def _follow(self, rng: random.Random) -> None:
        # One gateway, or all of them in turn.
        places = list(self._places) if rng.random() < 0.3 else [rng.choice(self._places)]
        big = self._sections > 100
        follower = Follower(self._ledger, self._audience(rng), places, rng, may_be_slow=big)
        self._followers.append(follower)
        await asyncio.sleep(rng.random() * 0.03)
        await follower.follow(lambda: self._done)

    def _audience(self, rng: random.Random) -> Audience:
        names = [key.name for key in self._keys]
        if rng.random() < 0.5:
            names = [rng.choice(names)]
        match rng.choice(("public", "public", "staff", "own")):
            case "own":
                headers = bearer("customer", sub=self._customer.customer)
                return Audience([*names, self._customer.name], headers, staff=False)
            case "staff":
                if rng.random() < 0.5:
                    names.append(self._customer.name)
                return Audience(names, bearer("manager", CLUB, f"mgr_{self._seed}"), staff=True)
            case _:
                return Audience(names, {}, staff=False)

    async def _write(self, key: ChannelKey, rng: random.Random) -> None:
        """Transitions at a rhythm of the schedule's own, some committed well before they are
        published, and snapshots kept that may be old by the time they are read."""
        for _ in range(rng.randrange(3, 12)):
            if rng.random() < 0.02:
                await self._ledger.send(key, self._ledger.change_layout(key, self._sections + 2))
                continue
            number = rng.choice((1, 1, 1, 2, 4))
            burst = [self._ledger.commit(key, rng.randrange(8)) for _ in range(number)]
            if rng.random() < 0.3:
                await asyncio.sleep(rng.choice((0, 0, 0.001, 0.005)))
            for body in burst:
                await self._ledger.send(key, body)
            if rng.random() < 0.1:
                await self._publisher.keep_snapshot(key)

    async def _notify(self, rng: random.Random) -> None:
        for _ in range(rng.randrange(4)):
            await self._ledger.notify()
            await asyncio.sleep(rng.choice((0, 0.001, 0.005)))


class Broken(AssertionError):
    """A schedule that did not come out right."""

    def __init__(self, seed: int, error: BaseException) -> None:
        super().__init__(f"seed {seed}: {error!r}")
        self.seed = seed
        self.error = error


async def run_schedule(seed: int, publisher: LivePublisher, places: Sequence[str]) -> None:
    """One of them; raises Broken."""
    schedule = Schedule(seed, publisher, places)
    try:
        async with asyncio.timeout(SECONDS):
            await schedule.run()
    except BaseExceptionGroup as group:
        raise Broken(seed, _first(group)) from group
    except AssertionError as error:
        raise Broken(seed, error) from error
    except TimeoutError as error:
        raise Broken(seed, TimeoutError(f"not all was seen: {schedule}")) from error


async def run_schedules(
    seeds: Sequence[int],
    run: Callable[[int], Awaitable[None]],
    *,
    at_once: int,
    progress: Callable[[int], None] = lambda _: None,
    bear: int = 5,
) -> list[Broken]:
    """All seeds, some at once; what went wrong. Ends early after more than `bear` failures."""
    waiting = iter(seeds)
    broken: list[Broken] = []
    finished = 0

    async def work() -> None:
        nonlocal finished
        for seed in waiting:
            if len(broken) > bear:
                return
            try:
                await run(seed)
            except Broken as error:
                broken.append(error)
            finished += 1
            progress(finished)

    async with asyncio.TaskGroup() as group:
        for _ in range(at_once):
            group.create_task(work())
    return broken


def _first(group: BaseExceptionGroup[BaseException]) -> BaseException:
    error: BaseException = group
    while isinstance(error, BaseExceptionGroup):
        error = error.exceptions[0]
    return error
