"""Who took a file in, read it, handed it over and took it back, on pages and by API."""

from collections.abc import Callable
from typing import Any

import httpx
import pytest

from irm.clock import FixedClock
from irm.db import Database
from tests import make
from tests.conftest import SignIn
from tests.feature.evidence.conftest import City

PNG = b"\x89PNG\r\n\x1a\n" + bytes(range(256)) * 3


@pytest.fixture
async def file_id(city: City, client: httpx.AsyncClient, sign_in: SignIn, filing: Callable[..., Any]) -> str:
    await sign_in(city.unit_duty)
    number = (await client.post("/api/v1/incidents", json=filing(), headers={"idempotency-key": "a"})).json()["number"]
    sent = await client.post(f"/api/v1/incidents/{number}/attachments", files={"file": ("note.png", PNG, "image/png")})
    assert sent.status_code == 201, sent.text
    listed = (await client.get("/api/v1/evidence")).json()["evidence"]
    assert [(one["filename"], one["place"], one["holder"]) for one in listed] == [("note.png", number, None)]
    found: str = listed[0]["id"]
    return found


async def chain(client: httpx.AsyncClient, file_id: str) -> list[tuple[str, str, str]]:
    answer = await client.get(f"/api/v1/evidence/{file_id}")
    assert answer.status_code == 200, answer.text
    return [(one["action"], one["holder_name"], one["reason"]) for one in answer.json()["chain"]]


async def test_a_file_goes_out_and_comes_back(
    client: httpx.AsyncClient, sign_in: SignIn, city: City, file_id: str, clock: FixedClock, db: Database
) -> None:
    async with db.transaction() as tx:
        police = await make.organization(tx, "public_security", joined=False)
    await sign_in(city.unit_duty)
    assert (await client.get(f"/attachments/{file_id}")).content == PNG
    clock.tick(hours=1)
    await sign_in(city.unit_duty)
    given = {
        "organization": str(police),
        "name": "警官甲",
        "reason": "调取证据通知书〔2026〕1号",
        "stated_at": "2026-11-21T04:20:00+08:00",
    }
    answer = await client.post(f"/api/v1/evidence/{file_id}/hand-over", json=given)
    assert answer.status_code == 200, answer.text
    assert answer.json()["file"]["holder"] == {
        "organization": str(police),
        "name": "警官甲",
        "since": "2026-11-20T20:20:00Z",
    }
    again = await client.post(f"/api/v1/evidence/{file_id}/hand-over", json=given)
    assert (again.status_code, again.json()["code"]) == (409, "held")
    outside = (await client.get("/api/v1/evidence?outside=true")).json()["evidence"]
    assert [one["id"] for one in outside] == [file_id]
    clock.tick(hours=2)
    await sign_in(city.unit_duty)
    back = {"reason": "鉴定完毕", "stated_at": "2026-11-21T06:30:00+08:00"}
    answer = await client.post(f"/api/v1/evidence/{file_id}/return", json=back)
    assert answer.json()["file"]["holder"] is None
    assert (await client.post(f"/api/v1/evidence/{file_id}/return", json=back)).status_code == 409
    assert await chain(client, file_id) == [
        ("evidence.stored", "", ""),
        ("evidence.read", "", ""),
        ("evidence.handed_over", "警官甲", "调取证据通知书〔2026〕1号"),
        ("evidence.returned", "警官甲", "鉴定完毕"),
    ]
    page = (await client.get(f"/evidence/{file_id}")).text
    for words in ("移交", "警官甲", "鉴定完毕", "保管链", "note.png"):
        assert words in page


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"name": "", "organization": None}, "name"),
        ({"reason": " "}, "reason"),
        ({"reason": "x" * 501}, "reason"),
        ({"stated_at": "2026-11-21T05:00:00+08:00"}, "stated_at"),
        ({"stated_at": "2026-11-20T05:00:00+08:00"}, "stated_at"),
        ({"stated_at": "2026-11-21T03:41:00"}, "stated_at"),
    ],
)
async def test_a_hand_over_that_cannot_be_is_refused_with_its_field(
    client: httpx.AsyncClient, file_id: str, change: dict[str, Any], field: str
) -> None:
    given = {"name": "officer", "reason": "why", "stated_at": "2026-11-21T03:41:00+08:00"} | change
    answer = await client.post(f"/api/v1/evidence/{file_id}/hand-over", json=given)
    assert answer.status_code == 422, answer.text
    assert [one["field"] for one in answer.json()["errors"]] == [field]
    assert [one[0] for one in await chain(client, file_id)] == ["evidence.stored"]


async def test_the_form_hands_over_and_keeps_what_was_typed(
    client: httpx.AsyncClient, file_id: str, clock: FixedClock
) -> None:
    typed = {"organization": "", "name": "officer", "reason": "", "stated_at": "2026-11-21T03:41"}
    refused = await client.post(f"/evidence/{file_id}/hand-over", data=typed, headers={"accept": "text/html"})
    assert refused.status_code == 422
    assert 'value="officer"' in refused.text
    sent = await client.post(f"/evidence/{file_id}/hand-over", data=typed | {"reason": "asked for"})
    assert (sent.status_code, sent.headers["location"]) == (303, f"/evidence/{file_id}")
    assert [one[0] for one in await chain(client, file_id)] == ["evidence.stored", "evidence.handed_over"]


async def test_others_neither_see_the_file_nor_hand_it_over(
    client: httpx.AsyncClient, sign_in: SignIn, city: City, file_id: str
) -> None:
    for stranger in (city.other_duty, city.vendor_duty):
        await sign_in(stranger)
        assert (await client.get("/api/v1/evidence")).json()["evidence"] == []
        for path in (f"/api/v1/evidence/{file_id}", f"/evidence/{file_id}"):
            assert (await client.get(path)).status_code == 404
        given = {"name": "x", "reason": "x", "stated_at": "2026-11-21T03:41:00+08:00"}
        assert (await client.post(f"/api/v1/evidence/{file_id}/hand-over", json=given)).status_code == 404


async def test_the_authority_sees_it_and_the_list_pages(
    client: httpx.AsyncClient, sign_in: SignIn, city: City, file_id: str
) -> None:
    await sign_in(city.leader)
    assert file_id in (await client.get("/evidence?text=NOTE")).text
    assert file_id not in (await client.get("/evidence?outside=yes")).text
    assert (await client.get("/evidence?cursor=01939a3e-0000-7000-8000-000000000000")).status_code == 422
