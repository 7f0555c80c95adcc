"""The life of a drill through pages and interface: planned, approved, run, evaluated, reported, approved."""

import re
from typing import Any

import httpx
import pytest
from sqlalchemy import select

from irm.drills.models import DrillImprovementRow, DrillRow
from irm.drills.scoring import ITEMS
from irm.ledger import LedgerEntryRow
from irm.obligations.models import ObligationRow, SubmissionRow
from tests import make
from tests.conftest import Drain, SignIn
from tests.feature.drills.conftest import SCENARIO, City

pytestmark = pytest.mark.usefixtures("channels")

HTML = {"accept": "text/html"}


def form_of(city: City, **changes: str) -> dict[str, Any]:
    given: dict[str, Any] = {
        "title": "夜间勒索演练",
        "kind": "practical",
        "content": "special",
        "range": "organization",
        "organization": str(city.authority),
        "organizations": [str(city.vendor)],
        "system": str(city.platform),
        "scenario_source": SCENARIO,
        "planned_from": "2026-11-21T04:00",
        "planned_until": "2026-11-21T06:00",
        "objectives": "呼叫畅通",
        "place": "机房",
    }
    for one in city.participants():
        given[f"part_{one.person}"] = one.part
    return given | changes


async def test_the_whole_life_through_pages(city: City, sign_in: SignIn, drain: Drain) -> None:
    web = await sign_in(city.planner)
    assert (await web.get("/drills", headers=HTML)).status_code == 200
    assert "夜间" not in (await web.get("/drills/new", headers=HTML)).text
    planned = await web.post("/drills/new", data=form_of(city), headers=HTML)
    assert planned.status_code == 303, planned.text
    path = planned.headers["location"]
    await sign_in(city.leader)
    assert "批准方案" in (await web.get(path, headers=HTML)).text
    assert (await web.post(f"{path}/actions", data={"action": "approve"})).status_code == 303
    await sign_in(city.director)
    begun = await web.post(f"{path}/actions", data={"action": "start", "rate": "1"}, headers=HTML)
    assert begun.headers["location"] == f"{path}/room", begun.text
    await drain()
    room = await web.get(f"{path}/room", headers=HTML)
    assert room.status_code == 200, room.text
    assert "平台文件被加密" in room.text
    assert "这是真实事件" in room.text
    for tail in ("injects/call/do", "injects/worse/skip"):
        assert (await web.post(f"{path}/{tail}")).status_code == 303
    for action in ("pause", "resume"):
        assert (await web.post(f"{path}/actions", data={"action": action})).status_code == 303
    assert (await web.post(f"{path}/actions", data={"action": "pace", "rate": "5"})).status_code == 303
    page_outside = (await city.deliveries(status="would_have", purpose="page"))[0]
    assert (await web.post(f"{path}/pages/{page_outside.id}/answer")).status_code == 303
    await sign_in(city.officer)
    player = await web.get(path, headers=HTML)
    assert player.status_code == 200
    assert "平台文件被加密" not in player.text, "a player does not see what is coming"
    assert (await web.get(f"{path}/room", headers=HTML)).status_code == 403
    (incident,) = await city.incidents()
    shown = await web.get(f"/incidents/{incident.number}", headers=HTML)
    assert "这是真实事件" in shown.text
    await sign_in(city.director)
    assert (await web.post(f"{path}/actions", data={"action": "end"})).status_code == 303

    await _evaluated_and_reported(city, web, sign_in, path)


async def _evaluated_and_reported(city: City, web: httpx.AsyncClient, sign_in: SignIn, path: str) -> None:
    sheet = {f"score_{item}": "3" for item in ITEMS} | {"hand_in": "yes", "advice_plan": "写得更细"}
    for who in (city.evaluator, city.second_evaluator):
        await sign_in(who)
        assert (await web.get(f"{path}/sheet", headers=HTML)).status_code == 200
        assert (await web.post(f"{path}/sheet", data=sheet)).status_code == 303
    await sign_in(city.director)
    report = await web.get(f"{path}/report", headers=HTML)
    assert "3.0" in report.text
    told = {
        "item_overview": "概要",
        "item_conclusion": "合格",
        "improvement_0": "补充备用联系电话",
        "improvement_organization_0": str(city.vendor),
        "improvement_due_0": "2026-12-31",
        "submit": "yes",
    }
    assert (await web.post(f"{path}/report", data=told)).status_code == 303
    paper = await web.get(f"{path}/paper", headers=HTML)
    assert paper.status_code == 200
    experts = paper.text.partition("评估人员</h")[2].partition("<h")[0]
    assert "未填写" not in experts, "who evaluated is known, whether the director writes it or not"
    assert (await web.get(f"{path}/paper/docx")).content[:2] == b"PK"
    assert (await web.post(f"{path}/actions", data={"action": "approve_report"})).status_code == 403
    await sign_in(city.leader)
    assert (await web.get(path, headers=HTML)).status_code == 200
    assert (await web.post(f"{path}/actions", data={"action": "approve_report"})).status_code == 303
    async with city.db.transaction() as tx:
        row = await tx.scalar(select(DrillRow))
        improvement = await tx.scalar(select(DrillImprovementRow))
    assert row is not None
    assert row.status == "closed"
    assert improvement is not None
    assert improvement.finding_id is not None
    assert "综合得分 3.0" in (await web.get(path, headers=HTML)).text


