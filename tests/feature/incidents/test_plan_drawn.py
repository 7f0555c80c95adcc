"""The page of an incident draws its runs: what has happened, what comes if nobody answers, the limits of its duties."""

import re
from typing import Any

from irm.db import SYSTEM, Database
from irm.playbooks.publishing import publish_library
from tests.feature.incidents.conftest import City

URL = "/api/v1/incidents"
HTML = {"Accept": "text/html"}


async def _filed(client: Any, filing: Any, drain: Any, db: Database) -> str:
    async with db.transaction() as tx:
        await publish_library(tx, actor=SYSTEM, now=tx.clock.now())
    number: str = (await client.post(URL, json=filing())).json()["number"]
    await drain()
    return number


def _bars(text: str, tone: str) -> list[str]:
    return re.findall(rf'<g class="course-bar course-(\w+) {tone}', text)


async def test_what_has_happened_is_filled_and_what_comes_is_outlined(
    sign_in: Any, city: City, filing: Any, db: Database, drain: Any, clock: Any
) -> None:
    officer = await sign_in(city.officer)
    number = await _filed(officer, filing, drain, db)
    text = (await officer.get(f"/incidents/{number}", headers=HTML)).text
    assert "page" in _bars(text, "is-past")
    assert "page" in _bars(text, "is-coming")
    assert 'class="course-now"' in text
    assert re.search(r'<g class="course-limit-words course-limit is-\w+', text)
    assert f'href="/incidents/{number}/paging#step-' in text
    assert "尚未报出" in text
    before = len(_bars(text, "is-past"))
    clock.tick(minutes=50)
    await drain()
    officer = await sign_in(city.officer)  # nobody moved a hand for so long
    later = (await officer.get(f"/incidents/{number}", headers=HTML)).text
    assert len(_bars(later, "is-past")) > before
    assert "无人确认" in later
    assert "is-loud" in later


async def test_a_unit_sees_the_lanes_of_its_own_share(
    sign_in: Any, city: City, filing: Any, db: Database, drain: Any
) -> None:
    officer = await sign_in(city.officer)
    number = await _filed(officer, filing, drain, db)
    whole = (await officer.get(f"/incidents/{number}", headers=HTML)).text
    unit = await sign_in(city.unit_duty)
    text = (await unit.get(f"/incidents/{number}", headers=HTML)).text
    lanes = re.findall(r'<text class="course-name"[^>]*>([^<]*)<', text)
    assert set(lanes) < set(re.findall(r'<text class="course-name"[^>]*>([^<]*)<', whole))
