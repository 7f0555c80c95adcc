"""Pages of planned changes: the list, the one form, one change with its plan and its clock."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any, Final

from litestar import Request, get, post
from litestar.datastructures import UploadFile
from litestar.di import NamedDependency
from litestar.params import FromPath, FromQuery
from litestar.response import Redirect
from litestar.status_codes import HTTP_303_SEE_OTHER, HTTP_422_UNPROCESSABLE_ENTITY

from irm.access import queries as access
from irm.access.policy import Permission, Principal, allow, may, reach
from irm.clock import Clock
from irm.config import Settings
from irm.db import Database
from irm.errors import Conflict, FieldError, Forbidden, Invalid, IrmError, NotFound
from irm.evidence import service as evidence
from irm.i18n import N_, Translator
from irm.obligations.words import citation_text, whom
from irm.oversight import acting, queries, service, uploads
from irm.oversight.lifecycle import ENDED, KIND_NAMES, RISK_NAMES, STATE_NAMES, STATE_TONES, State
from irm.oversight.queries import Filters
from irm.oversight.schemas import PlanChange
from irm.rules.words import force_words
from irm.systems.queries import systems_in_reach
from irm.web import typed
from irm.web.forms import Form, flatten
from irm.web.pages import Page, page

READ: Final = allow(Permission.READ_CHANGES)
HAND_IN: Final = allow(Permission.PLAN_CHANGES)
ANSWER: Final = allow(Permission.ANSWER_CHANGES)
NEEDED: Final = N_("This is needed.")
ODD: Final = N_("Please correct what is marked.")
WHEN_NAMES: Final = {"coming": N_("Coming"), "over": N_("Over")}


@get("/changes", opt=READ, include_in_schema=False)
async def changes_page(
    principal: NamedDependency[Principal],
    db: NamedDependency[Database],
    clock: NamedDependency[Clock],
    t: NamedDependency[Translator],
    when: FromQuery[str | None] = None,
    risk: FromQuery[str | None] = None,
    cursor: FromQuery[str | None] = None,
) -> Page:
    now = clock.now()
    async with db.transaction(principal.actor) as tx:
        found, following = await queries.changes(
            tx, principal, Filters(when=when or None, risk=risk or None), cursor=cursor
        )
        owed = await queries.owed_for(tx, found, now=now)
    return page(
        "oversight/changes.html",
        now=now,
        changes=found,
        limits={one.id: owed[one.id].limit for one in found},
        next_cursor=following,
        query={"when": when, "risk": risk},
        chips=[
            ("when", t("When"), [(each, t(name), None) for each, name in WHEN_NAMES.items()]),
            ("risk", t("Risk"), [(each, t(name), None) for each, name in RISK_NAMES.items()]),
        ],
        may_plan=not reach(principal, Permission.PLAN_CHANGES).is_empty,
        **_words(),
    )


@get("/changes/new", opt=HAND_IN, include_in_schema=False)
async def new_page(
    principal: NamedDependency[Principal],
    db: NamedDependency[Database],
    clock: NamedDependency[Clock],
    system: FromQuery[str] = "",
) -> Page:
    return await _new(db, principal, clock, Form({"system": system, "is_major": "yes", "risk": "medium"}))


@post("/changes", opt=HAND_IN, include_in_schema=False)
async def plan(
    request: Request[Any, Any, Any],
    principal: NamedDependency[Principal],
    db: NamedDependency[Database],
    clock: NamedDependency[Clock],
    settings: NamedDependency[Settings],
    t: NamedDependency[Translator],
) -> Redirect | Page:
    """One form: the change, its plan, and handing it over at once (`hand_over`)."""
    values, files = await _sent(request)
    values.setdefault("is_major", "")
    try:
        given = _read(values)
        blobs = await uploads.stored(settings, files)
        async with db.transaction(principal.actor) as tx:
            made = await acting.plan(tx, given, principal, clock)
            attached = await acting.attach_all(tx, blobs, made, principal, clock)
            if values.get("hand_over"):
                await service.hand_in_plan(
                    tx,
                    made.id,
                    text="\n".join(part for part in (made.title, made.detail) if part),
                    attachments=attached,
                    actor=principal.actor,
                    now=clock.now(),
                )
    except (Invalid, NotFound, Forbidden, Conflict) as refused:
        answer = await _new(db, principal, clock, Form.refused(values, refused, t))
        answer.status_code = HTTP_422_UNPROCESSABLE_ENTITY
        return answer
    return _to(made.number)


@get("/changes/{number:str}", opt=READ, include_in_schema=False)
async def change_page(
    number: FromPath[str],
    principal: NamedDependency[Principal],
    db: NamedDependency[Database],
    clock: NamedDependency[Clock],
) -> Page:
    return await _show(db, principal, clock, number, Form())


@post("/changes/{number:str}/plan", opt=HAND_IN, include_in_schema=False)
async def hand_in(
    number: FromPath[str],
    request: Request[Any, Any, Any],
    principal: NamedDependency[Principal],
    db: NamedDependency[Database],
    clock: NamedDependency[Clock],
    settings: NamedDependency[Settings],
    t: NamedDependency[Translator],
) -> Redirect | Page:
    values, files = await _sent(request)
    try:
        async with db.transaction(principal.actor) as tx:
            await acting.own_change(tx, principal, number)
        blobs = await uploads.stored(settings, files)
        async with db.transaction(principal.actor) as tx:
            found = await acting.own_change(tx, principal, number)
            await acting.attach_all(tx, blobs, found, principal, clock)
            await service.hand_in_plan(
                tx, found.id, text=str(values.get("text") or ""), actor=principal.actor, now=clock.now()
            )
    except (Invalid, Conflict) as refused:
        return await _refused(db, principal, clock, number, values, refused, t)
    return _to(number)


@post("/changes/{number:str}/notices", opt=HAND_IN, include_in_schema=False)
async def notices(
    number: FromPath[str],
    request: Request[Any, Any, Any],
    principal: NamedDependency[Principal],
    db: NamedDependency[Database],
    clock: NamedDependency[Clock],
    t: NamedDependency[Translator],
) -> Redirect | Page:
    values, _ = await _sent(request)
    try:
        async with db.transaction(principal.actor) as tx:
            found = await acting.own_change(tx, principal, number)
            await service.tell_users(
                tx, found.id, text=str(values.get("notice") or ""), actor=principal.actor, now=clock.now()
            )
    except (Invalid, Conflict) as refused:
        return await _refused(db, principal, clock, number, values, refused, t)
    return _to(number)


@post("/changes/{number:str}/answer", opt=ANSWER, include_in_schema=False)
async def answer(
    number: FromPath[str],
    request: Request[Any, Any, Any],
    principal: NamedDependency[Principal],
    db: NamedDependency[Database],
    clock: NamedDependency[Clock],
    t: NamedDependency[Translator],
) -> Redirect | Page:
    values, _ = await _sent(request)
    try:
        async with db.transaction(principal.actor) as tx:
            found = await acting.answerable(tx, principal, number)
            await service.answer_plan(
                tx,
                found.id,
                accepted=values.get("outcome") == service.ANSWERS[0],
                reason=str(values.get("reason") or ""),
                account_id=principal.account_id,
                actor=principal.actor,
                now=clock.now(),
            )
    except (Invalid, Conflict) as refused:
        return await _refused(db, principal, clock, number, values, refused, t)
    return _to(number)


@post("/changes/{number:str}/start", opt=HAND_IN, include_in_schema=False)
async def move(
    number: FromPath[str],
    request: Request[Any, Any, Any],
    principal: NamedDependency[Principal],
    db: NamedDependency[Database],
    clock: NamedDependency[Clock],
    t: NamedDependency[Translator],
) -> Redirect | Page:
    values, _ = await _sent(request)
    try:
        start = typed.needed(typed.moment(values, "planned_start"), "planned_start")
        async with db.transaction(principal.actor) as tx:
            found = await acting.own_change(tx, principal, number)
            await service.move_start(
                tx,
                found.id,
                planned_start=start,
                planned_until=typed.moment(values, "planned_until"),
                reason=str(values.get("why") or ""),
                version=typed.number(values, "version"),
                actor=principal.actor,
                now=clock.now(),
            )
    except (Invalid, Conflict) as refused:
        return await _refused(db, principal, clock, number, values, refused, t)
    return _to(number)


@post("/changes/{number:str}/end", opt=HAND_IN, include_in_schema=False)
async def end(
    number: FromPath[str],
    request: Request[Any, Any, Any],
    principal: NamedDependency[Principal],
    db: NamedDependency[Database],
    clock: NamedDependency[Clock],
    t: NamedDependency[Translator],
) -> Redirect | Page:
    """`outcome`: done or cancelled; cancelling says why."""
    values, _ = await _sent(request)
    remark = str(values.get("remark") or "")
    try:
        async with db.transaction(principal.actor) as tx:
            found = await acting.own_change(tx, principal, number)
            if values.get("outcome") == State.DONE.value:
                await service.finish_change(tx, found.id, remark=remark, actor=principal.actor, now=clock.now())
            else:
                await service.cancel_change(tx, found.id, reason=remark, actor=principal.actor, now=clock.now())
    except (Invalid, Conflict) as refused:
        return await _refused(db, principal, clock, number, values, refused, t)
    return _to(number)


async def _new(db: Database, principal: Principal, clock: Clock, form: Form) -> Page:
    far = reach(principal, Permission.PLAN_CHANGES)
    async with db.transaction(principal.actor) as tx:
        systems = await systems_in_reach(tx, principal, most=None)
        own = await access.organizations(tx, ids=None if far.everything else far.organizations, joined=True)
    home = str(principal.home) if principal.home else ""
    if not form.value("by"):
        form = Form({**form.values, "by": home}, form.errors, form.message)
    systems.sort(key=lambda one: one.kind != "platform")
    return page(
        "oversight/change_form.html",
        now=clock.now(),
        form=form,
        systems=[(one.code, f"{one.name} · {one.code}") for one in systems],
        organizations=[(str(one.id), one.short_name) for one in own],
        **_words(),
    )


async def _show(db: Database, principal: Principal, clock: Clock, number: str, form: Form) -> Page:
    now = clock.now()
    async with db.transaction(principal.actor) as tx:
        one = await queries.change_by_number(tx, principal, number)
        owed = (await queries.owed_for(tx, [one], now=now))[one.id]
        files = await evidence.attachments_of(tx, one.path)
        names = await access.organization_names(tx, {each.organization_id for each in files if each.organization_id})
    own = queries.may_plan(principal, one) and one.state not in ENDED
    return page(
        "oversight/change.html",
        now=now,
        one=one,
        form=form,
        may_export=may(principal, Permission.EXPORT_EVIDENCE, one.resource),
        limit=owed.limit,
        duties=owed.duties,
        files=[
            {
                "href": f"{one.page}/files/{each.id}",
                "name": each.filename,
                "size": each.size,
                "media_type": each.media_type,
                "sha256": each.sha256,
                "at": each.uploaded_at,
                "by": names.get(each.organization_id, "") if each.organization_id else "",
            }
            for each in files
        ],
        may_hand_in=own and one.state in (State.PLANNED, State.RETURNED),
        may_tell=own and any(each.form == service.NOTICE and each.status == "open" for each in owed.duties),
        may_end=own,
        may_finish=own and now >= one.planned_start,
        may_answer=one.state is State.SUBMITTED and queries.may_answer(principal, one),
        **_words(),
    )


async def _refused(
    db: Database,
    principal: Principal,
    clock: Clock,
    number: str,
    values: Mapping[str, Any],
    refused: IrmError,
    t: Translator,
) -> Page:
    shown = await _show(db, principal, clock, number, Form.refused(values, refused, t))
    shown.status_code = HTTP_422_UNPROCESSABLE_ENTITY
    return shown


def _read(values: Mapping[str, Any]) -> PlanChange:
    """Raises Invalid with every moment that is none."""
    faults: list[FieldError] = []
    moments: dict[str, datetime | None] = {}
    for name in ("planned_start", "planned_until"):
        try:
            moments[name] = typed.moment(values, name)
        except Invalid as odd:
            faults += odd.errors or [FieldError(name, NEEDED)]
    start = moments.get("planned_start")
    if start is None and not faults:
        faults.append(FieldError("planned_start", NEEDED))
    if not values.get("system"):
        faults.append(FieldError("system", NEEDED))
    if faults or start is None:
        raise Invalid(ODD, errors=faults)
    return PlanChange(
        title=str(values.get("title") or ""),
        system=str(values["system"]),
        planned_start=start,
        planned_until=moments.get("planned_until"),
        kind=str(values.get("kind") or ""),
        risk=str(values.get("risk") or ""),
        is_major=bool(values.get("is_major")),
        detail=str(values.get("detail") or ""),
        contact=str(values.get("contact") or ""),
        by=typed.chosen(values, "by"),
    )


async def _sent(request: Request[Any, Any, Any]) -> tuple[dict[str, Any], list[UploadFile]]:
    pairs = list((await request.form()).multi_items())
    files = [value for _, value in pairs if isinstance(value, UploadFile) and value.filename]
    return flatten(typed.texts(pairs)), files


def _to(number: str) -> Redirect:
    return Redirect(f"/changes/{number}", status_code=HTTP_303_SEE_OTHER)


def _words() -> dict[str, Any]:
    return {
        "state_names": STATE_NAMES,
        "state_tones": STATE_TONES,
        "kind_names": KIND_NAMES,
        "risk_names": RISK_NAMES,
        "citation_text": citation_text,
        "force_words": force_words,
        "whom": whom,
    }


ROUTES: Final = [changes_page, new_page, plan, change_page, hand_in, notices, answer, move, end]
