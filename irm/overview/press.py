"""What the press asked and nobody has answered, for who answers and for the desks that took it."""

from typing import Final
from uuid import UUID

from sqlalchemy import select

from irm.access.policy import Permission, Principal, reach
from irm.db import Tx
from irm.exercise import clocks_of
from irm.i18n import LOCALES, N_, translator
from irm.incidents.models import IncidentRow
from irm.obligations.media import open_inquiries
from irm.overview.board import Need

MOST: Final = 100
TITLE: Final = N_("The press waits for an answer: %(outlet)s")


async def questions(tx: Tx, principal: Principal) -> list[Need]:
    """The duty officers and leaders of the desk that took it, and those of the cloud authority, who answer among them."""
    far = reach(principal, Permission.RECORD_DIRECTIVE)
    if far.is_empty or reach(principal, Permission.RECORD_CONTACT).is_empty:
        return []
    found = await open_inquiries(tx, reach=far, most=MOST)
    incidents = {UUID(one.subject.rpartition("/")[2]) for one in found}
    rows = await tx.execute(
        select(IncidentRow.id, IncidentRow.number, IncidentRow.exercise).where(IncidentRow.id.in_(incidents))
    )
    known = {f"incident/{incident}": (number, exercise) for incident, number, exercise in rows.all()}
    clocks = await clocks_of(tx, {subject for subject, (_, exercise) in known.items() if exercise})
    needs = []
    for one in found:
        number, exercise = known[one.subject]
        needs.append(
            Need(
                "press",
                one.id,
                {each: translator(each)(TITLE, outlet=one.contact.counterpart_name or "") for each in LOCALES},
                number,
                f"/media-inquiries/{one.id}",
                one.contact.stated_at,
                started_at=one.contact.stated_at,
                due_at=one.answer_by,
                limit_word=N_("Answer wanted until") if one.answer_by else "",
                detail=translator(principal.locale).of(one.answerer),
                exercise=exercise,
                pace=clocks.get(one.subject),
            )
        )
    return needs
