"""The pages as a browser without JavaScript uses them."""

import re
from typing import Any

import httpx
import pytest
from sqlalchemy import func, select

from irm.access.queries import organizations
from irm.db import Database
from irm.evidence.models import AttachmentRow, BlobRow
from irm.incidents.models import FilingRow, IncidentRow
from irm.obligations.models import SubmissionRow
from tests.feature.incidents.conftest import City

HTML = {"accept": "text/html"}
FORM = {
    "classified": "no",
    "text": "The portal shows a ransom note.",
    "target_kind": "system",
    "system": "portal",
    "resource": "",
    "known_at": "2026-11-21T03:35",
    "occurred_at": "",
    "occurred_at_unknown": "yes",
    "category": "malware/ransomware",
    "contact": "duty desk 555-0100",
    "key": "0193f000-0000-7000-8000-000000000001",
}


async def _count(db: Database, table: Any) -> int:
    async with db.transaction() as tx:
        return await tx.scalar(select(func.count()).select_from(table)) or 0


async def _file(client: httpx.AsyncClient, **changes: Any) -> httpx.Response:
    return await client.post("/report/new", data={**FORM, **changes}, headers=HTML)


async def test_the_question_comes_first(sign_in: Any, city: City, db: Database) -> None:
    client = await sign_in(city.unit_duty)
    assert (await client.get("/report", headers=HTML)).status_code == 200
    assert (await client.get("/report/new", headers=HTML)).headers["location"] == "/report"
    answer = await client.post("/report", data={"classified": "no"}, headers=HTML)
    assert answer.headers["location"] == "/report/new?classified=no"
    form = await client.get("/report/new?classified=no", headers=HTML)
    assert form.status_code == 200
    assert 'name="known_at"' in form.text
    for word in ("yes", "unsure"):
        refused = await client.post("/report", data={"classified": word}, headers=HTML)
        assert refused.status_code == 403
    assert (await _file(client, classified="")).headers["location"] == "/report"
    assert await _count(db, IncidentRow) == 0


async def test_five_fields_make_an_incident_and_a_double_click_makes_one(
    sign_in: Any, city: City, db: Database
) -> None:
    client = await sign_in(city.unit_duty)
    first = await _file(client)
    assert first.status_code == 303, first.text
    again = await _file(client)
    assert again.headers["location"] == first.headers["location"]
    assert await _count(db, FilingRow) == 1
    shown = await client.get(first.headers["location"], headers=HTML)
    assert shown.status_code == 200, shown.text
    assert "ransom note" in shown.text
    listed = await client.get("/incidents", headers=HTML)
    assert first.headers["location"] in listed.text


async def test_what_was_typed_anew_after_filing_is_a_report_of_its_own(sign_in: Any, city: City, db: Database) -> None:
    client = await sign_in(city.unit_duty)
    first = (await _file(client)).headers["location"]
    back = {"text": "Twenty hosts encrypt their disks.", "target_kind": "unknown", "system": ""}
    second = await _file(client, **back)
    assert second.status_code == 303, second.text
    assert second.headers["location"] != first
    assert "Twenty hosts" in (await client.get(second.headers["location"], headers=HTML)).text
    asked = await _file(client, text="The note now names a price.")
    assert asked.status_code == 422
    assert first.rpartition("/")[2] in asked.text, "about the same system: added to it, or another?"
    assert "The note now names a price." in asked.text
    assert str(FORM["key"]) not in asked.text
    assert await _count(db, FilingRow) == 2


async def test_a_draft_that_comes_after_the_filing_is_no_form_of_the_next_report(
    sign_in: Any, city: City, db: Database
) -> None:
    client = await sign_in(city.unit_duty)
    two_lines = {"text": "The portal shows a ransom note.\r\nSince 03:35."}
    assert (await _file(client, **two_lines)).status_code == 303
    late = {**FORM, "text": "The portal shows a ransom note.\nSince 03:35."}
    assert (await client.post("/drafts/incidents.file", json=late)).status_code == 204
    blank = await client.get("/report/new?classified=no", headers=HTML)
    assert "ransom note" not in blank.text
    assert str(FORM["key"]) not in blank.text
    changed = {**late, "text": "The intranet is gone, too."}
    assert (await client.post("/drafts/incidents.file", json=changed)).status_code == 204
    restored = await client.get("/report/new?classified=no", headers=HTML)
    assert "The intranet is gone, too." in restored.text
    assert str(FORM["key"]) not in restored.text


