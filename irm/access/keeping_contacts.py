"""With whom an organization keeps in touch: entered, looked at, retired, and read by those whose list it is."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import date, datetime
from typing import Final
from uuid import UUID

from sqlalchemy import select

from irm.access.directory_models import LiaisonRow
from irm.access.liaisons import Liaison, check_due_on, is_overdue, liaison_policy
from irm.access.policy import Permission, Principal, Resource, may
from irm.access.queries import Organization, organization_by_code
from irm.actor import Actor
from irm.clock import SHANGHAI
from irm.db import Tx
from irm.errors import FieldError, Forbidden, Invalid, NotFound
from irm.i18n import N_
from irm.ledger import Event, record

LONGEST: Final = 200
NO_LIAISON: Final = N_("This contact is not on record here, or has been retired already.")
NO_KIND: Final = N_("Choose one of the kinds.")
NEEDED: Final = N_("This is needed.")
ODD_TEXT: Final = N_("At most 200 characters that can be shown, please.")
NOT_YOURS: Final = N_("Your roles do not include this organization's contacts.")


@dataclass(frozen=True)
class Stated:
    """A contact as somebody states it; what is stated is taken for looked at on that day."""

    kind: str
    name: str
    telephone: str
    person: str = ""


def may_read(principal: Principal, organization_id: UUID) -> bool:
    """Its own people who are called at night, and the cloud authority; the press officer's number is nobody else's."""
    whose = Resource(frozenset({organization_id}))
    return may(principal, Permission.READ_ROSTER, whose) or may(principal, Permission.KEEP_CONTACTS, whose)


async def kept_by(tx: Tx, principal: Principal, code: str) -> Organization:
    """The organization whose contacts the reader may change. Raises NotFound, Forbidden."""
    found = await organization_by_code(tx, code)
    if not may(principal, Permission.KEEP_CONTACTS, Resource(frozenset({found.id}))):
        raise Forbidden(NOT_YOURS)
    return found


async def liaisons_of(tx: Tx, organization_ids: Collection[UUID], *, today: date) -> dict[UUID, list[Liaison]]:
    """By organization; whoever has none is not in it."""
    every = liaison_policy().check_every_days
    rows = await tx.scalars(
        select(LiaisonRow).where(LiaisonRow.organization_id.in_(organization_ids), LiaisonRow.retired_at.is_(None))
    )
    found: dict[UUID, list[Liaison]] = {}
    for row in rows:
        found.setdefault(row.organization_id, []).append(
            Liaison(
                row.id,
                row.kind,
                row.name,
                row.person,
                row.telephone,
                row.checked_on,
                check_due_on(row.checked_on, every),
                is_overdue(row.checked_on, every, today),
            )
        )
    return found


async def enter(
    tx: Tx,
    organization_id: UUID,
    stated: Stated,
    *,
    by: UUID | None,
    actor: Actor,
    now: datetime,
    checked_on: date | None = None,
) -> UUID:
    """`checked_on`: of a list that is brought along; else today. Raises Invalid naming every field at fault."""
    given = Stated(stated.kind, stated.name.strip(), stated.telephone.strip(), stated.person.strip())
    faults = faults_in(given)
    if faults:
        raise Invalid.of(faults)
    row = LiaisonRow(
        organization_id=organization_id,
        kind=given.kind,
        name=given.name,
        person=given.person,
        telephone=given.telephone,
        checked_on=checked_on or now.astimezone(SHANGHAI).date(),
        checked_by=by,
        created_at=now,
        retired_at=None,
    )
    tx.add(row)
    await tx.flush()
    private = {"name": given.name, "person": given.person, "telephone": given.telephone}
    await record(tx, Event("liaison.entered", _path(row), now, actor, {"kind": given.kind}, private))
    return row.id


def faults_in(given: Stated) -> list[FieldError]:
    faults = [] if given.kind in {one.key for one in liaison_policy().kinds} else [FieldError("kind", NO_KIND)]
    faults += [FieldError(name, NEEDED) for name in ("name", "telephone") if not getattr(given, name)]
    return faults + [
        FieldError(name, ODD_TEXT)
        for name in ("name", "telephone", "person")
        if len(getattr(given, name)) > LONGEST or not getattr(given, name).isprintable()
    ]


async def change(
    tx: Tx, organization_id: UUID, liaison_id: UUID, *, telephone: str, checked_on: date, actor: Actor, now: datetime
) -> None:
    """What a list says of somebody who is on record: the number, and when it was last found right. Raises NotFound."""
    row = await _locked(tx, organization_id, liaison_id)
    before = {"telephone": row.telephone, "checked_on": row.checked_on}
    if before["checked_on"] != checked_on:
        row.checked_on, row.checked_by = checked_on, None  # who it was, the list does not say
    row.telephone = telephone
    await tx.flush()
    changed = [name for name, value in before.items() if value != getattr(row, name)]
    body = {"kind": row.kind, "fields": changed, "checked_on": checked_on.isoformat()}
    await record(tx, Event("liaison.changed", _path(row), now, actor, body, {"telephone": telephone}))


async def note_checked(
    tx: Tx, organization_id: UUID, liaison_id: UUID, *, by: UUID | None, actor: Actor, now: datetime
) -> None:
    """Somebody called, and the number is right. Raises NotFound."""
    row = await _locked(tx, organization_id, liaison_id)
    before, row.checked_on, row.checked_by = row.checked_on, now.astimezone(SHANGHAI).date(), by
    body = {"kind": row.kind, "before": before.isoformat(), "checked_on": row.checked_on.isoformat()}
    await record(tx, Event("liaison.checked", _path(row), now, actor, body))


async def retire(tx: Tx, organization_id: UUID, liaison_id: UUID, *, actor: Actor, now: datetime) -> None:
    """Raises NotFound."""
    row = await _locked(tx, organization_id, liaison_id)
    row.retired_at = now
    await record(tx, Event("liaison.retired", _path(row), now, actor, {"kind": row.kind}))


async def _locked(tx: Tx, organization_id: UUID, liaison_id: UUID) -> LiaisonRow:
    row = await tx.scalar(
        select(LiaisonRow)
        .where(
            LiaisonRow.id == liaison_id,
            LiaisonRow.organization_id == organization_id,
            LiaisonRow.retired_at.is_(None),
        )
        .with_for_update()
    )
    if row is None:
        raise NotFound(NO_LIAISON)
    return row


def _path(row: LiaisonRow) -> str:
    return f"organization/{row.organization_id}/liaison/{row.id}"
