"""Hand-overs of the shift as people read them: a desk's own, and for whoever looks after it."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final
from uuid import UUID

from sqlalchemy import select

from irm.access import queries as access
from irm.access.policy import Permission, Principal, Resource, may
from irm.db import Tx
from irm.errors import NotFound
from irm.i18n import N_
from irm.shifts.matters import Change, Line, thawed, thawed_change
from irm.shifts.models import ShiftHandoverRow
from irm.shifts.service import NO_DESK, NO_HANDOVER, may_take, own_desk, since_given

MOST: Final = 100
STATUS_NAMES: Final = {
    "waiting": N_("Waits to be taken over"),
    "taken": N_("Taken over"),
    "refused": N_("Refused, not taken over"),
    "withdrawn": N_("Taken back"),
}


@dataclass(frozen=True)
class ShiftHandover:
    id: UUID
    organization_id: UUID
    organization: str
    code: str
    given_by_id: UUID
    given_by: str
    given_at: datetime
    to_id: UUID
    to: str
    due_at: datetime
    red_at: datetime
    note: str
    open: tuple[Line, ...]
    status: str
    answered_by: str
    answered_at: datetime | None
    answer: str
    changed: Change | None

    @property
    def waits(self) -> bool:
        return self.status == "waiting"

    def is_late(self, now: datetime) -> bool:
        """Nobody has taken it, and the shift has changed long enough ago."""
        return self.waits and self.red_at <= now


@dataclass(frozen=True)
class Standing:
    """One hand-over as one reader sees it now. `change`: what is no longer as it was handed over – while it waits as of
    now, for the desk itself only; afterwards as of its taking."""

    handover: ShiftHandover
    change: Change | None
    may_take: bool
    may_refuse: bool
    may_withdraw: bool


async def desk_seen(tx: Tx, by: Principal, code: str | None) -> access.Organization:
    """The desk of the code, as far as the reader sees it; without one his own. Raises NotFound as for what is not there."""
    if code is None:
        return await own_desk(tx, by, None)
    try:
        found = await access.organization_by_code(tx, code)
    except NotFound:
        raise NotFound(NO_DESK) from None
    if not _sees(by, found.id):
        raise NotFound(NO_DESK)
    return found


async def handovers_of(tx: Tx, desk: access.Organization) -> list[ShiftHandover]:
    """Of one desk, the newest first; the caller has asked whether the reader sees it."""
    rows = await tx.scalars(
        select(ShiftHandoverRow)
        .where(ShiftHandoverRow.organization_id == desk.id)
        .order_by(ShiftHandoverRow.given_at.desc(), ShiftHandoverRow.id.desc())
        .limit(MOST)
    )
    return await _views(tx, list(rows))


async def waiting_in(tx: Tx, by: Principal, *, now: datetime) -> list[Standing]:
    """Those of the reader's own desks that nobody has taken, the oldest first; what changed is not looked for."""
    own = {one for one in by.organizations if by.limited_to in (None, one) and _sees(by, one)}
    rows = list(
        await tx.scalars(
            select(ShiftHandoverRow)
            .where(ShiftHandoverRow.organization_id.in_(own), ShiftHandoverRow.status == "waiting")
            .order_by(ShiftHandoverRow.given_at)
        )
    )
    views = await _views(tx, rows)
    return [await _standing(tx, row, view, by, now, compares=False) for row, view in zip(rows, views, strict=True)]


async def handover_for(tx: Tx, handover_id: UUID, by: Principal, *, now: datetime) -> Standing:
    """Raises NotFound, the same for what is not there and for what is not the reader's."""
    row = await tx.get(ShiftHandoverRow, handover_id, populate_existing=True)
    if row is None or not _sees(by, row.organization_id):
        raise NotFound(NO_HANDOVER)
    [view] = await _views(tx, [row])
    return await _standing(tx, row, view, by, now, compares=True)


async def _standing(
    tx: Tx, row: ShiftHandoverRow, view: ShiftHandover, by: Principal, now: datetime, *, compares: bool
) -> Standing:
    if not view.waits:
        return Standing(view, view.changed, may_take=False, may_refuse=False, may_withdraw=False)
    own = row.organization_id in by.organizations
    return Standing(
        view,
        await since_given(tx, row, now=now) if own and compares else None,
        await may_take(tx, row, by, now=now),
        own and by.person_id == row.to_person_id,
        own and by.person_id == row.given_by,
    )


def _sees(by: Principal, organization_id: UUID) -> bool:
    return may(by, Permission.HAND_OVER_SHIFT, Resource(frozenset({organization_id})))


async def _views(tx: Tx, rows: Sequence[ShiftHandoverRow]) -> list[ShiftHandover]:
    named = {one for row in rows for one in (row.given_by, row.to_person_id, row.answered_by) if one}
    people = await access.person_names(tx, named)
    desks = {one.id: one for one in await access.organizations(tx, ids={row.organization_id for row in rows})}
    return [
        ShiftHandover(
            row.id,
            row.organization_id,
            desks[row.organization_id].short_name,
            desks[row.organization_id].code,
            row.given_by,
            people.get(row.given_by, ""),
            row.given_at,
            row.to_person_id,
            people.get(row.to_person_id, ""),
            row.due_at,
            row.red_at,
            row.note,
            thawed(row.open),
            row.status,
            people.get(row.answered_by, "") if row.answered_by else "",
            row.answered_at,
            row.answer,
            thawed_change(row.changed) if row.changed else None,
        )
        for row in rows
    ]
