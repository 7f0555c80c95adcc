"""A list is brought, looked at by the worker, confirmed, and written whole: pages, interface, and what may go wrong between."""

from collections.abc import AsyncIterator
from datetime import date
from pathlib import Path
from typing import Any

import httpx
import pytest
from sqlalchemy import func, select

from irm import jobs, performing
from irm.access.policy import Role
from irm.access.principals import principal_of
from irm.access.service import end_role
from irm.clock import FixedClock
from irm.config import Settings
from irm.db import SYSTEM, Database
from irm.documents.tables import write_sheet
from irm.evidence.blobs import BlobStore
from irm.i18n import translator
from irm.jobs import JobRow
from irm.ledger import LedgerEntryRow
from irm.systems import bringing, importing
from irm.systems.lists import SYSTEMS
from irm.systems.models import ListImportRow, SystemRow
from irm.systems.organization_import import COLUMNS as ORGANIZATIONS
from irm.wiring import WIRING
from tests import make
from tests.feature.systems.test_import import OA, PLATFORM, city, sheet

ZH = translator("zh-CN")
API = "/api/v1/systems/imports"
FILE = "list.xlsx"


@pytest.fixture
async def town(db: Database) -> dict[str, Any]:
    async with db.transaction() as tx:
        made = await city(tx)
        made["lead"] = await make.account(tx, made["authority"], Role.SECURITY_LEAD)
        made["admin"] = await make.account(tx, made["authority"], Role.SYSTEM_ADMINISTRATOR)
        made["unit_lead"] = await make.account(tx, made["edu"], Role.SECURITY_LEAD)
    return made


async def brought(client: httpx.AsyncClient, content: bytes, api: str = API) -> str:
    answer = await client.post(api, files={"file": (FILE, content)})
    assert answer.status_code == 202, answer.text
    assert answer.json()["state"] == "looking"
    return str(answer.headers["location"])


async def count(db: Database, *where: Any) -> int:
    async with db.transaction() as tx:
        return await tx.scalar(select(func.count()).select_from(LedgerEntryRow).where(*where)) or 0


async def test_a_list_is_looked_at_then_written_once(
    client: httpx.AsyncClient, town: dict[str, Any], sign_in: Any, drain: Any
) -> None:
    await sign_in(town["lead"])
    taken = await client.post("/systems/import", files={"file": (FILE, sheet(PLATFORM, OA))})
    assert taken.status_code == 303, taken.text
    where = taken.headers["location"]
    waiting = await client.get(where)
    assert "<progress" in waiting.text
    assert "hx-refresh" not in (await client.get(f"{where}/progress")).headers
    assert (await client.get("/api/v1/systems/oa")).status_code == 404
    await drain()
    assert (await client.get(f"{where}/progress")).headers["hx-refresh"] == "true"
    looked = await client.get(where)
    assert "协同办公系统" in looked.text
    seen = looked.text.split('name="seen" value="')[1].split('"')[0]
    assert (await client.post(where, data={"seen": "another"})).status_code == 409
    for _ in range(2):  # a finger that taps twice writes once
        assert (await client.post(where, data={"seen": seen})).status_code == 303
    assert "<progress" in (await client.get(where)).text
    await drain()
    done = await client.get(where)
    assert "清单已写入" in done.text
    assert (await client.get("/api/v1/systems/oa")).json()["name"] == "协同办公系统"