async def test_evaluators_are_blind_to_each_other(city: City, sign_in: SignIn, drain: Drain) -> None:
    from irm.drills import running

    row = await city.begun()
    await drain()
    async with city.db.transaction() as tx:
        await running.end_drill(tx, row, by=await city.principal(city.director), now=city.clock.now())
    web = await sign_in(city.evaluator)
    path = f"/api/v1/drills/{row.number}"
    sheet = {"scores": dict.fromkeys(ITEMS, 5), "hand_in": True}
    assert (await web.put(f"{path}/sheet", json=sheet)).status_code == 200
    assert (await web.put(f"{path}/sheet", json=sheet)).status_code == 409
    for who, seen in ((city.second_evaluator, 0), (city.director, 0), (city.evaluator, 1)):
        await sign_in(who)
        found = (await web.get(f"{path}/evaluation")).json()
        assert (len(found["sheets"]), found["means"], found["waiting_for"]) == (seen, {}, 1)
    await sign_in(city.second_evaluator)
    wrong = await web.put(f"{path}/sheet", json={"scores": {"plan": 2, "beauty": 1}, "hand_in": True})
    assert {one["field"] for one in wrong.json()["errors"]} >= {"scores.plan", "scores.beauty", "scores.goals"}
    await web.put(f"{path}/sheet", json={"scores": dict.fromkeys(ITEMS, 3), "hand_in": True})
    await sign_in(city.director)
    found = (await web.get(f"{path}/evaluation")).json()
    assert (len(found["sheets"]), found["overall"], found["closed"]) == (2, 4.0, True)


async def test_the_approved_report_meets_the_duty_and_the_quota(city: City, sign_in: SignIn) -> None:
    """A drill that was held without irm, recorded afterwards, its report handed over for the holder's duty."""
    duty = await owe(city, city.vendor, 1)
    second = await owe(city, city.vendor, 2)
    web = await sign_in(city.leader)
    assert (await web.get("/api/v1/drills/quota?year=2026")).json()["lines"][0]["missing"] == 2
    assert re.search(r"2026 ?年度尚缺 ?2 ?次演练", (await web.get("/drills", headers=HTML)).text)
    given = {
        "title": "桌面推演",
        "kind": "tabletop",
        "content": "special",
        "started_at": "2026-11-10T09:00:00+08:00",
        "ended_at": "2026-11-10T11:00:00+08:00",
        "organization": str(city.vendor),
        "organizations": [str(city.authority)],
        "participants": [
            {"person": str(city.vendor_duty.person_id), "part": "player"},
            {"person": str(city.director.person_id), "part": "director"},
        ],
    }
    made = await web.post("/api/v1/drills/recorded", json=given)
    assert made.status_code == 201, made.text
    number = made.json()["drill"]["number"]
    assert made.json()["drill"]["recorded_afterwards"]
    files = {"files": ("签到表.pdf", b"%PDF-1.4 sign-in", "application/pdf")}
    assert (await web.post(f"/drills/{number}/files", files=files)).status_code == 303
    (line,) = (await web.get("/api/v1/drills/quota?year=2026")).json()["lines"]
    assert (line["required"], line["held"], line["missing"]) == (2, 1, 1)
    path = f"/api/v1/drills/{number}"
    await sign_in(city.director)
    assert (await web.post(f"{path}/actions", json={"action": "close_evaluation"})).status_code == 200
    report = {"items": {"overview": "概要", "conclusion": "合格"}, "submit": True}
    assert (await web.put(f"{path}/report", json=report)).status_code == 200, path
    await sign_in(city.leader)
    assert (await web.post(f"{path}/actions", json={"action": "approve_report"})).status_code == 200
    async with city.db.transaction() as tx:
        first = await tx.get_one(ObligationRow, duty, populate_existing=True)
        other = await tx.get_one(ObligationRow, second, populate_existing=True)
        submission = await tx.scalar(select(SubmissionRow).where(SubmissionRow.form == "drill_report"))
    assert submission is not None
    assert (first.status, other.status) == ("submitted", "open"), "one drill meets one of two"
    assert submission.recipient_id == city.authority
    # When and where it was evaluated is on record: the report that is handed over does not owe it.
    assert re.match(r"\d{4}年\d+月\d+日\d+时\d\d分", submission.items["when_where"])


