"""An organization sees its incidents, and of them the common facts and its own part (promise 5)."""

import re
from typing import Any

import pytest
from sqlalchemy import select

from irm.access.policy import Role
from irm.access.queries import organizations
from irm.db import Database
from irm.evidence.models import AttachmentRow
from irm.ledger import LedgerEntryRow
from tests import make
from tests.feature.incidents.conftest import City

URL = "/api/v1/incidents"
SECTIONS = (
    "",
    "/facts",
    "/obligations",
    "/plan",
    "/timeline",
    "/deliveries",
    "/tasks",
    "/submissions",
    "/contacts",
    "/attachments",
)


@pytest.mark.parametrize("section", SECTIONS)
async def test_strangers_and_regulators_find_nothing(sign_in: Any, city: City, filing: Any, section: str) -> None:
    client = await sign_in(city.unit_duty)
    number = (await client.post(URL, json=filing())).json()["number"]
    await sign_in(city.other_duty)
    stranger = await client.get(f"{URL}/{number}{section}")
    missing = await client.get(f"{URL}/SJ-2026-000000{section}")
    assert (stranger.status_code, stranger.json()["detail"]) == (404, missing.json()["detail"])
    await sign_in(city.regulator)
    assert (await client.get(f"{URL}/{number}{section}")).status_code in {403, 404}


async def test_strangers_cannot_touch_it(sign_in: Any, city: City, filing: Any) -> None:
    client = await sign_in(city.unit_duty)
    where = f"{URL}/{(await client.post(URL, json=filing())).json()['number']}"
    await sign_in(city.other_duty)
    assert (await client.patch(f"{where}/facts", json={"facts": {"views": 1}})).status_code == 404
    assert (await client.post(f"{where}/assessments", json={"level": 4, "reason": "x"})).status_code == 404
    assert (await client.post(f"{where}/status", json={"status": "handled", "reason": "x"})).status_code == 404
    files = {"file": ("a.txt", b"text", "text/plain")}
    assert (await client.post(f"{where}/attachments", files=files)).status_code == 404


async def test_lists_hold_only_ones_own(sign_in: Any, city: City, filing: Any) -> None:
    client = await sign_in(city.unit_duty)
    mine = (await client.post(URL, json=filing())).json()["number"]
    await sign_in(city.other_duty)
    theirs = (await client.post(URL, json=filing(target={"kind": "system", "system": "archive"}))).json()["number"]

    async def numbers(**query: str) -> list[str]:
        answer = await client.get(URL, params=query)
        assert answer.status_code == 200, answer.text
        return [one["number"] for one in answer.json()["incidents"]]

    assert await numbers() == [theirs]
    assert await numbers(text=mine) == []
    assert await numbers(organization=str(city.unit)) == []
    await sign_in(city.officer)
    assert await numbers() == [theirs, mine]
    first = (await client.get(URL, params={"limit": "1"})).json()
    assert [one["number"] for one in first["incidents"]] == [theirs]
    assert await numbers(cursor=first["next_cursor"]) == [mine]
    assert await numbers(status="handled") == []
    assert mine in await numbers(level="3")
    assert await numbers(text="ransom") == [theirs, mine]
    assert await numbers(system=str(city.archive)) == [theirs]
    for wrong in ({"cursor": "nonsense"}, {"level": "5"}, {"level": "99999999999999999999"}, {"system": "x"}):
        assert (await client.get(URL, params=wrong)).status_code == 422


async def test_a_part_sees_its_own_words_and_files_only(sign_in: Any, city: City, filing: Any, db: Database) -> None:
    client = await sign_in(city.vendor_duty)
    where = f"{URL}/{(await client.post(URL, json=filing(text='what the vendor wrote', title='Portal down'))).json()['number']}"
    files = {"file": ("vendor.log", b"line\n", "text/plain")}
    attached = await client.post(f"{where}/attachments", files=files)
    assert attached.status_code == 201, attached.text
    link = attached.json()["url"]
    got = await client.get(link)
    assert got.content == b"line\n"
    assert got.headers["content-disposition"].startswith("attachment;")
    assert got.headers["x-content-type-options"] == "nosniff"
    async with db.transaction() as tx:
        read = await tx.scalars(select(LedgerEntryRow).where(LedgerEntryRow.action == "evidence.read"))
        assert len(list(read)) == 1
        assert (await tx.scalars(select(AttachmentRow.organization_id))).one() == city.vendor
    await sign_in(city.unit_duty)
    seen = await client.get(where)
    assert seen.status_code == 200
    assert "what the vendor wrote" not in seen.text
    assert seen.json()["title"] == "Portal down"
    assert [one["organization"] for one in seen.json()["parts"]] == [str(city.unit)]
    assert (await client.get(link)).status_code == 404
    assert "vendor.log" not in (await client.get(f"{where}/attachments")).text
    await sign_in(city.officer)
    assert "what the vendor wrote" in (await client.get(where)).text
    assert (await client.get(link)).status_code == 200


