"""The wall in the duty room: a device without an account, that counts, tells nothing, and sounds until somebody confirms."""

from typing import Any

import httpx
import pytest
from click.testing import CliRunner
from sqlalchemy import select

from irm.access.policy import Role
from irm.cli import main
from irm.clock import FixedClock
from irm.db import SYSTEM, Database
from irm.duty_screen import devices
from irm.duty_screen.models import DutyScreenRow
from irm.ledger import LedgerEntryRow
from irm.notify import queries, service
from irm.notify.messages import About
from tests import make

HTML = {"accept": "text/html"}
UNIT, TITLE, OFFICER = "示例市人社局", "门户网站被勒索", "王值班"


class Room:
    """A cloud authority with an officer on duty, an administrator, and a unit."""

    def __init__(self, authority: Any, unit: Any, officer: make.Account, administrator: make.Account) -> None:
        self.authority, self.unit, self.officer, self.administrator = authority, unit, officer, administrator


@pytest.fixture
async def room(db: Database, clock: FixedClock) -> Room:
    from irm.rules import service as rules

    async with db.transaction(SYSTEM) as tx:
        await rules.publish_builtin(tx, actor=SYSTEM, now=clock.now())
        authority = await make.organization(tx, "cloud_authority")
        unit = await make.organization(tx, name=UNIT)
        await make.organization(tx, "cyberspace_office", joined=False)
        await make.organization(tx, "cyberspace_office", tier="province", joined=False, region="410000")
        officer = await make.account(tx, authority, Role.DUTY_OFFICER)
        await make.account(tx, unit, Role.DUTY_OFFICER)
        await make.system(tx, unit, code="portal", users=600_000, personal_records=2_000_000)
        await make.duty(tx, authority, officer.person_id)
        return Room(authority, unit, officer, await make.account(tx, authority, Role.SYSTEM_ADMINISTRATOR))


@pytest.fixture
async def wall(client: httpx.AsyncClient, db: Database, clock: FixedClock, room: Room) -> httpx.AsyncClient:
    """A browser that holds the device's cookie and nothing else."""
    async with db.transaction(SYSTEM) as tx:
        _, token = await devices.make_screen(tx, name="值班室", organization="", by=None, actor=SYSTEM, now=clock.now())
    device = httpx.AsyncClient(transport=client._transport, base_url="http://irm.test")
    answer = await device.post("/screen", data={"token": token}, headers=HTML)
    assert (answer.status_code, answer.headers["location"]) == (303, "/screen")
    return device


async def look(wall: httpx.AsyncClient) -> str:
    answer = await wall.get("/screen/now")
    assert answer.status_code == 200, answer.text
    return answer.text


def sounds(html: str) -> str:
    return html.partition('data-sounds="')[2].partition('"')[0]


async def ransom(sign_in: Any, account: make.Account) -> str:
    client = await sign_in(account)
    answer = await client.post(
        "/api/v1/incidents",
        json={
            "classified": "no",
            "title": TITLE,
            "text": "The portal shows a ransom note.",
            "target": {"kind": "system", "system": "portal"},
            "known_at": "2026-11-21T03:35:00+08:00",
            "category": "malware",
            "subcategory": "ransomware",
            "contact": "555-0100",
        },
    )
    assert answer.status_code == 201, answer.text
    number: str = answer.json()["number"]
    return number


async def test_an_administrator_makes_it_and_sees_its_token_once(sign_in: Any, db: Database, room: Room) -> None:
    client = await sign_in(room.administrator)
    made = await client.post("/screens", data={"name": "值班室东墙", "organization": ""}, headers=HTML)
    assert made.status_code == 200, made.text
    token = made.text.partition('id="screen-token">')[2].partition("<")[0]
    assert token.startswith(devices.PREFIX)
    listed = (await client.get("/screens", headers=HTML)).text
    assert "值班室东墙" in listed
    assert token not in listed
    async with db.transaction(SYSTEM) as tx:
        row = await tx.scalar(select(DutyScreenRow))
        entries = list(await tx.scalars(select(LedgerEntryRow).where(LedgerEntryRow.action == "screen.made")))
    assert row is not None
    assert token not in row.token_hash
    assert len(entries) == 1
    assert "值班室" not in entries[0].body, "where it hangs is free text: a commitment, not the text"


@pytest.mark.parametrize("name", ["", " ", "x" * 61, "a\0b"])
async def test_a_screen_without_a_place_is_refused(sign_in: Any, db: Database, room: Room, name: str) -> None:
    client = await sign_in(room.administrator)
    answer = await client.post("/screens", data={"name": name}, headers=HTML)
    assert answer.status_code == 422
    assert "请填写值班屏的安装位置" in answer.text
    answer = await client.post("/api/v1/screens", json={"name": "墙", "organization": "nobody"})
    assert answer.json()["errors"][0]["field"] == "organization"
    async with db.transaction(SYSTEM) as tx:
        assert await devices.screens(tx) == []


async def test_the_duty_officer_makes_none(sign_in: Any, room: Room) -> None:
    client = await sign_in(room.officer)
    assert (await client.get("/screens", headers=HTML)).status_code == 403
    assert (await client.post("/api/v1/screens", json={"name": "墙"})).status_code == 403


