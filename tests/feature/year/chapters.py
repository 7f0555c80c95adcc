"""The months of the year: what people do in them, and what irm does by itself."""

from datetime import datetime, timedelta
from typing import Any, Final
from uuid import UUID

from tests.feature.year.living import PDF, Year, at, xlsx

HEAD: Final = ["发现的问题", "责任单位", "涉及系统", "风险等级", "重大风险隐患", "整改期限"]
OPERATIONS: Final = "/monthly-operations"
SECURITY: Final = "/monthly-security"
MISSED: Final = "2026-02"
LEADERS: Final = ("authority.leader", "authority.deputy", "vendor.leader", "other.leader", "unit.head")
DESKS: Final = ("authority.duty", "vendor.duty", "unit.duty", "other.duty")
# -- January: what the year asks for


async def january(year: Year) -> None:
    habits(year)
    await year.until(at(1, 1, 0, 6))
    for code in ("cloud", "oa", "web"):
        (test,) = await year.owed("mlps/test-level-3", code)
        assert (test.period, test.status, test.due_at) == ("2026", "open", at(1, 1, 0, year=2027)), code
    assert await year.owed("mlps/test-level-3", "school") == []
    assert [(one.ordinal, one.ordinals) for one in await year.owed("/vendor-drills")] == [(1, 2), (2, 2)]
    assert [one.period for one in await year.owed(OPERATIONS)] == ["2026-01"]
    assert {one.bearer_id for one in await year.owed("/comprehensive-drill")} == {
        year.places[name] for name in ("authority", "unit", "other")
    }
    assert all(one.overdue_at is None for one in await year.owed()), "what was before irm is history"
    shown = await year.get("unit.lead", "/api/v1/calendar", first="2026-01-01", last="2027-01-01")
    assert {one["bearer"]["id"] for one in shown["obligations"]} == {str(year.places["unit"])}
    quota = await year.get("vendor.leader", "/api/v1/drills/quota", year="2026")
    line = next(one for one in quota["lines"] if one["rule"].endswith("/vendor-drills"))
    assert (line["required"], line["held"], line["missing"]) == (2, 0, 2)
    year.expected()


# -- every month: the vendor's papers


def habits(year: Year) -> None:
    """On the 3rd the papers of the month before, but once; on the 28th the security report of this month."""
    for month in range(1, 13):
        year.routine.append((at(month, 3), operations))
        year.routine.append((at(month, 28, 16), security))
    year.routine += [(at(1, 3, year=2027), operations), (at(1, 28, 16, year=2027), security)]


async def operations(year: Year) -> None:
    soon = year.clock.now() + timedelta(days=20)
    found = await year.owed(OPERATIONS, status="open")
    await _hand_in(year, [one for one in found if one.period != MISSED and one.due_at and one.due_at < soon])


async def security(year: Year) -> None:
    await _hand_in(year, await year.owed(SECURITY, status="open"))


async def _hand_in(year: Year, duties: list[Any]) -> None:
    for one in duties:
        path = f"/api/v1/papers/{one.id}"
        await year.send("vendor.lead", path, "月度材料.pdf", PDF, text="资源使用、运维、建议")
        await year.post("authority.duty", f"{path}/answer", outcome="received")


async def a_missed_fifth(year: Year) -> None:
    """March: the papers of February come four days late."""
    await year.until(at(3, 5, 23, 59))
    year.expected("vendor.duty", "vendor.leader")
    await year.until(at(3, 6, 0, 5))
    urged = year.expected(*DESKS)["vendor.duty"]
    assert any("有应办事项" in one for one in urged), "by owed-default"
    assert not any("事件" in one for one in urged), "nobody is woken as for an incident"
    (missed,) = await year.owed(OPERATIONS, period=MISSED)
    assert (missed.status, missed.overdue_at) == ("open", at(3, 6, 0))
    await year.until(at(3, 6, 2))
    climbed = year.expected(*DESKS, "vendor.leader")
    assert climbed["vendor.leader"], "nobody answered"
    await year.until(at(3, 9))
    await _hand_in(year, await year.owed(OPERATIONS, period=MISSED))
    shown = await year.get("authority.second", "/api/v1/papers", year="2026")
    states = {(one["month"], one["form"]): one["state"] for one in shown["papers"]}
    assert states["2026-01", "monthly_operations"] == "in_time"
    assert states[MISSED, "monthly_operations"] == "late"


