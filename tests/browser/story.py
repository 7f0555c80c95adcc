"""The main job as a person does it in the browser: the same steps for tests and for the screenshots."""

import re
from datetime import timedelta

from irm.clock import SHANGHAI
from tests.browser.chrome import Visitor

STORY = "门户网站首页被替换为勒索信息，后台无法登录，公积金查询业务中断。"


async def file_incident(visitor: Visitor, *, system: str = "fund") -> str:
    """From the secrecy question to the incident's number, six minutes after it was noticed; works without JavaScript."""
    page = visitor.page
    known_at = (visitor.town.clock.now() - timedelta(minutes=6)).astimezone(SHANGHAI).strftime("%Y-%m-%dT%H:%M")
    await visitor.go("/report")
    await page.click('button[name="classified"][value="no"]')
    await page.fill("#i-text", STORY)
    await page.check('input[name="target_kind"][value="system"]')
    await choose_system(visitor, system)
    await page.fill("#i-known_at", known_at)
    await page.fill("#i-contact", "值班室 000-00000024")
    await send(visitor)
    found = re.search(r"SJ-\d{4}-\d{6}", page.url)
    assert found, f"not filed, {page.url} says: {await page.inner_text('main')}"
    return found[0]


async def send(visitor: Visitor) -> None:
    """Sends the form; asked whether it is an incident that another test filed, says no and sends it again."""
    button = visitor.page.locator("form#file .button-row button.button-main")
    # The page that stands is loaded already: who only waits for that looks at it again, and misses what is asked.
    async with visitor.page.expect_navigation():
        await button.click()
    other = visitor.page.locator('#f-joins input[value=""]')
    if await other.count():
        visitor.faults.clear()  # the browser logs every 422
        await other.check()
        async with visitor.page.expect_navigation():
            await button.click()


async def choose_system(visitor: Visitor, code: str) -> None:
    options = await visitor.page.eval_on_selector_all("#i-system option", "all => all.map(one => one.value)")
    fitting = [one for one in options if one == code] or [one for one in options if one]
    await visitor.page.select_option("#i-system", fitting[0])


async def acknowledge(visitor: Visitor) -> None:
    """The first page on the board."""
    await visitor.go("/")
    await visitor.page.click('.need-page form[action$="/acknowledge"] button')
    await visitor.page.wait_for_load_state()
