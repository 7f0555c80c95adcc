"""How one report stands with its approvers now: read from the city's chains, what was asked, and what is on record."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import func, select

from irm.access.policy import Permission, Role
from irm.access.queries import Member
from irm.access.seconds import seconds_of
from irm.db import Tx
from irm.exercise import exercise_of
from irm.exercise_clock import ExerciseClock
from irm.notify import contacts
from irm.obligations import approval as rules
from irm.obligations.approval import Question, Rung, Verdict
from irm.obligations.approval_models import ReportApprovalRow, ReportWriterRow, StandingAuthorizationRow
from irm.obligations.approval_rules import Chain, chain_for
from irm.obligations.authorizing import in_force
from irm.obligations.forms import form_of
from irm.obligations.linking import obligations_of
from irm.obligations.models import ObligationRow, SubmissionRow


@dataclass(frozen=True)
class Approver:
    person_id: UUID
    name: str
    telephone: str | None


@dataclass(frozen=True)
class Standing:
    """`begins`, `half_at`, `opens_at` lie on the wall's clock; the last of `begins` is when the chain is exhausted."""

    verdict: Verdict
    request: ReportApprovalRow | None = None
    """About exactly this text."""
    rungs: tuple[Rung, ...] = ()
    rung: int | None = None
    """Whose time it is; None: nobody was asked, or the chain is exhausted."""
    begins: tuple[datetime, ...] = ()
    half_at: datetime | None = None
    opens_at: datetime | None = None
    """From when it may leave before approval, if it ever may."""
    authorization: StandingAuthorizationRow | None = None
    people: Mapping[UUID, Approver] = field(default_factory=dict)

    def on(self, place: int) -> list[Approver]:
        return [self.people[each] for each in self.rungs[place].people if each in self.people]

    def to_fetch(self) -> list[Approver]:
        """Everybody of the chain, each once, in its order."""
        found = [each for place in range(len(self.rungs)) for each in self.on(place)]
        return list({each.person_id: each for each in found}.values())


def text_of(row: SubmissionRow) -> str:
    """The SHA-256 under which this text is approved."""
    return rules.print_of(row.form, row.items)


async def standing(tx: Tx, row: SubmissionRow, *, now: datetime) -> Standing:
    """Raises nothing; what the city asks nothing about is FREE."""
    chain = await chain_for(tx, row.organization_id, row.form, now=now)
    if chain is None:
        return Standing(Verdict.FREE)
    request = await request_about(tx, row)
    rungs = rungs_of(request) if request is not None else await rungs_now(tx, row, chain, now=now)
    clock = await clock_of(tx, row)
    half_at = await _half_at(tx, row, clock)
    begins: tuple[datetime, ...] = ()
    if request is not None:
        begins = tuple(_wall(clock, each) for each in rules.begins(rungs, _run(clock, request.asked_at)))
    authorization = await in_force(tx, row.organization_id, row.form, now=now)
    seen = clock.seen_at(now) if clock else now
    is_exhausted = bool(begins) and seen >= begins[-1]
    status = request.status if request is not None else None
    of = Question(
        needed=True,
        never_waits=form_of(row.form).never_waits,
        approved=status == "approved",
        returned=status == "returned",
        asked=request is not None,
        authorized=authorization is not None,
        exhausted=is_exhausted,
        half_gone=half_at is not None and seen >= half_at,
    )
    opens = [each for each in (half_at, begins[-1] if begins else None) if each is not None]
    rung = None
    if status == "open" and begins:
        rung = next((place for place, one in enumerate(rungs) if one.people and seen < begins[place + 1]), None)
    return Standing(
        verdict=rules.verdict(of),
        request=request,
        rungs=rungs,
        rung=rung,
        begins=begins,
        half_at=half_at,
        opens_at=min(opens) if opens and (of.authorized or of.never_waits) else None,
        authorization=authorization,
        people=await _approvers(tx, rungs),
    )


async def standing_of(tx: Tx, submission_id: UUID, *, now: datetime) -> Standing:
    return await standing(tx, await tx.get_one(SubmissionRow, submission_id), now=now)


