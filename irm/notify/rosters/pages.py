"""Pages of whoever keeps a roster, and of whoever serves on it: orders and changes, quality, my turns and swaps."""

from datetime import datetime, timedelta
from typing import Any, Final
from uuid import UUID

from litestar import Request, get, post
from litestar.di import NamedDependency
from litestar.params import FromPath, FromQuery
from litestar.response import Redirect
from litestar.status_codes import HTTP_200_OK, HTTP_303_SEE_OTHER, HTTP_422_UNPROCESSABLE_ENTITY

from irm.access.policy import Permission, Principal, allow
from irm.clock import SHANGHAI, Clock
from irm.db import Database, Tx
from irm.errors import Conflict, Invalid, IrmError, NotFound
from irm.i18n import N_, Translator
from irm.notify.duty import create_roster, shifts_between
from irm.notify.roster import Shift, Span
from irm.notify.rosters import service, swaps
from irm.notify.rosters.checking import KIND_NAMES as FINDING_NAMES, figure_words, quality_of
from irm.notify.rosters.desk import (
    DAYS_NAMES,
    KIND_NAMES,
    LAYER_NAMES,
    UNIT_NAMES,
    desk_of,
    seats_named,
)
from irm.notify.rosters.leave import end_leave, record_leave
from irm.notify.rosters.rotation import Seat
from irm.notify.rosters.routes import answered
from irm.notify.rosters.temporary import end_temporary, make_temporary
from irm.notify.rosters.whose import (
    editable_organization,
    may_edit,
    own_leave,
    own_override,
    own_roster,
    own_rotation,
    readable_organization,
)
from irm.notify.rosters.working_out import Leave
from irm.web.forms import Form
from irm.web.pages import Page, page
from irm.web.typed import day, line, moment, needed, text, texts

READ: Final = allow(Permission.READ_ROSTER)
EDIT: Final = allow(Permission.EDIT_ROSTER)
OWN: Final = allow(Permission.ACKNOWLEDGE)
MINE_AHEAD: Final = timedelta(days=60)
DONE: Final[dict[str, str]] = {
    "roster": N_("The roster was made."),
    "rotation": N_("The rotation holds from its day on."),
    "override": N_("The change was made."),
    "leave": N_("The leave was recorded; the turns were passed on."),
    "temporary": N_("The temporary schedule was made. Give it rotations now."),
    "month": N_("The month was taken over."),
    "undone": N_("It was taken back."),
    "asked": N_("The question was sent. Nothing moves before it is agreed to."),
    "answered": N_("The answer was recorded; both sides are told."),
}
AnyRequest = Request[Any, Any, Any]


@get("/duty/rosters/{code:str}", opt=READ, include_in_schema=False)
async def roster_page(
    code: FromPath[str],
    principal: NamedDependency[Principal],
    db: NamedDependency[Database],
    clock: NamedDependency[Clock],
    t: NamedDependency[Translator],
    done: FromQuery[str | None] = None,
) -> Page:
    """What makes the rosters of an organization, and what is wrong with the next 90 days."""
    async with db.transaction(principal.actor) as tx:
        return await _desk_page(tx, code, principal, clock.now(), t, done=DONE.get(done or "", ""))


@post("/duty/rosters/{code:str}/{what:str}", opt=EDIT, include_in_schema=False)
async def change_roster_page(
    code: FromPath[str],
    what: FromPath[str],
    request: AnyRequest,
    principal: NamedDependency[Principal],
    db: NamedDependency[Database],
    clock: NamedDependency[Clock],
    t: NamedDependency[Translator],
) -> Page | Redirect:
    """The forms of the page."""
    typed: dict[str, Any] = dict(texts((await request.form()).multi_items()))
    now = clock.now()
    try:
        async with db.transaction(principal.actor) as tx:
            found = await editable_organization(tx, principal, code)
            if what not in CHANGES:
                raise NotFound(service.NOBODY_THERE)
            await CHANGES[what](tx, found.id, typed, principal, now)
    except (Invalid, Conflict) as error:
        async with db.transaction(principal.actor) as tx:
            return await _desk_page(tx, code, principal, now, t, typed=(what, typed, error))
    return Redirect(f"/duty/rosters/{code}?done={what}", status_code=HTTP_303_SEE_OTHER)


