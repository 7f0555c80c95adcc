"""JSON API of the moment of knowledge: an organization's is corrected, and a second person confirms a later one."""

from typing import Final
from uuid import UUID

from litestar import post
from litestar.di import NamedDependency
from litestar.params import FromPath, JSONBody
from litestar.status_codes import HTTP_200_OK

from irm.access.policy import Permission, Principal, allow
from irm.clock import Clock
from irm.db import Database
from irm.incidents import queries, showing
from irm.incidents.assessing import Outcome
from irm.incidents.discovery import confirm_discovery, move_discovery
from irm.incidents.routes import sight
from irm.incidents.schemas import Confirm, MoveDiscovery, OutcomeView

TAGS: Final = ["incidents"]


@post(
    "/api/v1/incidents/{number:str}/discovery",
    opt=allow(Permission.SET_FACTS),
    tags=TAGS,
    operation_id="move_discovery",
    status_code=HTTP_200_OK,
)
async def set_discovery(
    number: FromPath[str],
    data: JSONBody[MoveDiscovery],
    db: NamedDependency[Database],
    clock: NamedDependency[Clock],
    principal: NamedDependency[Principal],
) -> OutcomeView:
    """Correct when an organization knew: earlier at once. Later, once a clock ran, waits for a second person."""
    async with db.transaction(principal.actor) as tx:
        found = await sight(tx, number, principal, Permission.SET_FACTS)
        done = await move_discovery(
            tx,
            found.incident.id,
            known_at=data.known_at,
            organization=data.organization,
            reason=data.reason,
            by=principal,
            now=clock.now(),
        )
        one = await queries.incident_of(tx, found.incident.id)
        return OutcomeView(one.number, one.status, showing.levels(one), done.effective, done.waiting)


@post(
    "/api/v1/incidents/{number:str}/discovery/{change_id:uuid}/confirmation",
    opt=allow(Permission.ASSESS_LEVEL),
    tags=TAGS,
    operation_id="confirm_discovery",
    status_code=HTTP_200_OK,
)
async def confirm_moment(
    number: FromPath[str],
    change_id: FromPath[UUID],
    data: JSONBody[Confirm],
    db: NamedDependency[Database],
    clock: NamedDependency[Clock],
    principal: NamedDependency[Principal],
) -> OutcomeView:
    """The second person's word on a later moment of knowledge."""
    async with db.transaction(principal.actor) as tx:
        await sight(tx, number, principal, Permission.ASSESS_LEVEL)
        incident_id = await confirm_discovery(tx, change_id, confirmed=data.confirmed, by=principal, now=clock.now())
        one = await queries.incident_of(tx, incident_id)
        done = Outcome(effective=data.confirmed)
        return OutcomeView(one.number, one.status, showing.levels(one), done.effective, done.waiting)


ROUTES: Final = [set_discovery, confirm_moment]
