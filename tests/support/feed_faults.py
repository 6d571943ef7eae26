"""Everything that may go wrong between the stream and a gateway: each fault does it and mends it."""

from __future__ import annotations

import shutil
from collections.abc import Awaitable, Callable, Coroutine
from typing import Any

from tests.support.feed_site import Site
from tests.support.live_publisher import delete_stream
from tests.support.nats_proxy import Frame
from tests.support.until import until

from holdfast.contracts.cursor import new_epoch
from holdfast.contracts.subjects import LIVE_STREAM, SNAPSHOTS_BUCKET, VENUES_BUCKET
from holdfast.runtime.nats import ApiError, jetstream_api

# The server


async def nats_killed(site: Site) -> None:
    await site.nats.kill()
    await site.nats.start()
    await site.back()


async def nats_away(site: Site) -> None:
    await site.nats.kill()
    await site.unready()
    await site.nats.start()
    await site.back()


async def nats_empty(site: Site) -> None:
    await site.nats.stop()
    shutil.rmtree(site.store)
    await site.nats.start()
    await site.back()
    site.publisher.epoch = new_epoch()
    await site.publisher.build()


async def nats_rolled_back(site: Site) -> None:
    """The relay sees that the stream ends before what it was told, and begins an epoch."""
    await _roll_back(site)
    await site.publisher.mark_epoch(new_epoch())


async def nats_rolled_back_unnoticed(site: Site) -> None:
    """And other messages are stored at the sequences of those that were lost, in the same epoch."""
    await _roll_back(site)
    await site.publisher.some(4)


async def nats_rolled_back_while_away(site: Site) -> None:
    """The far gateway comes back when the stream is longer than it was."""

    async def go_away() -> None:
        site.proxy.shut()
        await until(lambda: not site.far.feed.caught_up)

    await _roll_back(site, go_away)
    await site.publisher.some(6)
    site.proxy.open()


async def _nothing() -> None:
    return None


async def _roll_back(site: Site, before: Callable[[], Awaitable[None]] = _nothing) -> None:
    """To a copy that both gateways are ahead of."""
    older = site.store.with_name("older")
    await site.nats.stop()
    shutil.copytree(site.store, older)
    await site.nats.start()
    await site.back()
    await site.publisher.some(3)
    await site.ready()
    await before()
    await site.nats.stop()
    shutil.rmtree(site.store)
    older.rename(site.store)
    await site.nats.start()
    await until(lambda: site.publisher.nc.is_connected)


# The link


async def link_cut(site: Site) -> None:
    site.proxy.cut()
    await until(lambda: not site.far.nc.is_connected or site.far.nc.stats["reconnects"] > 0)


async def link_half_open(site: Site) -> None:
    site.proxy.lose_answers = site.proxy.lose_requests = True
    await until(lambda: not site.far.feed.caught_up)
    await site.publisher.some(2)
    site.proxy.cut()


async def link_deaf(site: Site) -> None:
    """The gateway is heard, and hears nothing."""
    site.proxy.lose_answers = True
    await until(lambda: not site.far.feed.caught_up)
    await site.publisher.some(2)
    site.proxy.cut()


async def link_mute(site: Site) -> None:
    """The gateway hears, and is not heard."""
    site.proxy.lose_requests = True
    await site.publisher.some(2)
    site.proxy.cut()


async def link_slow(site: Site) -> None:
    site.proxy.delay = 0.15
    await site.publisher.some(4)
    site.proxy.delay = 0.0


# Messages on the way


async def message_lost(site: Site) -> None:
    await _losing(site, lambda lost: lost == 0)


async def messages_lost(site: Site) -> None:
    await _losing(site, lambda lost: site.chance.random() < 0.3, rounds=6)


async def _losing(site: Site, loses: Callable[[int], bool], rounds: int = 2) -> None:
    lost = 0

    def copies(frame: Frame) -> int:
        nonlocal lost
        if frame.is_fed and loses(lost):
            lost += 1
            return 0
        return 1

    site.proxy.copies = copies
    await site.publisher.some(rounds)
    await until(lambda: lost > 0)
    site.proxy.copies = lambda _frame: 1


async def last_message_lost(site: Site) -> None:
    """Silence follows: only the heartbeat tells."""
    await site.ready()
    await _losing(site, lambda _lost: True, rounds=1)


async def messages_doubled(site: Site) -> None:
    site.proxy.copies = lambda frame: 2 if frame.is_fed else 1
    await site.publisher.some(2)
    site.proxy.copies = lambda _frame: 1


async def heartbeats_lost(site: Site) -> None:
    before = site.far.metrics.feed_restarts.labels("no heartbeat")._value
    count = before.get()
    site.proxy.copies = lambda frame: 0 if frame.is_heartbeat or frame.is_fed else 1
    await until(lambda: before.get() > count)
    site.proxy.copies = lambda _frame: 1


