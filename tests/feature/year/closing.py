"""Drills of the year: one on the engine, one that was missed and is recorded when it was made up; and what closes the year."""

import json
import shutil
import subprocess
import sys
import zipfile
from collections import Counter
from datetime import timedelta
from pathlib import Path
from typing import Any, Final

from sqlalchemy import text

from irm.access import queries as access
from irm.drills.scoring import ITEMS
from irm.reports.figures import take
from irm.reports.span import Span
from irm.reports.tally import canonical, flat
from tests.feature.year.chapters import DESKS, LEADERS, tested
from tests.feature.year.living import PDF, Year, at

ACTIONS: Final = frozenset(
    {
        "obligation.opened",
        "obligation.overdue",
        "finding.raised",
        "finding.returned",
        "assessment.filed",
        "drill.started",
        "submission.submitted",
        "change.plan_handed_in",
    }
)
SCENARIO: Final = """apiVersion: irm/v1
kind: Scenario
id: small
title: {zh-CN: 小演练, en: Small}
summary: {zh-CN: 例, en: Example}
objectives: [{zh-CN: 呼叫畅通, en: Paging works}]
lasts: 1h
injects:
  - id: first
    at: start
    title: {zh-CN: 平台文件被加密, en: Files encrypted}
    file:
      text: {zh-CN: 平台虚拟机文件被加密。, en: Files are encrypted.}
      category: malware
      subcategory: ransomware
      by: maintainer
      facts: {system_loss: interrupted}
  - id: worse
    at: 10m
    title: {zh-CN: 影响扩大, en: It spreads}
    state: {of: first, facts: {system_loss: long_or_partial}}
  - id: call
    at: hand
    title: {zh-CN: 媒体来电, en: The press calls}
    message: {to: player, text: {zh-CN: 媒体来电询问。, en: The press calls.}}
expect:
  - {id: ack, measure: first_acknowledgement, within: 15m}
"""


# -- drills


async def a_drill_on_the_engine(year: Year) -> None:
    await year.until(at(9, 15, 9))
    year.expected(*DESKS, *LEADERS)
    parts = {"vendor.planner": "director", "vendor.duty": "player", "authority.duty": "player"}
    parts |= {"vendor.leader": "player", "authority.evaluator": "evaluator"}
    plan = {
        "title": "夜间勒索演练",
        "kind": "practical",
        "content": "special",
        "planned_from": at(9, 15, 9).isoformat(),
        "planned_until": at(9, 15, 11).isoformat(),
        "organizations": [str(year.places["authority"])],
        "system": "cloud",
        "scenario_source": SCENARIO,
        "participants": [{"person": str(year.people[who].person_id), "part": part} for who, part in parts.items()],
    }
    number = (await year.post("vendor.planner", "/api/v1/drills", **plan))["drill"]["number"]
    path = f"/api/v1/drills/{number}"
    await year.post("vendor.planner", f"{path}/actions", status=403, action="approve")
    await year.post("vendor.leader", f"{path}/actions", action="approve")
    await year.post("vendor.planner", f"{path}/actions", action="start")
    await year.work()
    await year.until(year.clock.now() + timedelta(minutes=11))
    await year.post("vendor.planner", f"{path}/injects/call")
    await year.until(year.clock.now() + timedelta(minutes=20))
    heard = year.expected(*parts)
    assert heard["vendor.duty"]
    assert all("演练" in one for messages in heard.values() for one in messages)
    shown = await year.get("vendor.planner", f"/drills/{number}/room")
    assert "影响扩大" in shown
    await year.post("vendor.planner", f"{path}/actions", action="end")
    sheet = {"scores": dict.fromkeys(ITEMS, 3), "hand_in": True}
    await year.ask("authority.evaluator", "PUT", f"{path}/sheet", json=sheet)
    await reported(year, path)
    year.expected(*parts)
    first, second = await year.owed("/vendor-drills")
    assert (first.status, second.status) == ("submitted", "open"), "one of two"
    await received(year)
    first, second = await year.owed("/vendor-drills")
    assert (first.status, second.status) == ("met", "open")


async def reported(year: Year, path: str) -> None:
    """The report of an evaluated drill, approved by somebody else; improvements become findings."""
    improvement = {"title": "补充备用联系电话", "organization": str(year.places["vendor"])}
    report = {"items": {"overview": "概要", "conclusion": "合格"}, "improvements": [improvement], "submit": True}
    await year.ask("vendor.planner", "PUT", f"{path}/report", json=report)
    await year.post("vendor.planner", f"{path}/actions", status=403, action="approve_report")
    await year.post("vendor.leader", f"{path}/actions", action="approve_report")
    await year.work()


