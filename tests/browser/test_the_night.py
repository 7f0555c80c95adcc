"""The main job as people do it: file, be called, acknowledge, report, receive; on the phone and at the desk."""

import re

import pytest
from playwright.async_api import Locator

from irm.clock import SHANGHAI
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


OFFICERS = {"duty1": "10000000101", "duty2": "10000000102"}
LEADER = "10000000103"
CITY_DESK = "duty@cac-city.example.invalid"


@pytest.mark.parametrize(
    ("size", "scripts"), [(PHONE, True), (DESK, True), (PHONE, False)], ids=["phone", "desk", "phone-without-scripts"]
)
async def test_the_night(town: Town, visit: Visit, size: tuple[int, int], scripts: bool) -> None:
    async with visit(size=size, scripts=scripts) as unit:
        await unit.sign_in("fund1")
        number = await file_incident(unit)
        assert STORY[:10] in await unit.page.inner_text("main")
        await sees_the_level_and_why(unit)
        await is_sound(unit)
    await town.drain()
    on_duty = called(town, number)

    # Nobody on duty answers: a quarter of an hour later the leader is called, and answers.
    for _ in range(4):
        assert not texts_to(town, LEADER, number)
        await town.tick(minutes=4)
    assert texts_to(town, LEADER, number)
    async with visit(size=size, scripts=scripts) as leader:
        await leader.sign_in("leader")
        await leader.go("/outbox")
        sent = await leader.page.inner_text("main")
        assert number in sent
        assert OFFICERS[on_duty] in sent
        assert f"{on_duty}@demo.example.invalid" in sent
        await is_sound(leader)
        await leader.go("/")
        assert re.search(r"\d+ 起事件处置中", await leader.page.title())
        assert await leader.page.locator(".need-page", has_text=number).count() == 1
        await is_sound(leader)
        await confirm_all(leader)
    await town.drain()

    # The municipal report goes by mail, and the desk's receipt is written down.
    async with visit(size=size, scripts=scripts) as officer:
        await officer.sign_in(on_duty)
        await open_draft(officer, number, "市委网络安全和信息化委员会办公室")
        await is_sound(officer)
        submission = await hand_over(officer, "mail")
        await town.drain()
        assert any(one.recipient == CITY_DESK and number in one.subject + one.text for one in town.outside.mail.taken)
        await officer.go(submission)
        await record_receipt(officer, "市-1")
        await is_sound(officer)
        await officer.go(f"/incidents/{number}")
        city, province = clock(officer, "市网信办"), clock(officer, "省级网信")
        assert "提前" in await city.inner_text()
        assert "还剩" in await province.inner_text(), "a municipal receipt stops no provincial clock"
        await is_sound(officer)

    # The provincial report goes by fax; its clock stops and says by how much it was early.
    async with visit(size=size, scripts=scripts) as unit:
        await unit.sign_in("fund1")
        await open_draft(unit, number, "省委网络安全和信息化委员会办公室")
        await hand_over(unit, "fax")
        await record_receipt(unit, "省-1")
        await unit.go(f"/incidents/{number}")
        province = clock(unit, "省级网信")
        assert re.search(r"提前 .+完成", await province.inner_text())
        assert await province.evaluate("one => one.classList.contains('clock-met')")
        await is_sound(unit)


async def sees_the_level_and_why(visitor: Visitor) -> None:
    page = visitor.page
    assert await page.locator(".level-possible, .level-assessed").count()
    await page.click("#head details.why > summary")
    assert "《国家网络安全事件报告管理办法》" in await page.inner_text("#head details.why")


def texts_to(town: Town, phone: str, number: str) -> list[str]:
    found = [one.json for one in town.outside.gateway.taken if one.path == "/sms"]
    return [one["content"] for one in found if one["phone"] == phone and number in one["content"]]


def called(town: Town, number: str) -> str:
    """Whoever is on duty was called by SMS and by mail."""
    (found,) = [login for login, phone in OFFICERS.items() if texts_to(town, phone, number)]
    mails = [one for one in town.outside.mail.taken if one.recipient == f"{found}@demo.example.invalid"]
    assert any(number in one.subject + one.text for one in mails)
    return found


async def open_draft(visitor: Visitor, number: str, recipient: str) -> None:
    """From what waits for the reader to the draft."""
    await visitor.go("/todo")
    need = visitor.page.locator(".need-report", has_text=number).filter(has_text=recipient)
    await need.locator('.need-action a[href^="/submissions/"]').click()
    await visitor.page.wait_for_url(re.compile("/submissions/"))


async def hand_over(visitor: Visitor, means: str) -> str:
    """What irm filled in goes as it is. The address of the report."""
    await visitor.page.check(f'#report input[name="means"][value="{means}"]')
    await visitor.page.click("#report button.button-main")
    await visitor.page.wait_for_selector("#receipts, .notice")
    return re.sub(r"^https?://[^/]+", "", visitor.page.url)


async def record_receipt(visitor: Visitor, number: str) -> None:
    page = visitor.page
    await page.check('#receipt input[name="outcome"][value="received"]')
    await page.select_option('#receipt select[name="means"]', "telephone")
    await page.fill('#receipt input[name="number"]', number)
    await page.click("#receipt button.button-main")
    await page.wait_for_selector("#receipts .timeline-entry")
    assert number in await page.inner_text("#receipts .timeline")


def clock(visitor: Visitor, title: str) -> Locator:
    """The chip of the duty with these words in its title, on the incident's page."""
    return visitor.page.locator("#clocks .clock", has_text=title)


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
        assert await page.input_value("#i-known_at") == town.clock.now().astimezone(SHANGHAI).strftime("%Y-%m-%dT%H:%M")
        await press_to(unit, "#i-contact")
        await page.keyboard.type("000-00000024")
        await press_to(unit, "form#file button.button-main")
        async with page.expect_navigation():
            await page.keyboard.press("Enter")
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
        await unit.sign_in("fund1")
        unit.faults.clear()  # what the page said of the ended session, however late it said it
        await unit.go("/report")
        await unit.page.click('button[name="classified"][value="no"]')
        await unit.page.wait_for_selector("#i-text")
        # The script gives back what this window kept once the page has loaded, not before.
        await unit.until("document.querySelector('#i-contact').value === '000-00000024'")
        assert await unit.page.input_value("#i-text") == STORY