async def answers_lost(site: Site) -> None:
    """The leader's answers time out while the feed's messages flow."""
    site.proxy.copies = lambda frame: 0 if frame.is_api_answer else 1
    await until(lambda: not site.far.feed.caught_up)
    site.proxy.copies = lambda _frame: 1


# The stream


async def consumers_deleted(site: Site) -> None:
    names = await site.api(f"CONSUMER.NAMES.{LIVE_STREAM}")
    for name in names["consumers"]:
        try:
            await site.api(f"CONSUMER.DELETE.{LIVE_STREAM}.{name}")
        except ApiError as error:
            assert error.code == 404  # noqa: PT017 (its gateway had the same idea)


async def stream_deleted(site: Site) -> None:
    await delete_stream(site.publisher.nc, LIVE_STREAM)
    await site.unready()
    await site.publisher.begin_anew()


async def stream_recreated(site: Site) -> None:
    """At once, so that nobody sees it missing."""
    await site.publisher.begin_anew()


async def stream_purged(site: Site) -> None:
    await site.api(f"STREAM.PURGE.{LIVE_STREAM}")


async def stream_purged_unseen(site: Site) -> None:
    """Messages are gone before the far gateway saw them."""
    await _unseen(site, lambda: site.api(f"STREAM.PURGE.{LIVE_STREAM}"))


async def stream_purged_up_to(site: Site) -> None:
    async def purge() -> None:
        await site.api(f"STREAM.PURGE.{LIVE_STREAM}", {"seq": await site.last_seq()})

    await _unseen(site, purge)


async def message_deleted_unseen(site: Site) -> None:
    async def delete() -> None:
        await site.publisher.delete(await site.last_seq() - 1)

    await _unseen(site, delete)


async def last_message_deleted_unseen(site: Site) -> None:
    async def delete() -> None:
        await site.publisher.delete(await site.last_seq())

    await _unseen(site, delete)


async def anchor_deleted(site: Site) -> None:
    """The last message that the far gateway had is no more."""
    await site.ready()
    seq = await site.last_seq()

    async def delete() -> None:
        await site.publisher.delete(seq)

    await _unseen(site, delete)


async def _unseen(site: Site, change: Callable[[], Awaitable[object]]) -> None:
    site.proxy.shut()
    await until(lambda: not site.far.feed.caught_up)
    await site.publisher.some(2)
    await change()
    site.proxy.open()


async def cap_hit(site: Site) -> None:
    """Of each subject only the last two messages are left."""

    async def shrink() -> None:
        await site.publisher.some(3)
        info = await jetstream_api(site.publisher.nc, f"STREAM.INFO.{LIVE_STREAM}")
        for cap in (2, site.publisher.per_subject):
            config = {**info["config"], "max_msgs_per_subject": cap}
            await site.api(f"STREAM.UPDATE.{LIVE_STREAM}", config)

    await _unseen(site, shrink)


async def epoch_changed(site: Site) -> None:
    """In the metadata, in a stream that goes on."""
    await site.publisher.mark_epoch(new_epoch())


async def late_message(site: Site) -> None:
    """Of an epoch that is over, by a relay that lost its lease."""
    await site.publisher.send_late()


# The buckets


async def buckets_deleted(site: Site) -> None:
    """The relay makes them anew."""
    for bucket in (SNAPSHOTS_BUCKET, VENUES_BUCKET):
        await delete_stream(site.publisher.nc, f"KV_{bucket}")
    await site.publisher.build_buckets()


Fault = Callable[[Site], Coroutine[Any, Any, None]]
FAMILIES: dict[str, tuple[Fault, ...]] = {
    "server": (
        nats_killed,
        nats_rolled_back,
        nats_away,
        nats_rolled_back_unnoticed,
        nats_empty,
        nats_rolled_back_while_away,
    ),
    "link": (link_cut, link_half_open, link_deaf, link_mute, link_slow, answers_lost),
    "messages": (
        message_lost,
        last_message_lost,
        messages_lost,
        messages_doubled,
        heartbeats_lost,
        late_message,
        late_message,
    ),
    "stream": (
        stream_deleted,
        stream_recreated,
        epoch_changed,
        epoch_changed,
        consumers_deleted,
        buckets_deleted,
    ),
    "removed": (
        last_message_deleted_unseen,
        message_deleted_unseen,
        stream_purged,
        stream_purged_unseen,
        anchor_deleted,
        stream_purged_up_to,
        cap_hit,
    ),
}
"""In the short form every other one happens under load, the first one not."""
FAULTS = {fault.__name__: fault for family in FAMILIES.values() for fault in family}
NO_RESET = {
    nats_killed,
    nats_away,
    link_cut,
    link_half_open,
    link_deaf,
    link_mute,
    link_slow,
    message_lost,
    messages_lost,
    last_message_lost,
    messages_doubled,
    heartbeats_lost,
    answers_lost,
    consumers_deleted,
    stream_purged,
    late_message,
    buckets_deleted,
}
"""Nothing is lost by these, so nobody may be reset."""
