"""The telephone night: the province calls and wants a report by six, changes its mind, and takes it back."""

from datetime import timedelta
from typing import Any
from uuid import uuid4

import httpx
import pytest
from sqlalchemy import select

from irm.db import uuid7
from irm.incidents.models import PartRow
from irm.ledger import LedgerEntryRow, LedgerPrivateRow
from irm.obligations import queries
from irm.obligations.opening import Lowering, reconcile
from tests.conftest import SignIn
from tests.feature.obligations.conftest import Night

API = "/api/v1/directives"
DEMAND = "06:00 前续报处置进展"


@pytest.fixture
async def desk(night: Night, sign_in: SignIn) -> httpx.AsyncClient:
    client: httpx.AsyncClient = await sign_in(night.officer)
    client.headers.update({"accept": "application/json", "accept-language": "en"})
    client.cookies.set("irm_locale", "en")
    return client


async def takes_part(night: Night) -> None:
    """The operator has a part in the incident."""
    async with night.db.transaction() as tx:
        tx.add(
            PartRow(
                id=uuid7(),
                incident_id=night.subject.incident_id,
                organization_id=night.operator,
                roles=["operator"],
                known_at=night.known_at,
                known_basis="stated",
                reached=3,
                possible=3,
            )
        )


def demanded(night: Night, **more: Any) -> dict[str, Any]:
    given = {
        "incident": night.subject.number,
        "authority": str(night.province),
        "asks": "progress",
        "means": "telephone",
        "said": DEMAND,
        "caller": "值班员 05",
        "due_at": (night.clock.now() + timedelta(hours=2)).isoformat(),
    }
    return {name: value for name, value in (given | more).items() if value is not None}


async def given(desk: httpx.AsyncClient, night: Night, **more: Any) -> dict[str, Any]:
    answer = await desk.post(API, json=demanded(night, **more))
    assert answer.status_code == 201, answer.text
    found: dict[str, Any] = answer.json()
    return found


async def test_a_call_at_night_is_owed_by_its_own_word_and_met_by_the_progress_report(
    night: Night, desk: httpx.AsyncClient
) -> None:
    called_at = night.clock.now() - timedelta(minutes=40)
    until = night.clock.now() + timedelta(minutes=15)
    one = await given(desk, night, stated_at=called_at.isoformat(), due_at=until.isoformat())
    assert one["contact"]["entered_afterwards"] is True
    (duty,) = one["duties"]
    assert (duty["force"], duty["limit_word"], duty["form"]) == ("上级要求", "Prescribed limit", "progress")
    assert duty["citation"].startswith("Demand of ")
    assert (duty["recipient"]["id"], duty["bearer"]["id"]) == (str(night.province), str(night.authority))

    night.clock.tick(minutes=16)
    (late,) = (await desk.get(API, params={"incident": night.subject.number})).json()["directives"]
    assert late["duties"][0]["clock"]["state"] == "overdue"

    begun = (await desk.post(f"/api/v1/obligations/{duty['id']}/report")).json()
    path = f"/api/v1/submissions/{begun['id']}"
    items = {"items": {"unit": "市级平台", "course": "已恢复"}}
    handed = await desk.post(f"{path}/submit", json={"means": "fax", **items})
    assert handed.status_code == 200, handed.text
    await desk.post(f"{path}/receipt", json={"outcome": "received", "means": "telephone"})
    met = (await desk.get(f"/api/v1/obligations/{duty['id']}")).json()
    assert met["status"] == "met"


async def test_only_the_authority_s_later_word_changes_it_and_both_stay(night: Night, desk: httpx.AsyncClient) -> None:
    first = await given(desk, night)
    night.clock.tick(minutes=10)
    async with night.db.transaction(night.actor) as tx:  # the incident is graded down: that drops no demand
        done = await reconcile(
            tx, [], subject=night.subject, actor=night.actor, now=night.clock.now(), lowering=Lowering("mistaken")
        )
    assert not done.superseded

    other = await desk.post(API, json=demanded(night, authority=str(night.city), replaces=first["id"]))
    assert [one["field"] for one in other.json()["errors"]] == ["replaces"]
    later = (night.clock.now() + timedelta(hours=4)).isoformat()
    second = await given(desk, night, replaces=first["id"], due_at=later, said="改为 08:00 前")
    again = await desk.post(API, json=demanded(night, replaces=first["id"]))
    assert again.status_code == 409
    third = await given(desk, night, asks="withdrawal", replaces=second["id"], due_at=None, said="不再需要")

    listed = (await desk.get(API, params={"incident": night.subject.number})).json()["directives"]
    assert [(one["id"], one["state"]) for one in listed] == [
        (third["id"], "word"),
        (second["id"], "withdrawn"),
        (first["id"], "replaced"),
    ]
    assert [duty["status"] for one in listed for duty in one["duties"]] == ["superseded", "superseded"]
    assert await night.told("directive") == ["directive.given", "directive.given", "directive.withdrawn"]


