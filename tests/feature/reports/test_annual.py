"""The year's report from asking to approval: editions, documents, what changed, who may."""

from datetime import UTC, datetime
from typing import Any

import httpx
import pytest

from irm.access.policy import Role
from irm.db import Database
from irm.ledger import LedgerEntryRow
from irm.reports import service
from irm.reports.models import EditionRow
from irm.reports.rendering import FORMATS as FORMATS_OF_TODAY, Edition, rendered
from tests import make
from tests.conftest import Drain, SignIn
from tests.feature.reports.conftest import MARCH, Town

FORMATS = ("pdf", "docx", "xlsx", "html", "json")


async def made(client: httpx.AsyncClient, drain: Drain, **asked: Any) -> dict[str, Any]:
    answer = await client.post("/api/v1/editions", json={"year": 2026, "organization": "unit-a", **asked})
    assert answer.status_code == 202, answer.text
    assert answer.json()["status"] == "making"
    await drain()
    found: dict[str, Any] = (await client.get(f"/api/v1/editions/{answer.json()['id']}")).json()
    assert (found["status"], found["done"]) == ("draft", found["steps"])
    return found


async def documents(client: httpx.AsyncClient, edition: str) -> dict[str, bytes]:
    found = {}
    for form in FORMATS:
        answer = await client.get(f"/reports/{edition}/document", params={"format": form})
        assert answer.status_code == 200, answer.text
        found[form] = answer.content
    return found


async def test_a_unit_makes_its_report_and_its_head_approves(sign_in: SignIn, drain: Drain, year: Town) -> None:
    client = await sign_in(year.unit_lead)
    one = await made(client, drain)
    assert set(one["documents"]) == {"pdf", "docx", "xlsx", "json"}
    figures = (await client.get(f"/api/v1/editions/{one['id']}/figures")).json()
    assert figures["sha256"] == one["figures_sha256"]
    assert (await client.post(f"/api/v1/editions/{one['id']}/approval")).status_code == 403, (
        "its maker is no second person"
    )
    head = await sign_in(year.unit_head)
    approved = await head.post(f"/api/v1/editions/{one['id']}/approval")
    assert approved.json()["status"] == "approved"
    assert approved.json()["submission"] is None, "no rule asks for it"
    again = await head.post(f"/api/v1/editions/{one['id']}/approval")
    assert again.status_code == 409
    words = {"commentary": {"overview": "x"}, "version": one["version"]}
    assert (await head.put(f"/api/v1/editions/{one['id']}/commentary", json=words)).status_code == 409


async def test_the_ledger_knows_figures_and_documents(sign_in: SignIn, drain: Drain, year: Town, db: Database) -> None:
    import json

    from sqlalchemy import select

    client = await sign_in(year.unit_lead)
    one = await made(client, drain)
    head = await sign_in(year.unit_head)
    await head.post(f"/api/v1/editions/{one['id']}/approval")
    async with db.transaction() as tx:
        entries = list(
            await tx.scalars(
                select(LedgerEntryRow)
                .where(
                    LedgerEntryRow.subject == service.subject_of(one["id"]),
                    LedgerEntryRow.action.startswith("edition."),
                )
                .order_by(LedgerEntryRow.at, LedgerEntryRow.id)
            )
        )
    assert [each.action for each in entries] == [
        "edition.requested",
        "edition.taken",
        "edition.ready",
        "edition.approved",
    ]
    body = (
        json.loads(entries[-1].body)["body"] if "body" in json.loads(entries[-1].body) else json.loads(entries[-1].body)
    )
    assert body["figures"] == one["figures_sha256"]
    assert body["documents"] == one["documents"]


async def test_each_document_is_a_job_of_its_own_so_the_bar_moves(sign_in: SignIn, year: Town, db: Database) -> None:
    from sqlalchemy import select

    from irm import performing
    from irm.jobs import JobRow, Resources
    from irm.wiring import WIRING

    client = await sign_in(year.unit_lead)
    asked = await client.post("/api/v1/editions", json={"year": 2026, "organization": "unit-a"})
    waiting = select(JobRow).where(JobRow.done_at.is_(None), JobRow.name.in_(["reports.take", "reports.render"]))
    async with db.transaction() as tx:
        (take,) = list(await tx.scalars(waiting))
        assert take.name == "reports.take"
    assert await performing.perform(db, WIRING.jobs, Resources(None, None), take.id)
    one = (await client.get(f"/api/v1/editions/{asked.json()['id']}")).json()
    assert (one["status"], one["done"], one["steps"]) == ("making", 1, 5)
    async with db.transaction() as tx:
        assert [each.name for each in await tx.scalars(waiting)] == ["reports.render"] * 4


