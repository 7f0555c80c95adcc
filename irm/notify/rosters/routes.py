"""/api/v1: what makes a roster, its quality, swaps."""

from datetime import datetime
from typing import Any, Final
from uuid import UUID

from litestar import delete, get, post
from litestar.di import NamedDependency
from litestar.params import FromPath, FromQuery, JSONBody
from litestar.status_codes import HTTP_201_CREATED, HTTP_204_NO_CONTENT

from irm.access.policy import Permission, Principal, allow
from irm.clock import Clock
from irm.db import Database, Tx
from irm.errors import Invalid, NotFound
from irm.notify.duty import create_roster
from irm.notify.roster import Span
from irm.notify.rosters import service, swaps
from irm.notify.rosters.checking import quality_of
from irm.notify.rosters.desk import desk_of
from irm.notify.rosters.leave import end_leave, record_leave
from irm.notify.rosters.rotation import Seat
from irm.notify.rosters.schemas import (
    DeskView,
    LeaveIn,
    MadeView,
    NewRoster,
    NewRotation,
    OverrideIn,
    QualityView,
    SeatIn,
    SwapIn,
    SwapList,
    desk_view,
    quality_view,
    swap_view,
)
from irm.notify.rosters.temporary import end_temporary, make_temporary
from irm.notify.rosters.whose import (
    editable_organization,
    own_leave,
    own_override,
    own_roster,
    own_rotation,
    readable_organization,
)
from irm.notify.rosters.working_out import Leave

READ: Final = allow(Permission.READ_ROSTER)
EDIT: Final = allow(Permission.EDIT_ROSTER)
OWN: Final = allow(Permission.ACKNOWLEDGE)
TAGS: Final = ["rosters"]


@get("/api/v1/rosters", opt=READ, tags=TAGS, operation_id="get_rosters")
async def get_rosters(
    organization: FromQuery[str],
    principal: NamedDependency[Principal],
    db: NamedDependency[Database],
    clock: NamedDependency[Clock],
) -> DeskView:
    """What makes the rosters of an organization (its code) now and later."""
    async with db.transaction(principal.actor) as tx:
        found = await readable_organization(tx, principal, organization)
        return desk_view(await desk_of(tx, found, clock.now()))


@get("/api/v1/rosters/quality", opt=READ, tags=TAGS, operation_id="get_roster_quality")
async def get_quality(
    organization: FromQuery[str],
    principal: NamedDependency[Principal],
    db: NamedDependency[Database],
    clock: NamedDependency[Clock],
) -> QualityView:
    """What is wrong with the next 90 days: gaps, people who left or cannot be reached, doubles, too many hours."""
    async with db.transaction(principal.actor) as tx:
        found = await readable_organization(tx, principal, organization)
        return quality_view(found.id, await quality_of(tx, found.id, clock.now()))


@post("/api/v1/rosters", opt=EDIT, tags=TAGS, status_code=HTTP_201_CREATED, operation_id="create_roster")
async def add_roster(
    data: JSONBody[NewRoster],
    principal: NamedDependency[Principal],
    db: NamedDependency[Database],
    clock: NamedDependency[Clock],
) -> MadeView:
    """A roster, or a schedule that serves for a while in place of one."""
    now = clock.now()
    async with db.transaction(principal.actor) as tx:
        found = await editable_organization(tx, principal, data.organization)
        if data.in_place_of is None:
            made = await create_roster(tx, organization_id=found.id, name=data.name, now=now, actor=principal.actor)
            return MadeView(made)
        await own_roster(tx, principal, data.in_place_of)
        span = _span(data.serves_from, data.serves_until, "serves_from", "serves_until")
        return MadeView(
            await make_temporary(tx, data.in_place_of, name=data.name, span=span, now=now, actor=principal.actor)
        )


