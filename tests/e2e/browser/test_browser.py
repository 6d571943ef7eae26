"""The page in Chromium on the real services: what one window does, the other shows."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator

import pytest
from msgspec import structs
from playwright.async_api import Route, expect
from tests.support.services import token
from tests.support.site import Site, Window

from holdfast.contracts.venues import Section
from holdfast_dev.demo_venues import leeds

pytestmark = pytest.mark.browser

LEEDS = ("backroom", "leeds", "slot_21_00")
ARENA = ("grand", "arena", "evening")


@pytest.fixture
async def windows(demo: Site) -> AsyncIterator[tuple[Window, Window]]:
    """Ada and Ben on the same night."""
    async with demo.window(*LEEDS, who="ada") as ada, demo.window(*LEEDS, who="ben") as ben:
        yield ada, ben


async def test_a_hold_shows_in_the_other_window_and_a_release_frees_it(
    windows: tuple[Window, Window],
) -> None:
    ada, ben = windows
    await ben.sees("table_05", "available")
    await ada.hold("table_05")
    await ben.sees("table_05", "held")
    await ada.sees("table_05", "mine")
    await expect(ada.place("table_05")).to_have_attribute("data-pending", "false")
    await expect(ada.page.locator(".left")).to_have_text(re.compile(r"^[45]:\d\d$"))
    await ada.page.get_by_role("button", name="Release").click()
    await ben.sees("table_05", "available")
    await ada.sees("table_05", "available")
    await expect(ada.page.locator(".hold")).to_have_count(0)


async def test_a_confirmed_table_is_unavailable_and_stays_ours(
    windows: tuple[Window, Window],
) -> None:
    ada, ben = windows
    await ada.hold("table_05")
    await ada.confirm("Ada Byron", "ada@example.com")
    await expect(ada.page.locator(".booking .reference")).not_to_be_empty()
    await ben.sees("table_05", "unavailable")
    await ada.sees("table_05", "booked")
    await ada.page.reload()
    await ada.sees("table_05", "booked")
    await expect(ada.page.locator(".booking")).to_contain_text("Table 5")


async def test_the_loser_of_a_race_is_told(windows: tuple[Window, Window]) -> None:
    ada, ben = windows

    async def ada_is_quicker(route: Route) -> None:
        await ada.hold("table_05")
        await ada.sees("table_05", "mine")
        await route.continue_()

    await ben.page.route("**/holds", ada_is_quicker)
    await ben.hold("table_05")
    notice = ben.page.get_by_role("alert")
    await expect(notice).to_contain_text("Someone took Table 5 just before you")
    await expect(notice).to_contain_text("It is held until")
    await ben.sees("table_05", "held")
    await expect(ben.page.locator(".selection")).to_be_hidden()
    ben.forgive("409")


async def test_what_goes_while_selected_is_said(windows: tuple[Window, Window]) -> None:
    ada, ben = windows
    await ben.place("table_05").click()
    await ben.place("table_06").click()
    await ada.hold("table_05")
    await expect(ben.page.get_by_role("alert")).to_contain_text("Someone took Table 5")
    await expect(ben.page.locator(".selection")).to_contain_text("1 table selected")


async def test_a_hold_can_be_extended(windows: tuple[Window, Window]) -> None:
    ada, _ben = windows
    async with ada.page.expect_response("**/holds") as held:
        await ada.hold("table_05")
    async with ada.page.expect_response("**/extend") as extended:
        await ada.page.get_by_role("button", name="Extend").click()
    first, second = await (await held.value).json(), await (await extended.value).json()
    assert second["expiresAt"] > first["expiresAt"]
    await ada.sees("table_05", "mine")


async def test_a_hold_that_ends_is_free_for_all(demo: Site) -> None:
    short = leeds()
    short.policy.hold_ttl_seconds = 2
    await demo.put("backroom", "short", short)
    place = ("backroom", "short", "slot_21_00")
    async with demo.window(*place, who="ada") as ada, demo.window(*place, who="ben") as ben:
        await ada.hold("table_05")
        await ben.sees("table_05", "held")
        await ben.sees("table_05", "available")
        await ada.sees("table_05", "available")
        await expect(ada.page.locator(".hold")).to_have_count(0)


async def test_a_gateway_that_was_away(demo: Site, windows: tuple[Window, Window]) -> None:
    ada, ben = windows
    assert demo.gateway
    await demo.gateway.kill()
    status = ben.page.locator("#status")
    await expect(status).to_have_text("Refreshing availability…")
    await demo.hold(*LEEDS, "table_05", who="cleo")
    await demo.start_gateway()
    await ben.is_live()
    await ben.sees("table_05", "held")
    await ada.is_live()
    await ada.hold("table_06")
    await ben.sees("table_06", "held")
    for window in windows:
        window.forgive("ERR_")


async def test_ten_thousand_seats(demo: Site) -> None:
    async with demo.window(*ARENA, who="ada") as ada:
        page = ada.page
        await expect(page.locator(".free")).to_have_text("10,096 of 10,096 free")
        assert await ada.colours() > 3
        await page.locator(".drawing").focus()
        await page.keyboard.press("ArrowDown")
        seat = page.locator("#ear")
        await expect(seat).to_have_text(re.compile("seat .*, free$"))
        before = await page.locator(".stage").screenshot()
        await page.keyboard.press("Enter")
        await page.locator("[data-part=hold]").click()
        await expect(page.locator(".free")).to_have_text("10,095 of 10,096 free")
        await expect(page.locator(".hold .items")).to_contain_text("seat")
        assert await page.locator(".stage").screenshot() != before
        await demo.hold(*ARENA, "table_01", who="ben")
        await expect(page.locator(".free")).to_have_text("10,087 of 10,096 free")


async def test_the_best_seats_are_shown_before_they_are_held(demo: Site) -> None:
    async with demo.window(*ARENA, who="ada") as ada:
        await ada.page.get_by_label("How many").select_option("3")
        await ada.page.get_by_role("button", name="Find the best").click()
        await expect(ada.page.locator(".selection")).to_contain_text("3 seats selected")
        await expect(ada.page.locator(".free")).to_have_text("10,096 of 10,096 free")
        await ada.page.locator("[data-part=hold]").click()
        await expect(ada.page.locator(".free")).to_have_text("10,093 of 10,096 free")


async def test_several_of_many(demo: Site) -> None:
    async with (
        demo.window("care", "clinic", "slot_10_00", who="ada", days=2) as ada,
        demo.window("care", "clinic", "slot_10_00", who="ben", days=2) as ben,
    ):
        await ada.place("vaccination").click()
        for _ in range(2):
            await ada.page.get_by_role("button", name="more at Vaccination").click()
        await ada.page.locator("[data-part=hold]").click()
        await expect(ben.place("vaccination")).to_contain_text("9 of 12 free")
        await expect(ada.place("vaccination")).to_contain_text("9 of 12 free · 3 yours")


async def test_a_deposit_comes_first(demo: Site) -> None:
    async with demo.window("backroom", "basement", "slot_22_00", who="ada") as ada:
        await ada.hold("booth_01")
        await expect(ada.page.locator(".hold")).to_contain_text("Deposit £50")
        await ada.confirm("Ada Byron", "ada@example.com")
        await expect(ada.page.get_by_role("alert")).to_contain_text("The deposit comes first")
        await ada.sees("booth_01", "mine")
        ada.forgive("402")


async def test_without_guests_one_signs_in_first(demo: Site) -> None:
    place = ("backroom", "basement", "slot_22_00")
    async with demo.window(*place) as window:
        await window.hold("booth_01")
        dialog = window.page.get_by_role("dialog")
        await dialog.get_by_label("Token").fill(token("customer", sub="ada", name="Ada"))
        await dialog.get_by_role("button", name="Use this token").click()
        await expect(window.page.locator("#who")).to_have_text("Ada")
        await window.page.locator("[data-part=hold]").click()
        await window.sees("booth_01", "mine")


async def test_a_new_floor_plan_comes_by_itself(demo: Site) -> None:
    await demo.put("backroom", "changing", leeds())
    async with demo.window("backroom", "changing", "slot_21_00", who="ada") as ada:
        await ada.hold("table_05")
        larger = leeds()
        larger.sections.append(_moved(larger.sections[0], "table_17", "Table 17"))
        await demo.put("backroom", "changing", larger)
        await ada.sees("table_17", "available")
        await ada.sees("table_05", "mine")
        await ada.is_live()


def _moved(section: Section, section_id: str, name: str) -> Section:
    return structs.replace(section, section_id=section_id, name=name, x=800, y=700)


async def test_by_keyboard(windows: tuple[Window, Window]) -> None:
    ada, ben = windows
    await ada.place("table_05").focus()
    await ada.page.keyboard.press("ArrowRight")
    await expect(ada.place("table_06")).to_be_focused()
    await ada.page.keyboard.press("Enter")
    await expect(ada.place("table_06")).to_have_attribute("aria-pressed", "true")
    await expect(ada.place("table_06")).to_have_accessible_name(
        "Table 6, takes 2 to 4, £20, free, selected"
    )
    await ada.page.locator("[data-part=hold]").focus()
    await ada.page.keyboard.press("Enter")
    await ben.sees("table_06", "held")
    await expect(ada.page.get_by_label("Name")).to_be_focused()


async def test_the_token_goes_to_both_services_and_into_no_address(demo: Site) -> None:
    async with demo.window(*LEEDS, who="ada") as ada:
        assert "token" not in ada.page.url
        kept = await ada.page.evaluate("() => sessionStorage.getItem('holdfast.token')")
        await ada.page.reload()
        await ada.is_live()
        await expect(ada.page.locator("#who")).to_have_text("Ada")
        assert not any(kept in request.url for request in ada.requests)
        signed = {
            tuple(request.url.split("/v1/")) for request in ada.requests if ada.signed(request)
        }
        gateway = ada.page.url.split("/?")[0]
        assert {origin for origin, _ in signed} == {demo.api_url, gateway}
        assert [path for origin, path in signed if origin == gateway] == ["stream-tickets"]


async def test_a_link_to_no_night_says_so(demo: Site) -> None:
    async with demo.window("backroom", "leeds", "slot_04_00", state="closed") as lost:
        await expect(lost.page.get_by_role("alert")).to_contain_text("No such night")
        lost.forgive("404")


async def test_staff_hold_for_nobody_in_particular(demo: Site) -> None:
    async with demo.window(*LEEDS, who="sam", role="staff") as sam:
        await sam.hold("table_05")
        await sam.sees("table_05", "mine")
        await sam.page.get_by_role("button", name="Extend").click()
        await expect(sam.page.locator(".hold")).to_have_attribute("aria-busy", "false")
        await sam.sees("table_05", "mine")
        await sam.page.get_by_role("button", name="Release").click()
        await sam.sees("table_05", "available")


async def test_staff_see_what_the_public_does_not(demo: Site) -> None:
    async with (
        demo.window(*LEEDS, who="sam", role="staff") as sam,
        demo.window(*LEEDS, who="ada") as ada,
    ):
        await ada.hold("table_05")
        await sam.sees("table_05", "held")
        await ada.confirm("Ada Byron", "ada@example.com")
        await sam.sees("table_05", "unavailable")
        await expect(sam.place("table_05")).to_have_accessible_name(re.compile("booked$"))
        await expect(sam.place("table_05").locator(".sub")).to_have_text("booked")
        async with demo.window(*LEEDS) as stranger:
            await stranger.sees("table_05", "unavailable")
            await expect(stranger.place("table_05")).to_have_accessible_name(re.compile("taken$"))


async def test_staff_see_how_many_watch(demo: Site) -> None:
    async with demo.window(*LEEDS, who="sam", role="staff") as sam:
        await expect(sam.page.get_by_text("Only you are watching")).to_be_visible()
        async with demo.window(*LEEDS, who="ada") as ada:
            await expect(sam.page.get_by_text("2 are watching")).to_be_visible()
            await expect(ada.page.get_by_text("watching")).to_be_hidden()
        await expect(sam.page.get_by_text("Only you are watching")).to_be_visible()


async def test_what_one_does_on_the_phone_shows_on_the_desk(demo: Site) -> None:
    """The section was another's before, so only the private channel says that it is ours now."""
    async with demo.window(*LEEDS, who="ada") as desk, demo.window(*LEEDS, who="ben") as ben:
        await demo.hold(*LEEDS, "table_05", who="ada")
        await desk.sees("table_05", "mine")
        await ben.sees("table_05", "held")
        await expect(desk.page.locator(".hold")).to_have_count(1)


async def test_signing_in_and_out_changes_what_is_shown(demo: Site) -> None:
    await demo.hold(*LEEDS, "table_05", who="ada")
    async with demo.window(*LEEDS) as window:
        await window.sees("table_05", "held")
        await window.page.goto(
            f"{window.page.url}#token={token('customer', sub='ada', name='Ada')}"
        )
        await window.sees("table_05", "mine")
        await window.is_live()
        await window.page.locator("#who").click()
        await window.page.get_by_role("button", name="Sign out").click()
        await window.sees("table_05", "held")
        await window.is_live()


async def test_a_token_of_another_club_is_no_obstacle(demo: Site) -> None:
    async with demo.window(*LEEDS, state="live") as window:
        await window.page.locator("#who").click()
        dialog = window.page.get_by_role("dialog")
        await dialog.get_by_label("Token").fill(token("staff", "grand", "eve", "Eve"))
        await dialog.get_by_role("button", name="Use this token").click()
        await expect(window.page.locator("#who")).to_have_text("Eve")
        await window.is_live()
        await demo.hold(*LEEDS, "table_05", who="ben")
        await window.sees("table_05", "held")
        window.forgive("404")
