"""The annual report in a real browser: asked for, watched, read, each figure followed, on desk and phone."""

import pytest

from tests.browser.chrome import DESK, PHONE
from tests.browser.conftest import Visit
from tests.browser.town import Town


@pytest.mark.parametrize(("size", "locale", "theme"), [(DESK, "zh-CN", "light"), (PHONE, "en", "dark")])
async def test_the_report_is_made_and_read(
    town: Town, visit: Visit, size: tuple[int, int], locale: str, theme: str
) -> None:
    troubles: list[str] = []
    async with visit(size=size, locale=locale, theme=theme) as officer:
        await officer.sign_in("compliance")
        await officer.go("/reports")
        troubles += [f"list: {one}" for one in await officer.axe()]
        await officer.page.select_option('select[name="whose"]', "city")
        await officer.page.click("#make button[type=submit]")
        await officer.page.wait_for_selector("progress")
        await town.drain()
        await officer.page.wait_for_selector("article.doc")
        troubles += [f"edition: {one}" for one in await officer.axe()]
        if (wider := await officer.overflow()) > 0:
            troubles.append(f"edition: {wider} px wider than the window")
        await officer.page.click("article.doc a >> nth=0")
        await officer.page.wait_for_selector("tr[data-entry]")
        troubles += [f"records: {one}" for one in await officer.axe()]
        assert not officer.faults
        assert not officer.foreign
    assert not troubles, "\n".join(troubles)