async def received(year: Year) -> None:
    """The cloud authority takes every report on a drill on file that it has got."""
    async with year.db.transaction() as tx:
        rows = await tx.execute(text("SELECT id FROM submission WHERE form = 'drill_report' AND status = 'submitted'"))
        waiting = [one for (one,) in rows]
    assert waiting
    for one in waiting:
        await year.post("authority.duty", f"/api/v1/submissions/{one}/receipt", outcome="received", means="irm")


async def one_is_missed_and_made_up(year: Year) -> None:
    """Planned for November and never begun; held in December without the engine, written down in January."""
    await year.until(at(11, 2))
    plan = {
        "title": "门户篡改演练",
        "kind": "practical",
        "content": "special",
        "planned_from": at(11, 18, 9).isoformat(),
        "planned_until": at(11, 18, 11).isoformat(),
        "system": "cloud",
        "scenario": "portal-defacement",
        "participants": [
            {"person": str(year.people["vendor.planner"].person_id), "part": "director"},
            {"person": str(year.people["vendor.duty"].person_id), "part": "player"},
        ],
    }
    number = (await year.post("vendor.planner", "/api/v1/drills", **plan))["drill"]["number"]
    await year.post("vendor.leader", f"/api/v1/drills/{number}/actions", action="approve")
    await year.until(at(12, 1))
    gone = {"action": "cancel", "reason": "参演人员抽调"}
    await year.post("vendor.planner", f"/api/v1/drills/{number}/actions", **gone)
    await year.until(at(12, 31, 23, 50))


async def new_year(year: Year) -> None:
    """At midnight the year's limits pass: what was done is not late, what was not is, and its people are called."""
    year.expected(*DESKS, *LEADERS)
    await year.until(at(1, 1, 0, 10, year=2027))
    late = {(one.rule_id.partition("/")[2], one.bearer_id) for one in await year.owed(period="2026") if one.overdue_at}
    assert ("test-level-3", year.places["unit"]) in late
    assert ("test-level-3", year.places["vendor"]) not in late
    assert ("vendor-drills", year.places["vendor"]) in late
    assert not [one for one in late if one[0] in {"comprehensive-drill", "plan-next-year"}], "a standard only reminds"
    heard = year.expected(*DESKS)
    assert heard["unit.duty"]
    assert heard["vendor.duty"]
    assert {one.period for one in await year.owed("mlps/test-level-3", "oa")} == {"2026", "2027"}
    quota = await year.get("vendor.leader", "/api/v1/drills/quota", year="2026")
    line = next(one for one in quota["lines"] if one["rule"].endswith("/vendor-drills"))
    assert (line["required"], line["held"], line["missing"]) == (2, 1, 1)


async def made_up(year: Year) -> None:
    await year.until(at(1, 5, year=2027))
    year.expected(*DESKS, *LEADERS)
    given = {
        "title": "门户篡改桌面推演",
        "kind": "tabletop",
        "content": "special",
        "started_at": at(12, 30, 9).isoformat(),
        "ended_at": at(12, 30, 11).isoformat(),
        "participants": [
            {"person": str(year.people["vendor.planner"].person_id), "part": "director"},
            {"person": str(year.people["vendor.duty"].person_id), "part": "player"},
        ],
    }
    made = await year.post("vendor.planner", "/api/v1/drills/recorded", **given)
    number = made["drill"]["number"]
    assert made["drill"]["recorded_afterwards"]
    await year.ask("vendor.planner", "POST", f"/drills/{number}/files", files={"files": ("签到表.pdf", PDF)})
    await year.post("vendor.planner", f"/api/v1/drills/{number}/actions", action="close_evaluation")
    await reported(year, f"/api/v1/drills/{number}")
    await received(year)
    _, second = await year.owed("/vendor-drills", period="2026")
    assert (second.status, second.overdue_at) == ("met", at(1, 1, 0, year=2027)), "met, and late for ever"
    quota = await year.get("vendor.leader", "/api/v1/drills/quota", year="2026")
    line = next(one for one in quota["lines"] if one["rule"].endswith("/vendor-drills"))
    assert (line["held"], line["missing"]) == (2, 0)


