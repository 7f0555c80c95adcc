"""`make screenshots`: the main pages in both widths, languages and themes, to docs/screenshots. Look at each."""

import asyncio
import logging
import tempfile
from pathlib import Path
from typing import Final, Literal

from irm import log
from tests.browser.chrome import DESK, PHONE, Visitor, chromium, visitor
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
FIRST: Final = ("board-", "incident-", "file-", "report-desk")
"""Also as the window shows them first; the pictures of the READMEs are made of these."""


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
                    await _shoot(shown, f"login-{name}")
                    await shown.sign_in("duty1")
                    await shown.go("/todo")
                    report = await shown.page.get_attribute('a[href^="/submissions/"]', "href") or "/submissions"
                    await shown.go(f"/incidents/{number}")
                    clock = await shown.page.get_attribute('#clocks a[href^="/obligations/"]', "href") or "/obligations"
                    task = await shown.page.get_attribute('a[href^="/tasks/"]', "href") or "/todo"
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
                        "outbox": "/outbox",
                        "clock": clock,
                        "call": f"/contacts/new?incident={number}",
                        "task": task,
                        "contacts": "/organizations",
                        "rules": "/rules/cac-2025-reporting",
                        "playbook": "/playbooks/report-chain",
                        "me": "/me",
                        "styleguide": "/styleguide",
                    }
                    for page, path in pages.items():
                        await shown.go(path)
                        await _shoot(shown, f"{page}-{name}")
                    await shown.go("/report")
                    await shown.page.click('button[name="classified"][value="no"]')
                    await shown.page.wait_for_selector("#i-text")
                    await _shoot(shown, f"file-{name}")
                    if size == DESK:
                        await shown.go(f"{report}/print")
                        await shown.page.pdf(path=TARGET / f"report-paper-{name}.pdf", prefer_css_page_size=True)
                        await shown.go(f"/incidents/{number}")
                        await shown.page.pdf(path=TARGET / f"incident-{name}.pdf", prefer_css_page_size=True)


async def _shoot(shown: Visitor, name: str) -> None:
    """The whole page; the window grows first, so that what is fixed to its edges stands at the page's."""
    size = shown.page.viewport_size
    await shown.page.wait_for_timeout(150)
    height = await shown.page.evaluate("document.documentElement.scrollHeight")
    if name.startswith(FIRST):
        await shown.page.screenshot(path=TARGET / f"first-{name}.png")
    if size:
        await shown.page.set_viewport_size({"width": size["width"], "height": max(height, size["height"])})
    await shown.page.screenshot(path=TARGET / f"{name}.png", full_page=True)
    if size:
        await shown.page.set_viewport_size(size)


if __name__ == "__main__":
    asyncio.run(main())
