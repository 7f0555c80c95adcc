"""JSON API of tests: plan, start, report in, file, cancel."""

from typing import Any, Final
from uuid import UUID

from litestar import get, patch, post
from litestar.di import NamedDependency
from litestar.params import FromPath, FromQuery, JSONBody, MultipartBody
from litestar.status_codes import HTTP_200_OK, HTTP_201_CREATED

from irm.access.policy import Permission, Principal, allow
from irm.clock import Clock
from irm.config import Settings
from irm.db import Database, Tx
from irm.errors import Forbidden
from irm.systems import assessing
from irm.systems.assessing import NewAssessment
from irm.systems.assessment_acting import NOT_YOURS, by_id, editable, plannable
from irm.systems.assessment_filing import Filing, file_report
from irm.systems.assessment_queries import Assessment, Filters, assessment_by_number, assessments, may_file
from irm.systems.assessment_receiving import receive_report
from irm.systems.assessment_schemas import (
    AssessmentList,
    AssessmentView,
    CancelAssessment,
    FileAssessment,
    PlanAssessment,
    ReplanAssessment,
    StartAssessment,
    assessment_view,
)
from irm.systems.queries import system_by_code

TAGS: Final = ["assessments"]
READ: Final = allow(Permission.READ_ASSESSMENTS)
EDIT: Final = allow(Permission.EDIT_ASSESSMENTS)


@get("/api/v1/assessments", opt=READ, tags=TAGS)
async def list_assessments(
    db: NamedDependency[Database],
    principal: NamedDependency[Principal],
    year: FromQuery[int | None] = None,
    status: FromQuery[str | None] = None,
    kind: FromQuery[str | None] = None,
    system: FromQuery[str | None] = None,
    cursor: FromQuery[str | None] = None,
) -> AssessmentList:
    """Newest first. `system`: a code."""
    async with db.transaction(principal.actor) as tx:
        system_id = (await system_by_code(tx, system.replace("\0", ""))).id if system else None
        filters = Filters(year, status, kind, system_id)
        found, following = await assessments(
            tx, principal, filters, before=cursor.replace("\0", "") if cursor else None
        )
    return AssessmentList([assessment_view(one, principal) for one in found], following)


@post("/api/v1/assessments", opt=EDIT, tags=TAGS, status_code=HTTP_201_CREATED)
async def plan_assessment(
    data: JSONBody[PlanAssessment],
    db: NamedDependency[Database],
    clock: NamedDependency[Clock],
    principal: NamedDependency[Principal],
) -> AssessmentView:
    """Plan a test of a system that one's unit answers for; the cloud authority plans any."""
    async with db.transaction(principal.actor) as tx:
        system = await plannable(tx, principal, data.system)
        given = NewAssessment(system.id, data.year or data.planned_on.year, data.planned_on, data.tester, data.kind)
        made = await assessing.plan_assessment(tx, given, actor=principal.actor, now=clock.now())
        return assessment_view(await by_id(tx, principal, made), principal)


@get("/api/v1/assessments/{number:str}", opt=READ, tags=TAGS)
async def show_assessment(
    number: FromPath[str], db: NamedDependency[Database], principal: NamedDependency[Principal]
) -> AssessmentView:
    """A foreign test and an unknown one are the same answer."""
    async with db.transaction(principal.actor) as tx:
        return assessment_view(await assessment_by_number(tx, principal, number.replace("\0", "")), principal)


@patch("/api/v1/assessments/{number:str}", opt=EDIT, tags=TAGS)
async def replan_assessment(
    number: FromPath[str],
    data: JSONBody[ReplanAssessment],
    db: NamedDependency[Database],
    clock: NamedDependency[Clock],
    principal: NamedDependency[Principal],
) -> AssessmentView:
    """Another day, year, kind or tester, as long as no report is in."""
    async with db.transaction(principal.actor) as tx:
        one = editable(principal, await found(tx, principal, number))
        given = NewAssessment(one.system_id, data.year or data.planned_on.year, data.planned_on, data.tester, data.kind)
        await assessing.replan(tx, one.id, given, actor=principal.actor, now=clock.now())
        return assessment_view(await found(tx, principal, number), principal)