async def test_an_organization_sees_only_what_is_addressed_to_it(
    night: Night, desk: httpx.AsyncClient, sign_in: SignIn
) -> None:
    await takes_part(night)
    ours = await given(desk, night)
    theirs = await given(desk, night, bearers=[str(night.operator)])
    both = await given(desk, night, bearers=[str(night.operator), str(night.authority)])
    unit: httpx.AsyncClient = await sign_in(night.unit)
    listed = (await unit.get(API, params={"incident": night.subject.number})).json()["directives"]
    assert [one["id"] for one in listed] == [both["id"], theirs["id"]]
    assert [one["id"] for one in listed[0]["bearers"]] == [str(night.operator)]
    assert (await unit.get(f"{API}/{ours['id']}")).status_code == 404
    assert (await unit.get(f"/directives/{ours['id']}")).status_code == 404

    own = await given(unit, night)  # it may take one for itself, and for nobody else
    assert [one["id"] for one in own["bearers"]] == [str(night.operator)]
    forbidden = await unit.post(API, json=demanded(night, bearers=[str(night.authority)]))
    assert [one["field"] for one in forbidden.json()["errors"]] == ["bearers.0"]
    withdrawn = await unit.post(
        API, json=demanded(night, asks="withdrawal", replaces=both["id"], due_at=None, said="不再需要")
    )
    assert withdrawn.status_code == 403


@pytest.mark.parametrize(
    ("more", "field"),
    [
        ({"said": " "}, "said"),
        ({"said": "a\x00"}, "said"),
        ({"authority": str(uuid4())}, "authority"),
        ({"due_at": "2020-01-01T00:00:00Z"}, "due_at"),
        ({"asks": "withdrawal", "due_at": None}, "replaces"),
        ({"replaces": str(uuid4())}, "replaces"),
        ({"number": "x" * 201}, "number"),
        ({"stated_at": "2100-01-01T00:00:00Z"}, "stated_at"),
        ({"bearers": [str(uuid4())]}, "bearers.0"),
        ({"attachment": str(uuid4())}, "attachment"),
    ],
)
async def test_bad_input_names_the_field_and_leaves_nothing(
    night: Night, desk: httpx.AsyncClient, more: dict[str, Any], field: str
) -> None:
    answer = await desk.post(API, json=demanded(night, **more))
    assert answer.status_code == 422, answer.text
    assert [one["field"] for one in answer.json()["errors"]] == [field]
    assert await night.told("contact") == []
    assert await night.duties() == []


async def test_a_vendor_gives_no_directive(night: Night, desk: httpx.AsyncClient) -> None:
    answer = await desk.post(API, json=demanded(night, authority=str(night.vendor)))
    assert [one["field"] for one in answer.json()["errors"]] == ["authority"]


async def test_what_was_demanded_is_private_in_the_ledger(night: Night, desk: httpx.AsyncClient) -> None:
    one = await given(desk, night, number="网信函〔2026〕9号")
    async with night.db.transaction() as tx:
        entry = (await tx.scalars(select(LedgerEntryRow).where(LedgerEntryRow.action == "directive.given"))).one()
        kept = await tx.get_one(LedgerPrivateRow, (entry.id, "demand"))
    assert entry.subject == f"{night.subject.path}/directive/{one['id']}"
    assert "续报" not in entry.body
    assert "9号" not in entry.body
    assert kept.value == DEMAND


@pytest.mark.parametrize("locale", ["zh-CN", "en"])
async def test_the_form_of_a_call_takes_the_directive_with_its_scan(
    night: Night, desk: httpx.AsyncClient, locale: str
) -> None:
    desk.headers.update({"accept": "text/html"})
    desk.cookies.set("irm_locale", locale)
    typed = {
        "incident": night.subject.number,
        "direction": "in",
        "means": "fax",
        "recent": str(night.province),
        "said": DEMAND,
        "serves": "directive",
        "asks": "progress",
        "due_at": "2001-01-01T06:00",
        "directive_number": "网信函〔2026〕9号",
    }
    scan = {"file": ("fax.txt", b"fax", "text/plain")}
    wrong = await desk.post("/contacts/new", data=typed, files=scan)
    assert wrong.status_code == 422
    assert "#f-due_at" in wrong.text
    assert DEMAND in wrong.text
    assert await night.told() == []
    answer = await desk.post("/contacts/new", data=typed | {"due_at": ""}, files=scan)
    assert answer.status_code == 303, answer.text
    shown = await desk.get(answer.headers["location"])
    assert shown.status_code == 200, shown.text
    for words in (DEMAND, "网信函〔2026〕9号", "/attachments/"):
        assert words in shown.text
    page = await desk.get(night.subject.page)
    assert answer.headers["location"] in page.text
    async with night.db.transaction() as tx:
        (contact,) = await queries.contacts_of(tx, night.subject.path)
    assert (contact.serves, contact.attachment_id is not None) == (("directive",), True)