async def test_what_is_kept_is_what_anybody_can_make_again(
    sign_in: SignIn, drain: Drain, year: Town, db: Database
) -> None:
    from hashlib import sha256

    client = await sign_in(year.unit_lead)
    one = await made(client, drain)
    found = await documents(client, one["id"])
    assert {form: sha256(found[form]).hexdigest() for form in one["documents"]} == one["documents"]
    async with db.transaction() as tx:
        row = await tx.get_one(EditionRow, one["id"])
        edition = Edition(row.number, await service.figures_of(tx, row), dict(row.commentary))
    for form, kept in one["documents"].items():
        assert sha256(rendered(edition, form, service.OFFICIAL)).hexdigest() == kept, form


async def test_what_was_kept_is_given_whatever_irm_would_make_today(
    sign_in: SignIn, drain: Drain, year: Town, monkeypatch: pytest.MonkeyPatch
) -> None:
    client = await sign_in(year.unit_lead)
    one = await made(client, drain)
    before = await documents(client, one["id"])
    monkeypatch.setitem(FORMATS_OF_TODAY, "pdf", (lambda *_: b"another layout", "application/pdf"))
    assert (await documents(client, one["id"]))["pdf"] == before["pdf"]


async def test_new_facts_make_a_new_edition_and_leave_the_old_one(sign_in: SignIn, drain: Drain, year: Town) -> None:
    client = await sign_in(year.unit_lead)
    first = await made(client, drain)
    before = await documents(client, first["id"])
    await year.incident((year.unit, MARCH), level=2)
    year.clock.tick(minutes=5)
    second = await made(client, drain)
    assert second["number"] == 2
    assert await documents(client, first["id"]) == before
    changes = (await client.get(f"/api/v1/editions/{second['id']}/changes")).json()
    assert changes["compared_with"] == 1
    parts = next(each for each in changes["changes"] if each["table"] == "各单位涉事情况")
    assert (parts["before"], parts["after"]) == (2, 3)
    assert [each["label"] for each in parts["added"]] == ["SJ-2026-000007 · incident 7"]
    page = await client.get(f"/reports/{second['id']}/changes")
    assert "SJ-2026-000007" in page.text
    assert "与第 1 版相比" in (await client.get(f"/reports/{second['id']}")).text
    third = await made(client, drain)
    assert (await client.get(f"/api/v1/editions/{third['id']}/changes")).json()["changes"] == []


async def test_while_one_is_made_asking_again_gives_that_one(sign_in: SignIn, drain: Drain, year: Town) -> None:
    client = await sign_in(year.unit_lead)
    asked = {"year": 2026, "organization": "unit-a"}
    first, second = [(await client.post("/api/v1/editions", json=asked)).json() for _ in range(2)]
    assert first["id"] == second["id"]
    page = await client.get(f"/reports/{first['id']}")
    assert "<progress" in page.text
    bar = await client.get(f"/reports/{first['id']}/progress", headers={"hx-request": "true"})
    assert "hx-refresh" not in bar.headers
    await drain()
    bar = await client.get(f"/reports/{first['id']}/progress", headers={"hx-request": "true"})
    assert bar.headers["hx-refresh"] == "true"


