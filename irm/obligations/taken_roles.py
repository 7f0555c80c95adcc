"""A role of an approval chain was taken by break-glass (应急启权): while that runs, its taker is among those who are asked.

Who was asked stands fixed in a request, so that a chain is climbed as it began; a role taken at 03:00 because that very
chain is silent would come too late for it. Whoever wrote the report, or has a writer's duties, is not added.
"""

from uuid import UUID

from sqlalchemy import select

from irm.access.policy import Permission, Role
from irm.access.seconds import seconds_of
from irm.db import Tx
from irm.ledger import Event
from irm.obligations.approval_models import ReportApprovalRow
from irm.obligations.approvals import writers_of
from irm.obligations.asking import locked_request
from irm.obligations.drafting import locked_with_its_report


async def hear(tx: Tx, event: Event, entry_id: UUID) -> None:  # noqa: ARG001 - the shape of a subscriber
    """`break_glass.taken`: onto the rungs of that role in what is open; `break_glass.ended`: off them, with the role gone."""
    place, person, role = UUID(event.body["organization"]), str(event.body["person"]), str(event.body["role"])
    waiting = select(ReportApprovalRow.id, ReportApprovalRow.submission_id).where(
        ReportApprovalRow.organization_id == place, ReportApprovalRow.status == "open"
    )
    for request_id, submission_id in (await tx.execute(waiting.order_by(ReportApprovalRow.id))).all():
        await locked_with_its_report(tx, submission_id)
        request = await locked_request(tx, request_id)
        writers = await writers_of(tx, request.report_id)
        able = await seconds_of(tx, writers, Permission.APPROVE_REPORTS, place, now=event.at)
        # Of several roles that let him approve, only this one is asked about.
        joins = any(str(one.person_id) == person and Role(role) in one.roles for one in able)
        request.chain = [
            {**rung, "people": [one for one in rung["people"] if one != person] + ([person] if joins else [])}
            if rung["role"] == role
            else rung
            for rung in request.chain
        ]
    await tx.flush()
