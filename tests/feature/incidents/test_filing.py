"""POST /api/v1/incidents: what is accepted, what comes of it, and what never leaves a trace."""

import json
from datetime import UTC, datetime
from typing import Any

import httpx
import pytest
from sqlalchemy import func, select

from irm.db import Database
from irm.incidents.models import FilingRow, IdempotencyRow, IncidentRow, PartRow
from irm.incidents.policy import intake_policy
from irm.ledger import LedgerEntryRow, LedgerPrivateRow
from irm.obligations.models import ObligationRow, SubmissionRow
from tests.feature.incidents.conftest import City

URL = "/api/v1/incidents"


async def _count(db: Database, table: Any) -> int:
    async with db.transaction() as tx:
        return await tx.scalar(select(func.count()).select_from(table)) or 0


async def test_a_vendor_files_and_everybody_concerned_gets_a_part(
    db: Database, sign_in: Any, city: City, filing: Any
) -> None:
    client = await sign_in(city.vendor_duty)
    answer = await client.post(URL, json=filing())
    assert answer.status_code == 201, answer.text
    filed = answer.json()
    assert filed["number"].startswith("SJ-2026-")
    assert answer.headers["location"] == f"{URL}/{filed['number']}"
    assert filed["levels"]["reached"] == 4
    assert filed["levels"]["possible"] < 4
    async with db.transaction() as tx:
        incident = await tx.scalar(select(IncidentRow))
        parts = {row.organization_id: row for row in await tx.scalars(select(PartRow))}
        assert set(parts) == {city.authority, city.vendor, city.unit}
        assert parts[city.vendor].known_basis == "stated"
        assert parts[city.vendor].known_at == datetime(2026, 11, 20, 19, 35, tzinfo=UTC)
        assert parts[city.unit].known_basis == "notified"
        assert parts[city.unit].known_at == datetime(2026, 11, 20, 19, 41, tzinfo=UTC)
        assert incident.discovered_at == datetime(2026, 11, 20, 19, 35, tzinfo=UTC)
        assert incident.status == "open"
        assert set(incident.packs) >= {"cac-2025-reporting", "gbt-20986-2023"}


async def test_clocks_run_by_what_is_possible_and_go_to_the_province(
    db: Database, sign_in: Any, city: City, filing: Any
) -> None:
    await (await sign_in(city.vendor_duty)).post(URL, json=filing())
    async with db.transaction() as tx:
        rows = list(await tx.scalars(select(ObligationRow)))
        provincial = [row for row in rows if row.rule_id == "cac-2025-reporting/other-operator"]
        assert [(row.bearer_id, row.recipient_tier) for row in provincial] == [(city.unit, "province")]
        assert provincial[0].due_at == datetime(2026, 11, 20, 23, 41, tzinfo=UTC)
        # Filing in irm is itself the vendor's report to the cloud authority and to the operator (Art. 5).
        filings = list(await tx.scalars(select(SubmissionRow).where(SubmissionRow.form == "filing")))
        assert {row.organization_id for row in filings} == {city.vendor}
        assert {row.recipient_id for row in filings} == {city.authority, city.unit}


async def test_free_text_and_people_stay_out_of_the_ledger_body(
    db: Database, sign_in: Any, city: City, filing: Any
) -> None:
    await (await sign_in(city.vendor_duty)).post(URL, json=filing())
    async with db.transaction() as tx:
        bodies = "".join(await tx.scalars(select(LedgerEntryRow.body)))
        assert "ransom note" not in bodies
        assert "555-0100" not in bodies
        private = dict((await tx.execute(select(LedgerPrivateRow.path, LedgerPrivateRow.value))).all())
        assert "ransom note" in private["text"]


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"known_at": "2026-11-21T03:35:00"}, "known_at"),
        ({"known_at": "2026-11-21T05:00:00+08:00"}, "known_at"),
        ({"known_at": "0001-01-01T00:00:00+08:00"}, "known_at"),
        ({"occurred_at": "2026-11-21T03:40:00+08:00"}, "occurred_at"),
        ({"occurred_at": "1899-01-01T00:00:00Z"}, "occurred_at"),
        ({"text": "x" * 20_001}, "text"),
        ({"text": ""}, "text"),
        ({"text": "nul \0 byte"}, "text"),
        ({"contact": " "}, "contact"),
        ({"target": {"kind": "system", "system": "nowhere"}}, "target.system"),
        ({"target": {"kind": "system", "system": "00000000-0000-7000-8000-000000000000"}}, "target.system"),
        ({"target": {"kind": "system", "system": "archive"}}, "target.system"),
        ({"target": {"kind": "system", "system": "nul\0"}}, None),
        ({"target": {"kind": "resource"}}, "target.resource"),
        ({"category": "weather"}, "category"),
        ({"category": "malware", "subcategory": "rain"}, "category"),
        ({"organization": "00000000-0000-7000-8000-000000000000"}, "organization"),
        ({"joins": "SJ-2026-999999"}, "joins"),
        ({"facts": {"no_such_fact": 3}}, "facts.no_such_fact"),
        ({"facts": {"views": -1}}, "facts.views"),
        ({"facts": {"views": "many"}}, "facts.views"),
        ({"text": "\u79d8\u5bc6\u2605 \u4e00\u5e74"}, "markers_confirmed"),
    ],
)
async def test_bad_input_names_its_field_and_stores_nothing(
    db: Database, sign_in: Any, city: City, filing: Any, changes: dict[str, Any], field: str | None
) -> None:
    client = await sign_in(city.vendor_duty)
    before = await _count(db, LedgerEntryRow)
    answer = await client.post(URL, json=filing(**changes), headers={"Idempotency-Key": "one"})
    assert answer.status_code == 422, answer.text
    assert answer.headers["content-type"] == "application/problem+json"
    if field:
        assert field in [error["field"] for error in answer.json()["errors"]]
    for table in (IncidentRow, FilingRow, PartRow, IdempotencyRow):
        assert await _count(db, table) == 0
    assert await _count(db, LedgerEntryRow) == before


