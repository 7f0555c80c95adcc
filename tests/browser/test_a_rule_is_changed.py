"""The city's lawyer makes one hour half an hour, by the page alone, and the next incident is counted by it."""

import re
from datetime import datetime

from tests.browser.chrome import Visitor
from tests.browser.conftest import Visit
from tests.browser.story import file_incident
from tests.browser.town import Town

DUTY = "政务云主管部门 %s内报告市网信办"
HOUR, HALF = DUTY % "1 小时", DUTY % "30 分钟"
ARTICLE = "内控要求三（修订）"
REASON = "市里新发文，一小时改为三十分钟"


def minutes(told: str) -> float:
    """From the start of the clock to its limit, as the page says them."""
    start, limit = (
        datetime.fromisoformat(found)
        for found in re.findall(r"北京时间 (\d{4}-\d\d-\d\d \d\d:\d\d:\d\d)", told)[::2][:2]
    )
    return (limit - start).total_seconds() / 60


async def limit_of(officer: Visitor, number: str) -> tuple[str, str]:
    """What the officer reads on the incident's clock to the municipal office: its words, and why it is owed."""
    await officer.go(f"/obligations?incident={number}")
    page = officer.page
    await officer.go(f"/incidents/{number}")
    link = page.locator('a[href^="/obligations/"]', has_text="报告市网信办").first
    await officer.go(await link.get_attribute("href") or "")
    return await page.inner_text("h1"), await page.inner_text("main")


async def change_the_figure(lawyer: Visitor) -> str:
    """As far as the refusal; gives the number of the version."""
    await lawyer.sign_in("secadmin")
    await lawyer.go("/rules/city-chain")
    page = lawyer.page
    await page.click('a[href="/rules/city-chain/edit"]')
    await page.wait_for_selector("#tests")
    text = await page.input_value("#i-source")
    version = re.search(r'^version: "(.+)"$', text, re.MULTILINE)
    assert version
    at = text.index("id: city-cyberspace-office")
    changed = text[:at] + text[at:].replace("1 小时", "30 分钟").replace("PT1H", "PT30M", 1)
    changed = changed.replace("内控要求三, en", f"{ARTICLE}, en")
    await page.fill("#i-source", changed)

    # Red at once: the test still expects the hour, and says which moment it would be now.
    red = page.locator("#tests .is-red")
    await red.wait_for()
    told = await red.inner_text()
    assert "2026-11-21T04:20:00+08:00" in told
    assert "2026-11-21T04:50:00+08:00" in told
    assert await page.locator(".editor-lines .is-faulty").count() == 1
    comparison = await page.inner_text("#comparison")
    assert "1 小时" in comparison
    assert "30 分钟" in comparison
    assert await lawyer.axe() == []
    assert await lawyer.overflow() <= 0

    # Put forward all the same: refused, nothing lost.
    await page.fill("#i-reason", REASON)
    await page.click('button[value="propose"]')
    await page.wait_for_load_state()
    lawyer.faults.clear()  # the browser logs every 422
    assert "有测试未通过" in await page.inner_text("#f-source")
    assert await page.input_value("#i-reason") == REASON
    return version[1]


async def change_the_test(lawyer: Visitor) -> None:
    page = lawyer.page
    # The lawyer means it, and changes the test at its line.
    await page.locator("#tests .is-red a").first.click()
    assert "T04:50:00" in await page.evaluate(
        "() => { const t = document.getElementById('i-source');"
        " return t.value.slice(t.selectionStart, t.selectionEnd); }"
    )
    text = await page.input_value("#i-source")
    await page.fill("#i-source", text.replace("2026-11-21T04:50:00+08:00", "2026-11-21T04:20:00+08:00"))
    await page.get_by_text("全部测试通过").wait_for()
    await page.click('button[value="effects"]')
    await page.wait_for_selector("#effects")
    await page.fill("#i-reason", REASON)
    await page.click('button[value="propose"]')
    await page.wait_for_url("**/rules/city-chain")
    assert "待批准" in await page.inner_text("main")
    assert await page.locator('form[action$="/approval"]').count() == 0
    assert lawyer.faults == []


async def approve(deputy: Visitor, town: Town, version: str) -> None:
    await deputy.sign_in("deputy")
    await deputy.go("/rules/city-chain")
    page = deputy.page
    assert REASON in await page.inner_text("main")
    await page.click('.notice a[href*="/diff"]')
    await page.wait_for_load_state()
    assert "30 分钟" in await page.inner_text("main")
    await deputy.go("/rules/city-chain")
    assert await deputy.axe() == []
    town.clock.tick(minutes=1)
    await page.click('form[action$="/approval"] button')
    await page.wait_for_load_state()
    assert "待批准" not in await page.inner_text("main")
    assert version in await page.inner_text("#versions")
    assert deputy.faults == []


async def withdraw(lawyer: Visitor, town: Town, version: str) -> None:
    await lawyer.sign_in("secadmin")
    await lawyer.go("/rules/city-chain#versions")
    row = lawyer.page.locator("#versions tr", has_text=version)
    await row.locator("summary").click()
    await row.locator('input[name="reason"]').fill("发文机关收回")
    town.clock.tick(minutes=1)
    await row.locator("form button").click()
    await lawyer.page.wait_for_load_state()
    assert "发文机关收回" in await lawyer.page.inner_text("#versions")


async def test_half_an_hour_instead_of_one(town: Town, visit: Visit) -> None:
    async with visit() as unit:
        await unit.sign_in("fund1")
        before = await file_incident(unit)
    async with visit() as lawyer:
        version = await change_the_figure(lawyer)
        await change_the_test(lawyer)
    async with visit() as deputy:
        await approve(deputy, town, version)
    town.clock.tick(minutes=1)
    await town.drain()

    async with visit() as unit:
        await unit.sign_in("fund1")
        after = await file_incident(unit, system="portal")
    async with visit() as officer:
        await officer.sign_in("duty1")
        old_title, old = await limit_of(officer, before)
        new_title, new = await limit_of(officer, after)
    assert HOUR in old_title
    assert HALF in new_title
    assert f"city-chain@{version}" in new
    assert f"city-chain@{version}" not in old
    assert minutes(old) == 60
    assert minutes(new) == 30
    assert ARTICLE not in old
    assert ARTICLE in new

    # Back to the version before, so that whoever comes next finds the city's hour again.
    async with visit() as lawyer:
        await withdraw(lawyer, town, version)
    await town.drain()
    async with visit() as officer:
        await officer.sign_in("duty1")
        assert HALF in (await limit_of(officer, after))[0]  # what was judged by it stays so
