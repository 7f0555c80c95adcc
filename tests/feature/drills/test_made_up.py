"""A drill held in January makes up for the duty of the year before, if somebody says so and why; and who verifies what
is to be improved."""

from datetime import UTC, datetime
from typing import Any

import pytest
from sqlalchemy import select

from irm.access.policy import Role
from irm.clock import FixedClock
from irm.drills.models import DrillImprovementRow, DrillRow
from irm.findings.models import FindingRow
from irm.obligations.models import ObligationRow
from tests import make
from tests.conftest import SignIn
from tests.feature.drills.conftest import City
from tests.feature.drills.test_faces import form_of, owe

pytestmark = pytest.mark.usefixtures("channels")
HTML = {"accept": "text/html"}


@pytest.fixture
def clock() -> FixedClock:
    return FixedClock(datetime(2026, 12, 30, 2, tzinfo=UTC))


def recorded(city: City, **changes: Any) -> dict[str, Any]:
    given: dict[str, Any] = {
        "title": "补做桌面推演",
        "kind": "tabletop",
        "content": "special",
        "started_at": "2027-01-12T09:00:00+08:00",
        "ended_at": "2027-01-12T11:00:00+08:00",
        "organization": str(city.vendor),
        "participants": [{"person": str(city.vendor_duty.person_id), "part": "player"}],
    }
    return given | changes


async def test_a_drill_in_january_makes_up_for_the_year_before(city: City, sign_in: SignIn) -> None:
    duty = await owe(city, city.vendor, 1)
    city.clock.tick(days=20)
    web = await sign_in(city.leader)
    silent = await web.post("/api/v1/drills/recorded", json=recorded(city, year=2026))
    assert silent.status_code == 422
    assert [one["field"] for one in silent.json()["errors"]] == ["makeup_reason"]
    made = await web.post("/api/v1/drills/recorded", json=recorded(city, year=2026, makeup_reason="汛期值守"))
    assert made.status_code == 201, made.text
    seen = made.json()
    assert (seen["drill"]["year"], seen["drill"]["makes_up"], seen["makeup_reason"]) == (2026, True, "汛期值守")
    number = seen["drill"]["number"]
    page = (await web.get(f"/drills/{number}", headers=HTML)).text
    assert "2026（补做：汛期值守）" in page
    assert "补做" in (await web.get("/drills?year=2026", headers=HTML)).text
    path = f"/api/v1/drills/{number}"
    await web.post(f"{path}/actions", json={"action": "close_evaluation"})
    await sign_in(city.director)
    report = {"items": {"overview": "概要", "conclusion": "合格"}, "submit": True}
    assert (await web.put(f"{path}/report", json=report)).status_code == 200
    await sign_in(city.leader)
    approved = await web.post(f"{path}/actions", json={"action": "approve_report", "duties": [str(duty)]})
    assert approved.status_code == 200, approved.text
    async with city.db.transaction() as tx:
        row = await tx.get_one(ObligationRow, duty, populate_existing=True)
    assert row.status == "submitted"
    assert row.submitted_at is not None
    assert row.due_at is not None
    assert row.submitted_at > row.due_at, "made up, and late for ever"


async def test_without_being_told_it_counts_for_its_own_year(city: City, sign_in: SignIn) -> None:
    city.clock.tick(days=20)
    web = await sign_in(city.leader)
    made = (await web.post("/api/v1/drills/recorded", json=recorded(city))).json()
    assert (made["drill"]["year"], made["drill"]["makes_up"]) == (2027, False)


