"""JSON API of incidents: list, file, read, facts, assessments, status, timeline."""

from typing import Annotated, Any, Final, Literal
from uuid import UUID

import msgspec
from litestar import Request, Response, get, patch, post
from litestar.di import NamedDependency
from litestar.params import FromPath, FromQuery, HeaderParameter, JSONBody
from litestar.status_codes import HTTP_200_OK, HTTP_201_CREATED

from irm.access.policy import Permission, Principal, allow
from irm.clock import Clock
from irm.db import Database, Tx
from irm.errors import Invalid
from irm.i18n import N_, Translator
from irm.incidents import facts, handling, queries, showing, timeline
from irm.incidents.assessing import Outcome, assess_level, confirm_assessment
from irm.incidents.filters import Filters
from irm.incidents.idempotency import fingerprint, once
from irm.incidents.queries import Sight
from irm.incidents.schemas import (
    AssessLevel,
    ChangeStatus,
    Confirm,
    FactsView,
    FiledView,
    FileIncident,
    IncidentList,
    IncidentView,
    OutcomeView,
    SetFacts,
    Timeline,
    TimelineEntry,
)
from irm.incidents.secrecy_gate import secrecy_gate
from irm.incidents.service import file_incident
from irm.incidents.stating import state_facts

MOST: Final = 200
TAGS: Final = ["incidents"]


@get("/api/v1/incidents", opt=allow(Permission.READ_INCIDENTS), tags=TAGS, operation_id="list_incidents")
async def list_incidents(
    db: NamedDependency[Database],
    principal: NamedDependency[Principal],
    status: FromQuery[str | None] = None,
    level: FromQuery[int | None] = None,
    live: FromQuery[bool | None] = None,
    exercise: FromQuery[bool | None] = None,
    organization: FromQuery[UUID | None] = None,
    system: FromQuery[UUID | None] = None,
    text: FromQuery[str | None] = None,
    cursor: FromQuery[str | None] = None,
    limit: FromQuery[int] = 50,
) -> IncidentList:
    """Newest first. `level`: that grave or graver, by the level that clocks run by; `cursor`: of the page before."""
    filters = Filters(status, level, live, organization, system, exercise, _clean(text))
    _bounded(limit)
    async with db.transaction(principal.actor) as tx:
        rows, following = await queries.incidents(tx, principal, filters, before=_clean(cursor), limit=limit)
        return IncidentList(await showing.lines(tx, rows, principal), following)


@post(
    "/api/v1/incidents",
    opt=allow(Permission.FILE_INCIDENT),
    tags=TAGS,
    operation_id="file_incident",
    before_request=secrecy_gate,
    status_code=HTTP_201_CREATED,
)
async def create_incident(
    request: Request[Any, Any, Any],
    data: JSONBody[FileIncident],
    db: NamedDependency[Database],
    clock: NamedDependency[Clock],
    principal: NamedDependency[Principal],
    idempotency_key: Annotated[str | None, HeaderParameter(name="Idempotency-Key")] = None,
) -> Response[FiledView]:
    """File an incident. With `Idempotency-Key` the same request again gives the same answer; another body is a conflict.

    `classified` is asked first: anything but "no" is refused and nothing is kept.
    """
    body = await request.body()
    async with db.transaction(principal.actor) as tx:
        now = clock.now()

        async def act() -> tuple[int, dict[str, Any]]:
            filed = await file_incident(tx, data, by=principal, now=now, means=_means(data, principal))
            view = showing.filed_view(filed, await showing.duplicates_of(tx, filed, data, principal))
            return HTTP_201_CREATED, msgspec.to_builtins(view)

        status, answer, repeated = await once(
            tx,
            scope=f"incidents:{principal.account_id}",
            key=idempotency_key,
            request_hash=fingerprint(body),
            now=now,
            act=act,
        )
    headers = {"Location": str(answer["url"])} | ({"Idempotent-Replayed": "true"} if repeated else {})
    return Response(msgspec.convert(answer, FiledView), status_code=status, headers=headers)