async def test_every_figure_leads_to_its_frozen_records(sign_in: SignIn, drain: Drain, year: Town) -> None:
    import re

    client = await sign_in(year.unit_lead)
    one = await made(client, drain)
    page = (await client.get(f"/reports/{one['id']}")).text
    links = [link.replace("&amp;", "&") for link in re.findall(rf'href="(/reports/{one["id"]}/records[^"]+)"', page)]
    assert len(links) > 10
    for link in links:
        answer = await client.get(link)
        assert answer.status_code == 200, link
        assert "<tr data-entry>" in answer.text, link
    asked = {"chapter": "incidents", "table": "by_category", "line": "attack", "column": "level_3"}
    found = (await client.get(f"/api/v1/editions/{one['id']}/records", params=asked)).json()
    assert found == [{"path": "/incidents/SJ-2026-000001", "label": "SJ-2026-000001 · incident 1"}]
    nothing = await client.get(f"/api/v1/editions/{one['id']}/records", params=asked | {"line": "fire"})
    assert nothing.status_code == 404


async def test_words_stand_beside_the_figures_and_the_documents_are_made_anew(
    sign_in: SignIn, drain: Drain, year: Town
) -> None:
    client = await sign_in(year.unit_lead)
    one = await made(client, drain)
    form = {"overview": "总体平稳。", "incidents": "两起事件均已处置。", "version": str(one["version"])}
    answer = await client.post(f"/reports/{one['id']}/commentary", data=form)
    assert answer.status_code == 303
    head = await sign_in(year.unit_head)
    early = await head.post(f"/api/v1/editions/{one['id']}/approval")
    assert early.status_code == 409, "the documents say something else than the page"
    await drain()
    after = (await client.get(f"/api/v1/editions/{one['id']}")).json()
    assert after["documents"]["pdf"] != one["documents"]["pdf"]
    assert after["figures_sha256"] == one["figures_sha256"]
    assert "两起事件均已处置。" in (await documents(client, one["id"]))["html"].decode()
    stale = await client.post(f"/reports/{one['id']}/commentary", data=form | {"overview": "y"})
    assert stale.status_code == 422
    assert "其他人已修改" in stale.text
    long = {"commentary": {"overview": "x" * 9000, "nonsense": "x"}, "version": after["version"]}
    refused = await client.put(f"/api/v1/editions/{one['id']}/commentary", json=long)
    assert {each["field"] for each in refused.json()["errors"]} == {"overview", "nonsense"}
    assert (await head.post(f"/api/v1/editions/{one['id']}/approval")).status_code == 200
    second = await made(client, drain)
    assert second["commentary"] == after["commentary"], "one goes on from what was written"


async def test_the_citys_report_is_the_citys_authoritys(sign_in: SignIn, drain: Drain, year: Town) -> None:
    client = await sign_in(year.unit_lead)
    asked = {"year": 2026, "organization": "authority", "scope": "city"}
    assert (await client.post("/api/v1/editions", json=asked)).status_code == 404
    lead = await sign_in(year.lead)
    one = await made(lead, drain, organization="authority", scope="city")
    wrong = await lead.post("/api/v1/editions", json={"year": 2026, "organization": "unit-a", "scope": "city"})
    assert wrong.status_code == 422
    page = await lead.get(f"/reports/{one['id']}")
    assert "全市" in page.text
    client = await sign_in(year.unit_lead)
    for path in (f"/reports/{one['id']}", f"/api/v1/editions/{one['id']}", f"/reports/{one['id']}/document?format=pdf"):
        assert (await client.get(path)).status_code == 404, path
    assert (await client.get("/api/v1/editions")).json()["editions"] == []


@pytest.mark.parametrize("asked", [{"year": 1999}, {"year": 2027}, {"scope": "moon"}])
async def test_odd_wishes_are_named(sign_in: SignIn, year: Town, asked: dict[str, Any]) -> None:
    client = await sign_in(year.unit_lead)
    answer = await client.post("/api/v1/editions", json={"year": 2026, "organization": "unit-a", **asked})
    assert answer.status_code == 422
    assert [each["field"] for each in answer.json()["errors"]] == list(asked)
    page = await client.post("/reports", data={"year": "soon", "whose": str(year.unit)})
    assert page.status_code == 422
    assert "年度应在" in page.text


