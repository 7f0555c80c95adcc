"""What a playbook names and this irm does not have is told before it is published, and stays with the version."""

from collections.abc import Iterator
from typing import Any

import pytest
from pydantic import SecretStr
from sqlalchemy import select

from irm.access.policy import Role
from irm.config import Endpoint, Settings
from irm.ledger import LedgerEntryRow
from irm.notify.service import note_channels
from tests import make
from tests.feature.playbooks.conftest import CLIMB, HEAD, Night

NO_ENDPOINT = "系统设置中没有名为“socc”的接口地址"
NO_EMAIL = "（email）。"
CALLS = (
    HEAD.format(id="story", start="{on: incident.graded}")
    + CLIMB.replace("via: [sms], every", "via: [sms, email], every")
    + ("  - {id: tell, after: [], call: {endpoint: socc, within: 5m}}\n")
)


@pytest.fixture
def soc(settings: Settings) -> Iterator[None]:
    """The settings name one endpoint."""
    was = settings.endpoints
    settings.endpoints = {"soc": Endpoint(url="https://soc.example.invalid/hook", secret=SecretStr("c2VjcmV0"))}
    yield
    settings.endpoints = was


@pytest.fixture
async def leader(night: Night, sign_in: Any) -> Any:
    await night.publish(CLIMB)
    async with night.db.transaction() as tx:
        await note_channels(tx, {"sms": True, "email": False}, now=night.clock.now())
        account = await make.account(tx, night.authority, Role.DUTY_LEADER, locale="zh-CN")
    return await sign_in(account)


@pytest.mark.usefixtures("soc")
async def test_the_publisher_is_told_and_so_is_whoever_approves(night: Night, leader: Any, sign_in: Any) -> None:
    typed = await leader.post("/playbooks/check?of=story", data={"source": CALLS})
    looked = await leader.post("/playbooks/story/edit", data={"source": CALLS, "do": "check"})
    for page in (typed, looked):
        assert NO_ENDPOINT in page.text
        assert NO_EMAIL in page.text
    await leader.post("/playbooks/story/edit", data={"source": CALLS, "reason": "接入态势平台"})
    newest = (await leader.get("/api/v1/playbooks/story")).json()["versions"][0]
    line = CALLS.splitlines().index("  - {id: tell, after: [], call: {endpoint: socc, within: 5m}}") + 1
    assert [one["line"] for one in newest["warnings"] if NO_ENDPOINT in one["message"]] == [line]
    assert NO_ENDPOINT in (await leader.get("/playbooks/story?version=2")).text

    async with night.db.transaction() as tx:
        other = await make.account(tx, night.authority, Role.SECURITY_ADMINISTRATOR, locale="zh-CN")
        entry = await tx.scalar(
            select(LedgerEntryRow)
            .where(LedgerEntryRow.action == "playbook.published")
            .order_by(LedgerEntryRow.id.desc())
            .limit(1)
        )
    assert entry is not None
    assert f'"warnings":{len(newest["warnings"])}' in entry.body
    shown = (await (await sign_in(other)).get("/playbooks/story")).text
    assert "发布时已提示发布人：" in shown
    assert NO_ENDPOINT in shown
    await (await sign_in(other)).post("/api/v1/playbooks/story/versions/2/approval")
    kept = (await (await sign_in(other)).get("/playbooks/story")).text
    assert f"发布时有 {len(newest['warnings'])} 条提示" in kept, "it stands in the version's record"


@pytest.mark.usefixtures("soc")
async def test_what_there_is_is_not_warned_of(leader: Any) -> None:
    right = CALLS.replace("socc", "soc").replace("[sms, email]", "[sms]")
    typed = (await leader.post("/playbooks/check?of=story", data={"source": right})).text
    assert "接口地址" not in typed
    assert "未配置该通道" not in typed
