"""The chain is changed by the page alone: too slow for the law it is refused at its line, then drawn, approved and used."""

import re

from tests.browser.chrome import PHONE, Visitor
from tests.browser.conftest import Visit
from tests.browser.story import file_incident
from tests.browser.town import Town

RULE = "cac-2025-reporting/cii-operator"
REASON = "演练中初稿用时偏长，压缩至十分钟"


def with_within(text: str, within: str) -> str:
    changed, count = re.subn(rf"(obligation: {RULE}, within: )\w+", rf"\g<1>{within}", text)
    assert count == 1
    return changed


async def drawn(editor: Visitor) -> str:
    """What the drawing says of the report: from when to when."""
    titles: list[str] = await editor.page.eval_on_selector_all(
        "#typed-course .course-report > title", "all => all.map(one => one.textContent)"
    )
    return next(one for one in titles if "关键信息基础设施" in one)


async def too_slow_for_the_law(editor: Visitor) -> None:
    page = editor.page
    await editor.go("/playbooks/report-chain/edit")
    await page.wait_for_selector("#graph")
    text = await page.input_value("#i-source")
    assert "+20 分钟" in await drawn(editor)
    await page.fill("#i-source", with_within(text, "2h"))
    fault = page.locator("#faults .fault-list li")
    await fault.wait_for()
    told = await fault.inner_text()
    assert "超出时限" in told
    assert "15m" in told  # the city's time to file
    assert "= 2h15m" in told
    line = next(number for number, one in enumerate(text.splitlines(), 1) if RULE in one)
    assert await fault.locator("a").get_attribute("data-line") == str(line)
    assert await page.locator(".editor-lines .is-faulty").inner_text() == str(line)
    assert await page.locator(".graph-box.is-faulty").count() == 1
    assert "赶不上时限" in await page.inner_text("#typed-course")
    assert await page.locator("#typed-course .course-limit.is-broken").count() > 0
    assert await editor.axe() == []
    assert await editor.overflow() <= 0
    await fault.locator("a").click()
    chosen = await page.evaluate(
        "() => { const t = document.getElementById('i-source');"
        " return t.value.slice(t.selectionStart, t.selectionEnd); }"
    )
    assert "2h" in chosen


async def refused_without_loss(editor: Visitor) -> None:
    page = editor.page
    await page.fill("#i-reason", REASON)
    await page.get_by_role("button", name="检查并发布").click()
    await page.wait_for_load_state()
    editor.faults.clear()  # the browser logs every 422
    assert "未发布" in await page.inner_text("#f-source")
    assert f"{RULE}, within: 2h" in await page.input_value("#i-source")
    assert await page.input_value("#i-reason") == REASON


async def put_right_and_published(editor: Visitor) -> str:
    page = editor.page
    text = with_within(await page.input_value("#i-source"), "10m")
    await page.fill("#i-source", text)
    await page.get_by_text("未发现问题").wait_for()
    assert "+10 分钟" in await drawn(editor)
    assert "赶不上时限" not in await page.inner_text("#typed-course")
    await page.get_by_role("button", name="检查并发布").click()
    await page.wait_for_url("**/playbooks/report-chain?version=*")
    assert "待批准" in await page.inner_text("main") or "等待批准" in await page.inner_text("main")
    assert editor.faults == []
    return page.url.rpartition("=")[2]


async def approved(deputy: Visitor, version: str) -> None:
    page = deputy.page
    await deputy.sign_in("deputy")
    await deputy.go("/playbooks/report-chain")
    assert REASON in await page.inner_text("main")
    await page.click(f'form[action$="/versions/{version}/approval"] button')
    await page.wait_for_load_state()
    assert await page.locator('form[action$="/approval"]').count() == 0


async def test_a_within_too_long_and_the_version_that_follows(town: Town, visit: Visit) -> None:
    async with visit() as unit:
        await unit.sign_in("fund1")
        before = await file_incident(unit)
    await town.drain()
    async with visit() as editor:
        await editor.sign_in("secadmin")
        await too_slow_for_the_law(editor)
        await refused_without_loss(editor)
        version = await put_right_and_published(editor)
    town.clock.tick(minutes=1)
    async with visit() as deputy:
        await approved(deputy, version)
    async with visit() as unit:
        await unit.sign_in("fund1")
        after = await file_incident(unit, system="portal")
    await town.drain()
    async with visit() as officer:
        await officer.sign_in("duty1")
        link = f'a[href*="/playbooks/report-chain?version={version}"]'
        await officer.go(f"/incidents/{after}/paging")
        assert await officer.page.locator(link).count() > 0
        await officer.go(f"/incidents/{before}/paging")
        assert await officer.page.locator(link).count() == 0


async def test_the_drawing_follows_what_is_supposed_and_speaks_on_a_phone(visit: Visit) -> None:
    async with visit() as reader:
        await reader.sign_in("secadmin")
        await reader.go("/playbooks/report-chain")
        page = reader.page
        assert "无人确认" in await page.inner_text("#simulated")
        silent = await page.inner_text("#simulated")
        await page.select_option("#simulation #i-answered", "5m")
        for _ in range(100):
            if await page.inner_text("#simulated") != silent:
                break
            await page.wait_for_timeout(100)
        assert await page.inner_text("#simulated") != silent
        assert await reader.axe() == []
        assert reader.faults == []
    async with visit(size=PHONE) as reader:
        await reader.sign_in("secadmin")
        await reader.go("/playbooks/report-chain")
        page = reader.page
        assert not await page.locator(".course-chart").is_visible()
        entries = page.locator(".course-phone .course-entry")
        assert await entries.first.is_visible()
        assert "法定时限" in await page.inner_text(".course-phone")
        assert await reader.overflow() <= 0
        await reader.go("/playbooks/report-chain/edit")
        await page.wait_for_selector("#graph")
        assert await reader.overflow() <= 0
        assert await reader.axe() == []


async def test_without_scripts_the_text_is_checked_by_a_button(visit: Visit) -> None:
    async with visit(scripts=False) as editor:
        await editor.sign_in("secadmin")
        await editor.go("/playbooks/ddos/edit")
        page = editor.page
        text = await page.input_value("#i-source")
        await page.fill("#i-source", text.replace("start:", "begin:", 1))
        await page.get_by_role("button", name="只检查").click()
        await page.wait_for_load_state()
        assert "begin" in await page.inner_text("#faults")
        assert "begin:" in await page.input_value("#i-source")
