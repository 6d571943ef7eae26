"""The JS client's `watch`, in Chromium: what it does with an EventSource, on a clock that we turn."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest
from playwright.async_api import Browser, Page
from tests.support.browser import MODULES, module_page

pytestmark = pytest.mark.browser

FAKE = Path(__file__).with_name("fake_source.js").read_text()
SCENE = """async () => {
    const { FakeSource, snapshot, updated, watching } = await import('/fake.js');
    const urls = () => FakeSource.all.map(({ url }) => url);
    %s
}"""
STREAM = (
    "http://gateway.test/v1/clubs/backroom/venues/leeds/availability/stream"
    "?date=2026-02-15&slotId=slot_21_00"
)


@asynccontextmanager
async def scene_page(browser: Browser) -> AsyncIterator[Page]:
    """A page with the fake EventSource, on a clock of its own."""
    async with module_page(browser) as page:
        await page.route(
            f"{MODULES}/fake.js",
            lambda route: route.fulfill(body=FAKE, content_type="text/javascript"),
        )
        await page.clock.install(time="2026-02-15T12:00:00Z")
        yield page


@pytest.fixture
async def page(browser: Browser) -> AsyncIterator[Page]:
    async with scene_page(browser) as page:
        yield page


async def play(page: Page, scene: str) -> Any:
    return await page.evaluate(SCENE % scene)


async def test_a_snapshot_and_what_follows(page: Page) -> None:
    told = await play(
        page,
        """
        const { stream, told } = await watching();
        FakeSource.last.say('snapshot', snapshot(5), 'e1-50');
        FakeSource.last.say('availability.updated', updated(6, 't2', 'held'), 'e1-51');
        FakeSource.last.say('availability.updated', updated(6, 't2', 'held'), 'e1-51');
        FakeSource.last.say('availability.updated', updated(7, 't1', 'unavailable'), 'e1-52');
        return { ...told, urls: urls(), state: stream.state, version: stream.version };
        """,
    )
    assert told["urls"] == [STREAM]
    assert told["statuses"] == ["connecting", "live"]
    assert told["states"] == [
        [5, None, "available available"],
        [6, ["t2"], "available held"],
        [7, ["t1"], "unavailable held"],
    ]
    assert (told["state"], told["version"]) == ("live", 7)


async def test_a_gap_closes_and_asks_for_a_fresh_snapshot(page: Page) -> None:
    await play(
        page,
        """
        window.scene = await watching();
        FakeSource.last.say('snapshot', snapshot(5), 'e1-50');
        FakeSource.last.say('availability.updated', updated(8, 't2', 'held'), 'e1-53');
        """,
    )
    await page.clock.run_for(1000)
    told = await play(
        page,
        """
        const [first, second] = FakeSource.all;
        const closed = first.readyState === 2;
        first.say('availability.updated', updated(6, 't1', 'held'), 'e1-51');
        second.say('snapshot', snapshot(8), 'e1-53');
        return { ...scene.told, urls: urls(), closed };
        """,
    )
    assert told["urls"] == [STREAM, STREAM]
    assert told["closed"]
    assert told["statuses"] == ["connecting", "live", "refreshing", "live"]
    assert [version for version, *_ in told["states"]] == [5, 8]


async def test_a_dead_stream_comes_back_at_its_cursor(page: Page) -> None:
    await page.route("http://gateway.test/**", lambda route: route.abort())
    await play(
        page,
        """
        window.scene = await watching();
        FakeSource.last.say('snapshot', snapshot(5), 'e1-50');
        FakeSource.last.say('availability.updated', updated(6, 't1', 'held'));
        FakeSource.last.say('checkpoint', { serverTime: '2026-02-15T20:00:15.000Z' }, 'e1-70');
        FakeSource.last.fail(true);
        """,
    )
    await page.clock.run_for(1000)
    told = await play(
        page,
        """
        FakeSource.last.say('checkpoint', { serverTime: '2026-02-15T20:00:20.000Z' });
        const waiting = scene.stream.state;
        FakeSource.last.say('checkpoint', { serverTime: '2026-02-15T20:00:20.000Z' }, 'e1-70');
        return { ...scene.told, urls: urls(), waiting };
        """,
    )
    assert told["urls"] == [STREAM, f"{STREAM}&cursor=e1-70"]
    assert told["waiting"] == "refreshing"
    assert told["statuses"] == ["connecting", "live", "refreshing", "live"]


async def test_a_cut_is_left_to_the_browser(page: Page) -> None:
    told = await play(
        page,
        """
        const { told } = await watching();
        FakeSource.last.say('snapshot', snapshot(5), 'e1-50');
        FakeSource.last.fail(false);
        FakeSource.last.say('availability.updated', updated(6, 't1', 'held'), 'e1-51');
        return { ...told, urls: urls() };
        """,
    )
    assert told["urls"] == [STREAM]
    assert told["statuses"] == ["connecting", "live", "refreshing", "live"]


async def test_silence_is_a_dead_connection(page: Page) -> None:
    await play(
        page,
        """
        window.scene = await watching();
        FakeSource.last.say('snapshot', snapshot(5), 'e1-50');
        """,
    )
    await page.clock.run_for(44_000)
    await play(page, "FakeSource.last.say('checkpoint', {}, 'e1-60');")
    await page.clock.run_for(44_000)
    assert await play(page, "return urls().length;") == 1
    await page.clock.run_for(2000)
    assert await play(page, "return urls();") == [STREAM, f"{STREAM}&cursor=e1-60"]
    assert await play(page, "return scene.stream.state;") == "refreshing"


async def test_coming_online_does_not_wait(page: Page) -> None:
    await page.route("http://gateway.test/**", lambda route: route.abort())
    urls = await play(
        page,
        """
        await watching();
        FakeSource.last.fail(true);
        const before = urls().length;
        dispatchEvent(new Event('online'));
        return [before, urls().length];
        """,
    )
    assert urls == [1, 2]


async def test_a_refusal_that_will_not_pass_ends_it(page: Page) -> None:
    problem = '{"code": "SLOT_NOT_FOUND", "detail": "no such slot"}'
    await page.route(
        "http://gateway.test/**",
        lambda route: route.fulfill(
            status=404, body=problem, headers={"access-control-allow-origin": "*"}
        ),
    )
    statuses = await play(
        page,
        """
        const closed = new Promise((resolve) => {
            const statuses = [];
            const onStatus = ({ state, problem }) => {
                statuses.push([state, problem?.code ?? null]);
                if (state === 'closed') resolve(statuses);
            };
            watching({ onStatus }).then(() => FakeSource.last.fail(true));
        });
        return await closed;
        """,
    )
    assert statuses == [["connecting", None], ["closed", "SLOT_NOT_FOUND"]]


async def test_reset_forgets_and_the_snapshot_replaces(page: Page) -> None:
    told = await play(
        page,
        """
        const { told } = await watching();
        FakeSource.last.say('snapshot', snapshot(5), 'e1-50');
        FakeSource.last.say('reset', { reason: 'epoch_changed' });
        FakeSource.last.say('availability.updated', updated(6, 't1', 'held'));
        FakeSource.last.say('snapshot', snapshot(2, { epoch: 'e2' }), 'e2-7');
        return { ...told, urls: urls() };
        """,
    )
    assert told["urls"] == [STREAM]
    assert [version for version, *_ in told["states"]] == [5, 2]
    assert told["statuses"] == ["connecting", "live", "refreshing", "live"]


async def test_a_new_layout_is_announced_before_its_snapshot(page: Page) -> None:
    await play(
        page,
        """
        window.scene = await watching();
        FakeSource.last.say('snapshot', snapshot(5), 'e1-50');
        FakeSource.last.say('layout.updated', { version: 6, layoutVersion: 2 }, 'e1-51');
        """,
    )
    await page.clock.run_for(1000)
    told = await play(
        page,
        """
        FakeSource.last.say('snapshot', snapshot(6, { layoutVersion: 2 }), 'e1-51');
        return { ...scene.told, urls: urls() };
        """,
    )
    assert told["layouts"] == [2]
    assert told["urls"] == [STREAM, STREAM]
    assert told["statuses"][-1] == "live"


async def test_a_partial_snapshot_leaves_the_rest(page: Page) -> None:
    states = await play(
        page,
        """
        const { told } = await watching();
        FakeSource.last.say('snapshot', snapshot(5), 'e1-50');
        const { sections } = snapshot(9);
        const only = { ...sections[1], state: 'held' };
        FakeSource.last.say('snapshot', snapshot(9, { partial: true, sections: [only] }), 'e1-54');
        return told.states;
        """,
    )
    assert states[-1] == [9, ["t2"], "available held"]


async def test_viewers_are_of_this_channel_and_of_this_connection(page: Page) -> None:
    seen = await play(
        page,
        """
        const seen = [];
        const { stream } = await watching({ onViewers: (viewers) => seen.push(viewers) });
        const channel = 'availability:backroom:leeds:2026-02-15:slot_21_00';
        FakeSource.last.say('snapshot', snapshot(5), 'e1-50');
        FakeSource.last.say('viewers', { channel, viewers: 7 }, 'e1-50');
        FakeSource.last.say('viewers', { channel: channel + 'x', viewers: 9 }, 'e1-50');
        FakeSource.last.say('viewers', { channel, viewers: 8 }, 'e1-50');
        stream.close();
        return [...seen, stream.version];
        """,
    )
    assert seen == [7, 8, None, 5]


async def test_marks_stay_until_the_stream_shows_the_outcome(page: Page) -> None:
    seen = await play(
        page,
        """
        const { stream } = await watching();
        FakeSource.last.say('snapshot', snapshot(5), 'e1-50');
        const [won, lost] = [stream.marks.add(['t1']), stream.marks.add(['t1', 't2'])];
        stream.marks.drop(lost);
        const seen = [stream.marks.ids(), stream.sections.get('t1').state];
        stream.marks.settle(won, 6, stream.version);
        seen.push(stream.marks.ids());
        FakeSource.last.say('availability.updated', updated(6, 't1', 'held'), 'e1-51');
        seen.push(stream.marks.ids(), stream.sections.get('t1').state);
        stream.marks.settle(stream.marks.add(['t2']), 6, stream.version);
        return [...seen, stream.marks.ids()];
        """,
    )
    assert seen == [["t1"], "available", ["t1"], [], "held", []]


async def test_each_connection_has_a_ticket_of_its_own(page: Page) -> None:
    await play(
        page,
        """
        let count = 0;
        window.scene = await watching({ ticket: async () => `ticket${(count += 1)}` });
        await Promise.resolve();
        """,
    )
    await page.wait_for_function("async () => (await import('/fake.js')).FakeSource.all.length")
    await play(
        page,
        """
        FakeSource.last.say('snapshot', snapshot(5), 'e1-50');
        FakeSource.last.say('reauth', { reason: 'expired' });
        """,
    )
    await page.clock.run_for(1000)
    assert await play(page, "return urls();") == [
        f"{STREAM}&ticket=ticket1",
        f"{STREAM}&ticket=ticket2&cursor=e1-50",
    ]


async def test_after_close_nothing_happens(page: Page) -> None:
    told = await play(
        page,
        """
        const { stream, told } = await watching();
        FakeSource.last.say('snapshot', snapshot(5), 'e1-50');
        stream.close();
        FakeSource.last.say('availability.updated', updated(6, 't1', 'held'), 'e1-51');
        FakeSource.last.fail(true);
        return { ...told, urls: urls() };
        """,
    )
    assert told["statuses"] == ["connecting", "live", "closed"]
    assert len(told["states"]) == 1
    assert told["urls"] == [STREAM]


async def test_the_server_clock_trusts_the_least_delayed_stamp(page: Page) -> None:
    times = await page.evaluate(
        """async () => {
            const { ServerClock } = await import('/sdk/server-clock.js');
            let now = Date.parse('2026-02-15T12:00:00Z');
            const clock = new ServerClock(() => now);
            const shown = () => new Date(clock.now()).toISOString().slice(11);
            const seen = [shown()];
            clock.learn('2026-02-15T12:00:09.000Z');
            clock.learn('2026-02-15T12:00:10.000Z');
            clock.learn('2026-02-15T12:00:07.000Z');
            clock.learn(undefined);
            seen.push(shown());
            now += 5000;
            seen.push(shown());
            for (let i = 0; i < 8; i += 1) clock.learn('2026-02-15T12:00:05.000Z');
            return [...seen, shown()];
        }"""
    )
    assert times == ["12:00:00.000Z", "12:00:10.000Z", "12:00:15.000Z", "12:00:05.000Z"]
