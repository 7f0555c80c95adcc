"""Who holds which role where, and for which systems: what the security administrator gives and takes back."""

import re
from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime
from typing import Final
from uuid import UUID

from sqlalchemy import select

from irm.access.limits import system_names, systems_coded
from irm.access.models import AccountRow, MembershipRow, OrganizationRow
from irm.access.policy import AUTHORITY, REGULATORS, Role
from irm.access.principals import live_membership
from irm.access.queries import organization_by_code
from irm.access.service import NO_ACCOUNT, end_role, grant_role
from irm.actor import Actor
from irm.db import Tx
from irm.errors import Conflict, Invalid, NotFound
from irm.i18n import N_

NO_ROLE: Final = N_("There is no such role.")
NOT_OWN: Final = N_("Somebody else has to do this to your own account.")
BETWEEN_CODES: Final = re.compile(r"[\s,，、;；]+")


@dataclass(frozen=True)
class HeldRole:
    organization_id: UUID
    code: str
    organization: str
    """Its short name."""
    role: Role
    systems: tuple[str, ...]
    """Names of those for which alone it is held; empty: for all."""
    since: datetime
    until: datetime | None
    is_lent: bool
    """Handed over by a colleague: it is ended there."""
    is_taken: bool
    """By break-glass: the same."""


async def roles_held(tx: Tx, people: Collection[UUID], *, now: datetime) -> dict[UUID, list[HeldRole]]:
    """By person, in the order of the organizations' pinyin."""
    rows = (
        await tx.execute(
            select(MembershipRow, OrganizationRow.code, OrganizationRow.short_name)
            .join(OrganizationRow, OrganizationRow.id == MembershipRow.organization_id)
            .where(MembershipRow.person_id.in_(people), live_membership(now))
            .order_by(OrganizationRow.sort_key, MembershipRow.role, MembershipRow.id)
        )
    ).all()
    names = await system_names(tx, {one for row, _, _ in rows for one in row.system_ids or ()})
    found: dict[UUID, list[HeldRole]] = {}
    for row, code, short_name in rows:
        limit = {str(one) for one in row.system_ids or ()}
        called = tuple(name for one, name in names.items() if str(one) in limit)
        held = HeldRole(
            row.organization_id,
            code,
            short_name,
            Role(row.role),
            called,
            row.since,
            row.until,
            is_lent=row.delegation_id is not None,
            is_taken=row.glass_id is not None,
        )
        found.setdefault(row.person_id, []).append(held)
    return found


async def give(
    tx: Tx,
    account_id: UUID,
    *,
    organization: str,
    role: str,
    systems: Collection[str],
    by: UUID | None,
    actor: Actor,
    now: datetime,
) -> UUID:
    """To the person of an account, as `give_to`. `by`: whose own account it may not be (Conflict). Raises NotFound."""
    person = await _person(tx, account_id, by)
    return await give_to(tx, person, organization=organization, role=role, systems=systems, actor=actor, now=now)


async def give_to(
    tx: Tx, person_id: UUID, *, organization: str, role: str, systems: Collection[str], actor: Actor, now: datetime
) -> UUID:
    """`organization` and `systems` by their codes; no systems: without limit.

    Raises NotFound, Conflict, and Invalid naming the field, as `service.grant_role` and `limits.systems_coded`.
    """
    place = await organization_by_code(tx, organization)
    everywhere = place.kind == AUTHORITY or place.kind in REGULATORS
    limit = await systems_coded(tx, systems, place.id, everywhere=everywhere)
    return await grant_role(
        tx, person_id=person_id, organization_id=place.id, role=_role(role), systems=limit, actor=actor, now=now
    )


async def take_back(
    tx: Tx, account_id: UUID, *, organization: str, role: str, by: UUID | None, actor: Actor, now: datetime
) -> None:
    """With all that was handed over of it. Raises NotFound, Conflict, Invalid."""
    person = await _person(tx, account_id, by)
    place = await organization_by_code(tx, organization)
    await end_role(tx, person_id=person, organization_id=place.id, role=_role(role), actor=actor, now=now)


def codes_in(text: str) -> list[str]:
    """`portal, mail` as somebody types it."""
    return [code for code in BETWEEN_CODES.split(text) if code]


async def _person(tx: Tx, account_id: UUID, by: UUID | None) -> UUID:
    if account_id == by:
        raise Conflict(NOT_OWN)
    found: UUID | None = await tx.scalar(select(AccountRow.person_id).where(AccountRow.id == account_id))
    if found is None:
        raise NotFound(NO_ACCOUNT)
    return found


def _role(value: str) -> Role:
    try:
        return Role(value)
    except ValueError:
        raise Invalid(NO_ROLE, field="role") from None