async def test_a_stranger_sees_a_form_and_no_figure(client: httpx.AsyncClient, room: Room) -> None:
    page = await client.get("/screen", headers=HTML)
    assert page.status_code == 200
    assert "值班屏令牌" in page.text
    assert (await client.get("/screen/now")).status_code == 401
    refused = await client.post("/screen", data={"token": "irmscreen_guess"}, headers=HTML)
    assert refused.status_code == 422
    assert "该令牌无效或已停用" in refused.text
    assert (await client.get("/api/v1/screen")).status_code == 401


async def test_no_account_opens_it_and_it_opens_nothing_else(wall: httpx.AsyncClient, sign_in: Any, room: Room) -> None:
    client = await sign_in(room.officer)
    assert (await client.get("/screen/now")).status_code == 401, "a session is no device"
    for path in ("/", "/incidents", "/api/v1/board", "/screens", "/emergency-sheet"):
        answer = await wall.get(path, headers={"accept": "application/json"})
        assert answer.status_code == 401, path


async def test_a_calm_night(wall: httpx.AsyncClient) -> None:
    html = await look(wall)
    assert sounds(html) == ""
    assert "screen-calm" in html
    assert "<b>是</b>" in html, "somebody is on duty"


async def test_it_counts_and_names_nothing(wall: httpx.AsyncClient, sign_in: Any, room: Room) -> None:
    number = await ransom(sign_in, room.officer)
    html = await look(wall) + (await wall.get("/screen", headers=HTML)).text
    assert number in html
    assert "data-due=" in html
    for secret in (TITLE, UNIT, "ransom", "555-0100", room.officer.telephone, "/incidents/"):
        assert secret not in html, secret


async def test_a_grave_incident_sounds_until_a_page_is_confirmed(
    wall: httpx.AsyncClient, sign_in: Any, db: Database, clock: FixedClock, room: Room
) -> None:
    number = await ransom(sign_in, room.officer)
    assert sounds(await look(wall)) == "grave"
    async with db.transaction(SYSTEM) as tx:
        from irm.incidents.models import IncidentRow

        incident = await tx.scalar(select(IncidentRow).where(IncidentRow.number == number))
        assert incident is not None
        now = clock.now()
        whom = await queries.resolve(tx, f"on_duty({room.authority})", {}, now)
        about = About(number, 2, f"/incidents/{number}", {"zh-CN": TITLE, "en": "Portal"})
        subject = f"incident/{incident.id}"
        await service.page(tx, key="run/alarm", targets=whom, via=["in_app"], about=about, subject=subject, now=now)
    html = await look(wall)
    assert sounds(html) == "grave page"
    assert "1 条值班通知待确认" in html
    client = await sign_in(room.officer)
    [waiting] = (await client.get("/api/v1/board")).json()["needs"][:1]
    assert waiting["kind"] == "page"
    answer = await client.post(f"/deliveries/{waiting['id']}/acknowledge", headers=HTML)
    assert answer.status_code == 303
    assert sounds(await look(wall)) == "", "confirmed in irm, so the wall is quiet"


async def test_it_never_signs_out_but_ends_when_revoked(
    wall: httpx.AsyncClient, sign_in: Any, clock: FixedClock, room: Room
) -> None:
    clock.tick(days=300)
    again = await wall.get("/screen/now")
    assert again.status_code == 200
    assert "Max-Age=34560000" in again.headers["set-cookie"], "the cookie begins anew with every look"
    assert "HttpOnly" in again.headers["set-cookie"]
    client = await sign_in(room.administrator)
    [known] = (await client.get("/api/v1/screens")).json()["entries"]
    assert known["last_seen_at"].startswith(clock.now().isoformat()[:16])
    assert (await client.delete(f"/api/v1/screens/{known['id']}")).status_code == 204
    assert (await client.delete(f"/api/v1/screens/{known['id']}")).status_code == 204, "twice changes nothing"
    assert (await wall.get("/screen/now")).status_code == 401
    assert "本设备已不再是值班屏" in (await wall.get("/screen", headers=HTML)).text


async def test_another_wall_reads_it_with_its_own_token(client: httpx.AsyncClient, sign_in: Any, room: Room) -> None:
    administrator = await sign_in(room.administrator)
    made = (await administrator.post("/api/v1/screens", json={"name": "指挥中心大屏"})).json()
    answer = await client.get("/api/v1/screen", headers={"authorization": f"Bearer {made['token']}"})
    assert answer.status_code == 200
    found = answer.json()
    assert found["on_duty"] is True
    assert found["sounds"] == []
    assert [one["level"] for one in found["levels"]] == [1, 2, 3, 4]


async def test_a_units_wall_counts_its_own_alone(
    client: httpx.AsyncClient, sign_in: Any, db: Database, clock: FixedClock, room: Room
) -> None:
    await ransom(sign_in, room.officer)
    async with db.transaction(SYSTEM) as tx:
        await make.organization(tx, code="other-unit")
        _, token = await devices.make_screen(
            tx, name="墙", organization="other-unit", by=None, actor=SYSTEM, now=clock.now()
        )
    found = (await client.get("/api/v1/screen", headers={"authorization": f"Bearer {token}"})).json()
    assert sum(one["incidents"] for one in found["levels"]) == 0
    assert (found["limits"], found["on_duty"]) == ([], False)


def test_the_command_says_what_it_needs() -> None:
    answer = CliRunner().invoke(main, ["screen", "make"])
    assert answer.exit_code == 2
    assert "--name" in answer.output
