"""The paper of a vetting is kept as a file, read on record, and missed where it is not there; who can renew is reminded once."""

import json
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest
from click.testing import CliRunner
from sqlalchemy import select

from irm.access import engagements, service
from irm.access.directory_models import EngagementRow
from irm.access.engaging import Engagement
from irm.access.keeping_contacts import Stated, enter, note_checked
from irm.access.liaisons import liaison_policy
from irm.access.policy import AUTHORITY, Role
from irm.cli import main
from irm.clock import SHANGHAI, FixedClock
from irm.db import SYSTEM, Database
from irm.ledger import LedgerEntryRow
from irm.notify.models import DeliveryRow
from irm.oversight import directory_reminding
from tests import make

PDF = b"%PDF-1.7\n1 0 obj\n<<>>\nendobj\ntrailer\n<<>>\n%%EOF\n"


@pytest.fixture
async def town(db: Database, clock: FixedClock) -> dict[str, Any]:
    today = clock.now().astimezone(SHANGHAI).date()
    async with db.transaction(SYSTEM) as tx:
        authority = await make.organization(tx, AUTHORITY)
        vendor = await make.organization(tx, "vendor", code="cloud", name="云川公司")
        person = await service.register_person(tx, name="工程师丙", actor=SYSTEM, now=clock.now())
        made = {
            "today": today,
            "vendor": vendor,
            "person": person,
            "vets": await make.account(tx, authority, Role.SECURITY_LEAD),
            "own": await make.account(tx, vendor, Role.SECURITY_LEAD),
            "own_worker": await make.account(tx, vendor, Role.HANDLER),
            "other": await make.account(tx, await make.organization(tx, "vendor"), Role.SECURITY_LEAD),
        }
        await state(db, tx, made, ends_on=today + timedelta(days=300))
    return made


async def state(db: Database, tx: Any, town: dict[str, Any], **more: Any) -> None:
    fit = {"vetting": "passed", "vetted_on": town["today"] - timedelta(days=9), "vetted_by": "保密办"} | more
    stated = Engagement("HT-7", town["today"] - timedelta(days=30), fit.pop("ends_on", None), **fit)
    await engagements.state(tx, town["vendor"], town["person"], stated, actor=SYSTEM, now=db.clock.now())


def where(town: dict[str, Any]) -> str:
    return f"/organizations/cloud/staff/{town['person']}"


async def on_record(client: httpx.AsyncClient, which: str = "") -> list[dict[str, Any]]:
    staff = (await client.get(f"/api/v1/vetting{which}")).json()["staff"]
    return [one for one in staff if one["state"] != "unrecorded"]


async def test_whoever_works_for_a_vendor_without_any_record_is_the_first_that_is_lacking(
    client: httpx.AsyncClient, town: dict[str, Any], sign_in: Any, db: Database
) -> None:
    await sign_in(town["vets"])
    unknown = [
        one for one in (await client.get("/api/v1/vetting?lacking=true")).json()["staff"] if not one["vetted_on"]
    ]
    assert {one["person"] for one in unknown} == {str(town[who].person_id) for who in ("own", "own_worker", "other")}
    assert {(one["state"], one["lacking"]) for one in unknown} == {("unrecorded", True)}
    assert "未登记" in (await client.get("/vetting")).text
    async with db.transaction(SYSTEM) as tx:
        begins = town["today"] - timedelta(days=1)
        stated = Engagement("HT-8", begins, None, "passed", begins, "保密办")
        worker, now = town["own_worker"].person_id, db.clock.now()
        await engagements.state(tx, town["vendor"], worker, stated, actor=SYSTEM, now=now)
    left = [one["person"] for one in (await client.get("/api/v1/vetting?lacking=true")).json()["staff"]]
    assert str(worker) in left, "its paper is lacking still"
    assert len(left) == len(unknown) + 1