async def a_test_comes_late(year: Year) -> None:
    await tested(year, "unit.lead", "oa", at(1, 7, year=2027), at(1, 12, year=2027))
    (test,) = await year.owed("mlps/test-level-3", "oa", period="2026")
    assert (test.status, test.overdue_at) == ("met", at(1, 1, 0, year=2027))
    (following,) = await year.owed("mlps/test-level-3", "oa", period="2027")
    assert following.status == "open", "the test of one year is not that of the next"


# -- February: the report and the proof


async def the_years_report(year: Year) -> dict[str, Any]:
    """The city's edition, approved by a second person; the units' figures add up to it."""
    await year.until(at(2, 1, year=2027))
    year.expected(*DESKS, *LEADERS)
    asked = {"year": 2026, "organization": "authority", "scope": "city"}
    edition = (await year.post("authority.lead", "/api/v1/editions", **asked))["id"]
    await year.work()
    path = f"/api/v1/editions/{edition}"
    made: dict[str, Any] = await year.get("authority.lead", path)
    assert (made["status"], set(made["documents"])) == ("draft", {"pdf", "docx", "xlsx", "json"})
    await year.post("authority.lead", f"{path}/approval", status=403)
    assert (await year.post("authority.deputy", f"{path}/approval"))["status"] == "approved"
    page = await year.get("authority.deputy", f"/reports/{edition}")
    assert "全市" in page
    shown = await year.get("authority.lead", f"{path}/figures")
    assert shown["sha256"] == made["figures_sha256"]
    return made


async def figures_add_up(year: Year) -> None:
    async with year.db.transaction() as tx:
        now = year.clock.now()
        city = await take(tx, Span(2026, now, None), year.places["authority"])
        again = await take(tx, Span(2026, now, None), year.places["authority"])
        summed: Counter[tuple[str, str, str, str]] = Counter()
        for one in await access.organizations(tx):
            summed.update(flat(await take(tx, Span(2026, now, one.id), one.id), additive=True))
    assert canonical(city) == canonical(again)
    whole = {where: value for where, value in flat(city, additive=True).items() if value}
    assert {where: value for where, value in summed.items() if value} == whole
    counted = {where[:1] + where[3:]: 0 for where in whole}
    for where, value in whole.items():
        counted[where[:1] + where[3:]] += value
    for chapter, column in (("papers", "late"), ("papers", "in_time"), ("assessments", "late")):
        assert counted.get((chapter, column)), (chapter, column, sorted(counted))


async def the_years_pack(year: Year, folder: Path) -> None:
    """All of the year, proven with nothing but python3 on another machine."""
    asked = await year.post("authority.deputy", "/api/v1/evidence-packs", kind="year", name="2026")
    for _ in range(20):
        await year.work()
        pack = await year.get("authority.deputy", f"/api/v1/evidence-packs/{asked['id']}")
        if pack["state"] in {"ready", "failed"}:
            break
        year.clock.tick(seconds=5)
    assert pack["state"] == "ready", pack
    await year.sign_in(year.people["authority.deputy"])
    got = await year.client.get(f"/api/v1/evidence-packs/{asked['id']}/file")
    path = folder / "year.zip"
    path.write_bytes(got.content)
    code, faults, _ = verified(path)
    assert (code, faults) == (0, [])
    with zipfile.ZipFile(path) as there:
        name = next(one for one in there.namelist() if one.endswith("data/entries.jsonl"))
        actions = {json.loads(line)["action"] for line in there.read(name).decode().splitlines()}
    assert actions >= ACTIONS, ACTIONS - actions
    with zipfile.ZipFile(path) as there, zipfile.ZipFile(folder / "forged.zip", "w") as out:
        for one in there.namelist():
            data = there.read(one)
            out.writestr(one, data.replace(b"finding.returned", b"finding.accepted") if one == name else data)
    code, faults, _ = verified(folder / "forged.zip")
    assert code != 0
    assert faults, "one word of the year was changed"


def verified(pack: Path) -> tuple[int, list[Any], list[str]]:
    """By the pack's own script, without anything of irm and without installed packages."""
    folder = pack.with_suffix("")
    shutil.rmtree(folder, ignore_errors=True)
    with zipfile.ZipFile(pack) as there:
        there.extractall(folder)
    (root,) = folder.iterdir()
    done = subprocess.run(
        [sys.executable, "-I", "-S", root / "verify.py", "--lang", "en", "--json"],
        capture_output=True,
        text=True,
        check=False,
        cwd=folder,
        env={},
    )
    assert done.stdout, done.stderr
    told = json.loads(done.stdout)
    return done.returncode, told["faults"], told["said"]