async def test_who_else_is_concerned_stays_unsaid(sign_in: Any, city: City, filing: Any) -> None:
    """Two units in one incident: neither learns of the other from the list, the timeline or the reasons of the level."""
    client = await sign_in(city.officer)
    number = (await client.post(URL, json=filing())).json()["number"]
    joined = await client.post(
        URL,
        json=filing(joins=number, target={"kind": "system", "system": "archive"}, text="the same note"),
    )
    assert joined.json()["number"] == number, joined.text
    await sign_in(city.other_duty)
    listed = (await client.get(URL)).json()["incidents"]
    names = listed[0]["systems"]
    assert len(names) == 1
    answer = await client.get(f"{URL}/{number}/timeline")
    timeline = answer.text
    for one in answer.json()["entries"]:
        assert not {str(city.unit), str(city.vendor), str(city.portal)} & set(re.findall(r"[0-9a-f-]{36}", str(one))), (
            one["action"],
            one["body"],
        )
    for foreign in (city.unit, city.vendor, city.portal):
        assert str(foreign) not in timeline
    assert str(city.archive) in timeline or str(city.other) in timeline
    await sign_in(city.officer)
    assert len((await client.get(URL)).json()["incidents"][0]["systems"]) == 2
    assert str(city.portal) in (await client.get(f"{URL}/{number}/timeline")).text


@pytest.mark.parametrize(
    ("name", "content"),
    [("a.png", b"MZ\0\0"), ("a.html", b"<html>"), ("a.txt", b""), ("a.exe", b"MZ"), ("a.svg", b"<svg/>")],
)
async def test_files_that_lie_are_refused(sign_in: Any, city: City, filing: Any, name: str, content: bytes) -> None:
    client = await sign_in(city.unit_duty)
    where = f"{URL}/{(await client.post(URL, json=filing())).json()['number']}"
    answer = await client.post(f"{where}/attachments", files={"file": (name, content, "image/png")})
    assert answer.status_code == 422, answer.text
    assert answer.json()["errors"][0]["field"] == "file"
    assert (await client.get(f"{where}/attachments")).json() == {"attachments": []}


async def test_an_authority_reads_what_was_handed_to_it_and_nothing_else(
    sign_in: Any, city: City, filing: Any, db: Database
) -> None:
    client = await sign_in(city.officer)
    where = f"{URL}/{(await client.post(URL, json=filing())).json()['number']}"
    async with db.transaction() as tx:
        office = (await organizations(tx, kinds=["cyberspace_office"], tier="city"))[0].id
    begun = await client.post(f"{where}/submissions", json={"form": "initial", "recipient": str(office)})
    assert begun.status_code == 201, begun.text
    handed = await client.post(f"/api/v1/submissions/{begun.json()['id']}/submit", json={"means": "telephone"})
    assert handed.status_code == 200, handed.text
    await sign_in(city.regulator)
    seen = await client.get(f"{where}/submissions")
    assert seen.status_code == 200, seen.text
    assert [one["id"] for one in seen.json()["submissions"]] == [begun.json()["id"]]
    for section in ("", "/timeline", "/facts", "/deliveries"):
        assert (await client.get(f"{where}{section}")).status_code in {403, 404}


async def test_whether_it_is_critical_infrastructure_is_for_those_who_need_to_know(
    sign_in: Any, city: City, filing: Any, db: Database
) -> None:
    async with db.transaction() as tx:
        reporter = await make.account(tx, city.unit, Role.REPORTER)
    client = await sign_in(reporter)
    where = f"{URL}/{(await client.post(URL, json=filing())).json()['number']}"
    assert "register.cii" not in (await client.get(where)).text
    await sign_in(city.unit_duty)
    assert "register.cii" in (await client.get(where)).text
