"""A test from its plan to the report that the police have, and the year's duty that it meets."""

from dataclasses import dataclass, replace
from datetime import date
from typing import Any
from uuid import UUID

import httpx
import pytest
from sqlalchemy import text

from irm.access.policy import AUTHORITY, Role
from irm.clock import SHANGHAI, FixedClock
from irm.db import SYSTEM, Actor, Database
from irm.jobs import schedule
from irm.obligations.drafting import draft_submission
from irm.obligations.handing import submit_report
from irm.obligations.periodic import LOOK_AHEAD
from irm.obligations.subjects import Subject
from irm.rules.policies import choose_reading
from irm.systems.service import change_system, entry
from tests import make

_BODY = b"%PDF-1.4\n1 0 obj<</Type/Catalog/Pages 2 0 R>>endobj\n2 0 obj<</Type/Pages/Kids[]/Count 0>>endobj\n"
PDF = (
    _BODY
    + b"xref\n0 3\n0000000000 65535 f \n0000000009 00000 n \n0000000052 00000 n \n"
    + b"trailer<</Size 3/Root 1 0 R>>\nstartxref\n%d\n%%%%EOF\n" % len(_BODY)
)
REPORT = {"cover_on": "2026-11-18", "rate": "92.35", "major": "0", "high": "0", "medium": "4", "conclusion": "conform"}


@dataclass(frozen=True)
class Scene:
    client: httpx.AsyncClient
    sign_in: Any
    db: Database
    system: UUID
    police: UUID
    tester: UUID
    lead: make.Account
    assessor: make.Account
    officer: make.Account
    stranger: make.Account
    vendor: make.Account

    async def planned(self, **more: Any) -> str:
        await self.sign_in(self.lead)
        body = {"system": "oa", "planned_on": "2026-11-20", "tester": str(self.tester)} | more
        made = await self.client.post("/api/v1/assessments", json=body)
        assert made.status_code == 201, made.text
        number: str = made.json()["number"]
        return number

    async def report(self, number: str, content: bytes = PDF, name: str = "report.pdf", **more: str) -> httpx.Response:
        return await self.client.post(
            f"/api/v1/assessments/{number}/report", data=REPORT | more, files={"file": (name, content)}
        )

    async def duties(self) -> list[tuple[str, str]]:
        async with self.db.transaction() as tx:
            rows = await tx.execute(
                text(
                    "SELECT rule_id, status FROM obligation WHERE subject = :path AND form = 'assessment_report' ORDER BY rule_id, status"
                ),
                {"path": f"system/{self.system}"},
            )
            return [(rule, status) for rule, status in rows]


@pytest.fixture
async def scene(client: httpx.AsyncClient, sign_in: Any, db: Database, drain: Any) -> Scene:
    async with db.transaction() as tx:
        authority = await make.organization(tx, AUTHORITY)
        police = await make.organization(tx, "public_security", joined=False)
        unit, other = await make.organization(tx), await make.organization(tx)
        vendor, tester = await make.organization(tx, "vendor"), await make.organization(tx, "assessor")
        system = await make.system(tx, unit, code="oa", name="协同办公", maintainer_ids=[vendor])
        accounts = [
            await make.account(tx, organization, role)
            for organization, role in (
                (unit, Role.SECURITY_LEAD),
                (tester, Role.ASSESSOR),
                (authority, Role.SECURITY_LEAD),
                (other, Role.SECURITY_LEAD),
                (vendor, Role.SECURITY_LEAD),
            )
        ]
    await drain()
    return Scene(client, sign_in, db, system, police, tester, *accounts)


