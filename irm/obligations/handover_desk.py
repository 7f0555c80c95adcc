"""A list of evidence as its desk makes it and prints it: what routes and commands share."""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from irm.access.policy import Permission, Principal, reach
from irm.db import Tx
from irm.documents.tree import Document
from irm.errors import Forbidden
from irm.i18n import Translator
from irm.obligations import directed
from irm.obligations.about_subject import acting_for, check_file
from irm.obligations.handover_paper import list_on_paper
from irm.obligations.handovers import Handover, Signed, Thing, hand_over, handover
from irm.obligations.lookup import subject_at


async def give_under(
    tx: Tx,
    principal: Principal,
    directive_id: UUID,
    things: Sequence[Thing],
    signed: Signed,
    organization: UUID | None,
    *,
    now: datetime,
) -> UUID:
    """`hand_over` in the name of `organization`, else of the reader's own. The list's id."""
    if reach(principal, Permission.SUBMIT_REPORT).is_empty:
        raise Forbidden("Your roles do not include this.")
    far = reach(principal, Permission.READ_OBLIGATIONS)
    one = await directed.directive(tx, directive_id, reach=far, now=now)
    subject = await subject_at(tx, one.subject, reach=far)
    await check_file(tx, signed.scan_id, {subject.path})
    return await hand_over(
        tx,
        directive=one,
        subject=subject,
        organization_id=acting_for(principal, Permission.HAND_OVER_EVIDENCE, organization),
        things=things,
        signed=signed,
        by=principal,
        now=now,
    )


async def paper_of(
    tx: Tx, principal: Principal, handover_id: UUID, t: Translator, *, now: datetime
) -> tuple[Handover, Document]:
    """Raises NotFound for what is not the reader's."""
    far = reach(principal, Permission.READ_OBLIGATIONS)
    directive_id, one = await handover(tx, handover_id, far=reach(principal, Permission.READ_SUBMISSIONS))
    directive = await directed.directive(tx, directive_id, reach=far, now=now)
    subject = await subject_at(tx, directive.subject, reach=far)
    return one, list_on_paper(one, directive, subject.number, t, exercise=subject.exercise)