async def test_a_paper_is_entered_and_every_reading_is_on_record(
    client: httpx.AsyncClient, town: dict[str, Any], sign_in: Any, db: Database
) -> None:
    await sign_in(town["vets"])
    (before,) = await on_record(client, "?lacking=true")
    assert (before["name"], before["state"], before["lacking"]) == ("工程师丙", "no_paper", True)
    assert "缺审查材料" in (await client.get("/vetting")).text
    until = town["today"] + timedelta(days=365)
    form = {"made_on": town["today"].isoformat(), "good_until": until.isoformat()}
    entered = await client.post(where(town), data=form, files={"file": ("背景审查.pdf", PDF)})
    assert entered.status_code == 303, entered.text
    (after,) = await on_record(client)
    assert (after["state"], after["vetted_until"], after["paper"]["good_until"]) == (
        "good",
        until.isoformat(),
        until.isoformat(),
    )
    assert await on_record(client, "?lacking=true") == []
    page = (await client.get(where(town))).text
    assert "背景审查.pdf" in page
    paper = after["paper"]["id"]
    await sign_in(town["own"])
    for path in (f"/vetting/papers/{paper}", f"/api/v1/vetting/papers/{paper}/file"):
        read = await client.get(path)
        assert (read.status_code, read.content) == (200, PDF)
    async with db.transaction() as tx:
        rows = list(await tx.scalars(select(LedgerEntryRow).where(LedgerEntryRow.action == "evidence.read")))
        engagement = await tx.scalar(select(EngagementRow.id))
    assert {row.subject for row in rows} == {f"engagement/{engagement}"}
    assert len(rows) == 2


async def test_strangers_and_the_vendor_itself_enter_none(
    client: httpx.AsyncClient, town: dict[str, Any], sign_in: Any, db: Database
) -> None:
    api = f"/api/v1{where(town)}/papers"
    form = {"made_on": town["today"].isoformat()}
    file = {"file": ("paper.pdf", PDF)}
    await sign_in(town["own"])
    assert (await client.post(api, data=form, files=file)).status_code == 403, "nobody vets their own staff"
    assert "登记材料" not in (await client.get(where(town))).text
    await sign_in(town["vets"])
    made = await client.post(api, data=form, files=file)
    assert made.status_code == 201, made.text
    paper = made.json()["id"]
    for stranger, answer in (("other", 404), ("own_worker", 403)):
        await sign_in(town[stranger])
        assert (await client.get(f"/vetting/papers/{paper}")).status_code == answer
        assert (await client.get(where(town))).status_code == 403
    await sign_in(town["other"])
    assert await on_record(client) == []


async def test_what_is_wrong_stands_at_its_field(
    client: httpx.AsyncClient, town: dict[str, Any], sign_in: Any, db: Database
) -> None:
    await sign_in(town["vets"])
    api = f"/api/v1{where(town)}/papers"
    today, file = town["today"], {"file": ("paper.pdf", PDF)}
    wrong: list[tuple[dict[str, str], Any, str]] = [
        ({"made_on": ""}, file, "made_on"),
        ({"made_on": "gestern"}, file, "made_on"),
        ({"made_on": (today + timedelta(days=1)).isoformat()}, file, "made_on"),
        ({"made_on": today.isoformat(), "good_until": (today - timedelta(days=1)).isoformat()}, file, "good_until"),
        ({"made_on": today.isoformat()}, {"other": ("paper.pdf", PDF)}, "file"),
    ]
    for form, files, field in wrong:
        answer = await client.post(api, data=form, files=files)
        assert (answer.status_code, answer.json()["errors"][0]["field"]) == (422, field)
    page = await client.post(where(town), data={"made_on": today.isoformat(), "good_until": "x"}, files=file)
    assert page.status_code == 422
    assert f'value="{today.isoformat()}"' in page.text
    async with db.transaction(SYSTEM) as tx:
        await state(db, tx, town, vetting=None, vetted_on=None, vetted_by="")
    unvetted = await client.post(api, data={"made_on": today.isoformat()}, files=file)
    assert unvetted.status_code == 422, "a paper without a result is no vetting"
    assert (await on_record(client))[0]["state"] == "unvetted"


