"""What people see of messages and do with them: the list, the inbox, confirming."""

from typing import Any
from uuid import uuid4

import httpx
import pytest

from irm.access import service as access, tokens
from irm.access.policy import Permission, Role
from irm.clock import FixedClock
from irm.db import SYSTEM, Database
from tests import make
from tests.conftest import Drain, SignIn
from tests.fakes.outside import Outside
from tests.feature.notify.desk import ABOUT, Desk

pytestmark = pytest.mark.usefixtures("channels")

HTML = {"accept": "text/html"}


async def test_confirming_in_the_inbox(desk: Desk, sign_in: SignIn, drain: Drain) -> None:
    delivery = await desk.page(desk.authority)
    await drain()
    client = await sign_in(desk.officer)
    shown = await client.get("/inbox", headers=HTML)
    assert f"/deliveries/{delivery}/acknowledge" in shown.text
    assert "门户被篡改" in shown.text
    done = await client.post(f"/deliveries/{delivery}/acknowledge", headers=HTML)
    assert done.status_code == 303
    shown = await client.get("/inbox", headers=HTML)
    assert f"/deliveries/{delivery}/acknowledge" not in shown.text
    fragment = await client.get("/inbox", headers=HTML | {"hx-request": "true"})
    assert "<html" not in fragment.text


async def test_confirming_by_the_interface_twice(desk: Desk, sign_in: SignIn, drain: Drain, clock: FixedClock) -> None:
    delivery = await desk.page(desk.authority)
    await drain()
    client = await sign_in(desk.officer)
    path = f"/api/v1/deliveries/{delivery}/acknowledgement"
    first = await client.post(path)
    assert (first.status_code, first.json()["already"]) == (200, False), first.text
    clock.tick(minutes=1)
    again = await client.post(path, json={})
    assert again.json() == first.json() | {"already": True}


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({"at": "2026-11-21T10:00:00+08:00"}, "at"),
        ({"at": "2026-11-21T03:20:00+08:00"}, "at"),
        ({"at": "2026-11-20T10:00:00"}, "at"),
        ({"at": "soon"}, None),
        ({"when": None}, None),
        ([], None),
    ],
)
async def test_a_confirmation_that_makes_no_sense_is_refused(
    desk: Desk, sign_in: SignIn, drain: Drain, body: Any, field: str | None
) -> None:
    delivery = await desk.page(desk.authority)
    await drain()
    client = await sign_in(desk.officer)
    answer = await client.post(f"/api/v1/deliveries/{delivery}/acknowledgement", json=body)
    assert answer.status_code in {400, 422}
    assert answer.headers["content-type"].startswith("application/problem+json")
    if field:
        assert answer.json()["errors"][0]["field"] == field
    shown = (await client.get(f"/api/v1/deliveries/{delivery}")).json()
    assert shown["acknowledged_at"] is None


async def test_nobody_confirms_for_somebody_else(desk: Desk, sign_in: SignIn, drain: Drain) -> None:
    delivery = await desk.page(desk.unit)
    await drain()
    client = await sign_in(desk.officer)
    answer = await client.post(f"/api/v1/deliveries/{delivery}/acknowledgement")
    assert answer.status_code == 403
    assert "通联记录" in answer.json()["detail"]


async def test_a_foreign_message_does_not_exist(desk: Desk, sign_in: SignIn, drain: Drain) -> None:
    delivery = await desk.page(desk.authority)
    await drain()
    client = await sign_in(desk.lead)
    for method, path in (
        ("GET", f"/api/v1/deliveries/{delivery}"),
        ("POST", f"/api/v1/deliveries/{delivery}/acknowledgement"),
        ("POST", f"/api/v1/deliveries/{delivery}/again"),
        ("POST", f"/deliveries/{delivery}/acknowledge"),
        ("GET", f"/api/v1/deliveries/{uuid4()}"),
    ):
        assert (await client.request(method, path)).status_code == 404, path
    assert (await client.get("/api/v1/deliveries")).json()["items"] == []
    assert ABOUT.number not in (await client.get("/deliveries", headers=HTML)).text


