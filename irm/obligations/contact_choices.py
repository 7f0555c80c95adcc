"""What the form of a contact record offers: the desks of late, and what a call may serve as, as far as the reader may."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any, Final
from uuid import UUID

from sqlalchemy import func, select

from irm.access import queries as access
from irm.access.policy import Permission, Principal, may, reach
from irm.access.queries import Organization
from irm.db import Tx
from irm.i18n import Translator
from irm.notify import queries as messages
from irm.notify.delivery_filters import Filters
from irm.obligations import directed, queries
from irm.obligations.directives import AUTHORITIES, WITHDRAWAL
from irm.obligations.forms import form_of
from irm.obligations.models import ContactRecordRow
from irm.obligations.subjects import Subject
from irm.obligations.views import Obligation
from irm.web.wording import exact

RECENT: Final = 4
"""Desks that stand on the form itself; the others are in its list."""


async def choices_for(
    tx: Tx, principal: Principal, subject: Subject, t: Translator, *, demanded: bool, now: datetime
) -> dict[str, Any]:
    """`demanded`: it is a directive, so only those are offered who may give one."""
    reports = await queries.submissions_of(tx, subject.path, reach=reach(principal, Permission.READ_SUBMISSIONS))
    label = {each.id: f"{t.of(form_of(each.form).short)} {each.serial} → {each.recipient.name}" for each in reports}
    waiting = [each for each in reports if each.status in ("submitted", "returned", "receipted")]
    pages, _ = await messages.deliveries_for(
        tx, principal, filters=Filters(about=subject.number, purpose="page", unanswered=True)
    )
    desks = [
        desk for desk in await access.organizations(tx) if desk.kind in AUTHORITIES or (desk.telephone and not demanded)
    ]
    owed = await queries.obligations_of(tx, subject.path, now=now, reach=reach(principal, Permission.READ_OBLIGATIONS))
    recent = await _recent(tx, desks, reach(principal, Permission.RECORD_CONTACT).organizations, _awaited(owed))
    return {
        "recent": [(str(desk.id), desk.name, desk.telephone or "") for desk in recent],
        "counterparts": [(str(desk.id), f"{desk.name} {desk.telephone or ''}".strip()) for desk in desks],
        "submissions": [(str(each.id), label[each.id]) for each in waiting]
        if may(principal, Permission.RECORD_RECEIPT)
        else [],
        "drafts": [(str(each.id), label[each.id]) for each in reports if each.is_draft]
        if may(principal, Permission.SUBMIT_REPORT)
        else [],
        "deliveries": [
            (str(each.id), f"{each.name or each.organization} {each.address or ''}".strip()) for each in pages
        ],
        **await _of_directives(tx, principal, subject, t, now=now),
    }


def _awaited(owed: Sequence[Obligation]) -> list[UUID]:
    """To whom something about this is still owed, the nearest limit first."""
    due = [one for one in owed if one.status in ("open", "submitted") and one.recipient.id is not None]
    due.sort(key=lambda one: (one.limit_at is None, one.limit_at.timestamp() if one.limit_at else 0))
    return [one.recipient.id for one in due if one.recipient.id is not None]


async def _recent(
    tx: Tx, desks: Sequence[Organization], own: frozenset[UUID], awaited: Sequence[UUID]
) -> list[Organization]:
    """Those that wait for a report about this, then the desks that the reader's organizations spoke with last, then
    authorities; never the reader's own."""
    spoken = await tx.scalars(
        select(ContactRecordRow.counterpart_id)
        .where(ContactRecordRow.organization_id.in_(own), ContactRecordRow.counterpart_id.is_not(None))
        .group_by(ContactRecordRow.counterpart_id)
        .order_by(func.max(ContactRecordRow.recorded_at).desc())
        .limit(RECENT)
    )
    by_id = {desk.id: desk for desk in desks if desk.id not in own}
    found = [by_id[one] for one in dict.fromkeys((*awaited, *spoken)) if one in by_id]
    found += [desk for desk in by_id.values() if desk.kind in AUTHORITIES and desk not in found]
    return found[:RECENT]


async def _of_directives(
    tx: Tx, principal: Principal, subject: Subject, t: Translator, *, now: datetime
) -> dict[str, Any]:
    """Empty where the reader may not accept one: the form then does not offer it."""
    far = reach(principal, Permission.RECORD_DIRECTIVE)
    if far.is_empty:
        return {"directives": False, "bearers": [], "replaceable": []}
    bound = {one for one in (*subject.parts, *principal.organizations) if far.everything or one in far.organizations}
    named = await access.organizations(tx, ids=bound)
    standing = [
        one
        for one in await directed.directives_of(tx, subject.path, reach=far, now=now)
        if one.state == "in_force" and one.asks != WITHDRAWAL
    ]
    return {
        "directives": True,
        "bearers": [(str(desk.id), desk.name, "") for desk in named],
        "replaceable": [
            (str(one.id), f"{one.authority.name} · {one.number or exact(one.contact.stated_at, t)}") for one in standing
        ],
    }
