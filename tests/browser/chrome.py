"""Debian's Chromium, watched: what a page logs, breaks, or asks of another host is remembered."""

import asyncio
import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final, Literal

from axe_playwright_python.async_playwright import Axe
from playwright.async_api import Browser, BrowserContext, Error as PlaywrightError, Page, async_playwright

from tests.browser.town import Town

BINARIES: Final = ("/usr/bin/chromium", "/usr/bin/chromium-browser", "/usr/bin/google-chrome")
PHONE: Final = (390, 844)
DESK: Final = (1440, 900)
OLD_DESK: Final = (1366, 768)


@asynccontextmanager
async def chromium() -> AsyncIterator[Browser]:
    binary = next(one for one in BINARIES if Path(one).exists())
    async with async_playwright() as playwright:
        # The browser's own words in fields (date, file) follow its environment, not the page.
        spoken = {**os.environ, "LANGUAGE": "zh_CN", "LANG": "zh_CN.UTF-8"}
        browser = await playwright.chromium.launch(
            executable_path=binary, args=["--no-sandbox", "--lang=zh-CN"], env=spoken
        )
        yield browser
        await browser.close()


@dataclass
class Visitor:
    """One browser window of one person."""

    town: Town
    context: BrowserContext
    page: Page
    scripts: bool = True
    faults: list[str] = field(default_factory=list)
    foreign: list[str] = field(default_factory=list)

    async def go(self, path: str) -> None:
        await self.page.goto(self.town.url + path)

    async def sign_in(self, login: str) -> None:
        await self.go("/login")
        await self.page.fill('input[name="login"]', login)
        await self.page.fill('input[name="password"]', self.town.passwords[login])
        await self.page.click('button[type="submit"]')
        await self.page.wait_for_url(lambda url: "/login" not in url)

    async def until(self, expression: str, *, seconds: float = 8) -> None:
        """Playwright's own waiting for a function needs eval, which the pages forbid."""
        for _ in range(int(seconds * 10)):
            with suppress(PlaywrightError):  # the page is just being left for the next one
                if await self.page.evaluate(expression):
                    return
            await asyncio.sleep(0.1)
        message = f"never true on {self.page.url}: {expression}"
        raise AssertionError(message)

    async def axe(self) -> list[str]:
        """Serious and critical findings. axe itself needs scripts: without them it would wait for ever."""
        if not self.scripts:
            return []
        found = await Axe().run(self.page)
        return [
            f"{one['id']}: {one['help']} – {node['html'][:160]} {node.get('failureSummary', '')[:200]}"
            for one in found.response["violations"]
            if one["impact"] in {"serious", "critical"}
            for node in one["nodes"][:3]
        ]

    async def overflow(self) -> int:
        """Pixels that the page is wider than its window: a page never scrolls sideways."""
        wider: int = await self.page.evaluate(
            "document.documentElement.scrollWidth - document.documentElement.clientWidth"
        )
        return wider


@asynccontextmanager
async def visitor(
    browser: Browser,
    town: Town,
    *,
    size: tuple[int, int] = DESK,
    locale: str = "zh-CN",
    theme: Literal["light", "dark"] = "light",
    scripts: bool = True,
) -> AsyncIterator[Visitor]:
    context = await browser.new_context(
        viewport={"width": size[0], "height": size[1]},
        locale=locale,
        timezone_id="Asia/Shanghai",
        color_scheme=theme,
        java_script_enabled=scripts,
        has_touch=size == PHONE,
    )
    context.set_default_timeout(10_000)
    # How fast a page answers is the bench's matter; a machine that stands still for a moment is no fault of a page.
    context.set_default_navigation_timeout(60_000)
    await context.add_cookies(
        [
            {"name": "irm_locale", "value": locale, "url": town.url},
            {"name": "irm_theme", "value": theme, "url": town.url},
        ]
    )
    page = await context.new_page()
    made = Visitor(town, context, page, scripts)
    page.on("console", lambda message: _hear(made, message))
    page.on("pageerror", lambda error: made.faults.append(f"{page.url}: {error}"))
    page.on("request", lambda request: _watch(made, request))
    try:
        yield made
    finally:
        await context.close()


def _hear(made: Visitor, message: Any) -> None:
    if message.type in {"error", "warning"}:
        made.faults.append(f"{made.page.url}: {message.text}")


def _watch(made: Visitor, request: Any) -> None:
    if not request.url.startswith((made.town.url, "data:", "about:")):
        made.foreign.append(request.url)
