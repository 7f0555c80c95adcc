"""The main job as people do it: file, be called, acknowledge, report, receive; on the phone and at the desk."""

import re

import pytest

from tests.browser.chrome import DESK, OLD_DESK, PHONE, Visitor
from tests.browser.conftest import Visit
from tests.browser.story import STORY, acknowledge, file_incident
from tests.browser.town import Town


async def is_sound(visitor: Visitor) -> None:
    """Nothing serious for axe, nothing sideways, nothing in the console, nothing from another host."""
    assert await visitor.axe() == []
    assert await visitor.overflow() <= 0, visitor.page.url
    assert visitor.faults == []
    assert visitor.foreign == []


@pytest.mark.parametrize("size", [PHONE, DESK], ids=["phone", "desk"])
async def test_the_night(town: Town, visit: Visit, size: tuple[int, int]) -> None:
    async with visit(size=size) as unit:
        await unit.sign_in("fund1")
        number = await file_incident(unit)
        await is_sound(unit)
    await town.drain()
    assert town.outside.mail.taken
    async with visit(size=size) as officer:
        await officer.sign_in("duty1")
        assert re.search(r"\d+ 起事件处置中", await officer.page.title())
        await is_sound(officer)
        await confirm_all(officer)
        await officer.go(f"/incidents/{number}")
        assert await officer.page.locator(".level-possible, .level-assessed").count() > 0
        await is_sound(officer)
        await officer.go("/todo")
        await officer.page.click('.need-report a[href^="/submissions/"]')
        await officer.page.wait_for_url(re.compile("/submissions/"))
        await is_sound(officer)


async def test_filing_and_acknowledging_work_without_javascript(town: Town, visit: Visit) -> None:
    async with visit(size=PHONE, scripts=False) as unit:
        await unit.sign_in("fund1")
        number = await file_incident(unit)
        assert STORY[:10] in await unit.page.inner_text("main")
    await town.drain()
    async with visit(size=PHONE, scripts=False) as officer:
        await officer.sign_in("duty1")
        assert number in await officer.page.inner_text("main")
        await confirm_all(officer)


async def confirm_all(officer: Visitor) -> None:
    """Each press takes one page off the board."""
    await officer.go("/")
    waiting = await officer.page.locator(".need-page").count()
    assert waiting
    for left in range(waiting - 1, -1, -1):
        await acknowledge(officer)
        assert await officer.page.locator(".need-page").count() == left


async def press_to(visitor: Visitor, selector: str, *, most: int = 80) -> None:
    """Tab until the wanted thing has the focus, and see that the focus can be seen."""
    for _ in range(most):
        await visitor.page.keyboard.press("Tab")
        if await visitor.page.evaluate("wanted => document.activeElement.matches(wanted)", selector):
            outline = await visitor.page.evaluate(
                "[document.activeElement, document.activeElement.parentElement]"
                ".some(one => getComputedStyle(one).outlineStyle !== 'none')"
            )
            assert outline, f"the focus on {selector} cannot be seen"
            return
    message = f"no way to {selector} by keyboard on {visitor.page.url}"
    raise AssertionError(message)


