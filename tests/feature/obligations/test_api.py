"""The JSON API of duties, submissions and receipts; the jobs obligations.remind and obligations.receipt_alarm by name."""

from datetime import timedelta
from typing import Any

import httpx
import pytest

from irm.obligations.models import ObligationRow, SubmissionRow
from irm.wiring import WIRING
from tests.conftest import SignIn
from tests.feature.obligations.conftest import CITY, ITEMS, Night

JSON = {"accept": "application/json", "accept-language": "en"}


@pytest.fixture
async def desk(night: Night, sign_in: SignIn) -> httpx.AsyncClient:
    client: httpx.AsyncClient = await sign_in(night.officer)
    client.headers.update(JSON)
    client.cookies.set("irm_locale", "en")
    return client


def test_the_jobs_have_their_names_for_ever() -> None:
    assert {"obligations.remind", "obligations.receipt_alarm"} <= set(WIRING.jobs)


async def test_from_duty_to_receipt(night: Night, desk: httpx.AsyncClient) -> None:
    province, city = await night.open(night.owed(), night.owed(CITY))
    listed = (await desk.get("/api/v1/obligations")).json()["obligations"]
    assert [one["id"] for one in listed] == [str(city.id), str(province.id)]  # the nearest limit first
    assert listed[0]["limit_word"] == "Internal limit"
    assert listed[1]["limit_word"] == "Statutory limit"
    assert listed[1]["citation"] == "Measures, Art. 4"
    assert listed[1]["clock"]["state"] == "running"

    begun = await desk.post(f"/api/v1/obligations/{province.id}/report")
    assert begun.status_code == 201, begun.text
    path = f"/api/v1/submissions/{begun.json()['id']}"
    edited = await desk.patch(path, json={"items": dict(ITEMS), "version": 1})
    assert edited.json()["version"] == 2
    handed = await desk.post(f"{path}/submit", json={"means": "fax"})
    assert (handed.status_code, handed.json()["status"]) == (200, "submitted")
    given = await desk.post(f"{path}/receipt", json={"outcome": "received", "means": "telephone", "number": "S-1"})
    assert (given.status_code, given.json()["status"]) == (201, "receipted")
    assert given.json()["receipts"][0]["standing"] == "self_declared"
    duty = (await desk.get(f"/api/v1/obligations/{province.id}")).json()
    assert (duty["status"], duty["clock"]["state"]) == ("met", "stopped")
    assert (await desk.get(f"/api/v1/obligations/{city.id}")).json()["status"] == "open"


async def test_a_second_person_confirms_the_first_cannot(
    night: Night, desk: httpx.AsyncClient, sign_in: SignIn
) -> None:
    (one,) = await night.open(night.owed())
    submitted = await night.hand_over(one.id)
    receipt = await night.receipt(submitted)
    path = f"/api/v1/submissions/{submitted}/receipt/{receipt}/confirmation"
    assert (await desk.post(path)).status_code == 403
    client = await sign_in(night.second)
    assert (await client.post(path)).json()["proven"] is True


@pytest.mark.parametrize(
    ("body", "status", "field"),
    [
        ({"means": "fax", "stated_at": "2036-01-01T00:00:00Z"}, 422, "stated_at"),
        ({"means": "fax", "stated_at": "2026-11-21T00:00:00"}, 422, "stated_at"),
        ({"means": "mail", "stated_at": "2026-11-20T19:41:00Z"}, 422, "stated_at"),
        ({"means": "fax", "items": {"unit": ""}}, 422, "items.unit"),
        ({"means": "fax", "for_organizations": ["01a2007a-1636-7381-a81f-dea06139d51d"]}, 422, "for_organizations.0"),
        ({"means": "fax", "recipient": "01a2007a-1636-7381-a81f-dea06139d51d"}, 422, "recipient"),
        ({"means": "fax", "version": 9}, 409, None),
    ],
)
async def test_bad_hand_over_is_a_problem_with_its_field(
    night: Night, desk: httpx.AsyncClient, body: dict[str, Any], status: int, field: str | None
) -> None:
    (one,) = await night.open(night.owed())
    draft = await night.draft(one.id)
    if "version" in body:
        body = body | {"items": {}}
    answer = await desk.post(f"/api/v1/submissions/{draft}/submit", json=body)
    assert answer.status_code == status, answer.text
    assert answer.headers["content-type"].startswith("application/problem+json")
    if field:
        assert [fault["field"] for fault in answer.json()["errors"]] == [field]
    assert (await night.duty(one.id)).status == "open"