# -- spring: findings


async def findings_come(year: Year) -> None:
    await year.until(at(3, 10))
    rows = [
        ["审计日志保存不足六个月", "using_unit", "oa", "高风险", "是", "2026-04-20"],
        ["弱口令", "using_unit", "oa、web", "中风险", "否", "2026-04-10"],
        ["备份未演练", "other", "school", "高风险", "否", "2026-04-15"],
    ]
    names = {one["code"]: one["owner_name"] for one in (await year.get("authority.lead", "/api/v1/systems"))["systems"]}
    for row in rows:
        row[1] = names[row[2].partition("、")[0]]
    sheet = {"files": {"file": ("问题项.xlsx", xlsx(HEAD, rows))}}
    path = "/api/v1/findings/import"
    looked = await year.ask("authority.lead", "POST", path, params={"dry_run": "true"}, **sheet)
    assert (looked["new"], looked["written"]) == (3, False)
    taken = await year.ask("authority.lead", "POST", path, **sheet)
    assert (taken["new"], taken["written"]) == (3, True)
    again = await year.ask("authority.lead", "POST", path, **sheet)
    assert (again["new"], again["same"]) == (0, 3), "read again it changes nothing"


async def number_of(year: Year, title: str) -> str:
    found = await year.get("authority.lead", "/api/v1/findings", text=title)
    (one,) = found["findings"]
    number: str = one["number"]
    return number


async def rectified(year: Year) -> None:
    """Handed in, returned, handed in again, verified; and one in one go."""
    await year.until(at(3, 20))
    for title in ("弱口令", "审计日志"):
        path = f"/api/v1/findings/{await number_of(year, title)}"
        person = str(year.people["unit.lead"].person_id)
        await year.post("unit.lead", f"{path}/plan", plan="逐台核查", person=person)
        await year.send("unit.lead", f"{path}/attachments", "截图.png", b"\x89PNG\r\n\x1a\n" + b"0" * 40)
        await year.post("unit.lead", f"{path}/hand-in", text="已整改")
        await year.post("unit.lead", f"{path}/verify", status=403, accepted=True)
    weak = f"/api/v1/findings/{await number_of(year, '弱口令')}"
    back = await year.post("authority.lead", f"{weak}/verify", accepted=False, reason="门户未整改")
    assert (back["status"], back["returns"]) == ("planned", 1)
    await year.until(at(3, 25))
    await year.post("unit.lead", f"{weak}/hand-in", text="门户已整改")
    for title in ("弱口令", "审计日志"):
        path = f"/api/v1/findings/{await number_of(year, title)}/verify"
        assert (await year.post("authority.second", path, accepted=True))["status"] == "closed"


async def one_is_overdue(year: Year) -> None:
    """April: the other unit's duty officer is urged by itself, then its leader; a person decides about the talk."""
    number = await number_of(year, "备份")
    await year.until(at(4, 15, 23, 59))
    year.expected(*DESKS, *LEADERS)
    await year.until(at(4, 16, 0, 5))
    urged = year.expected(*DESKS)["other.duty"]
    assert any(number in one for one in urged), urged
    await year.until(at(4, 16, 3))
    climbed = year.expected(*DESKS, "other.leader")["other.leader"]
    assert any(number in one for one in climbed), climbed
    await year.until(at(4, 17, 9))
    path = f"/api/v1/findings/{number}"
    (talk,) = (await year.get("authority.lead", path))["proposals"]
    assert (talk["kind"], talk["accepted"]) == ("talk", None)
    assert number in await year.get("authority.lead", "/")
    await year.post("other.lead", f"{path}/proposals/{talk['id']}", status=403, accepted=True)
    decided = await year.post("authority.lead", f"{path}/proposals/{talk['id']}", accepted=True)
    assert [one["accepted"] for one in decided["proposals"]] == [True]
    await year.post("other.lead", f"{path}/plan", plan="恢复演练", person=str(year.people["other.lead"].person_id))
    await year.post("other.lead", f"{path}/hand-in", text="已演练")
    await year.post("authority.lead", f"{path}/verify", accepted=True)
    (duty,) = [one for one in await year.owed() if one.subject.startswith("finding/") and one.number == number]
    assert (duty.status, duty.overdue_at) == ("met", at(4, 16, 0)), "late stays late"


