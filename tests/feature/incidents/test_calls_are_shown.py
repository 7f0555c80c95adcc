"""What another system answered stands at its step, for those who see every share, and as text only."""

from collections.abc import AsyncIterator
from typing import Any

import pytest
from pydantic import SecretStr
from sqlalchemy import update

from irm import housekeeping
from irm.clock import FixedClock
from irm.config import Endpoint, Settings
from irm.db import SYSTEM, Database
from irm.playbooks import publishing
from irm.playbooks.check import City as Known
from irm.playbooks.models import RunRow
from irm.rules.load import builtin_packs
from tests.conftest import Drain
from tests.fakes.gateway import HttpServer
from tests.feature.incidents.conftest import City

HTML = {"accept": "text/html"}
TELL = """apiVersion: irm/v1
kind: Playbook
id: tell-soc
title: {zh-CN: 通报安全运营中心}
start: {on: incident.graded}
steps:
  - id: tell
    title: {zh-CN: 通报安全运营中心}
    call: {endpoint: soc, within: 10m}
"""


@pytest.fixture
async def soc() -> AsyncIterator[HttpServer]:
    made = HttpServer()
    server = await made.start()
    yield made
    server.close()


@pytest.fixture
def settings(settings: Settings, soc: HttpServer) -> Settings:
    named = {"soc": Endpoint(url=soc.url("/in"), secret=SecretStr("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"))}
    return settings.model_copy(update={"endpoints": named})


async def test_an_answer_goes_when_its_time_is_over_and_its_hash_stays(
    sign_in: Any, city: City, filing: Any, db: Database, clock: FixedClock, drain: Drain, soc: HttpServer
) -> None:
    async with db.transaction() as tx:
        await publishing.publish(tx, TELL, file="tell.yaml", city=Known(), actor=SYSTEM, now=tx.clock.now())
    soc.will(body="ticket T-17")
    client = await sign_in(city.officer)
    number = (await client.post("/api/v1/incidents", json=filing())).json()["number"]
    await drain()

    async def told(days: int) -> dict[str, Any]:
        clock.tick(days=days)
        async with db.transaction(SYSTEM) as tx:
            await housekeeping.sweep(tx, {}, clock.now())
        again = await sign_in(city.officer)
        [run] = (await again.get(f"/api/v1/incidents/{number}/paging")).json()["runs"]
        call: dict[str, Any] = run["steps"][0]["call"]
        return call

    async with db.transaction() as tx:
        await tx.execute(update(RunRow).values(status="running"))
    before = await told(housekeeping.days().call_answers + 1)
    assert (before["answer"], before["erased"]) == ("ticket T-17", False), "its run is still under way"
    async with db.transaction() as tx:
        await tx.execute(update(RunRow).values(status="finished"))
    gone = await told(0)
    assert (gone["answer"], gone["headers"], gone["erased"]) == ("", {}, True)
    assert (gone["status"], gone["http_status"], gone["sha256"]) == ("answered", 200, before["sha256"])
    page = (await (await sign_in(city.officer)).get(f"/incidents/{number}/paging", headers=HTML)).text
    assert "留存期满，正文已删除" in page or "its time is over: the text was deleted" in page


def test_an_answer_stays_as_long_as_the_law_asks_of_logs() -> None:
    months = [one.months for pack in builtin_packs() for one in pack.keeping if one.what.endswith("_logs")]
    assert months
    leap_year = 366
    assert housekeeping.days().call_answers >= max(months) * leap_year / 12


async def test_the_answer_stands_at_its_step(
    sign_in: Any, city: City, filing: Any, db: Database, drain: Drain, soc: HttpServer
) -> None:
    async with db.transaction() as tx:
        await publishing.publish(tx, TELL, file="tell.yaml", city=Known(), actor=SYSTEM, now=tx.clock.now())
    soc.will(body="<script>ticket T-17</script>")
    client = await sign_in(city.officer)
    answer = await client.post("/api/v1/incidents", json=filing())
    assert answer.status_code == 201, answer.text
    number = answer.json()["number"]
    await drain()
    [run] = (await client.get(f"/api/v1/incidents/{number}/paging")).json()["runs"]
    [step] = run["steps"]
    assert step["call"]["status"] == "answered"
    assert (step["call"]["http_status"], step["call"]["answer"]) == (200, "<script>ticket T-17</script>")
    page = (await client.get(f"/incidents/{number}/paging", headers=HTML)).text
    assert "&lt;script&gt;ticket T-17" in page
    assert "<script>ticket" not in page
    assert "对方系统已应答" in page or "the other system answered" in page
    entries = (await client.get(f"/api/v1/incidents/{number}/timeline")).text
    assert "run.call_answered" in entries
    assert "T-17" not in entries, "the ledger has its hash"
    client = await sign_in(city.unit_duty)
    theirs = await client.get(f"/api/v1/incidents/{number}/paging")
    assert theirs.status_code != 200 or "T-17" not in theirs.text
