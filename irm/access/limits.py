"""For which systems people hold their roles, and what these systems are called.

The register stands above this room, so its table is read by name.
"""

from collections.abc import Collection, Iterable
from datetime import datetime
from typing import Final
from uuid import UUID

from sqlalchemy import DateTime, Text, Uuid, column, exists, or_, select, table

from irm.access.models import MembershipRow
from irm.access.principals import live_membership
from irm.db import Tx
from irm.errors import FieldError, Invalid
from irm.i18n import N_

SYSTEM: Final = table(
    "system",
    column("id", Uuid),
    column("code", Text),
    column("name", Text),
    column("owner_id", Uuid),
    column("operator_id", Uuid),
    column("tester_id", Uuid),
    column("sort_key", Text),
    column("retired_at", DateTime),
)
SYSTEM_PARTY: Final = table("system_party", column("system_id", Uuid), column("organization_id", Uuid))

NO_SYSTEM: Final = N_("There is no system with the code %(code)s.")
NOT_ITS: Final = N_("The organization has no part in the system %(code)s: the role would lead to nothing.")


async def limits_of(tx: Tx, people: Collection[UUID], *, now: datetime) -> dict[tuple[UUID, UUID], frozenset[UUID]]:
    """By person and organization, of those who hold roles there for named systems and none for all of it."""
    held = select(MembershipRow.person_id, MembershipRow.organization_id, MembershipRow.system_ids).where(
        MembershipRow.person_id.in_(people), live_membership(now)
    )
    found: dict[tuple[UUID, UUID], frozenset[UUID]] = {}
    for person, place, systems in await tx.execute(held.where(MembershipRow.system_ids.is_not(None))):
        found[person, place] = found.get((person, place), frozenset()) | frozenset(systems or ())
    if found:
        for person, place, _ in await tx.execute(held.where(MembershipRow.system_ids.is_(None))):
            found.pop((person, place), None)
    return found


async def system_names(tx: Tx, ids: Iterable[UUID]) -> dict[UUID, str]:
    """Retired ones too: a role keeps what it was given for."""
    wanted = set(ids)
    if not wanted:
        return {}
    rows = await tx.execute(
        select(SYSTEM.c.id, SYSTEM.c.name).where(SYSTEM.c.id.in_(wanted)).order_by(SYSTEM.c.sort_key)
    )
    return {row.id: row.name for row in rows}


async def systems_of_organization(tx: Tx, organization_id: UUID) -> list[tuple[UUID, str, str]]:
    """(id, code, name) of those that it owns, runs, uses, maintains or tests, by name: for which its roles can be held."""
    rows = await tx.execute(
        select(SYSTEM.c.id, SYSTEM.c.code, SYSTEM.c.name)
        .where(
            SYSTEM.c.retired_at.is_(None),
            or_(
                SYSTEM.c.owner_id == organization_id,
                SYSTEM.c.operator_id == organization_id,
                SYSTEM.c.tester_id == organization_id,
                exists().where(
                    SYSTEM_PARTY.c.system_id == SYSTEM.c.id, SYSTEM_PARTY.c.organization_id == organization_id
                ),
            ),
        )
        .order_by(SYSTEM.c.sort_key, SYSTEM.c.id)
    )
    return [(row.id, row.code, row.name) for row in rows]


async def systems_coded(
    tx: Tx, codes: Iterable[str], organization_id: UUID, *, everywhere: bool = False
) -> frozenset[UUID]:
    """Ids of the systems with these codes. Raises Invalid naming each that is none, or in which the organization has no part
    (`everywhere`: a cloud authority and whoever is reported to are concerned by all)."""
    wanted = list(dict.fromkeys(code.strip() for code in codes if code.strip()))
    rows = await tx.execute(select(SYSTEM.c.id, SYSTEM.c.code).where(SYSTEM.c.code.in_(wanted)))
    known = {row.code: row.id for row in rows}
    own = {one for one, _, _ in await systems_of_organization(tx, organization_id)}
    faults = [
        FieldError("systems", NO_SYSTEM if code not in known else NOT_ITS, {"code": code})
        for code in wanted
        if code not in known or not (everywhere or known[code] in own)
    ]
    if faults:
        raise Invalid.of(faults)
    return frozenset(known[code] for code in wanted)