# -- summer: certificates, tests, a change


async def tested(year: Year, who: str, system: str, started: datetime, filed: datetime) -> None:
    """A test of 2026 from plan to the police."""
    body = {"system": system, "planned_on": str(started.date()), "year": 2026}
    made = await year.post(who, "/api/v1/assessments", **body, tester=str(year.places["tester"]))
    path = f"/api/v1/assessments/{made['number']}"
    await year.until(started)
    await year.post("tester.assessor", f"{path}/start", started_on=str(started.date()))
    await year.until(filed)
    report = {"cover_on": str(started.date()), "rate": "92.35", "major": "0", "high": "0", "conclusion": "conform"}
    came = await year.send("tester.assessor", f"{path}/report", "测评报告.pdf", PDF, medium="4", **report)
    assert (came["status"], came["computed"], came["flagged"]) == ("reported", "conform", False)
    handed = {"means": "paper", "stated_at": filed.isoformat()}
    done = await year.post(who, f"{path}/file", recipient=str(year.places["police"]), **handed)
    assert done["status"] == "filed"
    await year.work()
    await year.post(who, f"/api/v1/submissions/{done['submission']}/receipt", outcome="received", means="letter")


async def the_certificate_grows_and_renews(year: Year) -> None:
    assert await year.owed("/certificate-renewal") == []
    await year.until(at(4, 30, 9))
    await year.until(at(5, 1, 0, 10))
    (renewal,) = await year.owed("/certificate-renewal")
    assert (renewal.system_id, renewal.due_at) == (UUID(year.systems["web"]), at(8, 1, 0))
    before = await year.get("vendor.lead", "/systems/cloud")
    assert "2028-01-01" in before
    await tested(year, "vendor.lead", "cloud", at(5, 11), at(5, 20))
    (test,) = await year.owed("mlps/test-level-3", "cloud")
    assert (test.status, test.overdue_at) == ("met", None)
    after = await year.get("vendor.lead", "/systems/cloud")
    assert "2029-01-01" in after, "a completed test adds a year"
    draft = (await year.post("unit.lead", f"/api/v1/obligations/{renewal.id}/report"))["id"]
    await year.until(at(6, 10))
    given = {"means": "paper", "items": {"text": "换证申请"}, "stated_at": at(6, 10, 9).isoformat()}
    await year.post("unit.lead", f"/api/v1/submissions/{draft}/submit", **given)
    await year.post("unit.lead", f"/api/v1/submissions/{draft}/receipt", outcome="received", means="letter")
    known = await year.get("unit.lead", "/api/v1/systems/web")
    until = {"certificate_until": "2029-06-30", "version": known["version"]}
    await year.ask("unit.lead", "PATCH", "/api/v1/systems/web", json=until)
    await year.until(at(6, 11))
    assert [(one.status, one.overdue_at) for one in await year.owed("/certificate-renewal")] == [("met", None)]


async def a_change_too_late(year: Year) -> None:
    await year.until(at(7, 6))
    body = {"title": "虚拟化层升级", "system": "cloud", "contact": "值班工程师", "risk": "high", "detail": "逐台升级"}
    start = {"planned_start": at(7, 8, 22).isoformat(), "planned_until": at(7, 9, 4).isoformat()}
    made = await year.post("vendor.lead", "/api/v1/changes", **body, **start)
    assert made["limit"]["is_late"] is True
    path = f"/api/v1/changes/{made['number']}"
    await year.send("vendor.lead", f"{path}/files", "方案.pdf", PDF)
    await year.post("vendor.lead", f"{path}/plan", text="方案、回退、联系人")
    await year.post("vendor.lead", f"{path}/notices", text="周三夜间，中断 15 分钟")
    assert (await year.post("authority.duty", f"{path}/answer", outcome="received"))["state"] == "agreed"
    await year.until(at(7, 9, 9))
    assert (await year.post("vendor.lead", f"{path}/done", remark="顺利"))["state"] == "done"
    (plan,) = await year.owed("/change-plan")
    assert plan.status == "met"
    assert plan.overdue_at is not None, "late stays late"