async def test_faults_keep_what_was_typed_and_come_back_as_draft(sign_in: Any, city: City) -> None:
    client = await sign_in(city.unit_duty)
    answer = await _file(client, contact="", known_at="half past three")
    assert answer.status_code == 422
    assert "The portal shows a ransom note." in answer.text
    assert 'id="e-contact"' in answer.text
    assert 'id="e-known_at"' in answer.text
    later = await client.get("/report/new?classified=no", headers=HTML)
    assert "The portal shows a ransom note." in later.text


@pytest.mark.parametrize("name", ["text", "contact", "resource", "caller_name"])
async def test_markup_in_every_field_is_text(sign_in: Any, city: City, name: str) -> None:
    client = await sign_in(city.officer)
    bad = '"><script>alert(1)</script>'
    answer = await _file(client, **{name: bad, "caller_telephone": "1", "known_at": ""})
    assert answer.status_code == 422
    assert "<script>alert" not in answer.text


async def test_a_likely_duplicate_is_asked_about_once(sign_in: Any, city: City, db: Database) -> None:
    client = await sign_in(city.unit_duty)
    first = (await _file(client)).headers["location"].rpartition("/")[2]
    key = "0193f000-0000-7000-8000-000000000002"
    asked = await _file(client, key=key)
    assert asked.status_code == 422
    assert first in asked.text
    fragment = await client.get("/report/duplicates?system=portal&known_at=2026-11-21T03:35", headers=HTML)
    assert first in fragment.text
    joined = await _file(client, key=key, asked_about="portal", joins=first)
    assert joined.headers["location"] == f"/incidents/{first}"
    other = await _file(client, key="0193f000-0000-7000-8000-000000000003", asked_about="portal", joins="")
    assert other.headers["location"] != f"/incidents/{first}"
    assert await _count(db, IncidentRow) == 2


async def test_whoever_said_that_it_is_another_one_is_not_asked_again_while_more_come_in(
    sign_in: Any, city: City, db: Database
) -> None:
    """In a storm each answer would come after the next incident, and nobody could file."""
    client = await sign_in(city.unit_duty)
    await _file(client)
    key = "0193f000-0000-7000-8000-000000000002"
    asked = await _file(client, key=key)
    assert asked.status_code == 422
    assert '<input type="hidden" name="asked_about" value="portal">' in asked.text
    other = "0193f000-0000-7000-8000-000000000003"
    assert (await _file(client, key=other, asked_about="portal", joins="")).status_code == 303
    assert (await _file(client, key=key, asked_about="portal", joins="")).status_code == 303
    assert await _count(db, IncidentRow) == 3
    elsewhere = await _file(client, key="0193f000-0000-7000-8000-000000000004", asked_about="another", joins="")
    assert elsewhere.status_code == 422, "that answer was about another system"


async def test_files_survive_a_refused_form_and_lying_ones_are_named(sign_in: Any, city: City, db: Database) -> None:
    client = await sign_in(city.unit_duty)
    png = ("screen.png", b"\x89PNG\r\n\x1a\n" + b"\0" * 40, "image/png")
    liar = ("photo.png", b"MZ" + b"\0" * 60, "image/png")
    refused = await client.post(
        "/report/new", data=FORM, files=[("attachments", png), ("attachments", liar)], headers=HTML
    )
    assert refused.status_code == 422, refused.headers
    assert "photo.png" in refused.text
    assert "screen.png" in refused.text
    assert (await _file(client)).status_code == 303
    async with db.transaction() as tx:
        rows = list(await tx.scalars(select(AttachmentRow)))
        assert [row.filename for row in rows] == ["screen.png"]
        assert rows[0].subject.startswith("incident/")
    assert await _count(db, BlobRow) == 1


