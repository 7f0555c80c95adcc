"""One town and one Chromium for all browser tests; each test has windows of its own, and files an incident
of its own where it needs one: nothing may depend on how many there are."""

from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager
from functools import partial

import pytest
from playwright.async_api import Browser

from tests.browser import chrome
from tests.browser.chrome import Visitor
from tests.browser.town import Town, town as open_town
from tests.server import Server

Visit = Callable[..., AbstractAsyncContextManager[Visitor]]


@pytest.fixture(scope="session")
async def browser() -> AsyncIterator[Browser]:
    async with chrome.chromium() as started:
        yield started


@pytest.fixture(scope="session")
async def town(server: Server, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Town]:
    async with open_town(server, tmp_path_factory.mktemp("town") / "home") as made:
        yield made


@pytest.fixture
def visit(browser: Browser, town: Town) -> Visit:
    """`async with visit(size=PHONE, scripts=False) as visitor:`"""
    return partial(chrome.visitor, browser, town)
