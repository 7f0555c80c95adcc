"""Chain of custody: who took a file in, read it, handed it over and took it back. The chain is the ledger's entries.

The attachment row knows only who holds it now. A hand-over says to whom and why; until its return is recorded it cannot be
handed over again.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final
from uuid import UUID

from sqlalchemy import func, select, tuple_

from irm.access.narrowing import owned_by, path_of, within
from irm.access.policy import Permission, Principal, Resource, may, reach
from irm.access.queries import organization
from irm.db import Tx
from irm.errors import Conflict, Forbidden, Invalid, NotFound
from irm.evidence.collecting import Place, provider_of
from irm.evidence.models import AttachmentRow, BlobRow, LedgerLeafRow
from irm.evidence.service import Attachment, attachment, view_of
from irm.i18n import N_
from irm.ledger import Event, LedgerEntryRow, LedgerPrivateRow, record

STEPS: Final = {
    "evidence.stored": N_("Taken into keeping"),
    "evidence.read": N_("Read"),
    "evidence.handed_over": N_("Given to somebody"),
    "evidence.returned": N_("Returned"),
}
NO_FILE: Final = N_("There is no such file, or it is not yours to see.")
WATCH: Final = timedelta(minutes=2)
"""A person's watch may be this far ahead."""
LATER: Final = timedelta(minutes=30)
"""Stated and recorded lie further apart than this: entered afterwards (补录)."""
LONGEST: Final = 500
DRAFTS: Final = "account/"


@dataclass(frozen=True)
class Step:
    """`at` is when it happened as far as stated, `recorded_at` when irm learned of it."""

    action: str
    at: datetime
    recorded_at: datetime
    actor: str
    reason: str
    holder_organization_id: UUID | None
    holder_name: str
    entry_id: UUID
    index: int | None
    leaf_hash: str

    @property
    def is_entered_afterwards(self) -> bool:
        return self.recorded_at - self.at > LATER


@dataclass(frozen=True)
class HandOver:
    """To an organization, a person, or a person of an organization."""

    organization_id: UUID | None
    name: str
    reason: str
    stated_at: datetime


async def file_of(tx: Tx, attachment_id: UUID, by: Principal) -> Attachment:
    """Raises NotFound, the same for what is not there and what is not the reader's."""
    found = await attachment(tx, attachment_id)
    if not await may_read(tx, found, by):
        raise NotFound(NO_FILE)
    return found


async def may_read(tx: Tx, found: Attachment, by: Principal) -> bool:
    """Decided by the room of the file's subject."""
    try:
        provider = provider_of(tx, found.subject.partition("/")[0])
    except NotFound:
        return False
    return await provider.may_read(tx, found, by)


def may_hand_over(found: Attachment, by: Principal) -> bool:
    own = frozenset({found.organization_id} if found.organization_id is not None else ())
    return may(by, Permission.HAND_OVER_EVIDENCE, Resource(own))


async def hand_over(tx: Tx, attachment_id: UUID, given: HandOver, by: Principal, *, now: datetime) -> None:
    """Raises NotFound, Forbidden, Invalid naming the field, and Conflict while somebody else holds it."""
    found, row = await _to_change(tx, attachment_id, by)
    name, reason = given.name.strip(), given.reason.strip()
    if given.organization_id is None and not name:
        raise Invalid(N_("Say to whom: an organization, a person, or both."), field="name")
    if given.organization_id is not None:
        await organization(tx, given.organization_id)
    _check(reason, name, given.stated_at, found.uploaded_at, now)
    if row.held_since is not None:
        raise Conflict(N_("The file is handed over already. Record its return first."), code="held")
    row.holder_organization_id, row.holder_name, row.held_since = given.organization_id, name or None, given.stated_at
    await tx.flush()
    body = {
        **_what(found),
        "to": str(given.organization_id) if given.organization_id else None,
        "stated_at": given.stated_at.isoformat(),
    }
    private = {"reason": reason} | ({"holder": name} if name else {})
    await record(tx, Event("evidence.handed_over", found.subject, now, by.actor, body, private))


async def take_back(
    tx: Tx, attachment_id: UUID, by: Principal, *, reason: str, stated_at: datetime, now: datetime
) -> None:
    """Record that it was returned. Raises like `hand_over`, and Conflict when nobody else holds it."""
    found, row = await _to_change(tx, attachment_id, by)
    if row.held_since is None:
        raise Conflict(N_("The file is not handed over to anybody."), code="not_held")
    _check(reason.strip(), "", stated_at, row.held_since, now)
    body = {
        **_what(found),
        "from": str(row.holder_organization_id) if row.holder_organization_id else None,
        "stated_at": stated_at.isoformat(),
    }
    private = {"reason": reason.strip()} | ({"holder": row.holder_name} if row.holder_name else {})
    row.holder_organization_id = row.holder_name = row.held_since = None
    await tx.flush()
    await record(tx, Event("evidence.returned", found.subject, now, by.actor, body, private))


async def _to_change(tx: Tx, attachment_id: UUID, by: Principal) -> tuple[Attachment, AttachmentRow]:
    found = await file_of(tx, attachment_id, by)
    if not may_hand_over(found, by):
        raise Forbidden(N_("Your roles do not include handing evidence over."))
    row = await tx.get_one(AttachmentRow, attachment_id, with_for_update=True, populate_existing=True)
    return found, row