@post("/duty/rosters/{code:str}/{what:str}/{known:uuid}/end", opt=EDIT, include_in_schema=False)
async def undo_page(
    code: FromPath[str],
    what: FromPath[str],
    known: FromPath[UUID],
    principal: NamedDependency[Principal],
    db: NamedDependency[Database],
    clock: NamedDependency[Clock],
) -> Redirect:
    """Takes back an order that has not begun, a change, a leave, a temporary schedule."""
    now, actor = clock.now(), principal.actor
    async with db.transaction(actor) as tx:
        if what == "rotation":
            await own_rotation(tx, principal, known)
            await service.withdraw_rotation(tx, known, now=now, actor=actor)
        elif what == "override":
            await own_override(tx, principal, known)
            await service.take_back_override(tx, known, now=now, actor=actor)
        elif what == "leave":
            await own_leave(tx, principal, known)
            await end_leave(tx, known, now=now, actor=actor)
        elif what == "temporary":
            await own_roster(tx, principal, known)
            await end_temporary(tx, known, now=now, actor=actor)
        else:
            raise NotFound(service.NOBODY_THERE)
    return Redirect(f"/duty/rosters/{code}?done=undone", status_code=HTTP_303_SEE_OTHER)


@get("/duty/mine", opt=OWN, include_in_schema=False)
async def my_duty_page(
    principal: NamedDependency[Principal],
    db: NamedDependency[Database],
    clock: NamedDependency[Clock],
    done: FromQuery[str | None] = None,
) -> Page:
    """My turns, and what I asked or am asked about them."""
    async with db.transaction(principal.actor) as tx:
        return await _mine_page(tx, principal, clock.now(), done=DONE.get(done or "", ""))


@post("/duty/mine/swaps", opt=OWN, include_in_schema=False)
async def ask_page(
    request: AnyRequest,
    principal: NamedDependency[Principal],
    db: NamedDependency[Database],
    clock: NamedDependency[Clock],
    t: NamedDependency[Translator],
) -> Page | Redirect:
    """Asks somebody to take a turn; `with` is a person, or one of his turns as person/shift."""
    typed: dict[str, Any] = dict(texts((await request.form()).multi_items()))
    now = clock.now()
    try:
        async with db.transaction(principal.actor) as tx:
            person, _, theirs = text(typed, "with").partition("/")
            await swaps.ask(
                tx,
                gives=needed(_id(text(typed, "gives")), "gives"),
                of=needed(_id(person), "with"),
                takes=_id(theirs),
                note=text(typed, "note"),
                by=principal.person_id,
                now=now,
                actor=principal.actor,
            )
    except (Invalid, Conflict) as error:
        async with db.transaction(principal.actor) as tx:
            return await _mine_page(tx, principal, now, form=Form.refused(typed, error, t))
    return Redirect("/duty/mine?done=asked", status_code=HTTP_303_SEE_OTHER)


@post("/duty/mine/swaps/{swap_id:uuid}/{answer:str}", opt=OWN, include_in_schema=False)
async def answer_page(
    swap_id: FromPath[UUID],
    answer: FromPath[str],
    principal: NamedDependency[Principal],
    db: NamedDependency[Database],
    clock: NamedDependency[Clock],
) -> Redirect:

    async with db.transaction(principal.actor) as tx:
        await answered(tx, principal, swap_id, answer, clock.now())
    return Redirect("/duty/mine?done=answered", status_code=HTTP_303_SEE_OTHER)


async def _desk_page(
    tx: Tx,
    code: str,
    principal: Principal,
    now: datetime,
    t: Translator,
    *,
    done: str = "",
    typed: tuple[str, dict[str, Any], IrmError] | None = None,
) -> Page:
    organization = await readable_organization(tx, principal, code)
    desk = await desk_of(tx, organization, now)
    today = now.astimezone(SHANGHAI).date().isoformat()
    forms = {
        "roster": Form({"name": t("Duty roster")}),
        "rotation": Form(
            {"layer": "day", "days": "all", "unit": "day", "length": "1", "starts": "08:00", "ends": "08:00",
             "from_day": today}
        ),
        "override": Form({"kind": "replace", "layer": "day"}),
        "leave": Form(),
        "temporary": Form(),
    }  # fmt: skip
    meant = typed is not None and typed[2].code in {"leaves_gap", "overlaps"}
    if typed is not None:
        forms[typed[0]] = Form.refused(typed[1], typed[2], t)
    return page(
        "notify/roster_desk.html",
        status_code=HTTP_422_UNPROCESSABLE_ENTITY if typed else HTTP_200_OK,
        desk=desk,
        report=await quality_of(tx, organization.id, now),
        forms=forms,
        meant=meant,
        done=done,
        may_edit=may_edit(principal, organization.id),
        layer_names=LAYER_NAMES,
        days_names=DAYS_NAMES,
        unit_names=UNIT_NAMES,
        kind_names=KIND_NAMES,
        finding_names=FINDING_NAMES,
        figure_words=figure_words,
        layers=_choices(LAYER_NAMES, t),
        days=_choices(DAYS_NAMES, t),
        units=_choices(UNIT_NAMES, t),
        kinds=_choices(KIND_NAMES, t),
        people=[(str(each), name) for each, name in desk.people.items()],
        everybody=[(f"person:{each}", name) for each, name in desk.people.items()]
        + [(f"post:{each}", name) for each, name in desk.posts.items()],
        rosters=[(str(each.roster.id), each.roster.name) for each in desk.rosters],
        lasting=[(str(each.roster.id), each.roster.name) for each in desk.rosters if each.roster.in_place_of is None],
    )


