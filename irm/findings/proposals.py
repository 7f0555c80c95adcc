"""约谈 and 通报: proposed when a finding's day has passed long enough ago, decided by a person."""

from datetime import date, datetime
from uuid import UUID

from sqlalchemy import select

from irm.clock import SHANGHAI
from irm.db import Actor, Tx
from irm.errors import Conflict, NotFound
from irm.findings import lifecycle
from irm.findings.lifecycle import Status
from irm.findings.models import FindingProposalRow, FindingRow
from irm.findings.policy import finding_policy
from irm.findings.service import NO_FINDING, locked, note_change, text_given


async def propose(tx: Tx, *, now: datetime) -> int:
    """约谈 and 通报 where the day passed long enough ago; how many. Running it again proposes nothing twice."""
    today = now.astimezone(SHANGHAI).date()
    policy = finding_policy()
    rows = await tx.scalars(
        select(FindingRow)
        .where(FindingRow.status != Status.CLOSED, FindingRow.due_on < today)
        .order_by(FindingRow.id)
        .with_for_update(key_share=True)
    )
    late = list(rows)
    known: dict[tuple[UUID, date], set[str]] = {}
    for one in await tx.scalars(
        select(FindingProposalRow).where(FindingProposalRow.finding_id.in_([row.id for row in late]))
    ):
        known.setdefault((one.finding_id, one.due_on), set()).add(one.kind)
    made = 0
    for row in late:
        if row.status == Status.HANDED_IN or row.due_on is None:
            continue
        for kind in lifecycle.proposals_due(
            row.due_on, today, policy.steps, frozenset(known.get((row.id, row.due_on), ()))
        ):
            tx.add(FindingProposalRow(finding_id=row.id, kind=kind, due_on=row.due_on, proposed_at=now))
            await note_change(tx, row, "finding.proposed", Actor("system"), now, {"kind": kind}, {})
            made += 1
    return made


async def decide_proposal(
    tx: Tx, proposal_id: UUID, *, accepted: bool, reason: str, account_id: UUID, actor: Actor, now: datetime
) -> None:
    """A person's decision, with a reason where nothing follows. Raises NotFound, Conflict for a second decision."""
    one = await tx.get(FindingProposalRow, proposal_id)
    if one is None:
        raise NotFound(NO_FINDING)
    row = await locked(tx, one.finding_id)
    await tx.refresh(one)
    if one.decided_at is not None:
        raise Conflict(lifecycle.DECIDED)
    reason = text_given(reason, "reason", needed=not accepted)
    one.accepted, one.reason, one.decided_at, one.decided_by = accepted, reason or None, now, account_id
    body = {"kind": one.kind, "accepted": accepted}
    await note_change(tx, row, "finding.proposal_decided", actor, now, body, {"reason": reason} if reason else {})