async def test_the_button_stops_the_drill_and_begins_a_real_filing(city: City, sign_in: SignIn, drain: Drain) -> None:
    row = await city.begun()
    await drain()
    (incident,) = await city.incidents()
    web = await sign_in(city.officer)
    answer = await web.post(f"/drills/of/{incident.id}/real")
    assert (answer.status_code, answer.headers["location"]) == (303, "/report")
    assert (await city.drill(row)).pause_reason == "real"
    form = (await web.get("/report/new?classified=no", headers=HTML)).text
    assert 'value="malware/ransomware" selected' in form
    async with city.db.transaction() as tx:
        stops = await tx.scalars(select(LedgerEntryRow).where(LedgerEntryRow.action == "drill.paused"))
        assert len(list(stops)) == 1


async def test_begun_at_once_with_whoever_is_on_duty(city: City, sign_in: SignIn, drain: Drain) -> None:
    web = await sign_in(city.leader)
    assert (await web.get("/drills/now", headers=HTML)).status_code == 200
    code = (await web.get("/api/v1/systems")).json()["systems"][0]["code"]
    begun = await web.post("/drills/now", data={"scenario": "ransomware-on-platform", "system": code}, headers=HTML)
    assert begun.status_code == 303, begun.text
    await drain()
    assert {one.person_id for one in await city.deliveries(status="sent")} <= {
        city.leader.person_id,
        city.officer.person_id,
    }
    assert len(await city.incidents()) == 1


async def test_others_see_nothing_of_it(city: City, sign_in: SignIn) -> None:
    row = await city.planned()
    async with city.db.transaction() as tx:
        from irm.access.policy import Role

        stranger = await make.account(tx, await make.organization(tx, "using_unit"), Role.DUTY_LEADER)
    web = await sign_in(stranger)
    for path in (f"/drills/{row.number}", f"/api/v1/drills/{row.number}", f"/drills/{row.number}/room"):
        assert (await web.get(path)).status_code == 404
    assert (await web.get("/api/v1/drills")).json()["drills"] == []


async def owe(city: City, bearer: Any, ordinal: int) -> Any:
    """A duty of two a year, as the rules room freezes it."""
    from irm.db import SYSTEM, uuid7
    from irm.obligations.opening import open_duty

    now = city.clock.now()
    row = ObligationRow(
        id=uuid7(),
        key=f"pds/vendor-drills|{bearer}|{ordinal}|1",
        rule_id="pingdingshan-cloud-2019/vendor-drills",
        pack_id="pingdingshan-cloud-2019",
        pack_version="1",
        title={"zh-CN": "每年至少 2 次演练", "en": "Two drills a year"},
        citation={"instrument": {"zh-CN": "例"}, "article": {"zh-CN": "第十四条"}},
        force="规范性文件",
        rule_status="verified",
        kind="timed",
        form="drill_report",
        satisfied_by=["drill_report"],
        has_waiver=False,
        bearer_id=bearer,
        recipient_id=city.authority,
        recipient_kind="cloud_authority",
        recipient_tier="city",
        subject=f"organization/{bearer}",
        number="vendor",
        page="/",
        severity=None,
        start_event="period",
        started_at=now.replace(month=1, day=1),
        arose_at=now.replace(month=1, day=1),
        due_at=now.replace(month=12, day=31),
        why=[],
        status="open",
        born_late=False,
        reminded=[],
        generation=1,
        exercise=False,
        period="2026",
        ordinal=ordinal,
        ordinals=2,
    )
    async with city.db.transaction() as tx:
        await open_duty(tx, row, actor=SYSTEM, now=now)
    return row.id