@pytest.mark.parametrize(
    "body",
    [
        b"{",
        b"[]",
        b"null",
        b'{"classified": "no"}',
        b'{"classified": "no", "text": 3, "target": {"kind": "unknown"}, "known_at": "x", "contact": []}',
        b'{"classified":"no","text":"a","target":{"kind":"unknown"},"known_at":"2026-11-21T03:35:00+08:00","contact":"b","x":1}',
        b"\xff\xfe\x00",
    ],
)
async def test_a_body_that_cannot_be_read_is_a_problem(sign_in: Any, city: City, db: Database, body: bytes) -> None:
    client = await sign_in(city.vendor_duty)
    answer = await client.post(URL, content=body, headers={"content-type": "application/json"})
    assert answer.status_code in {400, 422}, answer.text
    assert answer.headers["content-type"] == "application/problem+json"
    assert await _count(db, IncidentRow) == 0


async def test_ten_megabytes_are_refused(sign_in: Any, city: City, filing: Any, db: Database) -> None:
    client = await sign_in(city.vendor_duty)
    answer = await client.post(URL, json=filing(text="x" * 10_000_000))
    assert answer.status_code == 413
    assert answer.headers["content-type"] == "application/problem+json"
    assert "1 MB" in answer.json()["detail"]
    assert await _count(db, IncidentRow) == 0


async def test_markup_is_text(sign_in: Any, city: City, filing: Any) -> None:
    client = await sign_in(city.vendor_duty)
    script = "<script>alert(1)</script>"
    answer = await client.post(URL, json=filing(text=script, contact=script, title=script))
    assert answer.status_code == 201
    read = (await client.get(answer.headers["location"])).json()
    assert read["title"] == script
    page = await client.get(f"/incidents/{answer.json()['number']}", headers={"accept": "text/html"})
    assert script not in page.text


@pytest.mark.parametrize("answered", ["yes", "unsure"])
async def test_state_secrets_leave_nothing_behind(
    db: Database, sign_in: Any, city: City, filing: Any, answered: str
) -> None:
    client = await sign_in(city.vendor_duty)
    private = await _count(db, LedgerPrivateRow)
    body = filing(classified=answered, text="the secret thing", nonsense=True)
    answer = await client.post(URL, json=body, headers={"Idempotency-Key": "secret"})
    assert answer.status_code == 403
    assert answer.json()["code"] == "secrecy_gate"
    assert "secret thing" not in answer.text
    for table in (IncidentRow, FilingRow, IdempotencyRow):
        assert await _count(db, table) == 0
    assert await _count(db, LedgerPrivateRow) == private
    async with db.transaction() as tx:
        refused = (await tx.scalars(select(LedgerEntryRow).where(LedgerEntryRow.action == "incident.refused"))).one()
        assert json.loads(refused.body) == {"answer": answered}


async def test_the_same_key_twice_is_one_incident(db: Database, sign_in: Any, city: City, filing: Any) -> None:
    client = await sign_in(city.vendor_duty)
    first = await client.post(URL, json=filing(), headers={"Idempotency-Key": "k-1"})
    again = await client.post(URL, json=filing(), headers={"Idempotency-Key": "k-1"})
    assert (again.status_code, again.json()) == (first.status_code, first.json())
    assert again.headers["idempotent-replayed"] == "true"
    other = await client.post(URL, json=filing(text="something else"), headers={"Idempotency-Key": "k-1"})
    assert other.status_code == 409
    bad = await client.post(URL, json=filing(), headers={"Idempotency-Key": "with space"})
    assert bad.status_code == 422
    assert await _count(db, IncidentRow) == 1
    await sign_in(city.officer)
    mine = await client.post(URL, json=filing(), headers={"Idempotency-Key": "k-1"})
    assert mine.status_code == 201
    assert await _count(db, IncidentRow) == 2


