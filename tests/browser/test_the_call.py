"""The provincial office calls at night: written down on a phone with few touches, and as a directive with its limit."""

from tests.browser.chrome import PHONE
from tests.browser.conftest import Visit
from tests.browser.story import file_incident
from tests.browser.town import Town

TOUCHES = 5
"""In or out, the means, the desk, the text, the button: more is not twenty seconds."""


async def test_a_call_takes_five_touches(town: Town, visit: Visit) -> None:
    async with visit(size=PHONE) as unit:
        await unit.sign_in("fund1")
        number = await file_incident(unit)
    async with visit(size=PHONE) as officer:
        await officer.sign_in("duty1")
        await officer.go(f"/contacts/new?incident={number}")
        page = officer.page
        touches = 0
        for selector in (
            'input[name="direction"][value="in"]',
            'input[name="recent"] >> nth=0',
        ):
            await page.locator(selector).check()
            touches += 1
        await page.select_option("#i-means", "telephone")
        touches += 1
        await page.fill("#i-said", "省网信办来电询问处置进展，已告知正在恢复")
        touches += 1
        assert await page.locator('#contact input:visible:not([type="radio"])').count() == 0  # the rest is folded away
        assert await officer.axe() == []
        assert await officer.overflow() <= 0
        await page.click("#contact .button-row button")
        touches += 1
        await page.wait_for_url(f"**/incidents/{number}")
        assert touches <= TOUCHES
        assert "已告知正在恢复" in await page.inner_text("#contacts")
        assert officer.faults == []

        await officer.go(f"/contacts/new?incident={number}&serves=directive")
        await page.locator('input[name="recent"] >> nth=0').check()
        await page.fill("#i-said", "要求续报处置进展")
        await page.locator('input[name="asks"][value="progress"]').check()
        assert await officer.axe() == []
        assert await officer.overflow() <= 0
        await page.click("#contact .button-row button")
        await page.wait_for_url("**/directives/*")
        assert "要求续报处置进展" in await page.inner_text("main")
        assert await officer.axe() == []
        assert await officer.overflow() <= 0
