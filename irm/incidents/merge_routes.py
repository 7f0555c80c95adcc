"""JSON API of merging incidents (并案) and of parting them again, and of likely duplicates."""

from datetime import datetime
from typing import Final
from uuid import UUID

from litestar import get, post
from litestar.di import NamedDependency
from litestar.params import FromPath, FromQuery, JSONBody
from litestar.status_codes import HTTP_200_OK

from irm.access.policy import Permission, Principal, allow
from irm.clock import Clock
from irm.db import Database
from irm.i18n import Translator
from irm.incidents import queries, showing
from irm.incidents.merge_preview import preview
from irm.incidents.merge_showing import absorbed_incident, both, merge_view, parting_view, preview_view
from irm.incidents.merging import merge
from irm.incidents.parting import confirm_parting, part_incidents
from irm.incidents.schemas import (
    Confirm,
    DuplicateList,
    DuplicateView,
    FileIncident,
    MergeInto,
    MergeView,
    PartAgain,
    PartingView,
    PreviewView,
    Target,
)

TAGS: Final = ["incidents"]
DECIDES: Final = allow(Permission.CHANGE_STATUS)


@post(
    "/api/v1/incidents/{number:str}/merge",
    opt=DECIDES,
    tags=TAGS,
    operation_id="merge_incident",
    status_code=HTTP_200_OK,
)
async def merge_incident(
    number: FromPath[str],
    data: JSONBody[MergeInto],
    db: NamedDependency[Database],
    clock: NamedDependency[Clock],
    principal: NamedDependency[Principal],
) -> MergeView:
    """Merge this incident into another: filings, parts, duties, reports and runs go there; the number leads there."""
    async with db.transaction(principal.actor) as tx:
        absorbed, main = await both(tx, number, data.into, principal)
        done = await merge(tx, absorbed.id, main.id, reason=data.reason, by=principal, now=clock.now())
    return merge_view(done)


@get("/api/v1/incidents/{number:str}/merge-preview", opt=DECIDES, tags=TAGS, operation_id="preview_merge")
async def preview_merge(
    number: FromPath[str],
    db: NamedDependency[Database],
    clock: NamedDependency[Clock],
    principal: NamedDependency[Principal],
    t: NamedDependency[Translator],
    into: FromQuery[str],
) -> PreviewView:
    """What would become of levels and clocks; nothing is changed."""
    async with db.transaction(principal.actor) as tx:
        absorbed, main = await both(tx, number, into, principal)
        return preview_view(await preview(tx, absorbed, main, by=principal, now=clock.now()), t)


@post(
    "/api/v1/incidents/{number:str}/unmerge",
    opt=DECIDES,
    tags=TAGS,
    operation_id="unmerge_incident",
    status_code=HTTP_200_OK,
)
async def unmerge_incident(
    number: FromPath[str],
    data: JSONBody[PartAgain],
    db: NamedDependency[Database],
    clock: NamedDependency[Clock],
    principal: NamedDependency[Principal],
) -> PartingView:
    """Undo the merge of this (absorbed) incident. Where a clock would run later by it, a second person confirms."""
    async with db.transaction(principal.actor) as tx:
        absorbed = await absorbed_incident(tx, number, principal)
        done = await part_incidents(tx, absorbed.id, reason=data.reason, by=principal, now=clock.now())
    return parting_view(done)


@post(
    "/api/v1/incidents/{number:str}/unmerge/{merge_id:uuid}/confirmation",
    opt=DECIDES,
    tags=TAGS,
    operation_id="confirm_unmerge",
    status_code=HTTP_200_OK,
)
async def confirm_unmerge(
    number: FromPath[str],
    merge_id: FromPath[UUID],
    data: JSONBody[Confirm],
    db: NamedDependency[Database],
    clock: NamedDependency[Clock],
    principal: NamedDependency[Principal],
) -> PartingView:
    """The second person's word on a parting that waits."""
    async with db.transaction(principal.actor) as tx:
        await absorbed_incident(tx, number, principal)
        done = await confirm_parting(tx, merge_id, confirmed=data.confirmed, by=principal, now=clock.now())
    return PartingView(done.absorbed, done.main, data.confirmed, None)


@get("/api/v1/incidents/duplicates", opt=allow(Permission.FILE_INCIDENT), tags=TAGS, operation_id="likely_duplicates")
async def likely_duplicates(
    db: NamedDependency[Database],
    principal: NamedDependency[Principal],
    system: FromQuery[str],
    known_at: FromQuery[datetime],
) -> DuplicateList:
    """Incidents that a filing about this system, known at that moment, may belong to: those that the caller may see."""
    asked = FileIncident(classified="no", text="", target=Target("system", system), known_at=known_at, contact="")
    async with db.transaction(principal.actor) as tx:
        numbers = await showing.likely_duplicates(tx, asked, principal)
        found = [(await queries.sight_of(tx, one, principal)).incident for one in numbers]
    return DuplicateList(
        [
            DuplicateView(one.number, f"/api/v1/incidents/{one.number}", one.title, one.status, one.discovered_at)
            for one in found
        ]
    )


ROUTES: Final = [merge_incident, preview_merge, unmerge_incident, confirm_unmerge, likely_duplicates]