async def test_the_list_offers_what_the_reader_may_make(sign_in: SignIn, drain: Drain, year: Town) -> None:
    client = await sign_in(year.unit_lead)
    page = await client.get("/reports")
    assert "暂无年度报告" in page.text
    answer = await client.post("/reports", data={"year": "2026", "whose": str(year.unit)})
    assert answer.status_code == 303
    await drain()
    assert "待审批" in (await client.get("/reports")).text
    async with year.db.transaction() as tx:
        officer = await make.account(tx, year.unit, Role.DUTY_OFFICER)
        reporter = await make.account(tx, year.unit, Role.REPORTER)
    reads = await sign_in(officer)
    assert "编制报告" not in (await reads.get("/reports")).text
    assert (await reads.post("/reports", data={"year": "2026", "whose": str(year.unit)})).status_code == 403
    nobody = await sign_in(reporter)
    assert (await nobody.get("/reports")).status_code == 403


async def test_where_a_rule_asks_for_it_the_approved_report_meets_the_duty(
    sign_in: SignIn, drain: Drain, year: Town, db: Database
) -> None:
    from irm.obligations import handing, receiving
    from irm.obligations.models import ObligationRow, SubmissionRow

    async with db.transaction() as tx:
        duty = await year.duty(
            tx,
            year.unit,
            started_at=MARCH,
            hours=None,
            subject="order/1",
            recipient_kind="cyberspace_office",
            recipient_tier="city",
            due_at=datetime(2027, 1, 31, 16, tzinfo=UTC),
            form="annual_report",
            satisfied_by=["annual_report"],
        )
    client = await sign_in(year.unit_lead)
    one = await made(client, drain)
    head = await sign_in(year.unit_head)
    approved = (await head.post(f"/api/v1/editions/{one['id']}/approval")).json()
    assert approved["submission"] is not None
    page = await head.get(f"/submissions/{approved['submission']}")
    assert page.status_code == 200
    assert "annual-2026-unit-a-1.pdf" in page.text
    assert "年度网络安全合规报告" in page.text
    actor = year.unit_head
    async with db.transaction() as tx:
        row = await tx.get_one(SubmissionRow, approved["submission"])
        assert one["figures_sha256"] in str(row.items)
        who = service_actor(actor)
        await handing.submit_report(tx, row.id, means="telephone", actor=who, now=year.clock.now())
        await receiving.record_receipt(
            tx, row.id, outcome="received", means="telephone", actor=who, now=year.clock.now()
        )
    async with db.transaction() as tx:
        assert (await tx.get_one(ObligationRow, duty.id)).status == "met"


def service_actor(account: make.Account) -> Any:
    from irm.db import Actor

    return Actor("person", account.person_id, account.organization_id)


async def test_a_document_that_cannot_be_made_is_said_and_a_new_edition_can(
    sign_in: SignIn, drain: Drain, year: Town, monkeypatch: pytest.MonkeyPatch
) -> None:
    from irm.reports import rendering

    def broken(*_: object) -> bytes:
        raise OSError

    client = await sign_in(year.unit_lead)
    with monkeypatch.context() as patch:
        patch.setitem(rendering.FORMATS, "xlsx", (broken, "application/x"))
        asked = await client.post("/api/v1/editions", json={"year": 2026, "organization": "unit-a"})
        for _ in range(4):
            await drain()
            year.clock.tick(seconds=10)
    page = await client.get(f"/reports/{asked.json()['id']}")
    assert "本版生成失败" in page.text
    assert (await made(client, drain))["number"] == 2


async def test_the_years_evidence_holds_the_edition(sign_in: SignIn, drain: Drain, year: Town, db: Database) -> None:
    from irm.access.principals import principal_of
    from irm.evidence.collecting import Stretch
    from irm.wiring import WIRING

    client = await sign_in(year.unit_lead)
    one = await made(client, drain)
    async with db.transaction() as tx:
        by = await principal_of(tx, year.unit_lead.id, now=year.clock.now())
        gathered = await WIRING.providers["year"].gather(tx, "2026", by, organization=None, now=year.clock.now())
        assert Stretch(service.subject_of(one["id"])) in gathered.stretches
        other = await principal_of(
            tx, (await make.account(tx, year.other, Role.SECURITY_LEAD)).id, now=year.clock.now()
        )
        theirs = await WIRING.providers["year"].gather(tx, "2026", other, organization=None, now=year.clock.now())
        assert Stretch(service.subject_of(one["id"])) not in theirs.stretches
    assert {"edition.approved", "edition.taken"} <= set(WIRING.providers["year"].words)