async def test_an_older_paper_found_later_does_not_shorten_the_vetting(
    client: httpx.AsyncClient, town: dict[str, Any], sign_in: Any
) -> None:
    await sign_in(town["vets"])
    api, today = f"/api/v1{where(town)}/papers", town["today"]
    for made_on, until in (
        (today, today + timedelta(days=365)),
        (today - timedelta(days=700), today - timedelta(days=300)),
    ):
        form = {"made_on": made_on.isoformat(), "good_until": until.isoformat()}
        assert (await client.post(api, data=form, files={"file": ("p.pdf", PDF)})).status_code == 201
    (one,) = await on_record(client)
    assert (one["state"], one["paper"]["made_on"]) == ("good", today.isoformat())


async def told(db: Database, person: Any) -> list[str]:
    """Titles of the reminders to that person, in their order; each may go by several channels."""
    async with db.transaction() as tx:
        rows = await tx.scalars(
            select(DeliveryRow)
            .where(DeliveryRow.person_id == person.person_id)
            .order_by(DeliveryRow.created_at, DeliveryRow.page_key)
        )
        found = list(rows)
    assert {row.purpose for row in found} <= {"reminder"}, "never a page"
    assert {row.urgency for row in found} <= {4}
    return list({row.page_key: str(row.titles["zh-CN"]) for row in found}.values())


async def look(db: Database) -> None:
    async with db.transaction(SYSTEM) as tx:
        await directory_reminding.remind(tx, {}, db.clock.now())


async def test_whoever_can_renew_is_reminded_once_before_each_end(
    town: dict[str, Any], db: Database, clock: FixedClock
) -> None:
    async with db.transaction(SYSTEM) as tx:
        ends = town["today"] + timedelta(days=31)
        await state(db, tx, town, ends_on=ends, vetted_until=ends + timedelta(days=10))
    await look(db)
    assert await told(db, town["own"]) == []
    clock.tick(days=1)
    for _ in range(2):
        await look(db)
    contract, vetting = "云川公司 1 名服务人员合同即将到期", "云川公司 1 名服务人员背景审查即将到期"
    assert await told(db, town["own"]) == [contract]
    assert await told(db, town["vets"]) == [contract]
    clock.tick(days=10)
    await look(db)
    assert await told(db, town["own"]) == [contract, vetting]
    clock.tick(days=13)
    await look(db)
    assert await told(db, town["own"]) == [contract, vetting, contract]
    assert await told(db, town["other"]) == []
    async with db.transaction(SYSTEM) as tx:
        await state(db, tx, town, ends_on=ends + timedelta(days=365), vetted_until=ends + timedelta(days=365))
    clock.tick(days=5)
    await look(db)
    assert len(await told(db, town["own"])) == 3, "what was renewed is not asked again"


async def test_a_contract_on_which_an_account_hangs_is_told_by_the_account(
    town: dict[str, Any], db: Database, clock: FixedClock
) -> None:
    async with db.transaction(SYSTEM) as tx:
        await service.create_account(tx, person_id=town["person"], login="bing", actor=SYSTEM, now=clock.now())
        await state(db, tx, town, ends_on=town["today"] + timedelta(days=5))
    await look(db)
    assert await told(db, town["own"]) == []


async def test_a_contract_that_an_account_outlives_is_told_here(
    town: dict[str, Any], db: Database, clock: FixedClock
) -> None:
    async with db.transaction(SYSTEM) as tx:
        await service.create_account(tx, person_id=town["person"], login="bing", actor=SYSTEM, now=clock.now())
        unit = await make.organization(tx, name="市教育局")
        handler: dict[str, Any] = {"organization_id": unit, "role": Role.HANDLER, "actor": SYSTEM, "now": clock.now()}
        await service.grant_role(tx, person_id=town["person"], **handler)
        await state(db, tx, town, ends_on=town["today"] + timedelta(days=5))
    await look(db)
    assert await told(db, town["own"]) == ["云川公司 1 名服务人员合同即将到期"], "the account has no end to tell of"