@get("/api/v1/incidents/{number:str}", opt=allow(Permission.READ_INCIDENTS), tags=TAGS, operation_id="get_incident")
async def get_incident(
    number: FromPath[str], db: NamedDependency[Database], principal: NamedDependency[Principal]
) -> IncidentView:
    """Levels and why, parts, filings, files. A merged number leads to the main incident, which `merged_into` names."""
    async with db.transaction(principal.actor) as tx:
        return await showing.incident_view(tx, await sight(tx, number, principal), principal, asked=_clean(number))


@get("/api/v1/incidents/{number:str}/facts", opt=allow(Permission.READ_INCIDENTS), tags=TAGS, operation_id="get_facts")
async def get_facts(
    number: FromPath[str], db: NamedDependency[Database], principal: NamedDependency[Principal]
) -> FactsView:
    """What is known of the effects: for the incident, and by part. What is missing is unknown."""
    async with db.transaction(principal.actor) as tx:
        return await _facts(tx, await sight(tx, number, principal))


@patch("/api/v1/incidents/{number:str}/facts", opt=allow(Permission.SET_FACTS), tags=TAGS, operation_id="set_facts")
async def set_facts(
    number: FromPath[str],
    data: JSONBody[SetFacts],
    db: NamedDependency[Database],
    clock: NamedDependency[Clock],
    principal: NamedDependency[Principal],
) -> FactsView:
    """Say facts; the incident is graded again at once."""
    async with db.transaction(principal.actor) as tx:
        found = await sight(tx, number, principal, Permission.SET_FACTS)
        await state_facts(
            tx,
            found.incident.id,
            changes=data.facts,
            organization=data.organization,
            reason=data.reason,
            by=principal,
            now=clock.now(),
        )
        return await _facts(tx, await sight(tx, number, principal))


@post(
    "/api/v1/incidents/{number:str}/assessments",
    opt=allow(Permission.ASSESS_LEVEL),
    tags=TAGS,
    operation_id="assess_level",
    status_code=HTTP_201_CREATED,
)
async def assess(
    number: FromPath[str],
    data: JSONBody[AssessLevel],
    db: NamedDependency[Database],
    clock: NamedDependency[Clock],
    principal: NamedDependency[Principal],
) -> OutcomeView:
    """Set the assessed level with a reason. A lowering that needs two waits: `effective` is false until confirmed."""
    async with db.transaction(principal.actor) as tx:
        found = await sight(tx, number, principal, Permission.ASSESS_LEVEL)
        done = await assess_level(
            tx,
            found.incident.id,
            level=data.level,
            reason=data.reason,
            stage=data.stage,
            response_level=data.response_level,
            by=principal,
            now=clock.now(),
        )
        return await _outcome(tx, found.incident.id, done)


@post(
    "/api/v1/incidents/{number:str}/assessments/{assessment_id:uuid}/confirmation",
    opt=allow(Permission.ASSESS_LEVEL),
    tags=TAGS,
    operation_id="confirm_assessment",
    status_code=HTTP_200_OK,
)
async def confirm_level(
    number: FromPath[str],
    assessment_id: FromPath[UUID],
    data: JSONBody[Confirm],
    db: NamedDependency[Database],
    clock: NamedDependency[Clock],
    principal: NamedDependency[Principal],
) -> OutcomeView:
    """The second person's word on a waiting assessment."""
    async with db.transaction(principal.actor) as tx:
        await sight(tx, number, principal, Permission.ASSESS_LEVEL)
        incident_id = await confirm_assessment(
            tx, assessment_id, confirmed=data.confirmed, by=principal, now=clock.now()
        )
        return await _outcome(tx, incident_id, Outcome(effective=data.confirmed))


@post(
    "/api/v1/incidents/{number:str}/status",
    opt=allow(Permission.CHANGE_STATUS),
    tags=TAGS,
    operation_id="change_status",
    status_code=HTTP_200_OK,
)
async def set_status(
    number: FromPath[str],
    data: JSONBody[ChangeStatus],
    db: NamedDependency[Database],
    clock: NamedDependency[Clock],
    principal: NamedDependency[Principal],
) -> OutcomeView:
    """Move the incident on; `handled` is declared for a part. A false alarm after a clock ran waits for two."""
    async with db.transaction(principal.actor) as tx:
        found = await sight(tx, number, principal, Permission.CHANGE_STATUS)
        done = await handling.change_status(
            tx,
            found.incident.id,
            status=data.status,
            reason=data.reason,
            organization=data.organization,
            by=principal,
            now=clock.now(),
        )
        return await _outcome(tx, found.incident.id, done)