async def test_filing_and_acknowledging_by_keyboard_alone(town: Town, visit: Visit) -> None:
    async with visit(size=OLD_DESK) as unit:
        await unit.sign_in("fund1")
        page = unit.page
        await page.keyboard.press("n")
        await page.wait_for_url(re.compile("/report$"))
        await page.keyboard.press("Tab")
        assert await page.evaluate("document.activeElement.className") == "skip"
        await page.keyboard.press("Enter")
        await press_to(unit, 'button[name="classified"][value="no"]')
        await page.keyboard.press("Enter")
        await page.wait_for_selector("#i-text")
        await press_to(unit, "#i-text")
        await page.keyboard.type(STORY)
        await press_to(unit, 'input[name="target_kind"]')
        await page.keyboard.press("Space")
        assert await page.input_value('input[name="target_kind"]:checked') == "system"
        await press_to(unit, "#i-system")
        await page.keyboard.press("ArrowDown")
        assert await page.input_value("#i-system")
        await press_to(unit, '[data-now-for="i-known_at"]')
        await page.keyboard.press("Enter")
        assert await page.input_value("#i-known_at") == "2026-11-21T03:41"
        await press_to(unit, "#i-contact")
        await page.keyboard.type("000-00000024")
        await press_to(unit, "form#file button.button-main")
        await page.keyboard.press("Enter")
        await page.wait_for_load_state()
        if await page.locator("#f-joins").count():
            await press_to(unit, "#f-joins input")
            await page.keyboard.press("ArrowDown")
            await page.keyboard.press("ArrowUp")
            await press_to(unit, "form#file button.button-main")
            await page.keyboard.press("Enter")
        await page.wait_for_url(re.compile(r"/incidents/SJ-"))
    await town.drain()
    async with visit(size=OLD_DESK) as officer:
        await officer.sign_in("duty1")
        waiting = await officer.page.locator(".need-page").count()
        await press_to(officer, ".need-page button")
        await officer.page.keyboard.press("Enter")
        await officer.until(f"document.querySelectorAll('.need-page').length < {waiting}")
        await officer.page.keyboard.press("?")
        await officer.until("document.querySelector('#keys[open]') !== null")


async def test_a_board_that_is_open_hears_of_the_incident_by_itself(town: Town, visit: Visit) -> None:
    async with visit() as officer, visit(size=PHONE) as unit:
        await officer.sign_in("duty1")
        await officer.page.wait_for_timeout(800)
        await unit.sign_in("fund1")
        number = await file_incident(unit)
        await officer.until(f"document.querySelector('#board').textContent.includes('{number}')")
        await officer.until("/\\d+ 起事件处置中/.test(document.title)")
        await is_sound(officer)


async def test_a_wrong_entry_is_named_and_nothing_is_lost(visit: Visit) -> None:
    async with visit(size=PHONE) as unit:
        await unit.sign_in("fund1")
        await unit.go("/report")
        await unit.page.click('button[name="classified"][value="no"]')
        await unit.page.fill("#i-text", STORY)
        await unit.page.check('input[name="target_kind"][value="unknown"]')
        await unit.page.fill("#i-known_at", "2026-11-25T03:35")
        await unit.page.fill("#i-contact", "000-00000024")
        await unit.page.click("form#file button.button-main")
        await unit.page.wait_for_selector("#errors")
        assert await unit.page.evaluate("document.activeElement.id") == "errors"
        assert await unit.page.input_value("#i-text") == STORY
        assert await unit.page.locator("#f-known_at.has-error").count() == 1
        await unit.page.click('#errors a[href="#f-known_at"]')
        assert await unit.page.evaluate("document.activeElement.id") == "i-known_at"
        assert await unit.axe() == []


async def test_what_was_typed_comes_back_after_the_session_ended(town: Town, visit: Visit) -> None:
    async with visit(size=PHONE) as unit:
        await unit.sign_in("fund1")
        await unit.go("/report")
        await unit.page.click('button[name="classified"][value="no"]')
        await unit.page.fill("#i-text", STORY)
        await unit.until("document.querySelector('[data-draft-note]').textContent !== ''")
        town.clock.tick(hours=3)
        await unit.page.fill("#i-contact", "000-00000024")
        await unit.until("Object.keys(sessionStorage).some(key => key.startsWith('irm-draft:'))")
        unit.faults.clear()
        await unit.sign_in("fund1")
        await unit.go("/report")
        await unit.page.click('button[name="classified"][value="no"]')
        await unit.page.wait_for_selector("#i-text")
        assert await unit.page.input_value("#i-text") == STORY
        assert await unit.page.input_value("#i-contact") == "000-00000024"