async def test_what_changed_meanwhile_is_looked_at_again(
    client: httpx.AsyncClient, town: dict[str, Any], sign_in: Any, drain: Any
) -> None:
    await sign_in(town["lead"])
    first = await brought(client, sheet(PLATFORM))
    await drain()
    await client.post(f"{first}/write", json={"seen": (await client.get(first)).json()["seen"]})
    await drain()
    written = (await client.get(first)).json()
    assert (written["state"], written["done"]) == ("written", 100)

    where = await brought(client, sheet(PLATFORM | {"name": "政务云"}))
    await drain()
    looked = (await client.get(where)).json()
    (line,) = looked["rows"]
    assert [(one["field"], one["before"], one["after"]) for one in line["changes"]] == [
        ("name", "政务云平台", "政务云")
    ]
    # Somebody edits the same system between the look and the confirmation.
    assert (await client.patch("/api/v1/systems/cloud", json={"version": 1, "user_count": 5})).status_code == 200
    asked = await client.post(f"{where}/write", json={"seen": looked["seen"]})
    assert (asked.status_code, asked.json()["state"]) == (202, "writing")
    await drain()
    again = (await client.get(where)).json()
    assert (again["state"], again["is_stale"], again["seen"] != looked["seen"]) == ("looked", True, True)
    assert {one["field"] for one in again["rows"][0]["changes"]} == {"name", "user_count"}
    page = (await client.get(where.removeprefix("/api/v1").replace("imports", "import"))).text
    assert "写入前登记信息已有变动" in page
    assert (await client.post(f"{where}/write", json={"seen": looked["seen"]})).status_code == 409
    assert (await client.get("/api/v1/systems/cloud")).json()["name"] == "政务云平台"
    assert (await client.post(f"{where}/write", json={"seen": again["seen"]})).status_code == 202
    await drain()
    cloud = (await client.get("/api/v1/systems/cloud")).json()
    assert (cloud["name"], cloud["user_count"], cloud["version"]) == ("政务云", None, 3)


async def test_faults_stand_by_cell_and_nothing_can_be_written(
    client: httpx.AsyncClient, town: dict[str, Any], sign_in: Any, drain: Any
) -> None:
    await sign_in(town["lead"])
    where = await brought(client, sheet(PLATFORM, OA | {"owner": "市体育局"}))
    await drain()
    found = (await client.get(where)).json()
    assert [one["field"] for one in found["faults"]] == ["D3"]
    assert "市体育局" in found["faults"][0]["message"]
    refused = await client.post(f"{where}/write", json={"seen": found["seen"]})
    assert (refused.status_code, refused.json()["code"]) == (422, "invalid")
    assert "D3" in (await client.get(where.removeprefix("/api/v1").replace("imports", "import"))).text
    assert (await client.get("/api/v1/systems/cloud")).status_code == 404


async def test_what_is_not_looked_at_yet_cannot_be_confirmed_and_no_file_is_no_list(
    client: httpx.AsyncClient, town: dict[str, Any], sign_in: Any
) -> None:
    await sign_in(town["lead"])
    where = await brought(client, sheet(PLATFORM))
    early = await client.post(f"{where}/write", json={"seen": ""})
    assert (early.status_code, early.json()["code"]) == (409, "not_ready")
    assert (await client.post(API, files={"other": (FILE, b"x")})).status_code == 422
    assert (await client.post("/systems/import", data={})).status_code == 422
    assert (await client.post("/systems/import", files={"file": ("list.exe", b"MZ\x90\x00")})).status_code == 422


async def test_an_import_is_its_bringers_own(
    client: httpx.AsyncClient, town: dict[str, Any], sign_in: Any, drain: Any, db: Database, clock: FixedClock
) -> None:
    await sign_in(town["unit_lead"])
    own = {"code": "school", "name": "学籍系统", "owner": "edu"}
    where = await brought(client, sheet(own, only=set(own)))
    foreign = await brought(client, sheet(own | {"owner": "fin"}, only=set(own)))
    await drain()
    assert [one["field"] for one in (await client.get(foreign)).json()["faults"]] == ["C2"]
    seen = (await client.get(where)).json()["seen"]
    assert (await client.get(where.replace("systems", "organizations"))).status_code == 403
    await sign_in(town["lead"])
    assert (await client.get(where)).status_code == 404
    assert (await client.post(f"{where}/write", json={"seen": seen})).status_code == 404
    # Who confirmed and then lost the role writes nothing any more.
    await sign_in(town["unit_lead"])
    assert (await client.post(f"{where}/write", json={"seen": seen})).status_code == 202
    async with db.transaction() as tx:
        await end_role(
            tx,
            person_id=town["unit_lead"].person_id,
            organization_id=town["edu"],
            role=Role.SECURITY_LEAD,
            actor=SYSTEM,
            now=clock.now(),
        )
    await drain()
    async with db.transaction() as tx:
        states = list(await tx.scalars(select(ListImportRow.state).where(ListImportRow.reason != "")))
        assert states == ["failed"]
        assert await tx.scalar(select(SystemRow.id).where(SystemRow.code == "school")) is None


