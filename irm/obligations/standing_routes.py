"""JSON API of standing duties: the checklist of an organization, and what was done for a line."""

from typing import Final

from litestar import get, post
from litestar.di import NamedDependency
from litestar.params import FromPath, FromQuery, JSONBody

from irm.access.policy import Permission, Principal, allow
from irm.clock import Clock
from irm.db import Database
from irm.obligations import standing_desk as desk
from irm.obligations.bearing import Bearing
from irm.obligations.standing import Stood
from irm.obligations.standing_schemas import RecordStanding, StandingHistory, StandingList, line_view, record_view


@get(
    "/api/v1/standing-duties",
    opt=allow(Permission.READ_OBLIGATIONS),
    tags=["obligations"],
    operation_id="list_standing",
)
async def list_standing(
    db: NamedDependency[Database],
    clock: NamedDependency[Clock],
    bearing: NamedDependency[Bearing],
    principal: NamedDependency[Principal],
    organization: FromQuery[str] = "",
) -> StandingList:
    """What stands for an organization (by its code; without one: for the reader's own), with what was done last."""
    async with db.transaction(principal.actor) as tx:
        of = await desk.bearer(tx, principal, organization)
        found = await desk.lines_for(tx, bearing, principal, of, now=clock.now())
    return StandingList(of.code, [line_view(one, of.code) for one in found])


@get(
    "/api/v1/standing-duties/{pack:str}/{rule:str}",
    opt=allow(Permission.READ_OBLIGATIONS),
    tags=["obligations"],
    operation_id="show_standing",
)
async def show_standing(
    db: NamedDependency[Database],
    clock: NamedDependency[Clock],
    bearing: NamedDependency[Bearing],
    principal: NamedDependency[Principal],
    pack: FromPath[str],
    rule: FromPath[str],
    organization: FromQuery[str] = "",
) -> StandingHistory:
    """One line with all that was done for it."""
    async with db.transaction(principal.actor) as tx:
        of = await desk.bearer(tx, principal, organization)
        one = await desk.line_for(tx, bearing, principal, of, f"{pack}/{rule}", now=clock.now())
    return StandingHistory(line_view(one, of.code), [record_view(each) for each in one.records])


@post(
    "/api/v1/standing-duties/{pack:str}/{rule:str}",
    opt=allow(Permission.SUBMIT_REPORT),
    tags=["obligations"],
    operation_id="record_standing",
)
async def record_standing(
    db: NamedDependency[Database],
    clock: NamedDependency[Clock],
    bearing: NamedDependency[Bearing],
    principal: NamedDependency[Principal],
    pack: FromPath[str],
    rule: FromPath[str],
    data: JSONBody[RecordStanding],
) -> StandingHistory:
    """Keep what was done. A record is never changed; what was wrong is set right by a further one."""
    now, rule_id = clock.now(), f"{pack}/{rule}"
    given = Stood(data.done_on, data.what, data.note, tuple(data.about), data.attachment)
    async with db.transaction(principal.actor) as tx:
        of = await desk.bearer(tx, principal, data.organization)
        await desk.record_for(tx, bearing, principal, of, rule_id, given, now=now)
        one = await desk.line_for(tx, bearing, principal, of, rule_id, now=now)
    return StandingHistory(line_view(one, of.code), [record_view(each) for each in one.records])


ROUTES: Final = [list_standing, show_standing, record_standing]
