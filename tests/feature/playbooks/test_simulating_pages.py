"""A night is made up over the API, on the page of a playbook and beside the text that is being typed; nothing is kept."""

from typing import Any

import pytest
from sqlalchemy import func, select

from irm.access.policy import Role
from irm.db import SYSTEM
from irm.ledger import LedgerEntryRow
from irm.playbooks.publishing import library, publish_library
from tests import make
from tests.feature.playbooks.conftest import Night

CHAIN = library()["report-chain.yaml"]
CII = "cac-2025-reporting/cii-operator"
TOO_LONG = CHAIN.replace("obligation: cac-2025-reporting/cii-operator, within: 20m", f"obligation: {CII}, within: 2h")


@pytest.fixture
async def leader(night: Night, sign_in: Any) -> Any:
    """Signed in as duty leader, in Chinese."""
    async with night.db.transaction() as tx:
        await publish_library(tx, actor=SYSTEM, now=night.clock.now())
        account = await make.account(tx, night.authority, Role.DUTY_LEADER, locale="zh-CN")
    return await sign_in(account)


async def entries(night: Night) -> int:
    async with night.db.transaction() as tx:
        return await tx.scalar(select(func.count()).select_from(LedgerEntryRow)) or 0


async def test_the_api_tells_a_night_with_its_limits(night: Night, leader: Any) -> None:
    before = await entries(night)
    told = await leader.post(
        "/api/v1/playbooks/simulate",
        json={
            "playbook": "report-chain",
            "facts": 'discovered: "03:00"\nfiled: "03:10"\nfacts: {level: 较大, cii: unknown}\n',
            "answers": "answers:\n  - {after: 12m, acknowledged: alarm}\n  - {after: 20m, facts: {assessed: 较大}}\n",
        },
    )
    assert told.status_code == 200, told.text
    body = told.json()
    (alarm,) = (one for one in body["spans"] if one["step"] == "alarm")
    assert (alarm["outcome"], len(alarm["rounds"])) == ("acknowledged", 3)
    (limit,) = (one for one in body["limits"] if one["rule"] == CII)
    assert (limit["verdict"], limit["spare_seconds"], limit["standing"]) == ("in_time", 1800, "statutory")
    assert "第四条" in limit["article"]
    assert body["exhausted"] == ["units"]
    assert {one["step"] for one in body["unbegun"]} == {"police", "closing"}
    assert await entries(night) == before


async def test_what_is_typed_can_be_simulated_before_it_is_published(leader: Any) -> None:
    told = await leader.post("/api/v1/playbooks/simulate", json={"source": TOO_LONG})
    (limit,) = (one for one in told.json()["limits"] if one["rule"] == CII)
    assert (limit["verdict"], limit["spare_seconds"]) == ("late", -4500)


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({}, "playbook"),
        ({"playbook": "report-chain", "source": CHAIN}, "playbook"),
        ({"playbook": "report-chain", "facts": "facts: {lvl: 1}"}, "facts.yaml:1:14"),
        ({"playbook": "report-chain", "answers": "answers: [{after: 1m, acknowledged: nobody}]"}, "answers.yaml:1:37"),
        ({"source": "kind: Playbook"}, "playbook.yaml:1:1"),
    ],
)
async def test_bad_suppositions_name_their_place(leader: Any, body: dict[str, str], field: str) -> None:
    refused = await leader.post("/api/v1/playbooks/simulate", json=body)
    assert refused.status_code == 422
    assert refused.json()["errors"][0]["field"] == field


async def test_the_page_of_a_playbook_draws_what_it_would_do(leader: Any) -> None:
    page = (await leader.get("/playbooks/report-chain")).text
    assert 'class="course-chart"' in page
    assert "无人确认：呼叫涉事使用单位" in page
    assert 'href="#step-alarm"' in page
    assert 'id="step-alarm"' in page
    assert "style=" not in page
    answered = (await leader.get("/playbooks/report-chain/simulation?answered=5m&cii=yes")).text
    assert "<html" not in answered
    assert "无人确认：呼叫涉事使用单位" not in answered
    assert "法定时限" in answered
    without_scripts = (await leader.get("/playbooks/report-chain?answered=5m&cii=yes")).text
    assert "无人确认：呼叫涉事使用单位" not in without_scripts


