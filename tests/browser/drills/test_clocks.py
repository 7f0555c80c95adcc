"""What a clock chip shows of a drill: it runs at the drill's speed, stands while the drill does, and its limit moves on.

The browser's own clock is moved by hand: a minute on the wall is an hour of a drill that runs sixty times as fast.
"""

import pytest
from playwright.async_api import Locator

from tests.browser.chrome import DESK, PHONE, Visitor
from tests.browser.conftest import Visit
from tests.browser.town import Town

MINUTE = 60_000


@pytest.mark.parametrize("size", [PHONE, DESK], ids=["phone", "desk"])
async def test_the_clocks_of_a_drill_run_with_it_and_stand_with_it(
    town: Town, visit: Visit, size: tuple[int, int]
) -> None:
    async with visit(size=size) as leader:
        await leader.page.clock.install()
        await leader.sign_in("leader")
        room, incident = await begin(leader, town)
        passed = leader.page.locator(".drill-time")
        began = await passed.inner_text()
        await leader.page.clock.run_for(MINUTE)
        assert await passed.inner_text() != began, "the room's clock ticks"

        await leader.go(incident)
        chip = running(leader)
        face, limit = await left(chip), await until(chip)
        assert "60 倍速" in await chip.inner_text()
        await leader.page.clock.run_for(10_000)
        assert await left(chip) != face, "ten seconds are ten minutes of the drill"

        await press(leader, room, "暂停演练")
        assert "演练暂停" in await leader.page.inner_text("main")
        await leader.go(incident)
        stands = await left(chip)
        assert "演练暂停" in await chip.inner_text()
        assert "顺延" in await chip.inner_text()
        await leader.page.clock.run_for(10 * MINUTE)
        assert await left(chip) == stands, "a pause is no time"
        await town.tick(minutes=10)
        await leader.go(incident)
        assert await left(chip) == stands, "nor is it after coming back to the page"
        await leader.go("/")
        board = leader.page.locator(".need", has_text=incident.rpartition("/")[2]).locator("[data-clock][data-rate]")
        assert await board.count()
        assert {await one.get_attribute("data-rate") for one in await board.all()} == {"0.0"}

        await press(leader, room, "继续演练")
        await town.drain()
        await leader.go(incident)
        assert await until(chip) > limit, "its limit has moved on"
        gone_on = await left(chip)
        await leader.page.clock.run_for(10_000)
        assert await left(chip) != gone_on
        assert leader.faults == []

        await finish(leader, room)


def running(visitor: Visitor) -> Locator:
    """The nearest running limit on an incident's page."""
    return visitor.page.locator(".clock[data-clock][data-due]").first


async def left(chip: Locator) -> str:
    return await chip.locator("[data-clock-left]").inner_text()


async def until(chip: Locator) -> str:
    found = await chip.locator(".clock-until time").get_attribute("datetime")
    assert found is not None
    return found


async def press(visitor: Visitor, room: str, words: str) -> None:
    await visitor.go(room)
    await visitor.page.get_by_role("button", name=words).click()
    await visitor.page.wait_for_url("**/room")


async def begin(leader: Visitor, town: Town) -> tuple[str, str]:
    """Paths of the room and of the incident that the first inject files."""
    await leader.go("/drills/now")
    await leader.page.select_option('select[name="rate"]', "60")
    await leader.page.click("main form button.button-main")
    await leader.page.wait_for_url("**/room")
    room = leader.page.url.removeprefix(town.url)
    await town.drain()
    await leader.go(room)
    incident = await leader.page.get_attribute('main a[href^="/incidents/SJ"]', "href")
    assert incident is not None
    return room, incident


async def finish(leader: Visitor, room: str) -> None:
    await leader.go(room)
    number = room.split("/")[2]
    end = leader.page.locator("details.confirm", has=leader.page.locator(f'[data-confirm="{number}"]'))
    await end.locator("summary").click()
    await end.locator("input[data-confirm]").fill(number)
    await end.locator("button").click()
    await leader.page.wait_for_url(f"**/drills/{number}")
