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
    "/organizations/city-cyberspace",
    "/posts",
    "/rules",
    "/rules/cac-2025-reporting",
    "/playbooks",
    "/playbooks/report-chain",
    "/me",
    "/break-glass",
    "/inbox",
    "/outbox",
    "/report",
    "/reports",
    "/styleguide",
)
HEAVIEST = 150_000
WAITING = "条通知"


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


async def test_the_page_of_one_incident_listens_on_one_stream(town: Town, visit: Visit) -> None:
    """A browser has six connections to a host; a page that changes while it is open opens no second one."""
    async with visit() as unit:
        await unit.sign_in("fund1")
        number = await file_incident(unit)
    async with visit() as officer:
        await officer.sign_in("duty1")
        streams: list[str] = []
        officer.page.on(
            "request", lambda request: streams.append(request.url) if "/live?topic=incident%2F" in request.url else None
        )
        await officer.go(f"/incidents/{number}")
        await officer.page.wait_for_timeout(1_500)
        await town.drain()
        await officer.until(f"document.querySelector('#messages').textContent.includes('{WAITING}')", seconds=40)
        await officer.page.wait_for_timeout(1_500)
        # A stream that broke off on a busy machine asks for the same address again; a second one would name other topics.
        assert len(set(streams)) == 1, streams