async def test_the_list_has_filters_a_cursor_and_reasons(
    desk: Desk, sign_in: SignIn, drain: Drain, outside: Outside
) -> None:
    await desk.page(desk.authority, via=["in_app", "wecom", "fax"])
    await drain()
    client = await sign_in(desk.officer)
    seen: list[str] = []
    cursor: str | None = None
    while True:
        found = (
            await client.get("/api/v1/deliveries", params={"limit": 2} | ({"cursor": cursor} if cursor else {}))
        ).json()
        seen += [each["channel"] for each in found["items"]]
        cursor = found["next_cursor"]
        if cursor is None:
            break
    assert sorted(seen) == ["fax", "in_app", "wecom"]
    skipped = (await client.get("/api/v1/deliveries", params={"status": "skipped"})).json()["items"]
    assert {each["reason"] for each in skipped} == {"not_built", "not_configured"}
    assert {each["reason_text"] for each in skipped} == {
        "本系统不经此通道发送",
        "未配置",
    }
    waiting = (await client.get("/api/v1/deliveries", params={"unanswered": True})).json()["items"]
    assert "in_app" in {each["channel"] for each in waiting}
    for wrong in ({"status": "gone"}, {"limit": 0}, {"cursor": str(uuid4())}, {"channel": "pigeon"}):
        assert (await client.get("/api/v1/deliveries", params=wrong)).status_code in {400, 422}, wrong
    shown = (await client.get("/deliveries", headers=HTML)).text
    assert "本系统不经此通道发送" in shown
    assert "站内" in shown
    assert (await client.get("/deliveries?show=troubled", headers=HTML)).status_code == 200


async def test_a_token_needs_the_scope(desk: Desk, client: httpx.AsyncClient) -> None:
    assert (await client.get("/api/v1/deliveries")).status_code == 401
    assert (await client.post(f"/api/v1/deliveries/{uuid4()}/acknowledgement")).status_code == 401


async def test_a_token_for_one_organization_confirms_nothing_that_came_in_another(
    desk: Desk, db: Database, client: httpx.AsyncClient, drain: Drain, clock: FixedClock
) -> None:
    """The officer of the authority also serves in the unit; the token was made for the unit alone."""
    async with db.transaction() as tx:
        await access.grant_role(
            tx, person_id=desk.officer.person_id, organization_id=desk.unit, role=Role.DUTY_OFFICER,
            actor=SYSTEM, now=clock.now(),
        )  # fmt: skip
        _, token = await tokens.create_token(
            tx, account_id=desk.officer.id, name="unit only", organization_id=desk.unit, actor=SYSTEM, now=clock.now(),
            scopes=frozenset({Permission.ACKNOWLEDGE, Permission.READ_DELIVERIES, Permission.READ_BOARD}),
        )  # fmt: skip
    delivery = await desk.page(desk.authority)
    await drain()
    bearer = {"authorization": f"Bearer {token}"}
    path = f"/api/v1/deliveries/{delivery}"
    assert (await client.post(f"{path}/acknowledgement", headers=bearer)).status_code == 404
    assert (await client.get(path, headers=bearer)).status_code == 404
    assert (await client.get("/api/v1/deliveries", headers=bearer)).json()["items"] == []
    needs = (await client.get("/api/v1/board", headers=bearer)).json()["needs"]
    assert [need for need in needs if need["kind"] == "page"] == []


async def test_each_reader_reads_a_message_in_his_own_language(
    desk: Desk, db: Database, sign_in: SignIn, drain: Drain, outside: Outside
) -> None:
    """What went out in Chinese is read in English by whoever reads English."""
    async with db.transaction() as tx:
        english = await make.account(tx, desk.authority, Role.DUTY_OFFICER, locale="en")
    await desk.page(desk.unit, via=["sms", "in_app"])
    await drain()
    assert "请登录处理" in outside.expect.sms(desk.lead.telephone).content
    client = await sign_in(english)
    titles = {each["title"] for each in (await client.get("/api/v1/deliveries")).json()["items"]}
    assert titles == {"Portal defaced", f"Please confirm receipt: incident {ABOUT.number}, grave"}
    shown = (await client.get("/deliveries", headers=HTML)).text
    board = (await client.get("/", headers=HTML)).text
    for page in (shown, board):
        assert "Portal defaced" in page
        assert "门户被篡改" not in page
    assert "请确认收到" not in shown
