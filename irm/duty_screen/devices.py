"""Duty screens as devices: made by an administrator, shown their token once, revocable; they never run out by themselves."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final
from uuid import UUID

from sqlalchemy import select, update

from irm.access import queries as access
from irm.access.opaque import hashed, new_token
from irm.access.policy import AUTHORITY, Permission, Principal, reach
from irm.actor import Actor
from irm.db import Tx
from irm.duty_screen.models import DutyScreenRow
from irm.duty_screen.policy import screen_policy
from irm.errors import Invalid, NotFound
from irm.ledger import Event, record

PREFIX: Final = "irmscreen_"
"""So that people and scanners know what they found."""
LONGEST_NAME: Final = 60
LONGEST_TOKEN: Final = 200


@dataclass(frozen=True)
class Screen:
    id: UUID
    name: str
    organization_id: UUID
    organization: str
    created_at: datetime
    created_by: str
    revoked_at: datetime | None
    last_seen_at: datetime | None


async def make_screen(
    tx: Tx, *, name: str, organization: str, by: Principal | None, actor: Actor, now: datetime
) -> tuple[UUID, str]:
    """The id, and the token, which exists nowhere else. `organization`: code; empty for the cloud authority's own.

    `by` None: the command line. Raises Invalid naming the field.
    """
    name = name.strip()
    if not name or len(name) > LONGEST_NAME or not name.isprintable():
        raise Invalid("Say in up to %(most)s characters where the screen hangs.", field="name", most=LONGEST_NAME)
    desk = await _desk(tx, organization.strip(), by)
    token = PREFIX + new_token()
    row = DutyScreenRow(
        name=name,
        organization_id=desk.id,
        token_hash=hashed(token),
        created_at=now,
        created_by=by.person_id if by else None,
    )
    tx.add(row)
    await tx.flush()
    body = {"organization": str(desk.id)}
    await record(tx, Event("screen.made", f"screen/{row.id}", now, actor, body, {"name": name}))
    return row.id, token


async def revoke_screen(tx: Tx, screen_id: UUID, *, by: Principal | None, actor: Actor, now: datetime) -> None:
    """It shows nothing from its next look on. Twice changes nothing; NotFound for one that is not the reader's."""
    row = await tx.get(DutyScreenRow, screen_id, with_for_update=True)
    if row is None or not _covers(by, row.organization_id):
        raise NotFound("This duty screen does not exist.")
    if row.revoked_at is None:
        row.revoked_at = now
        await record(tx, Event("screen.revoked", f"screen/{row.id}", now, actor))


async def screens(tx: Tx, *, by: Principal | None = None) -> list[Screen]:
    """Those in use first, then the newest."""
    rows = list(
        await tx.scalars(
            select(DutyScreenRow).order_by(
                DutyScreenRow.revoked_at.is_not(None), DutyScreenRow.created_at.desc(), DutyScreenRow.id
            )
        )
    )
    seen = [row for row in rows if _covers(by, row.organization_id)]
    names = await access.organization_names(tx, {row.organization_id for row in seen})
    people = await access.person_names(tx, {row.created_by for row in seen if row.created_by})
    return [
        Screen(
            row.id,
            row.name,
            row.organization_id,
            names.get(row.organization_id, ""),
            row.created_at,
            people.get(row.created_by, "") if row.created_by else "",
            row.revoked_at,
            row.last_seen_at,
        )
        for row in seen
    ]


async def screen_of(tx: Tx, token: str, *, now: datetime) -> Screen | None:
    """The device that holds the token; None for one that is unknown or revoked. Writes down now and then that it looked."""
    if not token.startswith(PREFIX) or len(token) > LONGEST_TOKEN:
        return None
    row = await tx.scalar(
        select(DutyScreenRow).where(DutyScreenRow.token_hash == hashed(token), DutyScreenRow.revoked_at.is_(None))
    )
    if row is None:
        return None
    names = await access.organization_names(tx, [row.organization_id])
    if row.last_seen_at is None or now - row.last_seen_at >= timedelta(seconds=screen_policy().seen_every_seconds):
        await tx.execute(
            update(DutyScreenRow)
            .where(DutyScreenRow.id == row.id)
            .values(last_seen_at=now)
            .execution_options(synchronize_session=False)
        )
    return Screen(
        row.id,
        row.name,
        row.organization_id,
        names.get(row.organization_id, ""),
        row.created_at,
        "",
        None,
        row.last_seen_at,
    )


async def _desk(tx: Tx, code: str, by: Principal | None) -> access.Organization:
    known = [one for one in await access.organizations(tx, joined=True) if _covers(by, one.id)]
    found = next((one for one in known if (one.code == code if code else one.kind == AUTHORITY)), None)
    if found is None:
        raise Invalid("There is no organization with this code that works in irm.", field="organization")
    return found


def _covers(by: Principal | None, organization_id: UUID) -> bool:
    if by is None:
        return True
    far = reach(by, Permission.MANAGE_SCREENS)
    return far.everything or organization_id in far.organizations