async def test_a_worker_that_dies_in_the_middle_doubles_and_loses_nothing(
    client: httpx.AsyncClient,
    town: dict[str, Any],
    sign_in: Any,
    drain: Any,
    db: Database,
    clock: FixedClock,
    resources: jobs.Resources,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    await sign_in(town["lead"])
    where = await brought(client, sheet(PLATFORM, OA))
    await drain()
    seen = (await client.get(where)).json()["seen"]
    await client.post(f"{where}/write", json={"seen": seen})
    async with db.transaction() as tx:
        (job,) = await tx.scalars(select(JobRow).where(JobRow.name == "systems.write_list"))
        looks = await tx.scalar(select(JobRow.outcome).where(JobRow.name == "systems.look_at_list"))
    assert looks == "done"

    class Killed(BaseException):
        """Like a kill -9: no handler of ours hears it."""

    whole = importing.record_all

    async def dies(*given: Any, **more: Any) -> Any:
        await whole(*given, **more)
        raise Killed

    registered = LedgerEntryRow.action == "system.registered"
    with monkeypatch.context() as patch:
        patch.setattr(importing, "record_all", dies)
        with pytest.raises(Killed):
            await performing.perform(db, WIRING.jobs, resources, job.id)
    assert await count(db, registered) == 0
    assert (await client.get(where)).json()["state"] == "writing"
    assert not await performing.perform(db, WIRING.jobs, resources, job.id)  # its lease still runs
    clock.tick(minutes=2)
    assert await performing.perform(db, WIRING.jobs, resources, job.id)
    assert (await client.get(where)).json()["state"] == "written"
    assert await count(db, registered) == 2
    assert await count(db, LedgerEntryRow.action == "register.imported") == 1
    # The message comes once more, and a second job of the same import too: neither writes again.
    assert not await performing.perform(db, WIRING.jobs, resources, job.id)
    async with db.transaction() as tx:
        await jobs.schedule(tx, bringing.WRITE, dict(job.args), run_at=clock.now(), key="once more")
    await drain()
    assert await count(db, registered) == 2


async def test_how_far_it_is_can_be_seen_while_nothing_else_can(
    committed_db: Database, resources: jobs.Resources, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    """From another connection, as a page asks: the bar moves, and of the list nothing is there before all of it is."""
    db = committed_db

    async def piece() -> AsyncIterator[bytes]:
        yield sheet(PLATFORM, OA)

    async def stands() -> tuple[str, int, int]:
        async with db.transaction() as tx:
            row = (await tx.execute(select(ListImportRow.state, ListImportRow.done))).one()
            return row.state, row.done, await tx.scalar(select(func.count()).select_from(SystemRow)) or 0

    stored = await BlobStore(settings.home / "blobs").put(piece(), FILE)
    async with db.transaction() as tx:
        made = await city(tx)
        lead = await make.account(tx, made["authority"], Role.SECURITY_LEAD)
        by = await principal_of(tx, lead.id, now=db.clock.now())
        assert by is not None
        import_id = await bringing.bring(tx, SYSTEMS, stored, by=by, now=db.clock.now())
    await performing.drain(db, WIRING.jobs, resources)
    async with db.transaction() as tx:
        looked = await bringing.import_of(tx, SYSTEMS, import_id, by)
        await bringing.confirm(tx, SYSTEMS, import_id, seen=looked.seen, by=by, now=db.clock.now())

    whole, seen = importing.record_all, list[tuple[str, int, int]]()

    async def watched(*given: Any, **more: Any) -> Any:
        seen.append(await stands())
        return await whole(*given, **more)

    monkeypatch.setattr(importing, "record_all", watched)
    await performing.drain(db, WIRING.jobs, resources)
    assert seen == [("writing", 65, 0)]
    assert await stands() == ("written", 100, 2)


async def test_a_file_that_cannot_be_had_is_given_up_and_said_so(
    client: httpx.AsyncClient, town: dict[str, Any], sign_in: Any, drain: Any, settings: Settings, clock: FixedClock
) -> None:
    await sign_in(town["lead"])
    where = await brought(client, sheet(PLATFORM))
    for path in Path(settings.home / "blobs").rglob("*"):
        if path.is_file():
            path.unlink()
    for _ in range(6):
        await drain()
        clock.tick(seconds=30)
    found = (await client.get(where)).json()
    assert found["state"] == "failed"
    assert "重新上传" in found["reason"]
    assert (await client.post(f"{where}/write", json={"seen": ""})).status_code == 422
    assert "清单未导入" in (await client.get(where.removeprefix("/api/v1").replace("imports", "import"))).text


# -- organizations

DESK: dict[str, Any] = {
    "code": "sport",
    "name": "市体育局",
    "kind": "using_unit",
    "tier": "city",
    "region": "410400",
    "telephone": "0375-2661111",
}


def desks(*rows: dict[str, Any]) -> bytes:
    names = {name for row in rows for name in row}
    return write_sheet([one for one in ORGANIZATIONS if one.name in names], rows, title="单位", t=ZH)


async def test_organizations_come_in_and_a_second_list_changes_what_differs(
    client: httpx.AsyncClient, town: dict[str, Any], sign_in: Any, drain: Any
) -> None:
    await sign_in(town["admin"])
    api = "/api/v1/organizations/imports"

    async def written(content: bytes) -> dict[str, Any]:
        where = await brought(client, content, api)
        await drain()
        looked: dict[str, Any] = (await client.get(where)).json()
        assert looked["fault_count"] == 0, looked["faults"]
        assert (await client.post(f"{where}/write", json={"seen": looked["seen"]})).status_code == 202
        await drain()
        assert (await client.get(where)).json()["state"] == "written"
        return looked

    first = await written(desks(DESK | {"in_use_from": date(2026, 7, 1)}))
    assert (first["new"], first["changed"]) == (1, 0)
    second = await written(desks(DESK | {"name": "市文化体育局", "telephone": "", "in_use_from": date(2026, 9, 1)}))
    (line,) = second["rows"]
    assert {one["field"]: (one["before"], one["after"]) for one in line["changes"]} == {
        "name": ("市体育局", "市文化体育局"),
        "short_name": ("市体育局", "市文化体育局"),
        "telephone": ("0375-2661111", ""),
        "in_use_from": ("2026-07-01", "2026-09-01"),
    }
    stands = (await client.get("/api/v1/organizations/sport")).json()["organization"]
    assert (stands["name"], stands["telephone"]) == ("市文化体育局", None)
    # Taken away, brought back: nothing differs, nobody who is not in a list is touched.
    out = (await client.get("/api/v1/organizations/export")).content
    where = await brought(client, out, api)
    await drain()
    same = (await client.get(where)).json()
    assert (same["new"], same["changed"], same["unchanged"], same["fault_count"]) == (0, 0, 5, 0), same
    assert (await client.get("/organizations/template")).content[:2] == b"PK"


async def test_what_hangs_on_rights_is_no_matter_of_a_list(
    client: httpx.AsyncClient, town: dict[str, Any], sign_in: Any, drain: Any
) -> None:
    await sign_in(town["admin"])
    taken = await client.post(
        "/organizations/import",
        files={
            "file": (
                FILE,
                desks(
                    DESK | {"code": "gov-data", "name": "大数据局"},
                    DESK | {"code": "edu", "name": "市教育局", "joined": False},
                    DESK | {"code": "Sport"},
                    DESK | {"code": "import"},
                    DESK | {"code": "parks", "region": "4104"},
                    DESK | {"code": "mail", "email": "nobody"},
                ),
            )
        },
    )
    await drain()
    page = await client.get(taken.headers["location"])
    assert all(f">{cell}<" in page.text for cell in ("C2", "F3", "A4", "A5", "E6")), page.text
    assert 'name="seen"' not in page.text
    await sign_in(town["unit_lead"])
    assert (await client.get("/organizations/import")).status_code == 403
