"""/api/v1: hand-overs of a desk's shift."""

from typing import Final
from uuid import UUID

from litestar import get, post
from litestar.di import NamedDependency
from litestar.params import FromPath, FromQuery, JSONBody
from litestar.status_codes import HTTP_200_OK, HTTP_201_CREATED

from irm.access.policy import Permission, Principal, allow
from irm.clock import Clock
from irm.db import Database
from irm.i18n import Translator
from irm.shifts import service
from irm.shifts.queries import desk_seen, handover_for, handovers_of
from irm.shifts.schemas import (
    NewShiftHandover,
    Refusal,
    ShiftHandoverList,
    Taking,
    WholeShiftHandover,
    view,
    whole,
)

OPT: Final = allow(Permission.HAND_OVER_SHIFT)
TAGS: Final = ["duty"]


@get("/api/v1/shift-handovers", opt=OPT, tags=TAGS, operation_id="list_shift_handovers")
async def list_shift_handovers(
    principal: NamedDependency[Principal],
    db: NamedDependency[Database],
    organization: FromQuery[str | None] = None,
) -> ShiftHandoverList:
    """The hundred newest of a desk (its code; absent: your own), the newest first."""
    async with db.transaction(principal.actor) as tx:
        desk = await desk_seen(tx, principal, organization)
        return ShiftHandoverList([view(one) for one in await handovers_of(tx, desk)])


@post(
    "/api/v1/shift-handovers",
    opt=OPT,
    tags=TAGS,
    status_code=HTTP_201_CREATED,
    operation_id="hand_shift_over",
)
async def hand_shift_over(
    data: JSONBody[NewShiftHandover],
    principal: NamedDependency[Principal],
    db: NamedDependency[Database],
    clock: NamedDependency[Clock],
    t: NamedDependency[Translator],
) -> WholeShiftHandover:
    """Hand your shift over, with what is open at this moment. Asked again with the same words it gives the one that waits.

    Pages go on following the roster; duties and tasks stay whose they are.
    """
    now = clock.now()
    async with db.transaction(principal.actor) as tx:
        desk = await service.own_desk(tx, principal, data.organization)
        given = await service.give(tx, desk, to=data.to, note=data.note, by=principal, now=now)
        return whole(await handover_for(tx, given, principal, now=now), t)


@get(
    "/api/v1/shift-handovers/{handover_id:uuid}",
    opt=OPT,
    tags=TAGS,
    operation_id="get_shift_handover",
)
async def get_shift_handover(
    handover_id: FromPath[UUID],
    principal: NamedDependency[Principal],
    db: NamedDependency[Database],
    clock: NamedDependency[Clock],
    t: NamedDependency[Translator],
) -> WholeShiftHandover:
    """What was open when it was given, and what changed until it was taken."""
    async with db.transaction(principal.actor) as tx:
        return whole(await handover_for(tx, handover_id, principal, now=clock.now()), t)


@post(
    "/api/v1/shift-handovers/{handover_id:uuid}/acceptance",
    opt=OPT,
    tags=TAGS,
    status_code=HTTP_200_OK,
    operation_id="take_shift_over",
)
async def take_shift_over(
    handover_id: FromPath[UUID],
    data: JSONBody[Taking],
    principal: NamedDependency[Principal],
    db: NamedDependency[Database],
    clock: NamedDependency[Clock],
    t: NamedDependency[Translator],
) -> WholeShiftHandover:
    """By whom it was handed to, or who is on duty by the roster. 409 when somebody else was faster."""
    now = clock.now()
    async with db.transaction(principal.actor) as tx:
        await service.take(tx, handover_id, remark=data.remark, by=principal, now=now)
        return whole(await handover_for(tx, handover_id, principal, now=now), t)


@post(
    "/api/v1/shift-handovers/{handover_id:uuid}/refusal",
    opt=OPT,
    tags=TAGS,
    status_code=HTTP_200_OK,
    operation_id="refuse_shift",
)
async def refuse_shift(
    handover_id: FromPath[UUID],
    data: JSONBody[Refusal],
    principal: NamedDependency[Principal],
    db: NamedDependency[Database],
    clock: NamedDependency[Clock],
    t: NamedDependency[Translator],
) -> WholeShiftHandover:
    """By whom it was handed to, with a reason. The shift stays with who gave it."""
    now = clock.now()
    async with db.transaction(principal.actor) as tx:
        await service.refuse(tx, handover_id, reason=data.reason, by=principal, now=now)
        return whole(await handover_for(tx, handover_id, principal, now=now), t)


@post(
    "/api/v1/shift-handovers/{handover_id:uuid}/withdrawal",
    opt=OPT,
    tags=TAGS,
    status_code=HTTP_200_OK,
    operation_id="take_back_shift_handover",
)
async def take_back_shift_handover(
    handover_id: FromPath[UUID],
    principal: NamedDependency[Principal],
    db: NamedDependency[Database],
    clock: NamedDependency[Clock],
    t: NamedDependency[Translator],
) -> WholeShiftHandover:
    """By whoever gave it, as long as nobody has taken it."""
    now = clock.now()
    async with db.transaction(principal.actor) as tx:
        await service.withdraw(tx, handover_id, by=principal, now=now)
        return whole(await handover_for(tx, handover_id, principal, now=now), t)


ROUTES: Final = [
    list_shift_handovers,
    hand_shift_over,
    get_shift_handover,
    take_shift_over,
    refuse_shift,
    take_back_shift_handover,
]