async def test_a_vetting_that_has_run_out_is_told_once_however_long_irm_was_away(
    town: dict[str, Any], db: Database, clock: FixedClock
) -> None:
    async with db.transaction(SYSTEM) as tx:
        await state(db, tx, town, vetted_until=town["today"] + timedelta(days=40))
    await look(db)
    clock.tick(days=40)
    await look(db)
    last = "云川公司 1 名服务人员背景审查即将到期"
    assert await told(db, town["own"]) == [last], "of the earlier reminder, which fell into the outage, nothing more"
    for days in (1, 0, 30):
        clock.tick(days=days)
        await look(db)
    assert await told(db, town["own"]) == [last, "云川公司 1 名服务人员背景审查已到期"]


async def test_a_contact_that_nobody_looked_at_for_too_long_is_reminded_of_once(
    town: dict[str, Any], db: Database, clock: FixedClock
) -> None:
    every = liaison_policy().check_every_days
    async with db.transaction(SYSTEM) as tx:
        ids = [
            await enter(tx, town["vendor"], Stated("press", name, "000-1"), by=None, actor=SYSTEM, now=clock.now())
            for name in ("甲报", "乙报")
        ]
    clock.tick(days=every)
    await look(db)
    assert await told(db, town["own"]) == []
    clock.tick(days=1)
    for _ in range(2):
        await look(db)
    overdue = "云川公司 2 个应急联络对象需重新核对"
    assert await told(db, town["own"]) == [overdue], "both in one message"
    assert await told(db, town["own_worker"]) == []
    async with db.transaction(SYSTEM) as tx:
        await note_checked(tx, town["vendor"], ids[0], by=None, actor=SYSTEM, now=clock.now())
    clock.tick(days=every + 1)
    await look(db)
    assert await told(db, town["own"]) == [overdue, "云川公司 1 个应急联络对象需重新核对"]


async def test_what_nobody_could_be_told_is_told_once_there_is_somebody(
    town: dict[str, Any], db: Database, clock: FixedClock
) -> None:
    async with db.transaction(SYSTEM) as tx:
        unit = await make.organization(tx, name="市教育局")
        await enter(tx, unit, Stated("press", "甲报", "000-1"), by=None, actor=SYSTEM, now=clock.now())
    clock.tick(days=liaison_policy().check_every_days + 1)
    await look(db)
    async with db.transaction(SYSTEM) as tx:
        lead = await make.account(tx, unit, Role.SECURITY_LEAD)
    await look(db)
    assert await told(db, lead) == ["市教育局 1 个应急联络对象需重新核对"]


async def test_it_is_looked_at_every_morning(db: Database, town: dict[str, Any], clock: FixedClock, drain: Any) -> None:
    from irm import jobs

    async with db.transaction(SYSTEM) as tx:
        await state(db, tx, town, vetted_until=town["today"] + timedelta(days=3))
        await jobs.schedule(tx, "oversight.remind_directory", {}, run_at=clock.now(), key="look")
    await drain()
    assert len(await told(db, town["own"])) == 1


def test_by_command(committed_url: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    from tests.feature.systems.test_lists_of_the_directory import staff

    monkeypatch.setenv("IRM_DATABASE_URL", committed_url)
    monkeypatch.setenv("IRM_HOME", str(tmp_path))

    def irm(*words: str) -> Any:
        return CliRunner().invoke(main, [*words, "--json"])

    vendor = ("--kind", "vendor", "--tier", "city", "--region", "410400")
    assert irm("organization", "register", "cloud", "云川公司", *vendor).exit_code == 0
    vetted = {"vetting": "passed", "vetted_on": date(2026, 1, 2), "vetted_by": "保密办"}
    (tmp_path / "staff.xlsx").write_bytes(
        staff({"organization": "cloud", "name": "甲", "contract": "1", "begins_on": date(2026, 1, 1), **vetted})
    )
    assert irm("import", "staff", str(tmp_path / "staff.xlsx")).exit_code == 0
    (one,) = json.loads(irm("vetting", "list", "--lacking").stdout)
    assert one["state"] == "no_paper"
    paper = tmp_path / "paper.pdf"
    paper.write_bytes(PDF)
    made = irm("vetting", "paper", "cloud", one["person"], str(paper), "--made-on", "2026-01-02")
    assert made.exit_code == 0, made.output
    assert json.loads(irm("vetting", "list", "--lacking").stdout) == []
