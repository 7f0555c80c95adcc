"""The made-up city with its year behind it, its people, and strangers who have nothing to do with it."""

from collections.abc import AsyncIterator, Collection
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final
from uuid import UUID

import httpx
from litestar import Litestar
from sqlalchemy import text

from irm.access import tokens
from irm.access.policy import ADMINISTRATORS, AUTHORITY, Permission, Role
from irm.access.security import security_policy
from irm.access.sessions import open_session
from irm.app import create_app
from irm.clock import FixedClock
from irm.config import Settings
from irm.db import SYSTEM, Database
from irm.duty_screen.devices import make_screen
from tests import make
from tests.feature.access.subjects import OWNED, Kind, Subject, found_in
from tests.lived import NOW, lived_city
from tests.server import Server

STRANGERS: Final = ("using_unit", "vendor", "cyberspace_office", "assessor", AUTHORITY)


@dataclass(frozen=True)
class Living:
    """The city, the application before it, and who comes to it."""

    db: Database
    app: Litestar
    client: httpx.AsyncClient
    schema: dict[str, Any]
    """The OpenAPI document."""
    members: dict[UUID, dict[str, str]] = field(default_factory=dict)
    """Headers of somebody who holds every role in a joined organization of the city."""
    strangers: dict[str, dict[str, str]] = field(default_factory=dict)
    """Headers of the same in organizations that came today, by kind; the cloud authority is a county's."""
    places: list[UUID] = field(default_factory=list)
    """The strangers' organizations."""
    rows: dict[Kind, list[Subject]] = field(default_factory=dict)


@asynccontextmanager
async def living_city(server: Server, home: Path, **more: Any) -> AsyncIterator[Living]:
    """`more`: settings of the installation beside its home."""
    clock, settings = FixedClock(NOW), Settings(home=home, demo=True, **more)
    async with lived_city(server, home, clock) as db:
        app = create_app(settings, db, clock)
        transport = httpx.ASGITransport(app=app, client=("127.0.0.1", 50002))  # type: ignore[arg-type]  # httpx's own type of an app
        async with httpx.AsyncClient(transport=transport, base_url="http://irm.test") as client:
            made = Living(db, app, client, app.openapi_schema.to_schema())
            await _let_in(made, clock)
            await _what_the_year_had_not(made, clock)
            async with db.transaction() as tx:
                made.rows.update({kind: await found_in(tx, kind) for kind in OWNED})
            await _strangers(made, clock)
            yield made


async def _let_in(living: Living, clock: FixedClock) -> None:
    async with living.db.transaction() as tx:
        joined = list(await tx.execute(text("SELECT id, kind FROM organization WHERE joined")))
    for place, kind in joined:
        living.members[place] = await _all_roles(living.db, clock, place, kind)


async def _strangers(living: Living, clock: FixedClock) -> None:
    for kind in STRANGERS:
        async with living.db.transaction() as tx:
            place = await make.organization(tx, kind, tier="county" if kind == AUTHORITY else "city")
        living.places.append(place)
        living.strangers[kind] = await _all_roles(living.db, clock, place, kind)


async def limited_member(living: Living, place: UUID, systems: Collection[UUID]) -> dict[str, str]:
    """Headers of somebody who holds every role there, for these systems only."""
    return await _all_roles(living.db, FixedClock(NOW), place, "", systems=systems)


async def _all_roles(
    db: Database, clock: FixedClock, place: UUID, kind: str, *, systems: Collection[UUID] = ()
) -> dict[str, str]:
    """Every role at once, so that no fewer roles see more; of the administrators' one, and only where they may be."""
    roles = (set(Role) - ADMINISTRATORS) | ({Role.SYSTEM_ADMINISTRATOR} if kind == AUTHORITY else set())
    async with db.transaction() as tx:
        account = await make.account(tx, place, *sorted(roles), systems=systems)
        _, token = await tokens.create_token(
            tx, account_id=account.id, name="walk", scopes=frozenset(Permission), actor=SYSTEM, now=clock.now()
        )
        await open_session(
            tx, account.id, policy=security_policy(), ip="127.0.0.1", user_agent="walk", actor=SYSTEM, now=clock.now()
        )
    return {"authorization": f"Bearer {token}"}


async def _what_the_year_had_not(living: Living, clock: FixedClock) -> None:
    """Directives with evidence handed over, the press, a hand-over of the shift, packs, lists, screens."""
    async with living.db.transaction() as tx:
        number, unit, authority, office = (
            await tx.execute(
                text(
                    "SELECT number, part.organization_id, a.id, o.id FROM incident"
                    " JOIN part ON part.incident_id = incident.id"
                    " JOIN organization AS unit ON unit.id = part.organization_id AND unit.kind = 'using_unit',"
                    " organization AS a, organization AS o WHERE a.code = 'cloud-authority' AND o.code = 'police'"
                    " AND incident.status = 'contained'"
                )
            )
        ).one()
        await make_screen(tx, name="wall", organization="", by=None, actor=SYSTEM, now=clock.now())
    for whose in (unit, authority):
        given = {"incident": number, "authority": str(office), "asks": "handover", "means": "visit", "said": "日志"}
        directive = await _post(living, whose, "/api/v1/directives", **given)
        signed = {"things": [{"name": "硬盘", "condition": "完好"}], "handed_by": "甲", "taken_by": "乙"}
        await _post(living, whose, f"/api/v1/directives/{directive['id']}/handovers", **signed)
        asked = {"incident": number, "means": "telephone", "outlet": "晚报", "said": "网站为何打不开"}
        await _post(living, whose, "/api/v1/media-inquiries", **asked)
        await _post(living, whose, f"/api/v1/incidents/{number}/handovers", text="夜班继续观察")
        await _post(living, whose, "/api/v1/evidence-packs", kind="incident", name=number)
        await _bring(living, whose, "systems")
    press = {"kind": "press", "name": "市日报社", "telephone": "000-00000077"}
    await _post(living, authority, "/api/v1/organizations/cloud-authority/liaisons", **press)
    await _bring(living, authority, "organizations")


async def _post(living: Living, whose: UUID, path: str, **body: Any) -> Any:
    answer = await living.client.post(path, json=body, headers=living.members[whose])
    assert answer.status_code < 300, (path, answer.status_code, answer.text)
    return answer.json()


async def _bring(living: Living, whose: UUID, what: str) -> None:
    """The list as it is now, brought again."""
    headers = living.members[whose]
    sheet = await living.client.get(f"/api/v1/{what}/export", headers=headers)
    files = {"file": ("list.xlsx", sheet.content)}
    answer = await living.client.post(f"/api/v1/{what}/imports", files=files, headers=headers)
    assert answer.status_code < 300, (what, answer.status_code, answer.text)