async def test_a_likely_duplicate_is_named_and_can_be_joined(
    db: Database, sign_in: Any, city: City, filing: Any
) -> None:
    client = await sign_in(city.vendor_duty)
    first = (await client.post(URL, json=filing())).json()
    await sign_in(city.unit_duty)
    told = (await client.post(URL, json=filing(known_at="2026-11-21T03:30:00+08:00"))).json()
    assert told["likely_duplicates"] == [first["number"]]
    joined = await client.post(URL, json=filing(known_at="2026-11-21T03:30:00+08:00", joins=first["number"]))
    assert joined.status_code == 201, joined.text
    assert joined.json()["number"] == first["number"]
    async with db.transaction() as tx:
        incident = await tx.scalar(select(IncidentRow).where(IncidentRow.number == first["number"]))
        part = await tx.scalar(
            select(PartRow).where(PartRow.incident_id == incident.id, PartRow.organization_id == city.unit)
        )
        assert (part.known_basis, part.known_at) == ("stated", datetime(2026, 11, 20, 19, 30, tzinfo=UTC))
        assert incident.discovered_at == part.known_at


async def test_the_desk_files_for_a_caller_and_others_may_not(
    db: Database, sign_in: Any, city: City, filing: Any
) -> None:
    caller = {"name": "machine room", "telephone": "555-0199", "organization": str(city.vendor)}
    client = await sign_in(city.unit_duty)
    refused = await client.post(URL, json=filing(caller=caller))
    assert refused.status_code == 422
    await sign_in(city.officer)
    answer = await client.post(URL, json=filing(caller=caller))
    assert answer.status_code == 201, answer.text
    async with db.transaction() as tx:
        row = (await tx.scalars(select(FilingRow))).one()
        assert (row.organization_id, row.means, row.account_id) == (city.vendor, "telephone", city.officer.id)
        part = await tx.scalar(select(PartRow).where(PartRow.organization_id == city.vendor))
        assert part.known_basis == "stated"


async def test_numbers_count_up_and_an_unknown_target_is_no_obstacle(sign_in: Any, city: City, filing: Any) -> None:
    client: httpx.AsyncClient = await sign_in(city.unit_duty)
    one = (await client.post(URL, json=filing(target={"kind": "unknown"}, category=None, subcategory=None))).json()
    two = (await client.post(URL, json=filing(target={"kind": "unknown"}))).json()
    assert int(two["number"][-6:]) == int(one["number"][-6:]) + 1
    assert intake_policy().longest_text == 20_000


@pytest.mark.parametrize(
    ("body", "status"),
    [
        ('{"classified":"no","text":"\xe9"}'.encode("latin-1"), 400),
        (b"[" * 100_000, 400),
        (b'{"x":' + b"[" * 100_000, 400),
        (b'{"classified":', 400),
        (b"", 422),
    ],
    ids=["no UTF-8", "nested without end", "nested within a field", "cut off", "empty"],
)
async def test_a_body_that_cannot_be_read_is_the_callers_fault(
    sign_in: Any, city: City, body: bytes, status: int
) -> None:
    client = await sign_in(city.vendor_duty)
    answer = await client.post(URL, content=body, headers={"content-type": "application/json"})
    assert (answer.status_code, answer.headers["content-type"]) == (status, "application/problem+json")


async def test_what_the_decoder_refuses_is_said_at_the_field_in_the_readers_language(
    sign_in: Any, city: City, filing: Any
) -> None:
    client = await sign_in(city.vendor_duty)
    target = {"kind": "unknown", "floor": 3}
    without = {name: value for name, value in filing().items() if name != "contact"}
    wrong: list[tuple[Any, str, str]] = [
        (filing(colour="red"), "colour", "没有这一字段。"),
        (filing(target=target), "target.floor", "没有这一字段。"),
        (without, "contact", "此项必填。"),
        (filing(text=7), "text", "类型不符：应为 str，实为 int。"),
        (filing(known_at="yesterday"), "known_at", "时间格式有误，请按 2026-11-21T03:41:00+08:00 填写。"),
    ]
    for body, field, message in wrong:
        answer = await client.post(URL, json=body, headers={"accept-language": "zh-CN"})
        assert answer.status_code == 422
        (error,) = answer.json()["errors"]
        assert (error["field"], error["message"]) == (field, message)


async def test_a_number_that_no_incident_can_have_joins_nothing(
    db: Database, sign_in: Any, city: City, filing: Any
) -> None:
    answer = await (await sign_in(city.vendor_duty)).post(URL, json=filing(joins="SJ-\0"))
    assert (answer.status_code, answer.json()["errors"][0]["field"]) == (422, "joins")
    assert await _count(db, IncidentRow) == 0


async def test_facts_stated_while_filing_stand_in_the_ledger(
    sign_in: Any, city: City, filing: Any, db: Database
) -> None:
    client = await sign_in(city.unit_duty)
    answer = await client.post(URL, json=filing(facts={"personal_records_leaked": 1_000_000}))
    assert answer.status_code == 201, answer.text
    async with db.transaction() as tx:
        bodies = list(
            await tx.scalars(select(LedgerEntryRow.body).where(LedgerEntryRow.action == "incident.facts_changed"))
        )
    assert len(bodies) == 1
    assert '"personal_records_leaked":{"after":1000000,"before":null}' in bodies[0]