async def request_about(tx: Tx, row: SubmissionRow) -> ReportApprovalRow | None:
    """The latest request about exactly the text that the report has now."""
    found: ReportApprovalRow | None = await tx.scalar(
        select(ReportApprovalRow)
        .where(
            ReportApprovalRow.report_id == row.report_id,
            ReportApprovalRow.text_hash == text_of(row),
            ReportApprovalRow.status != "overtaken",
        )
        .order_by(ReportApprovalRow.asked_at.desc(), ReportApprovalRow.id.desc())
        .limit(1)
        .execution_options(populate_existing=True)
    )
    return found


async def is_before_approvers(tx: Tx, report_id: UUID) -> bool:
    """Somebody reads this report now, or has approved it: nothing changes it but a person."""
    asked = await tx.scalar(
        select(func.count()).where(
            ReportApprovalRow.report_id == report_id, ReportApprovalRow.status.in_(("open", "approved"))
        )
    )
    return bool(asked)


async def rungs_now(tx: Tx, row: SubmissionRow, chain: Chain, *, now: datetime) -> tuple[Rung, ...]:
    """Who holds the chain's roles now and may be second to the writers (`access.second`): where nobody of the unit is left
    for it, its head, then the cloud authority by the same rungs."""
    able = await seconds_of(
        tx, await writers_of(tx, row.report_id), Permission.APPROVE_REPORTS, row.organization_id, now=now
    )

    def rung(role: str, minutes: int, people: Sequence[Member]) -> Rung:
        return Rung(role, timedelta(minutes=minutes), tuple(one.person.id for one in people if Role(role) in one.roles))

    own = [one for one in able if one.organization_id == row.organization_id]
    others = [one for one in able if one.organization_id != row.organization_id]
    rungs = tuple(rung(role, minutes, own) for role, minutes in chain.rungs)
    return rungs + tuple(rung(role, minutes, others) for role, minutes in chain.rungs) if others else rungs


async def writers_of(tx: Tx, report_id: UUID) -> list[UUID]:
    return list(await tx.scalars(select(ReportWriterRow.person_id).where(ReportWriterRow.report_id == report_id)))


def rungs_of(request: ReportApprovalRow) -> tuple[Rung, ...]:
    """As they stood when it was asked."""
    return tuple(
        Rung(each["role"], timedelta(minutes=each["minutes"]), tuple(UUID(one) for one in each["people"]))
        for each in request.chain
    )


def plain(rungs: Sequence[Rung]) -> list[dict[str, Any]]:
    """The inverse of `rungs_of`."""
    return [
        {
            "role": each.role,
            "minutes": int(each.within.total_seconds() // 60),
            "people": [str(one) for one in each.people],
        }
        for each in rungs
    ]


async def clock_of(tx: Tx, row: SubmissionRow) -> ExerciseClock | None:
    """The drill's; None: the wall's."""
    exercise = await exercise_of(tx, row.subject) if row.exercise else None
    return exercise.clock if exercise is not None else None


def after(clock: ExerciseClock | None, moment: datetime, span: timedelta) -> datetime:
    """When `span` of the subject's time has passed since `moment`, on the wall's clock."""
    return _wall(clock, _run(clock, moment) + span)


async def _half_at(tx: Tx, row: SubmissionRow, clock: ExerciseClock | None) -> datetime | None:
    """When half of the nearest limit that hangs on this report is gone."""
    duties = await tx.scalars(
        select(ObligationRow).where(
            ObligationRow.id.in_(await obligations_of(tx, row.id)), ObligationRow.status.in_(("open", "submitted"))
        )
    )
    halves: list[datetime] = []
    for duty in duties:
        limit = duty.due_at or duty.internal_due_at
        if limit is not None:
            due = clock.ahead(limit) if clock else limit
            halves.append(_wall(clock, rules.half_of(_run(clock, duty.started_at), due)))
    return min(halves, default=None)


def _run(clock: ExerciseClock | None, moment: datetime) -> datetime:
    return clock.run(moment) if clock else moment


def _wall(clock: ExerciseClock | None, moment: datetime) -> datetime:
    return clock.wall(moment) if clock else moment


async def _approvers(tx: Tx, rungs: Sequence[Rung]) -> dict[UUID, Approver]:
    found = await contacts.people(tx, {each for rung in rungs for each in rung.people})
    return {each: Approver(each, contact.name, contact.telephone) for each, contact in found.items()}