@post("/api/v1/assessments/{number:str}/start", opt=EDIT, tags=TAGS, status_code=HTTP_200_OK)
async def start_assessment(
    number: FromPath[str],
    data: JSONBody[StartAssessment],
    db: NamedDependency[Database],
    clock: NamedDependency[Clock],
    principal: NamedDependency[Principal],
) -> AssessmentView:
    """The tester has begun."""
    async with db.transaction(principal.actor) as tx:
        one = editable(principal, await found(tx, principal, number))
        await assessing.start(tx, one.id, started_on=data.started_on, actor=principal.actor, now=clock.now())
        return assessment_view(await found(tx, principal, number), principal)


@post("/api/v1/assessments/{number:str}/report", opt=EDIT, tags=TAGS, status_code=HTTP_200_OK)
async def report_assessment(
    number: FromPath[str],
    data: MultipartBody[dict[str, Any]],
    db: NamedDependency[Database],
    clock: NamedDependency[Clock],
    settings: NamedDependency[Settings],
    principal: NamedDependency[Principal],
) -> AssessmentView:
    """The report came in: `file` (PDF), `cover_on`, `conclusion`, `rate`, `major`, `rectified_major`, `high`, `medium`."""
    await receive_report(db, settings, clock, principal, number.replace("\0", ""), data)
    async with db.transaction(principal.actor) as tx:
        return assessment_view(await found(tx, principal, number), principal)


@post("/api/v1/assessments/{number:str}/file", opt=EDIT, tags=TAGS, status_code=HTTP_200_OK)
async def file_assessment(
    number: FromPath[str],
    data: JSONBody[FileAssessment],
    db: NamedDependency[Database],
    clock: NamedDependency[Clock],
    principal: NamedDependency[Principal],
) -> AssessmentView:
    """Hand the report over to the police; that meets the test duty of its period."""
    async with db.transaction(principal.actor) as tx:
        one = await found(tx, principal, number)
        given = Filing(data.recipient, data.means, data.stated_at, data.document_number)
        await hand_over(tx, principal, one, given, data.organization, clock)
        return assessment_view(await found(tx, principal, number), principal)


@post("/api/v1/assessments/{number:str}/cancel", opt=EDIT, tags=TAGS, status_code=HTTP_200_OK)
async def cancel_assessment(
    number: FromPath[str],
    data: JSONBody[CancelAssessment],
    db: NamedDependency[Database],
    clock: NamedDependency[Clock],
    principal: NamedDependency[Principal],
) -> AssessmentView:
    """It does not take place; why stays on record."""
    async with db.transaction(principal.actor) as tx:
        one = editable(principal, await found(tx, principal, number))
        await assessing.cancel(tx, one.id, reason=data.reason, actor=principal.actor, now=clock.now())
        return assessment_view(await found(tx, principal, number), principal)


async def found(tx: Tx, principal: Principal, number: str) -> Assessment:
    return await assessment_by_number(tx, principal, number.replace("\0", ""))


async def hand_over(
    tx: Tx, principal: Principal, one: Assessment, given: Filing, organization: UUID | None, clock: Clock
) -> UUID:
    """In the name of the operator, who owes it; or of the owner, where the reader works there and says so."""
    if not may_file(principal, one):
        raise Forbidden(NOT_YOURS)
    sender = organization if organization == one.owner_id else one.operator_id
    return await file_report(
        tx,
        one.id,
        given,
        organization_id=sender,
        account_id=principal.account_id,
        actor=principal.actor,
        now=clock.now(),
    )


ROUTES: Final = [
    list_assessments,
    plan_assessment,
    show_assessment,
    replan_assessment,
    start_assessment,
    report_assessment,
    file_assessment,
    cancel_assessment,
]
