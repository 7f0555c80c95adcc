"""What another system answered stands at its step, for those who see every share, and as text only."""

from collections.abc import AsyncIterator
from typing import Any

import pytest
from pydantic import SecretStr

from irm.config import Endpoint, Settings
from irm.db import SYSTEM, Database
from irm.playbooks import publishing
from irm.playbooks.check import City as Known
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