async def test_from_the_plan_to_the_police(scene: Scene) -> None:
    number = await scene.planned()
    assert await scene.duties() == [("mlps/test-level-3", "open")]
    await scene.sign_in(scene.assessor)
    begun = await scene.client.post(f"/api/v1/assessments/{number}/start", json={"started_on": "2026-11-17"})
    assert begun.json()["status"] == "under_way", begun.text
    came = (await scene.report(number)).json()
    assert (came["status"], came["template"], came["computed"], came["flagged"]) == (
        "reported",
        "2025",
        "conform",
        False,
    )
    body = {"recipient": str(scene.police), "means": "paper", "stated_at": "2026-11-20T16:00:00+08:00"}
    refused = await scene.client.post(f"/api/v1/assessments/{number}/file", json=body)
    assert refused.status_code == 403, "the client files, not the tester"
    await scene.sign_in(scene.lead)
    filed = (await scene.client.post(f"/api/v1/assessments/{number}/file", json=body)).json()
    assert (filed["status"], filed["filed_on"]) == ("filed", "2026-11-20"), filed
    assert await scene.duties() == [("mlps/test-level-3", "submitted")]
    again = await scene.client.post(f"/api/v1/assessments/{number}/file", json=body)
    assert again.status_code == 409


async def test_read_as_within_twelve_months_of_the_last_test_the_next_one_counts_from_the_report_that_was_filed(
    scene: Scene, clock: FixedClock, drain: Any
) -> None:
    async def duties() -> list[tuple[str, str, str]]:
        async with scene.db.transaction() as tx:
            rows = await tx.execute(
                text("SELECT period, status, due_at FROM obligation WHERE rule_id = :rule ORDER BY due_at"),
                {"rule": "mlps/test-level-3-since-last"},
            )
            return [(period, status, due_at.astimezone(SHANGHAI).date().isoformat()) for period, status, due_at in rows]

    async with scene.db.transaction() as tx:
        known, version = await entry(tx, scene.system)
        live = replace(known, live_on=date(2026, 3, 31))
        await change_system(tx, scene.system, live, version=version, actor=SYSTEM, now=clock.now())
        await choose_reading(tx, "mlps/every-year", "since-the-last", reason="strict", actor=SYSTEM, now=clock.now())
        await schedule(tx, LOOK_AHEAD, {"at": "night"}, run_at=clock.now())
    await drain()
    assert await scene.duties() == [("mlps/test-level-3", "superseded"), ("mlps/test-level-3-since-last", "open")]
    assert await duties() == [("2026-03-31", "open", "2027-04-01")], "never tested, it counts from going live"
    number = await scene.planned()
    assert (await scene.report(number)).json()["status"] == "reported"
    await drain()
    assert len(await duties()) == 1, "a report that is in still owes its filing"
    body = {"recipient": str(scene.police), "means": "paper", "stated_at": "2026-11-20T16:00:00+08:00"}
    assert (await scene.client.post(f"/api/v1/assessments/{number}/file", json=body)).status_code < 300
    await drain()
    before, after = await duties()
    assert before == ("2026-03-31", "submitted", "2027-04-01")
    assert after == ("2026-11-18", "open", "2027-11-19"), "to the end of 18 November"


async def test_a_report_that_the_police_send_back_waits_again(scene: Scene) -> None:
    number = await scene.planned()
    await scene.report(number)
    body = {"recipient": str(scene.police), "means": "paper", "stated_at": "2026-11-20T16:00:00+08:00"}
    filed = (await scene.client.post(f"/api/v1/assessments/{number}/file", json=body)).json()
    answer = await scene.client.post(
        f"/api/v1/submissions/{filed['submission']}/receipt",
        json={"outcome": "refused", "means": "letter", "note": "封面未盖章"},
    )
    assert answer.status_code < 300, answer.text
    assert (await scene.client.get(f"/api/v1/assessments/{number}")).json()["status"] == "reported"
    assert await scene.duties() == [("mlps/test-level-3", "open")]
    once_more = await scene.client.post(f"/api/v1/assessments/{number}/file", json=body)
    assert once_more.json()["status"] == "filed", once_more.text


@pytest.mark.parametrize(
    ("content", "name"),
    [
        (b"not a pdf at all", "report.pdf"),
        (PDF[:60], "report.pdf"),
        (b"%PDF-1.4\nhello\n%%EOF", "report.pdf"),
        (b"plain words", "report.txt"),
        (PDF.replace(b"%d\n%%%%EOF" % len(_BODY), b"3\n%%EOF"), "report.pdf"),
    ],
)
async def test_a_file_that_is_no_readable_pdf_is_refused(scene: Scene, content: bytes, name: str) -> None:
    number = await scene.planned()
    refused = await scene.report(number, content, name)
    assert refused.status_code == 422
    assert {one["field"] for one in refused.json()["errors"]} == {"file"}
    assert (await scene.client.get(f"/api/v1/assessments/{number}")).json()["status"] == "planned"