async def _mine_page(tx: Tx, principal: Principal, now: datetime, *, done: str = "", form: Form | None = None) -> Page:
    own: list[tuple[str, Shift]] = []
    others: list[tuple[str, str]] = []
    offices = principal.organizations
    planned = await shifts_between(tx, offices, now, now + MINE_AHEAD)
    for organization_id, shifts in planned.items():
        mine = [each for each in shifts if each.person_id == principal.person_id]
        own += [(str(organization_id), each) for each in mine]
        if mine:
            others += await swaps.partners(tx, organization_id, principal.person_id, shifts, now)
    return page(
        "notify/duty_mine.html",
        status_code=HTTP_422_UNPROCESSABLE_ENTITY if form else HTTP_200_OK,
        turns=[each for _, each in own],
        now=now,
        others=others,
        swaps=await swaps.swaps_of(tx, person_id=principal.person_id),
        me=principal.person_id,
        form=form or Form(),
        done=done,
        layer_names=LAYER_NAMES,
        status_names=swaps.STATUS_NAMES,
    )


async def _make(tx: Tx, organization_id: UUID, typed: dict[str, Any], principal: Principal, now: datetime) -> None:
    await create_roster(tx, organization_id=organization_id, name=text(typed, "name"), now=now, actor=principal.actor)


async def _rotate(tx: Tx, organization_id: UUID, typed: dict[str, Any], principal: Principal, now: datetime) -> None:
    roster_id = await _roster(tx, principal, typed)
    length = line(typed, "length") or "1"
    if not (length.isascii() and length.isdigit()):
        raise Invalid("Must be a whole number.", field="length")
    order = service.rotation_read(
        text(typed, "layer"),
        needed(day(typed, "from_day"), "from_day"),
        await seats_named(tx, organization_id, text(typed, "turns").splitlines(), now, "turns"),
        days=text(typed, "days"),
        unit=text(typed, "unit"),
        length=int(length),
        starts=text(typed, "starts"),
        ends=text(typed, "ends"),
        wraps=line(typed, "once") is None,
    )
    await service.set_rotation(tx, roster_id, order, now=now, actor=principal.actor)


async def _override(tx: Tx, _: UUID, typed: dict[str, Any], principal: Principal, now: datetime) -> None:
    roster_id = await _roster(tx, principal, typed)
    kind, known = text(typed, "person").split(":")[:2] if ":" in text(typed, "person") else ("", "")
    seat = None
    if _id(known) is not None:
        seat = Seat(_id(known), None) if kind == "person" else Seat(None, _id(known))
    given = service.NewOverride(
        text(typed, "kind"),
        text(typed, "layer"),
        needed(moment(typed, "starts_at"), "starts_at"),
        needed(moment(typed, "ends_at"), "ends_at"),
        seat,
        _id(text(typed, "instead_of")),
        text(typed, "note"),
        despite=line(typed, "despite") is not None,
    )
    await service.override(tx, roster_id, given, now=now, actor=principal.actor)


async def _leave(tx: Tx, organization_id: UUID, typed: dict[str, Any], principal: Principal, now: datetime) -> None:
    given = Leave(
        needed(_id(text(typed, "person")), "person"),
        needed(moment(typed, "starts_at"), "starts_at"),
        needed(moment(typed, "ends_at"), "ends_at"),
        _id(text(typed, "substitute")),
    )
    await record_leave(tx, organization_id, given, note=text(typed, "note"), now=now, actor=principal.actor)


async def _temporary(tx: Tx, _: UUID, typed: dict[str, Any], principal: Principal, now: datetime) -> None:
    roster_id = await _roster(tx, principal, typed)
    span = Span(needed(moment(typed, "starts_at"), "starts_at"), needed(moment(typed, "ends_at"), "ends_at"))
    await make_temporary(tx, roster_id, name=text(typed, "name"), span=span, now=now, actor=principal.actor)


async def _roster(tx: Tx, principal: Principal, typed: dict[str, Any]) -> UUID:
    found = needed(_id(text(typed, "roster")), "roster")
    await own_roster(tx, principal, found)
    return found


def _id(given: str) -> UUID | None:
    try:
        return UUID(given)
    except ValueError:
        return None


def _choices(names: dict[str, str], t: Translator) -> list[tuple[str, str]]:
    return [(value, t(name)) for value, name in names.items()]


CHANGES: Final = {
    "roster": _make,
    "rotation": _rotate,
    "override": _override,
    "leave": _leave,
    "temporary": _temporary,
}
ROUTES: Final = [roster_page, change_roster_page, undo_page, my_duty_page, ask_page, answer_page]
