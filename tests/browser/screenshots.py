"""`make screenshots`: the main pages in both widths, languages and themes, to docs/screenshots. Look at each."""

import asyncio
import logging
import tempfile
from pathlib import Path
from typing import Final, Literal

from irm import log
from tests.browser.chrome import DESK, PHONE, chromium, visitor
from tests.browser.story import file_incident
from tests.browser.town import town
from tests.server import running

TARGET: Final = Path("docs/screenshots")
DRESSES: Final[tuple[tuple[str, tuple[int, int], str, Literal["light", "dark"]], ...]] = (
    ("desk-zh-light", DESK, "zh-CN", "light"),
    ("desk-en-dark", DESK, "en", "dark"),
    ("phone-zh-dark", PHONE, "zh-CN", "dark"),
    ("phone-en-light", PHONE, "en", "light"),
)


async def main() -> None:
    log.configure()
    logging.disable(logging.WARNING)
    TARGET.mkdir(parents=True, exist_ok=True)
    with running() as server, tempfile.TemporaryDirectory() as home:
        async with town(server, Path(home) / "home") as made, chromium() as browser:
            async with visitor(browser, made) as unit:
                await unit.sign_in("fund1")
                number = await file_incident(unit)
            await made.drain()
            await made.tick(minutes=3)
            for name, size, locale, theme in DRESSES:
                async with visitor(browser, made, size=size, locale=locale, theme=theme) as shown:
                    await shown.go("/login")
                    await shown.page.screenshot(path=TARGET / f"login-{name}.png", full_page=True)
                    await shown.sign_in("duty1")
                    await shown.go("/todo")
                    report = await shown.page.get_attribute('a[href^="/submissions/"]', "href") or "/submissions"
                    pages = {
                        "board": "/",
                        "todo": "/todo",
                        "incidents": "/incidents",
                        "incident": f"/incidents/{number}",
                        "secrecy": "/report",
                        "obligations": "/obligations",
                        "report": report,
                        "report-paper": f"{report}/print",
                        "deliveries": "/deliveries",
                        "duty": "/duty",
                        "contacts": "/organizations",
                        "rules": "/rules/cac-2025-reporting",
                        "playbook": "/playbooks/report-chain",
                        "me": "/me",
                        "styleguide": "/styleguide",
                    }
                    for page, path in pages.items():
                        await shown.go(path)
                        await shown.page.wait_for_timeout(200)
                        await shown.page.screenshot(path=TARGET / f"{page}-{name}.png", full_page=True)
                    await shown.go("/report")
                    await shown.page.click('button[name="classified"][value="no"]')
                    await shown.page.wait_for_selector("#i-text")
                    await shown.page.screenshot(path=TARGET / f"file-{name}.png", full_page=True)


if __name__ == "__main__":
    asyncio.run(main())