async def test_what_the_report_states_counts_and_what_its_figures_give_flags_it(scene: Scene) -> None:
    number = await scene.planned()
    flagged = (await scene.report(number, rate="88.00", conclusion="conform")).json()
    assert (flagged["conclusion"], flagged["computed"], flagged["flagged"]) == ("conform", "basically", True)
    open_ = (await scene.report(number, rate="90", conclusion="basically")).json()
    assert (open_["computed"], open_["flagged"]) == ("judge", False)
    old = (await scene.report(number, cover_on="2025-03-19", rate="９１", conclusion="good")).json()
    assert (old["template"], old["rate"], old["computed"]) == ("2021", "91", "good")


async def test_every_fault_of_a_report_is_named(scene: Scene) -> None:
    number = await scene.planned()
    refused = await scene.client.post(
        f"/api/v1/assessments/{number}/report",
        data={"cover_on": "2027-01-01", "rate": "92", "major": "1", "rectified_major": "2", "conclusion": "good"},
        files={"other": (None, "")},
    )
    assert {one["field"] for one in refused.json()["errors"]} == {"cover_on", "conclusion", "rectified_major", "file"}
    odd = await scene.report(number, rate="101", major="x", cover_on="gestern")
    assert {one["field"] for one in odd.json()["errors"]} == {"cover_on", "rate", "major"}


async def test_who_sees_a_test_and_who_its_major_risks(scene: Scene) -> None:
    number = await scene.planned()
    await scene.report(number, major="3", rectified_major="1", rate="80", conclusion="basically")
    for stranger in (scene.stranger, scene.vendor):
        await scene.sign_in(stranger)
        assert (await scene.client.get("/api/v1/assessments")).json()["assessments"] == []
        unseen = await scene.client.get(f"/api/v1/assessments/{number}")
        unknown = await scene.client.get("/api/v1/assessments/CP-2026-99999")
        assert (unseen.status_code, unseen.json()["detail"]) == (404, unknown.json()["detail"])
    for knows in (scene.assessor, scene.officer, scene.lead):
        await scene.sign_in(knows)
        assert (await scene.client.get(f"/api/v1/assessments/{number}")).json()["major"] == 3


async def test_cancelled_with_a_reason_it_stays_as_it_is(scene: Scene, clock: FixedClock) -> None:
    number = await scene.planned()
    silent = await scene.client.post(f"/api/v1/assessments/{number}/cancel", json={"reason": " "})
    assert silent.status_code == 422
    gone = await scene.client.post(f"/api/v1/assessments/{number}/cancel", json={"reason": "系统停用"})
    assert gone.json()["status"] == "cancelled"
    assert (await scene.report(number)).status_code == 409


async def test_a_plan_may_change_until_the_report_is_in(scene: Scene) -> None:
    number = await scene.planned()
    changed = await scene.client.patch(f"/api/v1/assessments/{number}", json={"planned_on": "2026-12-01"})
    assert (changed.json()["planned_on"], changed.json()["tester"]) == ("2026-12-01", None)
    nobody = await scene.client.patch(
        f"/api/v1/assessments/{number}", json={"planned_on": "2026-12-01", "tester": str(scene.police)}
    )
    assert {one["field"] for one in nobody.json()["errors"]} == {"tester"}


async def _duty(scene: Scene) -> str:
    async with scene.db.transaction() as tx:
        found: UUID = (
            await tx.execute(
                text(
                    "SELECT id FROM obligation WHERE subject = :path AND form = 'assessment_report' ORDER BY rule_id, status"
                ),
                {"path": f"system/{scene.system}"},
            )
        ).scalar_one()
    return str(found)


