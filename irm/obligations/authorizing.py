"""Standing authorizations (先报后批授权): the document by which duty officers may send before anybody has approved."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy import select

from irm.db import Actor, Tx, uuid7
from irm.errors import Conflict, FieldError, Invalid, NotFound
from irm.evidence.service import attachment
from irm.ledger import Event, record
from irm.obligations.approval_models import StandingAuthorizationRow
from irm.obligations.forms import forms
from irm.obligations.item_texts import check_line


@dataclass(frozen=True)
class Grant:
    """What the document says. `attachment_id`: the document itself, attached at `path_of(organization)`."""

    organization_id: UUID
    number: str
    granted_by: str
    forms: tuple[str, ...]
    valid_from: datetime
    valid_until: datetime
    attachment_id: UUID


def path_of(organization_id: UUID) -> str:
    return f"organization/{organization_id}/authorization"


async def enter(tx: Tx, grant: Grant, *, actor: Actor, now: datetime) -> UUID:
    """Put the document on record. Raises Invalid with every fault."""
    number, granted_by = check_line("number", grant.number), check_line("granted_by", grant.granted_by)
    known = {name for name, form in forms().items() if form.items and not form.own_page}
    faults: list[FieldError] = []
    if not number:
        faults.append(FieldError("number", "Give the document's number."))
    if not granted_by:
        faults.append(FieldError("granted_by", "Say who granted it."))
    if not grant.forms or not set(grant.forms) <= known:
        faults.append(FieldError("forms", "Choose the reports that it allows to send."))
    if grant.valid_until <= grant.valid_from:
        faults.append(FieldError("valid_until", "It ends before it begins."))
    elif grant.valid_until <= now:
        faults.append(FieldError("valid_until", "It has ended already."))
    if faults:
        raise Invalid("Please correct what is marked.", errors=faults)
    found = await attachment(tx, grant.attachment_id)
    if found.subject != path_of(grant.organization_id):
        raise Invalid("This file is not the document of this organization.", field="file")
    row = StandingAuthorizationRow(
        id=uuid7(),
        organization_id=grant.organization_id,
        number=number,
        granted_by=granted_by,
        forms=sorted(set(grant.forms)),
        valid_from=grant.valid_from,
        valid_until=grant.valid_until,
        attachment_id=grant.attachment_id,
        entered_at=now,
        entered_by=actor.id,
    )
    tx.add(row)
    await tx.flush()
    body = {
        **_body(row),
        "forms": row.forms,
        "from": row.valid_from.isoformat(),
        "until": row.valid_until.isoformat(),
        "file": found.sha256,
    }
    private = {"number": row.number, "granted_by": row.granted_by}
    await record(tx, Event("authorization.entered", _path(row), now, actor, body, private))
    return row.id


async def revoke(tx: Tx, authorization_id: UUID, *, reason: str, actor: Actor, now: datetime) -> None:
    """It allows nothing from now on; what was sent under it stays. Conflict if it was revoked before."""
    row = await tx.scalar(
        select(StandingAuthorizationRow)
        .where(StandingAuthorizationRow.id == authorization_id)
        .with_for_update(key_share=True)
        .execution_options(populate_existing=True)
    )
    if row is None:
        raise NotFound("There is no such authorization.")
    why = check_line("reason", reason)
    if not why:
        raise Invalid("Say why.", field="reason")
    if row.revoked_at is not None:
        raise Conflict("It was revoked already.")
    row.revoked_at, row.revoked_by, row.revoke_reason = now, actor.id, why
    await tx.flush()
    await record(tx, Event("authorization.revoked", _path(row), now, actor, _body(row), {"reason": why}))


async def in_force(tx: Tx, organization_id: UUID, form: str, *, now: datetime) -> StandingAuthorizationRow | None:
    """The document that allows this organization to send this form before approval now; the one that lasts longest.

    Read with a lock that a revocation waits for: what leaves under it left before it was revoked.
    """
    rows = await tx.scalars(
        select(StandingAuthorizationRow)
        .where(
            StandingAuthorizationRow.organization_id == organization_id,
            StandingAuthorizationRow.revoked_at.is_(None),
            StandingAuthorizationRow.valid_from <= now,
            StandingAuthorizationRow.valid_until > now,
        )
        .order_by(StandingAuthorizationRow.valid_until.desc(), StandingAuthorizationRow.id)
        .with_for_update(read=True)
        .execution_options(populate_existing=True)
    )
    return next((row for row in rows if form in row.forms), None)


async def authorizations(tx: Tx, organization_ids: Collection[UUID]) -> list[StandingAuthorizationRow]:
    """All that were ever entered, newest first."""
    return list(
        await tx.scalars(
            select(StandingAuthorizationRow)
            .where(StandingAuthorizationRow.organization_id.in_(organization_ids))
            .order_by(StandingAuthorizationRow.entered_at.desc(), StandingAuthorizationRow.id.desc())
        )
    )


def _path(row: StandingAuthorizationRow) -> str:
    return f"organization/{row.organization_id}/authorization/{row.id}"


def _body(row: StandingAuthorizationRow) -> dict[str, object]:
    return {"authorization": str(row.id), "organization": str(row.organization_id)}