async def test_it_is_chosen_on_the_page(city: City, sign_in: SignIn) -> None:
    city.clock.tick(days=20)
    web = await sign_in(city.leader)
    form = form_of(city, started_at="2027-01-12T09:00", ended_at="2027-01-12T11:00", makes_up="yes")
    assert "补做上一年度演练" in (await web.get("/drills/record", headers=HTML)).text
    refused = await web.post("/drills/record", data=form, headers=HTML)
    assert refused.status_code == 422
    assert "请说明为何未在应计年度内开展演练" in refused.text
    kept = await web.post("/drills/record", data=form | {"makeup_reason": "系统割接"}, headers=HTML)
    assert kept.status_code == 303, kept.text
    async with city.db.transaction() as tx:
        row = await tx.scalar(select(DrillRow))
    assert row is not None
    assert (row.year, row.makeup_reason) == (2026, "系统割接")


async def _closed_with_improvements(city: City, sign_in: SignIn, *organizations: Any) -> list[FindingRow | None]:
    """The findings that came of improvements for these, in their order."""
    city.clock.tick(days=20)
    web = await sign_in(city.leader)
    others = [str(one) for one in organizations if one != city.vendor]
    made = await web.post("/api/v1/drills/recorded", json=recorded(city, organizations=[*others, str(city.authority)]))
    path = f"/api/v1/drills/{made.json()['drill']['number']}"
    await web.post(f"{path}/actions", json={"action": "close_evaluation"})
    await sign_in(city.director)
    improvements = [{"title": f"改进 {n}", "organization": str(one)} for n, one in enumerate(organizations)]
    report = {"items": {"overview": "概要", "conclusion": "合格"}, "improvements": improvements, "submit": True}
    assert (await web.put(f"{path}/report", json=report)).status_code == 200
    await sign_in(city.leader)
    assert (await web.post(f"{path}/actions", json={"action": "approve_report"})).status_code == 200
    async with city.db.transaction() as tx:
        rows = await tx.scalars(select(DrillImprovementRow).order_by(DrillImprovementRow.title))
        return [await tx.get(FindingRow, one.finding_id) if one.finding_id else None for one in rows]


async def test_the_cloud_authority_verifies_others_and_another_of_its_people_verifies_its_own(
    city: City, sign_in: SignIn
) -> None:
    vendors, own = await _closed_with_improvements(city, sign_in, city.vendor, city.authority)
    assert vendors is not None
    assert own is not None
    assert vendors.verifier_id == city.authority
    assert own.verifier_id == city.authority, "no vendor verifies what the authority has to put right"
    async with city.db.transaction() as tx:
        head = await make.account(tx, city.authority, Role.UNIT_HEAD)
        other = await make.account(tx, city.authority, Role.DUTY_LEADER)
    await _put_right(city, sign_in, own.number, other, head)


async def _put_right(city: City, sign_in: SignIn, number: str, by: make.Account, head: make.Account) -> None:
    web = await sign_in(by)
    path = f"/api/v1/findings/{number}"
    planned = await web.post(f"{path}/plan", json={"plan": "补充", "person": str(by.person_id), "due_on": "2027-02-28"})
    assert planned.status_code in (200, 201), planned.text
    handed = await web.post(f"{path}/hand-in", json={"text": "已补充"})
    assert handed.status_code in (200, 201), handed.text
    same = await web.post(f"{path}/verify", json={"accepted": True})
    assert same.status_code == 403, "not by the one who put it right"
    await sign_in(head)
    assert (await web.post(f"{path}/verify", json={"accepted": True})).status_code == 200
    async with city.db.transaction() as tx:
        found = await tx.scalar(select(FindingRow).where(FindingRow.number == number))
    assert found is not None
    assert found.status == "closed"


async def test_where_the_cyberspace_office_works_in_irm_it_verifies_the_authority(city: City, sign_in: SignIn) -> None:
    async with city.db.transaction() as tx:
        office = await make.organization(tx, "cyberspace_office")
    (own,) = await _closed_with_improvements(city, sign_in, city.authority)
    assert own is not None
    assert own.verifier_id == office


async def test_an_improvement_of_one_who_does_not_work_in_irm_stays_with_the_drill(city: City, sign_in: SignIn) -> None:
    (found,) = await _closed_with_improvements(city, sign_in, city.province)
    assert found is None
