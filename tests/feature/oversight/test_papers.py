"""Monthly papers of a cloud vendor: by the 5th, late, missing, returned, taken on file; who is paged for a missed one."""

from typing import Any

import httpx
import pytest
from sqlalchemy import text

from irm import jobs
from irm.access.queries import organization
from irm.oversight.months import PaperState, is_month, paper_state, tally
from tests.feature.oversight.conftest import MONDAY, PDF, City


async def nightly(city: City, drain: Any) -> None:
    async with city.db.transaction() as tx:
        mark = city.clock.now().isoformat()
        await jobs.schedule(tx, "obligations.look_ahead", {"at": mark}, run_at=city.clock.now())
    await drain()


async def papers(client: httpx.AsyncClient, form: str = "monthly_operations") -> dict[str, dict[str, Any]]:
    answer = await client.get("/api/v1/papers?year=2026")
    assert answer.status_code == 200, answer.text
    return {one["month"]: one for one in answer.json()["papers"] if one["form"] == form}


async def hand_in(client: httpx.AsyncClient, obligation: str) -> httpx.Response:
    return await client.post(
        f"/api/v1/papers/{obligation}",
        files={"file": ("october.pdf", PDF)},
        data={"text": "Use of resources, operations report, proposals"},
    )


async def test_a_year_of_papers_from_the_first_month_in_irm(city: City, lead: httpx.AsyncClient, drain: Any) -> None:
    await nightly(city, drain)
    found = await papers(lead)
    assert sorted(found) == ["2026-09", "2026-10", "2026-11", "2026-12"], "what was before irm is not owed"
    assert [found[month]["state"] for month in sorted(found)] == ["missing", "missing", "open", "coming"]
    assert found["2026-11"]["due_at"] == "2026-12-05T16:00:00Z", "the 5th is included"
    assert found["2026-12"]["obligation"] is None, "forecast, not stored"


async def test_in_time_taken_on_file(city: City, lead: httpx.AsyncClient, drain: Any, sign_in: Any) -> None:
    await nightly(city, drain)
    november = (await papers(lead))["2026-11"]["obligation"]
    without = await lead.post(f"/api/v1/papers/{november}", data={"text": "x"})
    assert without.status_code in {400, 422}
    answer = await hand_in(lead, november)
    assert answer.status_code == 201, answer.text
    assert (await papers(lead))["2026-11"]["state"] == "in_time"
    again = await hand_in(lead, november)
    assert again.status_code == 409
    own = await lead.post(f"/api/v1/papers/{november}/answer", json={"outcome": "received"})
    assert own.status_code == 403, "nobody takes one's own paper"
    officer = await sign_in(city.officer)
    taken = await officer.post(f"/api/v1/papers/{november}/answer", json={"outcome": "received"})
    assert taken.status_code == 200, taken.text
    assert (await papers(officer))["2026-11"]["answer"] == "receipted"
    async with city.db.transaction() as tx:
        vendor = await organization(tx, city.vendor)
    listed = (await officer.get("/api/v1/evidence")).json()["evidence"]
    assert [one["place"] for one in listed if one["filename"] == "october.pdf"] == [vendor.short_name]


async def test_a_late_one_stays_late(city: City, lead: httpx.AsyncClient, drain: Any) -> None:
    await nightly(city, drain)
    october = (await papers(lead))["2026-10"]["obligation"]
    assert (await hand_in(lead, october)).status_code == 201
    assert (await papers(lead))["2026-10"]["state"] == "late"


