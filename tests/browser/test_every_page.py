"""Every page of a lived-in night: sound for axe, CSP, width and weight. `make screenshots` shows them in all dresses."""

import gzip

import pytest

from irm.web.assets import assets
from tests.browser.chrome import OLD_DESK, PHONE
from tests.browser.conftest import Visit
from tests.browser.story import file_incident
from tests.browser.town import Town

PAGES = (
    "/",
    "/todo",
    "/incidents",
    "/obligations",
    "/submissions",
    "/deliveries",
    "/duty",
    "/organizations",
    "/rules",
    "/rules/cac-2025-reporting",
    "/playbooks",
    "/playbooks/report-chain",
    "/me",
    "/inbox",
    "/report",
    "/styleguide",
)
HEAVIEST = 150_000


@pytest.mark.parametrize(
    ("size", "locale", "theme"),
    [(PHONE, "zh-CN", "dark"), (OLD_DESK, "en", "light")],
)
async def test_every_page_is_sound(town: Town, visit: Visit, size: tuple[int, int], locale: str, theme: str) -> None:
    async with visit() as unit:
        await unit.sign_in("fund1")
        number = await file_incident(unit)
    await town.drain()
    scripts_and_styles = sum(len(asset.packed or asset.body) for asset in assets().values())
    troubles: list[str] = []
    async with visit(size=size, locale=locale, theme=theme) as officer:
        await officer.go("/login")
        troubles += await officer.axe()
        await officer.sign_in("duty1")
        await officer.go("/todo")
        report = await officer.page.get_attribute('a[href^="/submissions/"]', "href")
        for path in (*PAGES, f"/incidents/{number}", report or "", f"{report}/print", "/nowhere"):
            await officer.go(path)
            troubles += [f"{path}: {one}" for one in await officer.axe()]
            if (wider := await officer.overflow()) > 0:
                troubles.append(f"{path}: {wider} px wider than the window")
            weight = len(gzip.compress((await officer.page.content()).encode())) + scripts_and_styles
            if weight > HEAVIEST:
                troubles.append(f"{path}: weighs {weight}")
        troubles += [fault for fault in officer.faults if "/nowhere" not in fault]
        troubles += officer.foreign
    assert troubles == []