def _check(reason: str, name: str, stated_at: datetime, since: datetime, now: datetime) -> None:
    if not reason:
        raise Invalid(N_("Say why."), field="reason")
    for field, text in (("reason", reason), ("name", name)):
        if len(text) > LONGEST or "\0" in text:
            raise Invalid(N_("At most %(most)s characters."), field=field, most=LONGEST)
    if stated_at.tzinfo is None:
        raise Invalid(N_("A moment needs its zone."), field="stated_at")
    if stated_at > now + WATCH:
        raise Invalid(N_("That moment has not come yet."), field="stated_at")
    if stated_at < since.replace(second=0, microsecond=0):
        raise Invalid(N_("That is before the file came to where it is now."), field="stated_at")


def _what(found: Attachment) -> dict[str, Any]:
    return {
        "attachment": str(found.id),
        "sha256": found.sha256,
        "organization": str(found.organization_id) if found.organization_id else None,
    }


async def chain_of(tx: Tx, found: Attachment) -> list[Step]:
    """Oldest first."""
    rows = (
        await tx.execute(
            select(LedgerEntryRow, LedgerLeafRow.index.label("place"))
            .outerjoin(LedgerLeafRow, LedgerLeafRow.entry_id == LedgerEntryRow.id)
            .where(LedgerEntryRow.subject == found.subject, LedgerEntryRow.action.in_(STEPS))
            .order_by(LedgerEntryRow.at, LedgerEntryRow.id)
        )
    ).all()
    own = [
        (row, place, body) for row, place in rows if (body := json.loads(row.body)).get("attachment") == str(found.id)
    ]
    private = await _private(tx, [row.id for row, _, _ in own])
    steps = []
    for row, place, body in own:
        said = private.get(row.id, {})
        holder = body.get("to") or body.get("from")
        stated = body.get("stated_at")
        steps.append(
            Step(
                action=row.action,
                at=datetime.fromisoformat(stated) if stated else row.at,
                recorded_at=row.at,
                actor=row.actor,
                reason=said.get("reason", ""),
                holder_organization_id=UUID(holder) if holder else None,
                holder_name=said.get("holder", ""),
                entry_id=row.id,
                index=place,
                leaf_hash=row.leaf_hash.hex(),
            )
        )
    return steps


async def _private(tx: Tx, ids: Sequence[UUID]) -> dict[UUID, dict[str, str]]:
    found: dict[UUID, dict[str, str]] = {}
    rows = await tx.execute(
        select(LedgerPrivateRow.entry_id, LedgerPrivateRow.path, LedgerPrivateRow.value).where(
            LedgerPrivateRow.entry_id.in_(ids)
        )
    )
    for entry_id, path, value in rows.all():
        found.setdefault(entry_id, {})[path] = value
    return found


# -- lists


async def files(
    tx: Tx, by: Principal, *, outside: bool = False, text: str = "", before: UUID | None = None, limit: int = 50
) -> tuple[list[Attachment], UUID | None]:
    """What the reader's organizations keep, for the cloud authority everything: newest first, (files, where to go on).

    `outside`: only what is handed over. Raises Invalid for a cursor that is none.
    """
    far = reach(by, Permission.READ_EVIDENCE)
    mine = within(far, owned_by(AttachmentRow.organization_id), path_of(AttachmentRow.subject))
    which = (
        select(AttachmentRow, BlobRow)
        .join(BlobRow, BlobRow.sha256 == AttachmentRow.blob_sha256)
        .where(mine, ~AttachmentRow.subject.startswith(DRAFTS))
    )
    if outside:
        which = which.where(AttachmentRow.held_since.is_not(None))
    if wanted := text.replace("\0", "").strip():
        which = which.where(
            AttachmentRow.filename.icontains(wanted, autoescape=True) | (AttachmentRow.blob_sha256 == wanted.lower())
        )
    if before is not None:
        edge = await tx.get(AttachmentRow, before)
        if edge is None:
            raise Invalid(N_("This page of the list does not exist."), field="cursor")
        which = which.where(tuple_(AttachmentRow.uploaded_at, AttachmentRow.id) < tuple_(edge.uploaded_at, edge.id))
    rows = (
        await tx.execute(which.order_by(AttachmentRow.uploaded_at.desc(), AttachmentRow.id.desc()).limit(limit + 1))
    ).all()
    found = [view_of(row, blob) for row, blob in rows[:limit]]
    return found, (found[-1].id if len(rows) > limit else None)


async def count_outside(tx: Tx, by: Principal) -> int:
    far = reach(by, Permission.READ_EVIDENCE)
    mine = within(far, owned_by(AttachmentRow.organization_id), path_of(AttachmentRow.subject))
    found = await tx.scalar(
        select(func.count()).select_from(AttachmentRow).where(mine, AttachmentRow.held_since.is_not(None))
    )
    return int(found or 0)


async def places_of(tx: Tx, found: Sequence[Attachment]) -> Mapping[str, Place]:
    """Subject → what people call it and where it is read."""
    by_kind: dict[str, set[str]] = {}
    for one in found:
        by_kind.setdefault(one.subject.partition("/")[0], set()).add(one.subject)
    places: dict[str, Place] = {}
    for kind, subjects in by_kind.items():
        provider = tx.wiring.providers.get(kind)
        if provider is not None:
            places |= await provider.places(tx, subjects)
    return places
