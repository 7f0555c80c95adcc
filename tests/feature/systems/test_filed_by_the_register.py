"""A filing or a renewed certificate typed into the register meets the duty, on time or late; it does not just end it."""

import io
from dataclasses import dataclass, replace
from datetime import date
from typing import Any
from uuid import UUID

import httpx
import pytest
from openpyxl import load_workbook
from sqlalchemy import text

from irm.access.policy import AUTHORITY, Role
from irm.clock import FixedClock
from irm.db import Database
from tests import make

FILED = {"filing_number": "41040012345-24001", "filing_authority": "平顶山市公安局", "filed_on": "2026-11-18"}


@dataclass(frozen=True)
class Scene:
    client: httpx.AsyncClient
    db: Database
    drain: Any
    sign_in: Any
    system: UUID
    lead: make.Account
    second: make.Account
    authority: make.Account

    async def change(self, **fields: Any) -> None:
        version = (await self.client.get("/api/v1/systems/oa")).json()["version"]
        changed = await self.client.patch("/api/v1/systems/oa", json={"version": version, **fields})
        assert changed.status_code == 200, changed.text
        await self.drain()

    async def duties(self, form: str = "mlps_filing") -> list[dict[str, Any]]:
        async with self.db.transaction() as tx:
            rows = await tx.execute(
                text("SELECT * FROM obligation WHERE subject = :path AND form = :form ORDER BY arose_at, generation"),
                {"path": f"system/{self.system}", "form": form},
            )
            return [dict(row._mapping) for row in rows]

    async def handed(self, duty: dict[str, Any]) -> list[dict[str, Any]]:
        async with self.db.transaction() as tx:
            ids = await tx.scalars(
                text("SELECT submission_id FROM submission_obligation WHERE obligation_id = :id"), {"id": duty["id"]}
            )
            found = list(ids)
        return [(await self.client.get(f"/api/v1/submissions/{one}")).json() for one in found]


@pytest.fixture
async def scene(client: httpx.AsyncClient, sign_in: Any, db: Database, drain: Any) -> Scene:
    async with db.transaction() as tx:
        authority = await make.organization(tx, AUTHORITY)
        await make.organization(tx, "public_security", joined=False)
        unit = await make.organization(tx)
        system = await make.system(
            tx, unit, code="oa", name="协同办公", level_fixed_on=date(2026, 11, 2), live_on=date(2026, 11, 1)
        )
        lead = await make.account(tx, unit, Role.SECURITY_LEAD)
        second = await make.account(tx, unit, Role.SECURITY_LEAD)
        chief = await make.account(tx, authority, Role.SECURITY_LEAD)
    await drain()
    await sign_in(lead)
    return Scene(client, db, drain, sign_in, system, lead, second, chief)


async def test_the_filing_meets_the_duty_on_its_own_date(scene: Scene) -> None:
    (owed,) = await scene.duties()
    assert owed["status"] == "open"
    await scene.change(**FILED)
    (met,) = await scene.duties()
    assert (met["id"], met["status"]) == (owed["id"], "met")
    assert met["submitted_at"].isoformat() == "2026-11-17T16:00:00+00:00", "the day of the filing begins in Beijing"
    assert met["submitted_at"] < met["due_at"]
    assert met["overdue_at"] is None
    (report,) = await scene.handed(met)
    assert (report["status"], report["means"], report["entered_afterwards"]) == ("receipted", None, True)
    (receipt,) = report["receipts"]
    assert (receipt["outcome"], receipt["standing"]) == ("received", "self_declared")
    assert (receipt["number"], receipt["received_by"]) == (FILED["filing_number"], FILED["filing_authority"])
    page = await scene.client.get(f"/obligations/{met['id']}")
    assert "登记信息载明" in page.text


async def test_a_filing_after_the_limit_is_late(scene: Scene, clock: FixedClock) -> None:
    clock.tick(days=20)
    await scene.drain()
    await scene.sign_in(scene.lead)
    await scene.change(**FILED | {"filed_on": "2026-12-08"})
    (met,) = await scene.duties()
    assert met["status"] == "met"
    assert met["submitted_at"] > met["due_at"]
    assert met["overdue_at"] == met["due_at"]


async def test_a_second_person_confirms_what_was_typed_in(scene: Scene) -> None:
    await scene.change(**FILED)
    (met,) = await scene.duties()
    (report,) = await scene.handed(met)
    (receipt,) = report["receipts"]
    own = await scene.client.post(f"/api/v1/submissions/{report['id']}/receipt/{receipt['id']}/confirmation")
    assert own.status_code == 403
    await scene.sign_in(scene.second)
    other = await scene.client.post(f"/api/v1/submissions/{report['id']}/receipt/{receipt['id']}/confirmation")
    assert other.status_code < 300, other.text
    assert (await scene.handed(met))[0]["receipts"][0]["standing"] == "confirmed"