@pytest.mark.parametrize(
    "body",
    [{"means": "pigeon"}, {"means": "fax", "extra": 1}, {}, {"means": 7}, {"means": "fax", "for_organizations": "x"}],
)
async def test_a_body_that_is_not_ours_is_refused(night: Night, desk: httpx.AsyncClient, body: dict[str, Any]) -> None:
    (one,) = await night.open(night.owed())
    draft = await night.draft(one.id)
    answer = await desk.post(f"/api/v1/submissions/{draft}/submit", json=body)
    assert answer.status_code in (400, 422)
    assert answer.headers["content-type"].startswith("application/problem+json")
    assert (await night.duty(one.id)).status == "open"


async def test_a_file_that_does_not_exist_supports_nothing(night: Night, desk: httpx.AsyncClient) -> None:
    (one,) = await night.open(night.owed())
    submitted = await night.hand_over(one.id)
    answer = await desk.post(
        f"/api/v1/submissions/{submitted}/receipt",
        json={"outcome": "received", "means": "fax", "attachment": str(one.id)},
    )
    assert (answer.status_code, answer.json()["errors"][0]["field"]) == (422, "attachment")
    assert await night.told("submission.receipted") == []


async def test_pages_of_the_list_join_up(night: Night, desk: httpx.AsyncClient) -> None:
    await night.open(*(night.owed(f"rule/{number}") for number in range(5)))
    seen: list[str] = []
    cursor = None
    for _ in range(9):
        asked = {"limit": "2"} | ({"cursor": cursor} if cursor else {})
        got = (await desk.get("/api/v1/obligations", params=asked)).json()
        seen += [one["id"] for one in got["obligations"]]
        cursor = got["next_cursor"]
        if cursor is None:
            break
    assert len(seen) == len(set(seen)) == 5
    for bad in ("x", "bnVsbA", "W10"):
        assert (await desk.get("/api/v1/obligations", params={"cursor": bad})).status_code == 422
    assert (await desk.get("/api/v1/obligations", params={"status": "nonsense"})).status_code == 422


async def test_the_nearest_limit_first_then_what_was_done_last(night: Night, desk: httpx.AsyncClient) -> None:
    """Ten years of reports lie behind what is owed today; nobody leafs through them from the oldest on."""
    now = night.clock.now()
    told = {
        "soon": ("open", now + timedelta(hours=1)),
        "later": ("open", now + timedelta(days=3)),
        "open, without a limit": ("open", None),
        "handed over": ("submitted", now - timedelta(days=1)),
        "last month": ("met", now - timedelta(days=30)),
        "superseded last year": ("superseded", now - timedelta(days=400)),
        "ten years ago": ("met", now - timedelta(days=3650)),
        "done, without a limit": ("met", None),
    }
    opened = await night.open(*(night.owed(f"rule/{number}") for number in range(len(told))))
    names = dict(zip((str(one.id) for one in opened), told, strict=True))
    async with night.db.transaction() as tx:
        for one, (status, due) in zip(opened, told.values(), strict=True):
            row = await tx.get_one(ObligationRow, one.id)
            row.status, row.due_at, row.internal_due_at = status, due, None
            row.submitted_at = row.met_at = now if status == "met" else None

    async def read(**asked: str) -> list[str]:
        found: list[str] = []
        cursor = None
        while True:
            given = {"limit": "1", **asked} | ({"cursor": cursor} if cursor else {})
            got = (await desk.get("/api/v1/obligations", params=given)).json()
            found += [names[one["id"]] for one in got["obligations"]]
            cursor = got["next_cursor"]
            if cursor is None:
                return found

    assert await read() == list(told)
    assert await read(limit="50") == list(told)
    assert await read(status="met") == ["last month", "ten years ago", "done, without a limit"]
    assert await read(status="open") == ["soon", "later", "open, without a limit"]
    assert await read(status="submitted") == ["handed over"]


async def test_an_organization_sees_its_own_duties_only(night: Night, sign_in: SignIn) -> None:
    own, _ = await night.open(night.owed(), night.owed(CITY))
    client = await sign_in(night.unit)
    client.headers.update(JSON)
    assert [one["id"] for one in (await client.get("/api/v1/obligations")).json()["obligations"]] == [str(own.id)]
    draft = await night.draft(own.id)
    assert (await client.get(f"/api/v1/submissions/{draft}")).status_code == 200


async def test_drafts_can_be_discarded_and_begun_again(night: Night, desk: httpx.AsyncClient) -> None:
    (one,) = await night.open(night.owed())
    first = (await desk.post(f"/api/v1/obligations/{one.id}/report")).json()
    assert (await desk.post(f"/api/v1/submissions/{first['id']}/discard")).status_code == 204
    second = (await desk.post(f"/api/v1/obligations/{one.id}/report")).json()
    assert second["id"] != first["id"]
    assert second["serial"] > first["serial"]
    async with night.db.transaction() as tx:
        assert (await tx.get_one(SubmissionRow, second["id"])).status == "draft"