async def test_facts_and_levels_by_form(sign_in: Any, city: City, db: Database) -> None:
    client = await sign_in(city.officer)
    where = (await _file(client)).headers["location"]
    bad = await client.post(f"{where}/facts", data={"fact.views_state": "value", "fact.views": "many"}, headers=HTML)
    assert bad.status_code == 422
    assert "fact.views" in bad.text
    facts = {
        "fact.personal_records_leaked_state": "value",
        "fact.personal_records_leaked": "1,500,000",
        "fact.views_state": "unknown",
        "fact.data_harm": "unknown",
    }
    assert (await client.post(f"{where}/facts", data=facts, headers=HTML)).status_code == 303
    async with db.transaction() as tx:
        incident = (await tx.scalars(select(IncidentRow))).one()
        assert incident.reached == 3
        assert {name: one["value"] for name, one in incident.facts.items()} == {"personal_records_leaked": 1_500_000}
    no_reason = await client.post(f"{where}/assess", data={"level": "3", "stage": "preliminary"}, headers=HTML)
    assert no_reason.status_code == 422
    assert (
        await client.post(f"{where}/assess", data={"level": "3", "reason": "as counted"}, headers=HTML)
    ).status_code == 303
    shown = (await client.get(where, headers=HTML)).text
    assert re.search(r"level-3 level-assessed", shown)


@pytest.mark.parametrize(
    "name",
    [
        "head",
        "clocks",
        "people",
        "told",
        "facts",
        "plan",
        "tasks",
        "reports",
        "contacts",
        "messages",
        "files",
        "timeline",
    ],
)
async def test_every_section_has_an_address_of_its_own(sign_in: Any, city: City, name: str) -> None:
    client = await sign_in(city.officer)
    where = (await _file(client)).headers["location"]
    answer = await client.get(f"{where}/sections/{name}", headers={**HTML, "hx-request": "true"})
    assert answer.status_code == 200
    assert f'id="{name}"' in answer.text
    assert "<html" not in answer.text


async def test_a_stranger_finds_nothing(sign_in: Any, city: City) -> None:
    client = await sign_in(city.unit_duty)
    where = (await _file(client)).headers["location"]
    await sign_in(city.other_duty)
    assert where not in (await client.get("/incidents", headers=HTML)).text
    for path in (where, f"{where}/sections/head", f"{where}/sections/timeline"):
        assert (await client.get(path, headers=HTML)).status_code == 404


async def test_the_list_refreshes_by_its_rows_alone(sign_in: Any, city: City) -> None:
    client = await sign_in(city.unit_duty)
    where = (await _file(client)).headers["location"]
    rows = await client.get("/incidents?status=open", headers={**HTML, "hx-request": "true"})
    assert where in rows.text
    assert "<html" not in rows.text


async def test_a_report_that_nobody_asked_for_is_begun_with_what_is_known(
    sign_in: Any, city: City, db: Database
) -> None:
    client = await sign_in(city.officer)
    where = (await _file(client)).headers["location"]
    nobody = await client.post(f"{where}/reports", data={"form": "progress", "recipient": ""}, headers=HTML)
    assert nobody.status_code == 422
    async with db.transaction() as tx:
        desks = await organizations(tx, kinds=["cyberspace_office"], tier="city")
    begun = await client.post(
        f"{where}/reports", data={"form": "progress", "recipient": str(desks[0].id)}, headers=HTML
    )
    assert begun.status_code == 303, begun.text
    async with db.transaction() as tx:
        draft = (await tx.scalars(select(SubmissionRow).where(SubmissionRow.form == "progress"))).one()
        assert "ransom note" in draft.items["course"]
        assert "2026年11月21日3时35分（北京时间）" in draft.items["course"]
        assert "555-0100" not in draft.items["unit"]
        assert "cause" not in draft.items