async def test_a_corrected_date_corrects_the_duty(scene: Scene) -> None:
    await scene.change(**FILED | {"filed_on": None})
    (met,) = await scene.duties()
    assert met["status"] == "met", "the number alone says that it was filed: by today at the latest"
    await scene.change(filed_on="2026-11-10")
    (met,) = await scene.duties()
    assert (met["status"], met["submitted_at"].isoformat()) == ("met", "2026-11-09T16:00:00+00:00")
    reports = await scene.handed(met)
    assert sorted(one["status"] for one in reports) == ["discarded", "receipted"]


async def test_a_filing_of_another_system_taken_back_owes_again(scene: Scene) -> None:
    await scene.change(**FILED)
    await scene.change(filing_number=None, filing_authority=None, filed_on=None)
    first, again = await scene.duties()
    assert (first["status"], again["status"]) == ("superseded", "open")
    assert again["due_at"] == first["due_at"]


async def test_papers_on_their_way_get_the_number_as_their_receipt(scene: Scene) -> None:
    (owed,) = await scene.duties()
    draft = (await scene.client.post(f"/api/v1/obligations/{owed['id']}/report")).json()
    sent = await scene.client.post(
        f"/api/v1/submissions/{draft['id']}/submit",
        json={"means": "paper", "stated_at": "2026-11-17T10:00:00+08:00", "items": {"text": "备案表及附件"}},
    )
    assert sent.status_code < 300, sent.text
    await scene.change(**FILED)
    (met,) = await scene.duties()
    assert (met["status"], met["submitted_at"].isoformat()) == ("met", "2026-11-17T02:00:00+00:00")
    (report,) = await scene.handed(met)
    assert [one["number"] for one in report["receipts"]] == [FILED["filing_number"]]


async def test_the_list_that_is_read_in_meets_it_too(scene: Scene) -> None:
    await scene.sign_in(scene.authority)
    book = load_workbook(io.BytesIO((await scene.client.get("/api/v1/systems/export")).content))
    sheet = book.worksheets[0]
    heads = {cell.value: cell.column for row in sheet.iter_rows(max_row=5) for cell in row if cell.value}
    (line,) = [cell.row for row in sheet.iter_rows() for cell in row if cell.value == "oa"]
    for title, value in (("备案编号", FILED["filing_number"]), ("备案日期", FILED["filed_on"])):
        (column,) = [at for name, at in heads.items() if str(name).startswith(title)]
        sheet.cell(line, column, value)
    content = io.BytesIO()
    book.save(content)
    file = {"file": ("register.xlsx", content.getvalue())}
    path = (await scene.client.post("/api/v1/systems/imports", files=file)).headers["location"]
    await scene.drain()
    looked = (await scene.client.get(path)).json()
    done = await scene.client.post(f"{path}/write", json={"seen": looked["seen"]})
    assert done.status_code < 300, done.text
    await scene.drain()
    (met,) = await scene.duties()
    assert (met["status"], met["submitted_at"].isoformat()) == ("met", "2026-11-17T16:00:00+00:00")


async def test_a_renewed_certificate_meets_its_renewal(scene: Scene) -> None:
    await scene.change(**FILED, certificate_until="2026-12-31")
    (owed,) = await scene.duties("certificate_renewal")
    assert (owed["status"], owed["period"]) == ("open", "2026-12-31")
    await scene.change(certificate_until="2029-12-31")
    (met,) = await scene.duties("certificate_renewal")
    assert met["status"] == "met"
    (report,) = await scene.handed(met)
    assert (report["form"], report["receipts"][0]["standing"]) == ("certificate_renewal", "self_declared")


async def test_the_page_of_a_duty_makes_its_evidence_pack(scene: Scene) -> None:
    (owed,) = await scene.duties()
    page = await scene.client.get(f"/obligations/{owed['id']}", headers={"accept": "text/html"})
    assert 'name="kind" value="obligation"' in page.text
    asked = await scene.client.post("/evidence/packs", data={"kind": "obligation", "name": str(owed["id"])})
    assert asked.status_code == 303, asked.text
    assert asked.headers["location"].startswith("/evidence/packs/")


NEW = {
    "code": "portal",
    "name": "门户网站",
    "level": 3,
    "cii": "no",
    "life_cycle": "live",
    "level_fixed_on": "2026-11-02",
    "live_on": "2026-11-01",
}