@delete("/api/v1/rosters/{roster_id:uuid}", opt=EDIT, tags=TAGS, operation_id="end_temporary_schedule")
async def end_schedule(
    roster_id: FromPath[UUID],
    principal: NamedDependency[Principal],
    db: NamedDependency[Database],
    clock: NamedDependency[Clock],
) -> None:
    """A temporary schedule ends now; the lasting roster serves again."""
    async with db.transaction(principal.actor) as tx:
        await own_roster(tx, principal, roster_id)
        await end_temporary(tx, roster_id, now=clock.now(), actor=principal.actor)


@post("/api/v1/rosters/{roster_id:uuid}/rotations", opt=EDIT, tags=TAGS, status_code=HTTP_201_CREATED)
async def add_rotation(
    roster_id: FromPath[UUID],
    data: JSONBody[NewRotation],
    principal: NamedDependency[Principal],
    db: NamedDependency[Database],
    clock: NamedDependency[Clock],
) -> MadeView:
    """From its day on it holds, in place of the one of the same layer and kind of days."""
    order = service.rotation_read(
        data.layer,
        data.from_day,
        [[_seat(each, "turns") for each in group] for group in data.turns],
        days=data.days,
        unit=data.unit,
        length=data.length,
        starts=data.starts,
        ends=data.ends,
        wraps=data.wraps,
    )
    async with db.transaction(principal.actor) as tx:
        await own_roster(tx, principal, roster_id)
        return MadeView(await service.set_rotation(tx, roster_id, order, now=clock.now(), actor=principal.actor))


@delete("/api/v1/rosters/rotations/{rotation_id:uuid}", opt=EDIT, tags=TAGS, status_code=HTTP_204_NO_CONTENT)
async def drop_rotation(
    rotation_id: FromPath[UUID],
    principal: NamedDependency[Principal],
    db: NamedDependency[Database],
    clock: NamedDependency[Clock],
) -> None:
    """Takes back an order that has not begun."""
    async with db.transaction(principal.actor) as tx:
        await own_rotation(tx, principal, rotation_id)
        await service.withdraw_rotation(tx, rotation_id, now=clock.now(), actor=principal.actor)


@post("/api/v1/rosters/{roster_id:uuid}/overrides", opt=EDIT, tags=TAGS, status_code=HTTP_201_CREATED)
async def add_override(
    roster_id: FromPath[UUID],
    data: JSONBody[OverrideIn],
    principal: NamedDependency[Principal],
    db: NamedDependency[Database],
    clock: NamedDependency[Clock],
) -> MadeView:
    """409 with code `leaves_gap` or `overlaps`: send it again with `despite` if it is meant so."""
    seat = Seat(data.person_id, data.post_id) if data.person_id or data.post_id else None
    span = _span(data.starts_at, data.ends_at, "starts_at", "ends_at")
    given = service.NewOverride(
        data.kind, data.layer, span.starts_at, span.ends_at, seat, data.instead_of, data.note, data.despite
    )
    async with db.transaction(principal.actor) as tx:
        await own_roster(tx, principal, roster_id)
        return MadeView(await service.override(tx, roster_id, given, now=clock.now(), actor=principal.actor))


@delete("/api/v1/rosters/overrides/{override_id:uuid}", opt=EDIT, tags=TAGS, status_code=HTTP_204_NO_CONTENT)
async def drop_override(
    override_id: FromPath[UUID],
    principal: NamedDependency[Principal],
    db: NamedDependency[Database],
    clock: NamedDependency[Clock],
) -> None:
    """What it did up to now stays."""
    async with db.transaction(principal.actor) as tx:
        await own_override(tx, principal, override_id)
        await service.take_back_override(tx, override_id, now=clock.now(), actor=principal.actor)


@post("/api/v1/rosters/leave", opt=EDIT, tags=TAGS, status_code=HTTP_201_CREATED)
async def add_leave(
    data: JSONBody[LeaveIn],
    principal: NamedDependency[Principal],
    db: NamedDependency[Database],
    clock: NamedDependency[Clock],
) -> MadeView:
    """The turns pass to the substitute or to whoever is next."""
    span = _span(data.starts_at, data.ends_at, "starts_at", "ends_at")
    given = Leave(data.person_id, span.starts_at, span.ends_at, data.substitute_id)
    async with db.transaction(principal.actor) as tx:
        found = await editable_organization(tx, principal, data.organization)
        return MadeView(await record_leave(tx, found.id, given, note=data.note, now=clock.now(), actor=principal.actor))