async def test_a_night_on_which_it_does_not_begin_says_so(leader: Any) -> None:
    assert "本预案不会启动" not in (await leader.get("/playbooks/ransomware")).text
    other = (await leader.get("/playbooks/ransomware/simulation?level=3&category=facility")).text
    assert "本预案不会启动" in other
    for wrong in ("level=9", "cii=perhaps", "answered=soon", "handled=x", "level="):
        answer = await leader.get(f"/playbooks/report-chain/simulation?{wrong}")
        assert answer.status_code == 200, wrong


@pytest.mark.parametrize("name", [one.removesuffix(".yaml") for one in library()])
async def test_every_playbook_of_the_library_has_a_page_with_its_course(leader: Any, name: str) -> None:
    page = await leader.get(f"/playbooks/{name}")
    assert page.status_code == 200
    assert 'id="course-night"' in page.text


async def test_faults_and_drawing_stand_beside_what_is_typed(night: Night, leader: Any) -> None:
    before = await entries(night)
    line = next(number for number, text in enumerate(TOO_LONG.splitlines(), 1) if "within: 2h" in text)
    told = (await leader.post("/playbooks/check", data={"source": TOO_LONG, "level": "3"})).text
    assert f'data-line="{line}"' in told
    assert "超出时限" in told
    assert 'class="graph-box is-report is-faulty"' in told
    assert "赶不上时限" in told
    fine = (await leader.post("/playbooks/check", data={"source": CHAIN, "level": "3"})).text
    assert "data-line" not in fine
    assert "赶不上时限" not in fine
    unreadable = (await leader.post("/playbooks/check", data={"source": "kind: [", "level": "3"})).text
    assert 'data-line="1"' in unreadable
    assert "graph-chart" not in unreadable
    assert await entries(night) == before


async def test_who_may_not_read_playbooks_checks_none(night: Night, sign_in: Any) -> None:
    unit = await sign_in(night.unit_duty)
    for path, body in (("/playbooks/check", {"data": {"source": CHAIN}}),):
        assert (await unit.post(path, **body)).status_code in (200, 403)
    assert (await unit.get("/playbooks/report-chain/edit")).status_code == 403


async def test_a_refused_text_is_shown_as_it_was_typed(leader: Any) -> None:
    refused = await leader.post("/playbooks/report-chain/edit", data={"source": TOO_LONG, "reason": "演练后放宽"})
    assert refused.status_code == 422
    assert "within: 2h" in refused.text
    assert 'value="演练后放宽"' in refused.text
    assert 'class="course-chart"' in refused.text
    checked = await leader.post("/playbooks/report-chain/edit", data={"source": CHAIN, "do": "check"})
    assert checked.status_code == 200
    assert "未发现问题" in checked.text
    assert (await leader.get("/api/v1/playbooks/report-chain")).json()["version"] == 1


async def test_what_was_typed_comes_back_until_it_is_published(leader: Any) -> None:
    kept = await leader.post("/drafts/playbooks.edit:report-chain", json={"source": CHAIN + "# 未完\n", "reason": ""})
    assert kept.status_code == 204
    assert "# 未完" in (await leader.get("/playbooks/report-chain/edit")).text
    done = await leader.post(
        "/playbooks/report-chain/edit", data={"source": CHAIN + "# 未完\n", "reason": "加注"}, follow_redirects=False
    )
    assert done.status_code == 303
    assert "# 未完" not in (await leader.get("/playbooks/report-chain/edit")).text


async def test_a_duty_that_passes_unreported_is_supposed_too(leader: Any) -> None:
    page = (await leader.get("/playbooks/owed-default")).text
    assert "无人确认：初报已超时限，逐级呼叫" in page
    assert "+1 小时" in page
    quiet = (await leader.get("/playbooks/owed-default/simulation?passes=&answered=5m")).text
    assert "已超时限，逐级呼叫" in quiet.partition("未启动的步骤")[2]