async def register(scene: Scene, **fields: Any) -> Scene:
    """The same scene, looking at the system that was just registered."""
    async with scene.db.transaction() as tx:
        owner = await tx.scalar(text("SELECT owner_id FROM system WHERE code = 'oa'"))
    made = await scene.client.post("/api/v1/systems", json=NEW | {"owner": str(owner)} | fields)
    assert made.status_code == 201, made.text
    await scene.drain()
    return replace(scene, system=UUID(made.json()["id"]))


async def test_a_system_registered_with_its_filing_has_met_the_duty(scene: Scene) -> None:
    there = await register(scene, **FILED)
    (met,) = await there.duties()
    assert (met["status"], met["due_at"].isoformat()) == ("met", "2026-12-02T16:00:00+00:00")
    assert (met["submitted_at"].isoformat(), met["overdue_at"]) == ("2026-11-17T16:00:00+00:00", None)
    assert not met["born_late"]
    (report,) = await there.handed(met)
    assert report["receipts"][0]["number"] == FILED["filing_number"]
    async with there.db.transaction() as tx:
        waiting = await tx.scalar(
            text("SELECT count(*) FROM job WHERE done_at IS NULL AND key LIKE :mine"),
            {"mine": f"obligations.remind:{met['id']}%"},
        )
    assert not waiting, "what is met reminds nobody"


async def test_a_system_registered_after_a_late_filing_was_late(scene: Scene, clock: FixedClock) -> None:
    clock.tick(days=25)
    await scene.drain()
    await scene.sign_in(scene.lead)
    there = await register(scene, **FILED | {"filed_on": "2026-12-08", "in_use_from": "2026-11-01"})
    (met,) = await there.duties()
    assert met["status"] == "met"
    assert met["overdue_at"] == met["due_at"]
    assert not met["born_late"], "it knew its own level and day; coming late to the register excuses nothing"


async def test_level_dates_and_filing_stated_at_once_meet_the_duty(scene: Scene) -> None:
    there = await register(scene, level=None, level_fixed_on=None)
    assert not await there.duties()
    version = (await there.client.get("/api/v1/systems/portal")).json()["version"]
    changed = await there.client.patch(
        "/api/v1/systems/portal", json={"version": version, "level": 3, "level_fixed_on": "2026-11-02", **FILED}
    )
    assert changed.status_code == 200, changed.text
    await there.drain()
    (met,) = await there.duties()
    assert (met["status"], met["submitted_at"].isoformat()) == ("met", "2026-11-17T16:00:00+00:00")


async def test_what_was_filed_before_irm_was_in_use_is_history(scene: Scene) -> None:
    there = await register(
        scene, **FILED | {"filed_on": "2024-05-20"}, level_fixed_on="2024-05-01", live_on="2024-04-01"
    )
    assert not await there.duties()


async def test_the_day_of_grading_corrected_with_the_filing_moves_the_limit(scene: Scene) -> None:
    await scene.change(**FILED, level_fixed_on="2026-11-05")
    found = await scene.duties()
    assert sorted(one["status"] for one in found) == ["met", "superseded"]
    (met,) = [one for one in found if one["status"] == "met"]
    assert met["due_at"].isoformat() == "2026-12-05T16:00:00+00:00"


async def test_a_list_of_filed_systems_meets_their_duties(scene: Scene) -> None:
    await scene.sign_in(scene.authority)
    book = load_workbook(io.BytesIO((await scene.client.get("/api/v1/systems/export")).content))
    sheet = book.worksheets[0]
    heads = {cell.value: cell.column for row in sheet.iter_rows(max_row=5) for cell in row if cell.value}
    (line,) = [cell.row for row in sheet.iter_rows() for cell in row if cell.value == "oa"]
    for cell in list(sheet[line]):
        sheet.cell(line + 1, cell.column, {"oa": "portal", "协同办公": "门户网站"}.get(str(cell.value), cell.value))
    for title, value in (("备案编号", FILED["filing_number"]), ("备案日期", FILED["filed_on"])):
        (column,) = [at for name, at in heads.items() if str(name).startswith(title)]
        sheet.cell(line + 1, column, value)
    content = io.BytesIO()
    book.save(content)
    path = (await scene.client.post("/api/v1/systems/imports", files={"file": ("r.xlsx", content.getvalue())})).headers[
        "location"
    ]
    await scene.drain()
    looked = (await scene.client.get(path)).json()
    assert looked["new"] == 1, looked
    assert (await scene.client.post(f"{path}/write", json={"seen": looked["seen"]})).status_code < 300
    await scene.drain()
    async with scene.db.transaction() as tx:
        portal = await tx.scalar(text("SELECT id FROM system WHERE code = 'portal'"))
    (met,) = await replace(scene, system=portal).duties()
    assert (met["status"], met["submitted_at"].isoformat()) == ("met", "2026-11-17T16:00:00+00:00")