@delete("/api/v1/rosters/leave/{leave_id:uuid}", opt=EDIT, tags=TAGS, status_code=HTTP_204_NO_CONTENT)
async def drop_leave(
    leave_id: FromPath[UUID],
    principal: NamedDependency[Principal],
    db: NamedDependency[Database],
    clock: NamedDependency[Clock],
) -> None:
    """Back early, or not away at all."""
    async with db.transaction(principal.actor) as tx:
        await own_leave(tx, principal, leave_id)
        await end_leave(tx, leave_id, now=clock.now(), actor=principal.actor)


@get("/api/v1/swaps", opt=OWN, tags=TAGS, operation_id="list_swaps")
async def list_swaps(principal: NamedDependency[Principal], db: NamedDependency[Database]) -> SwapList:
    """Those that the reader asked for, or is asked about."""
    async with db.transaction(principal.actor) as tx:
        found = await swaps.swaps_of(tx, person_id=principal.person_id)
    return SwapList([swap_view(each) for each in found])


@post("/api/v1/swaps", opt=OWN, tags=TAGS, status_code=HTTP_201_CREATED, operation_id="ask_for_swap")
async def ask_for_swap(
    data: JSONBody[SwapIn],
    principal: NamedDependency[Principal],
    db: NamedDependency[Database],
    clock: NamedDependency[Clock],
) -> MadeView:
    """Refused where it would make a gap or a double. Nothing moves before the other agrees."""
    async with db.transaction(principal.actor) as tx:
        return MadeView(
            await swaps.ask(
                tx,
                gives=data.gives,
                of=data.of,
                takes=data.takes,
                note=data.note,
                by=principal.person_id,
                now=clock.now(),
                actor=principal.actor,
            )
        )


@post("/api/v1/swaps/{swap_id:uuid}/{answer:str}", opt=OWN, tags=TAGS, status_code=HTTP_204_NO_CONTENT)
async def answer_swap(
    swap_id: FromPath[UUID],
    answer: FromPath[str],
    principal: NamedDependency[Principal],
    db: NamedDependency[Database],
    clock: NamedDependency[Clock],
) -> None:
    """`acceptance` or `refusal` by who is asked, `withdrawal` by who asked."""
    async with db.transaction(principal.actor) as tx:
        await answered(tx, principal, swap_id, answer, clock.now())


ANSWERS: Final[dict[str, Any]] = {
    "acceptance": swaps.accept,
    "refusal": swaps.decline,
    "withdrawal": swaps.withdraw,
}


async def answered(tx: Tx, principal: Principal, swap_id: UUID, answer: str, now: datetime) -> None:
    """Raises NotFound, Forbidden, Conflict."""
    if answer not in ANSWERS:
        raise NotFound(swaps.NOT_YOURS)
    await ANSWERS[answer](tx, swap_id, by=principal.person_id, now=now, actor=principal.actor)


def _seat(given: SeatIn, field: str) -> Seat:
    if given.person_id is None and given.post_id is None:
        raise Invalid("A shift needs a person or a post.", field=field)
    return Seat(given.person_id, given.post_id)


def _span(since: datetime | None, until: datetime | None, first: str, last: str) -> Span:
    for name, value in ((first, since), (last, until)):
        if value is None:
            raise Invalid("This is needed.", field=name)
        if value.tzinfo is None:
            raise Invalid("A moment needs its zone.", field=name)
    if since is None or until is None:
        raise AssertionError(first)
    return Span(since, until)


ROUTES: Final = [
    get_rosters,
    get_quality,
    add_roster,
    end_schedule,
    add_rotation,
    drop_rotation,
    add_override,
    drop_override,
    add_leave,
    drop_leave,
    list_swaps,
    ask_for_swap,
    answer_swap,
]