@post(
    "/api/v1/incidents/{number:str}/status/{change_id:uuid}/confirmation",
    opt=allow(Permission.CHANGE_STATUS),
    tags=TAGS,
    operation_id="confirm_status",
    status_code=HTTP_200_OK,
)
async def confirm_status(
    number: FromPath[str],
    change_id: FromPath[UUID],
    data: JSONBody[Confirm],
    db: NamedDependency[Database],
    clock: NamedDependency[Clock],
    principal: NamedDependency[Principal],
) -> OutcomeView:
    """The second person's word on a waiting change of status."""
    async with db.transaction(principal.actor) as tx:
        await sight(tx, number, principal, Permission.CHANGE_STATUS)
        incident_id = await handling.confirm_change(
            tx, change_id, confirmed=data.confirmed, by=principal, now=clock.now()
        )
        return await _outcome(tx, incident_id, Outcome(effective=data.confirmed))


@get(
    "/api/v1/incidents/{number:str}/timeline",
    opt=allow(Permission.READ_INCIDENTS),
    tags=TAGS,
    operation_id="get_timeline",
)
async def get_timeline(
    number: FromPath[str],
    db: NamedDependency[Database],
    clock: NamedDependency[Clock],
    principal: NamedDependency[Principal],
    t: NamedDependency[Translator],
    cursor: FromQuery[UUID | None] = None,
    limit: FromQuery[int] = 100,
) -> Timeline:
    """Entries of the ledger about the incident, newest first, as far as the reader may see them."""
    _bounded(limit)
    async with db.transaction(principal.actor) as tx:
        found = await sight(tx, number, principal)
        entries, following = await timeline.entries_of(tx, found, before=cursor, limit=limit)
        names = await timeline.actor_names(tx, found, entries, t, now=clock.now())
    return Timeline(
        [
            TimelineEntry(
                one.id,
                one.at,
                one.action,
                one.subject,
                timeline.who(names, one.actor, one.body),
                dict(one.body),
                one.reason,
                one.leaf_hash,
            )
            for one in entries
        ],
        str(following) if following else None,
    )


async def sight(tx: Tx, number: str, principal: Principal, permission: Permission = Permission.READ_INCIDENTS) -> Sight:
    """Not found unless the reader may see it; then what `permission` lets him touch of it."""
    return await queries.sight_of(tx, _clean(number) or "", principal, permission)


def _means(data: FileIncident, principal: Principal) -> Literal["api", "machine"]:
    """Only what comes with a token can be a machine's: a person's filing never waits without a clock."""
    if data.noticed_by_machine and principal.actor.kind != "token":
        raise Invalid(N_("Only an interface with a token files for a machine."), field="noticed_by_machine")
    return "machine" if data.noticed_by_machine else "api"


def _bounded(limit: int) -> None:
    """How many at once."""
    if not 1 <= limit <= MOST:
        raise Invalid(N_("Between 1 and %(most)s entries can be had at once."), field="limit", most=MOST)


def _clean(text: str | None) -> str | None:
    """PostgreSQL takes no NUL; nothing that holds one can be found."""
    return text.replace("\0", "\N{REPLACEMENT CHARACTER}") if text else None


async def _facts(tx: Tx, found: Sight) -> FactsView:
    parts = await queries.parts_of(tx, found)
    return FactsView(
        facts.said(found.incident.facts), {str(part.organization_id): facts.said(part.facts) for part in parts}
    )


async def _outcome(tx: Tx, incident_id: UUID, done: Outcome) -> OutcomeView:
    one = await queries.incident_of(tx, incident_id)
    return OutcomeView(one.number, one.status, showing.levels(one), done.effective, done.waiting)


ROUTES: Final = [
    list_incidents,
    create_incident,
    get_incident,
    get_facts,
    set_facts,
    assess,
    confirm_level,
    set_status,
    confirm_status,
    get_timeline,
]
