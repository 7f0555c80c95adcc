"""What people see and do: who is on duty, the list of messages, the inbox, the demo's outbox."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from datetime import timedelta
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import httpx
import pytest

from irm.access import service as access
from irm.access.policy import Role
from irm.clock import FixedClock
from irm.config import Settings
from irm.db import SYSTEM, Database
from irm.errors import Conflict, Invalid
from irm.notify import catcher, duty, queries, service
from irm.notify.messages import About
from irm.notify.models import DeliveryRow
from irm.notify.roster import NobodyOnDuty
from tests import make
from tests.conftest import SignIn
from tests.fakes.outside import Outside

pytestmark = pytest.mark.usefixtures("channels")

Drain = Callable[..., Awaitable[int]]
HTML = {"accept": "text/html"}
ABOUT = About("SJ-2026-000001", 2, "/incidents/SJ-2026-000001", {"zh-CN": "门户被篡改", "en": "Portal defaced"})


class Desk:
    """A cloud authority and a using unit, each with somebody on duty."""

    async def begin(self, db: Database) -> "Desk":
        self.db, self.incident = db, uuid4()
        async with db.transaction() as tx:
            self.authority = await make.organization(tx, "cloud_authority", name="示例市政务云管理中心")
            self.unit = await make.organization(tx, "using_unit", name="示例市文旅局", telephone="0375-1234567")
            self.officer = await make.account(tx, self.authority, Role.DUTY_OFFICER)
            self.lead = await make.account(tx, self.unit, Role.SECURITY_LEAD)
            await make.duty(tx, self.authority, self.officer.person_id)
            await make.duty(tx, self.unit, self.lead.person_id)
        return self

    async def page(self, organization: UUID, via: Any = ("in_app",), key: str = "run/alarm", **more: Any) -> UUID:
        async with self.db.transaction() as tx:
            now = tx.clock.now()
            planned = await service.page(
                tx,
                key=key,
                targets=await queries.resolve(tx, f"on_duty({organization})", {}, now),
                via=via,
                about=ABOUT,
                subject=f"incident/{self.incident}",
                now=now,
                **more,
            )
        return (planned.waiting + planned.skipped)[0]


@pytest.fixture
async def desk(db: Database) -> Desk:
    return await Desk().begin(db)


async def test_duty_by_the_interface(desk: Desk, sign_in: SignIn, clock: FixedClock) -> None:
    client = await sign_in(desk.officer)
    found = (await client.get("/api/v1/duty")).json()
    assert [(each["organization"], each["state"]) for each in found["items"]] == [
        ("示例市政务云管理中心", "on_duty"),
        ("示例市文旅局", "on_duty"),
    ]
    first = found["items"][0]["on_duty"][0]
    assert (first["person_id"], first["telephone"], first["role"]) == (
        str(desk.officer.person_id),
        desk.officer.telephone,
        "primary",
    )
    later = (clock.now() + timedelta(days=3)).isoformat()
    found = (await client.get("/api/v1/duty", params={"at": later})).json()
    assert [(each["state"], each["on_duty"]) for each in found["items"]] == [("no_shifts", []), ("no_shifts", [])]


@pytest.mark.parametrize("at", ["yesterday", "2026-11-21T03:41:00", "2026-13-01T00:00:00Z"])
async def test_an_impossible_moment_is_named(desk: Desk, sign_in: SignIn, at: str) -> None:
    client = await sign_in(desk.officer)
    answer = await client.get("/api/v1/duty", params={"at": at})
    assert answer.status_code == 422
    assert answer.json()["errors"][0]["field"] == "at"


async def test_a_unit_sees_its_own_roster_and_the_authoritys_not_another_units(
    desk: Desk, db: Database, sign_in: SignIn
) -> None:
    async with db.transaction() as tx:
        other = await make.organization(tx, "using_unit")
        person = await make.person(tx, other, Role.HANDLER)
        await make.duty(tx, other, person)
    client = await sign_in(desk.lead)
    found = (await client.get("/api/v1/duty")).json()
    assert {each["organization_id"] for each in found["items"]} == {str(desk.authority), str(desk.unit)}


async def test_the_duty_page_shows_names_and_a_telephone_to_tap(desk: Desk, sign_in: SignIn) -> None:
    client = await sign_in(desk.officer)
    shown = await client.get("/duty", headers=HTML)
    assert shown.status_code == 200, shown.text
    assert f"tel:{desk.officer.telephone}" in shown.text
    assert "11-21" in shown.text
    assert (await client.get("/duty?month=2026-13", headers=HTML)).status_code == 422
    assert (await client.get("/duty?organization=nowhere", headers=HTML)).status_code == 404
    assert (await client.get("/duty?month=2027-02", headers=HTML)).status_code == 200


async def test_the_duty_page_says_where_nobody_is(desk: Desk, sign_in: SignIn, clock: FixedClock) -> None:
    client = await sign_in(desk.officer)
    clock.tick(hours=23, minutes=30)
    client = await sign_in(desk.officer)
    shown = await client.get("/duty", headers=HTML)
    assert shown.text.count("无人值班") >= 2
    assert "2 个单位当前无人值班" in shown.text
    assert "tel:0375-1234567" in shown.text


async def test_an_empty_city_says_how_to_begin(db: Database, sign_in: SignIn) -> None:
    async with db.transaction() as tx:
        unit = await make.organization(tx)
        lead = await make.account(tx, unit, Role.SECURITY_LEAD)
    client = await sign_in(lead)
    assert "尚无值班表" in (await client.get("/duty", headers=HTML)).text
    assert "没有消息" in (await client.get("/deliveries", headers=HTML)).text
    assert "没有待你确认的通知" in (await client.get("/inbox", headers=HTML)).text


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
    assert {each["reason"] for each in skipped} == {"not_built"}
    assert all(each["reason_text"].startswith("未配置") for each in skipped)
    waiting = (await client.get("/api/v1/deliveries", params={"unanswered": True})).json()["items"]
    assert "in_app" in {each["channel"] for each in waiting}
    for wrong in ({"status": "gone"}, {"limit": 0}, {"cursor": str(uuid4())}, {"channel": "pigeon"}):
        assert (await client.get("/api/v1/deliveries", params=wrong)).status_code in {400, 422}, wrong
    shown = (await client.get("/deliveries", headers=HTML)).text
    assert "未配置" in shown
    assert "站内" in shown
    assert (await client.get("/deliveries?show=troubled", headers=HTML)).status_code == 200


async def test_a_token_needs_the_scope(desk: Desk, client: httpx.AsyncClient) -> None:
    assert (await client.get("/api/v1/deliveries")).status_code == 401
    assert (await client.post(f"/api/v1/deliveries/{uuid4()}/acknowledgement")).status_code == 401


async def test_a_post_rings_and_whoever_may_confirms_there(
    desk: Desk, db: Database, sign_in: SignIn, drain: Drain, outside: Outside
) -> None:
    async with db.transaction() as tx:
        now = tx.clock.now()
        post = await access.register_post(tx, organization_id=desk.unit, name="值班室", actor=SYSTEM, now=now)
        await access.add_contact_address(
            tx, post_id=post, channel="sms", address="139 0000 7777", actor=SYSTEM, now=now
        )
        planned = await service.page(
            tx,
            key="run/post",
            targets=await queries.resolve(tx, f"post({post})", {}, now),
            via="preferred",
            about=ABOUT,
            subject=f"incident/{desk.incident}",
            now=now,
        )
    await drain()
    outside.expect.sms("13900007777")
    client = await sign_in(desk.lead)
    answer = await client.post(f"/api/v1/deliveries/{planned.waiting[0]}/acknowledgement")
    assert answer.json()["acknowledged_by"] == str(desk.lead.person_id)


async def test_the_person_on_duty_is_reached_at_the_post_when_he_has_no_address(
    desk: Desk, db: Database, drain: Drain, outside: Outside
) -> None:
    async with db.transaction() as tx:
        now = tx.clock.now()
        vendor = await make.organization(tx, "vendor")
        person = await make.person(tx, vendor, Role.HANDLER, sms="", email="")
        post = await access.register_post(tx, organization_id=vendor, name="值班手机", actor=SYSTEM, now=now)
        await access.add_contact_address(tx, post_id=post, channel="sms", address="13900008888", actor=SYSTEM, now=now)
        roster = await duty.create_roster(tx, organization_id=vendor, name="值班", now=now, actor=SYSTEM)
        shift = duty.NewShift(now - timedelta(hours=1), now + timedelta(hours=1), person_id=person, post_id=post)
        await duty.add_shifts(tx, roster_id=roster, shifts=[shift], now=now, actor=SYSTEM)
    await desk.page(vendor, via=["sms"])
    await drain()
    outside.expect.sms("13900008888")


async def test_who_left_is_not_called_and_the_backup_is(
    desk: Desk, db: Database, drain: Drain, outside: Outside
) -> None:
    from irm.access.models import PersonRow

    async with db.transaction() as tx:
        backup = await make.account(tx, desk.unit, Role.HANDLER)
        await make.duty(tx, desk.unit, desk.lead.person_id, backup.person_id)
        (await tx.get_one(PersonRow, desk.lead.person_id)).retired_at = tx.clock.now()
    await desk.page(desk.unit, via=["sms"])
    await drain()
    outside.expect.sms(backup.telephone)


async def test_a_roster_that_is_wrong_names_each_line_and_leaves_nothing(
    desk: Desk, db: Database, clock: FixedClock
) -> None:
    now = clock.now()
    async with db.transaction() as tx:
        roster = await duty.create_roster(tx, organization_id=desk.unit, name="second", now=now, actor=SYSTEM)
        with pytest.raises(Conflict):
            await duty.create_roster(tx, organization_id=desk.unit, name="second", now=now, actor=SYSTEM)
        hour = timedelta(hours=1)
        lines = [
            duty.NewShift(now, now + hour, person_id=desk.lead.person_id),
            duty.NewShift(now, now, person_id=desk.lead.person_id),
            duty.NewShift(now, now + hour),
            duty.NewShift(now, now + hour, person_id=desk.lead.person_id, role="boss"),
            duty.NewShift(now, now + timedelta(days=99), person_id=desk.lead.person_id),
        ]
        with pytest.raises(Invalid) as refused:
            await duty.add_shifts(tx, roster_id=roster, shifts=lines, now=now, actor=SYSTEM)
        assert [each.field for each in refused.value.errors] == [
            "shifts.1.ends_at",
            "shifts.2.person",
            "shifts.3.role",
            "shifts.4.ends_at",
        ]
        with pytest.raises(Invalid):
            await duty.add_shifts(
                tx, roster_id=roster, shifts=[duty.NewShift(now, now + hour, person_id=uuid4())], now=now, actor=SYSTEM
            )
        other = await make.organization(tx)
        found = await duty.duty_at(tx, [other], now)
        assert isinstance(found[other].state, NobodyOnDuty)
        assert not found[other].has_roster


async def test_a_shift_taken_out_ends_now_if_it_has_begun(desk: Desk, db: Database, clock: FixedClock) -> None:
    async with db.transaction() as tx:
        state = (await duty.duty_at(tx, [desk.unit], clock.now()))[desk.unit]
        await duty.remove_shift(tx, state.on_shift[0].shift.id, now=clock.now(), actor=SYSTEM)
        assert not (await duty.duty_at(tx, [desk.unit], clock.now()))[desk.unit].on_shift
        before = (await duty.duty_at(tx, [desk.unit], clock.now() - timedelta(minutes=1)))[desk.unit]
        assert before.on_shift


# -- the demo's catcher


@pytest.fixture
async def catching(tmp_path: Path) -> AsyncIterator[tuple[str, str]]:
    """(SMTP address, HTTP address) of a running catcher."""
    import socket

    ports = []
    for _ in range(2):
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            ports.append(probe.getsockname()[1])
    stopping = asyncio.Event()
    store = catcher.Store(tmp_path / "catcher")
    running = asyncio.create_task(catcher.run(ports[0], ports[1], store, stopping))
    async with httpx.AsyncClient() as probe_client:
        for _ in range(100):
            try:
                await probe_client.get(f"http://127.0.0.1:{ports[1]}/healthz")
                break
            except httpx.TransportError:
                await asyncio.sleep(0.05)
    yield f"smtp://127.0.0.1:{ports[0]}", f"http://127.0.0.1:{ports[1]}"
    stopping.set()
    await running
    store.close()


class TestOutbox:
    @pytest.fixture
    def settings(self, settings: Settings, catching: tuple[str, str]) -> Settings:
        smtp, http = catching
        return settings.model_copy(update={"smtp_url": smtp, "sms_url": f"{http}/sms", "catcher_url": http})

    async def test_what_was_sent_is_shown_and_an_sms_can_be_answered(
        self, desk: Desk, sign_in: SignIn, drain: Drain, db: Database
    ) -> None:
        delivery = await desk.page(desk.authority, via=["sms", "email"])
        await drain()
        client = await sign_in(desk.officer)
        shown = await client.get("/outbox", headers=HTML)
        assert shown.status_code == 200
        assert "请登录处理" in shown.text
        assert 'href="/a/' in shown.text
        async with db.transaction() as tx:
            [sms] = [
                each for each in await queries.deliveries_of(tx, f"incident/{desk.incident}") if each.channel == "sms"
            ]
            row = await tx.get(DeliveryRow, sms.id)
            assert row is not None
            code = row.reply_code
        assert f'value="{code}"' in shown.text
        done = await client.post("/outbox/reply", data={"phone": desk.officer.telephone, "content": code}, headers=HTML)
        assert done.headers["location"] == "/outbox?kind=sms&answered=acknowledged"
        told = await client.get(done.headers["location"], headers=HTML)
        assert "回复已确认该通知" in told.text
        async with db.transaction() as tx:
            found = await queries.delivery(tx, delivery)
            assert found is not None
            assert found.acknowledged_means == "sms_reply"

    async def test_without_javascript_and_without_code_it_says_that_nothing_was_confirmed(
        self, desk: Desk, sign_in: SignIn
    ) -> None:
        client = await sign_in(desk.officer)
        done = await client.post("/outbox/reply", data={"phone": "13911112222", "content": "收到"}, headers=HTML)
        assert done.headers["location"].endswith("answered=unknown_number")


async def test_without_the_demos_catcher_there_is_no_outbox(desk: Desk, sign_in: SignIn) -> None:
    client = await sign_in(desk.officer)
    assert (await client.get("/outbox", headers=HTML)).status_code == 404


async def test_a_catcher_that_is_away_is_said_to_be(
    desk: Desk, db: Database, clock: FixedClock, settings: Settings
) -> None:
    from irm.errors import Unavailable
    from irm.notify import outbox

    with pytest.raises(Unavailable):
        await outbox.caught("http://127.0.0.1:9")