async def test_returned_it_is_handed_in_once_more_and_was_in_time(
    city: City, lead: httpx.AsyncClient, drain: Any, sign_in: Any
) -> None:
    await nightly(city, drain)
    november = (await papers(lead))["2026-11"]["obligation"]
    await hand_in(lead, november)
    officer = await sign_in(city.officer)
    silent = await officer.post(f"/api/v1/papers/{november}/answer", json={"outcome": "returned"})
    assert silent.status_code == 422
    await officer.post(
        f"/api/v1/papers/{november}/answer",
        json={"outcome": "returned", "note": "no proposals", "complete_by": "2026-12-11T00:00:00+08:00"},
    )
    client = await sign_in(city.lead)
    found = (await papers(client))["2026-11"]
    assert (found["state"], found["answer"]) == ("in_time", "returned")
    again = await hand_in(client, november)
    assert again.status_code == 201, again.text
    found = (await papers(client))["2026-11"]
    assert (found["state"], found["answer"]) == ("in_time", "submitted")
    officer = await sign_in(city.officer)
    taken = await officer.post(f"/api/v1/papers/{november}/answer", json={"outcome": "received"})
    assert taken.status_code == 200, taken.text
    async with city.db.transaction() as tx:
        statuses = await tx.scalars(text("SELECT status FROM obligation WHERE form = 'completion'"))
        assert set(statuses) == {"met"}


async def test_a_missed_fifth_pages_the_vendor_s_duty_officer(city: City, drain: Any) -> None:
    await nightly(city, drain)
    city.clock.set(MONDAY.replace(month=12, day=6, hour=0, minute=1))
    await drain()
    async with city.db.transaction() as tx:
        paged = await tx.execute(
            text(
                "SELECT DISTINCT d.organization_id FROM delivery d JOIN obligation o"
                " ON d.subject LIKE o.subject || '%' WHERE o.form = 'monthly_operations' AND o.period = '2026-11'"
                " AND d.purpose = 'page'"
            )
        )
        assert city.vendor in {row[0] for row in paged}
        late = await tx.scalar(
            text("SELECT overdue_at FROM obligation WHERE period = '2026-11' AND form = 'monthly_operations'")
        )
    assert late is not None


async def test_a_stranger_sees_no_paper(city: City, drain: Any, lead: httpx.AsyncClient, sign_in: Any) -> None:
    await nightly(city, drain)
    november = (await papers(lead))["2026-11"]["obligation"]
    client = await sign_in(city.stranger)
    assert await papers(client) == {}
    assert (await hand_in(client, november)).status_code == 404
    assert (await client.get(f"/papers/{november}")).status_code == 404


async def test_the_pages(city: City, drain: Any, lead: httpx.AsyncClient, sign_in: Any) -> None:
    await nightly(city, drain)
    november = (await papers(lead))["2026-11"]["obligation"]
    shown = await lead.get("/papers")
    assert shown.status_code == 200
    assert shown.text.count('class="month-name"') == 12 * 2
    assert (await lead.get(f"/papers/{november}")).status_code == 200
    refused = await lead.post(f"/papers/{november}", data={"text": ""})
    assert refused.status_code == 422
    assert "field-error" in refused.text
    sent = await lead.post(f"/papers/{november}", data={"text": "papers"}, files={"file": ("a.pdf", PDF)})
    assert sent.status_code == 303, sent.text
    officer = await sign_in(city.officer)
    assert f"/papers/{november}" in (await officer.get("/papers")).text
    taken = await officer.post(f"/papers/{november}/answer", data={"outcome": "received", "complete_by": ""})
    assert taken.status_code == 303, taken.text
    assert (await officer.get(f"/papers/{november}")).status_code == 200


@pytest.mark.parametrize(
    ("status", "late", "over", "expected"),
    [
        ("open", False, False, PaperState.OPEN),
        ("open", False, True, PaperState.MISSING),
        ("submitted", False, True, PaperState.IN_TIME),
        ("met", True, True, PaperState.LATE),
        ("returned", False, True, PaperState.IN_TIME),
    ],
)
def test_how_a_paper_stands(status: str, late: bool, over: bool, expected: PaperState) -> None:
    now = MONDAY
    due = now.replace(day=5) if over else now.replace(day=30)
    assert paper_state(status, due, due if late else None, now) is expected


def test_counted() -> None:
    found = tally([PaperState.IN_TIME, PaperState.LATE, PaperState.MISSING, PaperState.OPEN, PaperState.COMING])
    assert (found.in_time, found.late, found.missing, found.due) == (1, 1, 1, 3)
    assert [is_month(one) for one in ("2026-11", "2026-13", "2026", None)] == [True, False, False, False]