async def _handed_over_on_the_page_of_the_duty(scene: Scene, at: str = "2026-11-20T16:00:00+08:00") -> str:
    drafted = await scene.client.post(f"/api/v1/obligations/{await _duty(scene)}/report")
    report: str = drafted.json()["id"]
    body = {"means": "paper", "stated_at": at, "items": {"conclusion": "某测评机构，符合"}}
    handed = await scene.client.post(f"/api/v1/submissions/{report}/submit", json=body)
    assert handed.status_code < 300, handed.text
    return report


async def test_handed_over_on_the_page_of_the_duty_it_is_filed_too(scene: Scene) -> None:
    number = await scene.planned()
    await scene.report(number)
    report = await _handed_over_on_the_page_of_the_duty(scene)
    filed = (await scene.client.get(f"/api/v1/assessments/{number}")).json()
    assert (filed["status"], filed["filed_on"], filed["submission"]) == ("filed", "2026-11-20", report)
    refused = {"outcome": "refused", "means": "letter", "note": "封面未盖章"}
    await scene.client.post(f"/api/v1/submissions/{report}/receipt", json=refused)
    assert (await scene.client.get(f"/api/v1/assessments/{number}")).json()["status"] == "reported"


async def test_a_report_handed_over_before_irm_knew_it_is_filed_when_it_comes_in(scene: Scene) -> None:
    number = await scene.planned()
    report = await _handed_over_on_the_page_of_the_duty(scene)
    assert (await scene.client.get(f"/api/v1/assessments/{number}")).json()["status"] == "planned"
    came = (await scene.report(number)).json()
    assert (came["status"], came["submission"]) == ("filed", report)


async def test_a_desk_that_the_article_does_not_name_is_refused(scene: Scene) -> None:
    async with scene.db.transaction() as tx:
        county = await make.organization(tx, "public_security", joined=False, tier="county", name="某区公安分局")
    number = await scene.planned()
    await scene.report(number)
    page = await scene.client.get(f"/assessments/{number}")
    assert str(scene.police) in page.text
    assert str(county) not in page.text
    body = {"recipient": str(county), "means": "paper", "stated_at": "2026-11-20T16:00:00+08:00"}
    refused = await scene.client.post(f"/api/v1/assessments/{number}/file", json=body)
    assert refused.status_code == 422
    assert {one["field"] for one in refused.json()["errors"]} == {"recipient"}
    assert "条款规定的接收单位" in refused.text


async def test_a_yearly_report_on_paper_has_days_for_its_receipt(scene: Scene, clock: FixedClock, drain: Any) -> None:
    number = await scene.planned()
    await scene.report(number)
    report = await _handed_over_on_the_page_of_the_duty(scene)

    async def alarms() -> int:
        async with scene.db.transaction() as tx:
            asked = text("SELECT count(*) FROM ledger_entry WHERE action = 'submission.unreceipted'")
            return int((await tx.execute(asked)).scalar_one())

    clock.tick(days=9)
    await drain()
    assert await alarms() == 0
    await scene.sign_in(scene.lead)
    page = await scene.client.get(f"/submissions/{report}")
    assert "回执应于" in page.text
    assert "内控时限" in page.text
    clock.tick(days=2)
    await drain()
    assert await alarms() == 1


async def test_what_a_vendor_hands_to_somebody_else_is_not_the_filing(scene: Scene, drain: Any) -> None:
    """A city's rules may ask the vendor for the same paper; the police still wait for the client."""
    number = await scene.planned()
    await scene.report(number)
    async with scene.db.transaction() as tx:
        at = tx.clock.now()
        actor = Actor("person", scene.vendor.person_id, scene.vendor.organization_id)
        subject = Subject(f"system/{scene.system}", "oa", "/systems/oa", system_id=scene.system)
        draft = await draft_submission(
            tx,
            subject=subject,
            form="assessment_report",
            organization_id=scene.vendor.organization_id,
            recipient_id=scene.officer.organization_id,
            items={"conclusion": "符合"},
            actor=actor,
            now=at,
        )
        await submit_report(tx, draft, means="paper", actor=actor, now=at)
    await drain()
    await scene.sign_in(scene.lead)
    assert (await scene.client.get(f"/api/v1/assessments/{number}")).json()["status"] == "reported"
