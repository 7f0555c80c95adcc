"""Whatever page a link of the lived-in city leads to is sound and speaks one language, for each of its readers."""

import re
from collections.abc import AsyncIterator
from typing import Final, Literal

import pytest
from playwright.async_api import Browser
from sqlalchemy import text

from irm.app import create_app
from tests.browser import chrome
from tests.browser.chrome import DESK, PHONE, Visitor
from tests.browser.test_one_language_at_a_time import CHINESE, ENGLISH, OTHER_LANGUAGE, WORDS
from tests.browser.town import Town, town as open_town
from tests.browser.walk import Routes, walk
from tests.server import Server

READERS: Final = ("compliance", "leader", "cloudlead", "healthlead", "assessor1", "auditor", "secadmin", "sysadmin")
"""The one with the most to read first; each of the others looks at what none before could reach."""
OF_IRM: Final = {"delivery", "alembic_version"}
"""Tables whose texts irm wrote itself."""
PAPER: Final = "/submissions/{submission_id:uuid}/print"
"""What goes to an authority is Chinese, whoever prints it."""
RAW_ID: Final = re.compile(r"\b[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}\b")


@pytest.fixture(scope="module")
async def lived(server: Server, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Town]:
    async with open_town(server, tmp_path_factory.mktemp("lived") / "home", lived=True) as made:
        yield made


async def what_people_wrote(town: Town) -> str:
    """All texts of the database in one. jsonb mostly holds irm's own words in both languages; not what was handed in."""
    columns = (
        "SELECT table_name, column_name FROM information_schema.columns WHERE table_schema = 'public' "
        "AND (data_type IN ('text', 'character varying') OR (table_name, column_name) = ('submission', 'items'))"
    )
    written: list[str] = list(OTHER_LANGUAGE)
    async with town.db.transaction() as tx:
        for table, column in list(await tx.execute(text(columns))):
            if table not in OF_IRM:
                found = await tx.scalars(
                    text(f'SELECT DISTINCT "{column}"::text FROM {table} WHERE "{column}" IS NOT NULL')
                )
                written += map(str, found)
    return "\n".join(written)


PAPERS_OWN: Final = re.compile(r"(?!)")
"""Nothing is foreign there."""


async def troubles_of(reader: Visitor, foreign: re.Pattern[str], written: str) -> list[str]:
    lines = list(dict.fromkeys(await reader.page.evaluate(WORDS)))
    found = [one for line in lines for one in foreign.findall(line) if one not in written]
    troubles = [f"foreign: {one[:80]}" for one in found]
    troubles += [f"raw id: {line[:80]}" for line in lines if RAW_ID.search(line)]
    troubles += await reader.axe()
    if (wider := await reader.overflow()) > 0:
        troubles.append(f"{wider} px wider than the window")
    return troubles


@pytest.mark.parametrize(
    ("size", "locale", "theme", "foreign"),
    [(PHONE, "zh-CN", "dark", ENGLISH), (DESK, "en", "light", CHINESE)],
    ids=["phone-zh-dark", "desk-en-light"],
)
async def test_every_page_that_a_link_leads_to_is_sound(
    lived: Town,
    browser: Browser,
    size: tuple[int, int],
    locale: str,
    theme: Literal["light", "dark"],
    foreign: re.Pattern[str],
) -> None:
    routes = Routes(create_app(lived.settings, lived.db, lived.clock))
    written = await what_people_wrote(lived)
    walked: set[str] = set()
    troubles: list[str] = []
    for login in READERS:
        async with chrome.visitor(browser, lived, size=size, locale=locale, theme=theme) as reader:
            await reader.sign_in(login)
            mine: set[str] = set()
            async for address in walk(reader, routes, beside=frozenset(walked)):
                route = routes.of(address.partition("?")[0]) or address
                mine.add(route)
                found = await troubles_of(reader, PAPERS_OWN if route == PAPER else foreign, written)
                troubles += [f"{login} {address}: {one}" for one in found]
            walked |= mine
            troubles += [f"{login}: {fault}" for fault in reader.faults + reader.foreign]
    assert not troubles, "\n".join(troubles)
    assert len(walked) > LEAST, sorted(walked)


LEAST: Final = 50
"""Kinds of pages that links led to when this was written; fewer means that the walk got lost."""
