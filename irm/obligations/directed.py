"""Directives as readers are shown them: an organization sees those addressed to it, and those that its desk took."""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy import ColumnElement, select, true
from sqlalchemy.orm import aliased

from irm.access.narrowing import within
from irm.access.policy import Reach
from irm.db import Tx
from irm.errors import NotFound
from irm.obligations.assembling import contact_views, obligation_views
from irm.obligations.directive_models import DirectiveBearerRow, DirectiveRow
from irm.obligations.directives import WITHDRAWAL
from irm.obligations.directory import desks
from irm.obligations.models import ContactRecordRow, ObligationRow
from irm.obligations.views import Contact, Named, Obligation


@dataclass(frozen=True)
class Directive:
    """`state`: in_force, replaced, withdrawn; `word` for a withdrawal itself. `duties`: as far as the reader sees them."""

    id: UUID
    number: str | None
    asks: str
    authority: Named
    contact: Contact
    subject: str
    due_at: datetime | None
    state: str
    bearers: tuple[Named, ...]
    duties: tuple[Obligation, ...]
    replaces: UUID | None
    replaced_by: UUID | None


async def directives_of(tx: Tx, subject: str, *, reach: Reach, now: datetime) -> list[Directive]:
    """About one subject, newest first."""
    return await _found(tx, ContactRecordRow.subject == subject, reach=reach, now=now)


async def directive(tx: Tx, directive_id: UUID, *, reach: Reach, now: datetime) -> Directive:
    """Raises NotFound, the same for what is not there and what is not the reader's."""
    found = await _found(tx, DirectiveRow.id == directive_id, reach=reach, now=now)
    if not found:
        raise NotFound("This directive does not exist, or it is not yours to see.")
    return found[0]


async def directive_of_duty(tx: Tx, obligation_id: UUID) -> UUID | None:
    found: UUID | None = await tx.scalar(
        select(DirectiveBearerRow.directive_id).where(DirectiveBearerRow.obligation_id == obligation_id)
    )
    return found


def _visible(reach: Reach) -> ColumnElement[bool]:
    return within(reach, _of_parties, ContactRecordRow.subject)


def _of_parties(reach: Reach) -> ColumnElement[bool]:
    if reach.everything:
        return true()
    addressed = select(DirectiveBearerRow.directive_id).where(
        DirectiveBearerRow.organization_id.in_(reach.organizations)
    )
    return DirectiveRow.id.in_(addressed) | ContactRecordRow.organization_id.in_(reach.organizations)


async def _found(tx: Tx, which: ColumnElement[bool], *, reach: Reach, now: datetime) -> list[Directive]:
    """A constant number of statements."""
    later = aliased(DirectiveRow)
    rows: Sequence[tuple[DirectiveRow, ContactRecordRow, UUID | None, str | None]] = [
        (row, contact, by, how)
        for row, contact, by, how in (
            await tx.execute(
                select(DirectiveRow, ContactRecordRow, later.id, later.asks)
                .join(ContactRecordRow, ContactRecordRow.id == DirectiveRow.contact_record_id)
                .outerjoin(later, later.replaces_id == DirectiveRow.id)
                .where(which, _visible(reach))
                .order_by(ContactRecordRow.stated_at.desc(), DirectiveRow.id.desc())
            )
        ).all()
    ]
    bearers = list(
        await tx.scalars(
            select(DirectiveBearerRow)
            .where(DirectiveBearerRow.directive_id.in_([row.id for row, *_ in rows]))
            .order_by(DirectiveBearerRow.organization_id)
        )
    )
    named = await desks(tx, [*(row.authority_id for row, *_ in rows), *(one.organization_id for one in bearers)])
    contacts = {one.id: one for one in await contact_views(tx, [contact for _, contact, *_ in rows])}
    seen = [one for one in bearers if reach.everything or one.organization_id in reach.organizations]
    duty_rows = list(
        await tx.scalars(
            select(ObligationRow)
            .where(ObligationRow.id.in_([one.obligation_id for one in seen if one.obligation_id]))
            .order_by(ObligationRow.id)
        )
    )
    duties = {one.id: one for one in await obligation_views(tx, duty_rows, now)}
    whom: dict[UUID, list[Named]] = defaultdict(list)
    owed: dict[UUID, list[Obligation]] = defaultdict(list)
    for one in seen:
        desk = named[one.organization_id]
        whom[one.directive_id].append(Named(desk.id, desk.name, desk.telephone, desk.fax, desk.kind, desk.tier))
        if one.obligation_id in duties:
            owed[one.directive_id].append(duties[one.obligation_id])
    return [
        Directive(
            id=row.id,
            number=row.number,
            asks=row.asks,
            authority=Named(
                row.authority_id,
                named[row.authority_id].name,
                named[row.authority_id].telephone,
                named[row.authority_id].fax,
                named[row.authority_id].kind,
                named[row.authority_id].tier,
            ),
            contact=contacts[contact.id],
            subject=contact.subject,
            due_at=row.due_at,
            state=_state(row.asks, how),
            bearers=tuple(whom[row.id]),
            duties=tuple(owed[row.id]),
            replaces=row.replaces_id,
            replaced_by=by,
        )
        for row, contact, by, how in rows
    ]


def _state(asks: str, later: str | None) -> str:
    if asks == WITHDRAWAL:
        return "word"
    if later is None:
        return "in_force"
    return "withdrawn" if later == WITHDRAWAL else "replaced"
