"""Pages of findings: the list, entering one, one from plan to verification. All work without JavaScript."""

import re
from collections.abc import Mapping
from datetime import date
from typing import Any, Final
from uuid import UUID

from litestar import Request, get, post
from litestar.datastructures import UploadFile
from litestar.di import NamedDependency
from litestar.params import FromPath, FromQuery
from litestar.response import Redirect
from litestar.status_codes import HTTP_200_OK, HTTP_303_SEE_OTHER, HTTP_422_UNPROCESSABLE_ENTITY

from irm.access import queries as access
from irm.access.policy import Permission, Principal, allow, reach
from irm.clock import SHANGHAI, Clock
from irm.config import Settings
from irm.db import Database, Tx
from irm.errors import Conflict, FieldError, Forbidden, Invalid
from irm.findings import entering, queries, register, service
from irm.findings.lifecycle import ORIGIN_NAMES, RISK_NAMES
from irm.findings.panels import LABELS, finding_context
from irm.findings.routes import attach_file, decide, movable
from irm.findings.schemas import EnterFinding
from irm.i18n import N_, Translator
from irm.web.forms import Form, flatten
from irm.web.pages import Page, page

READ: Final = allow(Permission.READ_FINDINGS)
EDIT: Final = allow(Permission.EDIT_FINDINGS)
VERIFY: Final = allow(Permission.VERIFY_FINDINGS)
EITHER: Final = allow(Permission.EDIT_FINDINGS, Permission.VERIFY_FINDINGS)
FEW_SYSTEMS: Final = 24
SEPARATORS: Final = re.compile("[\\s,;\N{FULLWIDTH COMMA}\N{IDEOGRAPHIC COMMA}\N{FULLWIDTH SEMICOLON}]+")


@get("/findings/new", opt=EDIT, include_in_schema=False)
async def new_page(
    db: NamedDependency[Database],
    clock: NamedDependency[Clock],
    principal: NamedDependency[Principal],
    t: NamedDependency[Translator],
    system: FromQuery[str] = "",
) -> Page:
    today = clock.now().astimezone(SHANGHAI).date()
    form = Form(values={"risk": "medium", "origin": "inspection", "found_on": str(today), "systems": system})
    async with db.transaction(principal.actor) as tx:
        return await _new(tx, principal, t, form, clock)


@post("/findings/new", opt=EDIT, include_in_schema=False, status_code=HTTP_303_SEE_OTHER)
async def enter_form(
    request: Request[Any, Any, Any],
    db: NamedDependency[Database],
    clock: NamedDependency[Clock],
    principal: NamedDependency[Principal],
    t: NamedDependency[Translator],
) -> Page | Redirect:
    values = flatten(list((await request.form()).multi_items()))
    now = clock.now()
    try:
        given = entered(values)
        async with db.transaction(principal.actor) as tx:
            new = await entering.new_finding(tx, principal, given, now=now)
            made = await service.raise_finding(tx, new, actor=principal.actor, now=now)
            number = (await queries.numbers_of(tx, [made]))[made]
    except (Invalid, Conflict, Forbidden) as refused:
        async with db.transaction(principal.actor) as tx:
            return await _new(tx, principal, t, Form.refused(values, refused, t), clock, refused=True)
    return Redirect(f"/findings/{number}", status_code=HTTP_303_SEE_OTHER)


@get("/findings/{number:str}", opt=READ, include_in_schema=False)
async def finding_page(
    number: FromPath[str],
    db: NamedDependency[Database],
    clock: NamedDependency[Clock],
    principal: NamedDependency[Principal],
    t: NamedDependency[Translator],
) -> Page:
    return await _show(db, clock, principal, t, number)


@post("/findings/{number:str}/plan", opt=EDIT, include_in_schema=False, status_code=HTTP_303_SEE_OTHER)
async def plan_form(
    number: FromPath[str],
    request: Request[Any, Any, Any],
    db: NamedDependency[Database],
    clock: NamedDependency[Clock],
    principal: NamedDependency[Principal],
    t: NamedDependency[Translator],
) -> Page | Redirect:
    values = flatten(list((await request.form()).multi_items()))
    try:
        async with db.transaction(principal.actor) as tx:
            one = await entering.to_work_on(tx, principal, number)
            await service.plan(
                tx,
                one.id,
                text=_text(values, "plan"),
                person_id=_id(values, "person"),
                due_on=_day(values, "due_on"),
                actor=principal.actor,
                now=clock.now(),
            )
    except (Invalid, Conflict) as refused:
        return await _show(db, clock, principal, t, number, plan_form=Form.refused(values, refused, t))
    return _back(number, "plan")


@post("/findings/{number:str}/work", opt=EDIT, include_in_schema=False, status_code=HTTP_303_SEE_OTHER)
async def work_form(
    number: FromPath[str],
    request: Request[Any, Any, Any],
    db: NamedDependency[Database],
    clock: NamedDependency[Clock],
    settings: NamedDependency[Settings],
    principal: NamedDependency[Principal],
    t: NamedDependency[Translator],
) -> Page | Redirect:
    """What was done, with its proofs. `act` hand_in: it is handed in at once."""
    sent = list((await request.form()).multi_items())
    values = flatten([(name, value) for name, value in sent if not isinstance(value, UploadFile)])
    files = [value for _, value in sent if isinstance(value, UploadFile) and value.filename]
    hands_in = values.get("act") == "hand_in"
    try:
        for file in files:
            await attach_file(db, settings, principal, number, file, clock)
        async with db.transaction(principal.actor) as tx:
            one = await entering.to_work_on(tx, principal, number)
            text, now = _text(values, "text"), clock.now()
            if hands_in:
                await service.hand_in(
                    tx, one.id, text=text, account_id=principal.account_id, actor=principal.actor, now=now
                )
            elif text.strip() or not files:
                await service.record_work(tx, one.id, text=text, actor=principal.actor, now=now)
    except (Invalid, Conflict) as refused:
        return await _show(db, clock, principal, t, number, work_form=Form.refused(values, refused, t))
    return _back(number, "verification" if hands_in else "work")


@post("/findings/{number:str}/verify", opt=VERIFY, include_in_schema=False, status_code=HTTP_303_SEE_OTHER)
async def verify_form(
    number: FromPath[str],
    request: Request[Any, Any, Any],
    db: NamedDependency[Database],
    clock: NamedDependency[Clock],
    principal: NamedDependency[Principal],
    t: NamedDependency[Translator],
) -> Page | Redirect:
    values = flatten(list((await request.form()).multi_items()))
    try:
        async with db.transaction(principal.actor) as tx:
            one = await entering.to_verify(tx, principal, number)
            await service.verify(
                tx,
                one.id,
                accepted=values.get("act") == "accept",
                reason=_text(values, "reason"),
                account_id=principal.account_id,
                actor=principal.actor,
                now=clock.now(),
            )
    except (Invalid, Conflict, Forbidden) as refused:
        return await _show(db, clock, principal, t, number, verify_form=Form.refused(values, refused, t))
    return _back(number, "verification")


@post("/findings/{number:str}/day", opt=EITHER, include_in_schema=False, status_code=HTTP_303_SEE_OTHER)
async def day_form(
    number: FromPath[str],
    request: Request[Any, Any, Any],
    db: NamedDependency[Database],
    clock: NamedDependency[Clock],
    settings: NamedDependency[Settings],
    principal: NamedDependency[Principal],
    t: NamedDependency[Translator],
) -> Page | Redirect:
    """Another day; the file of the authority's consent is kept with the finding."""
    sent = list((await request.form()).multi_items())
    values = flatten([(name, value) for name, value in sent if not isinstance(value, UploadFile)])
    files = [value for _, value in sent if isinstance(value, UploadFile) and value.filename]
    try:
        day = _day(values, "due_on")
        if day is None:
            raise Invalid(service.NEEDED, field="due_on")  # noqa: TRY301 - answered like every other fault
        async with db.transaction(principal.actor) as tx:
            one = await movable(tx, principal, number)
            await service.move_day(
                tx,
                one.id,
                due_on=day,
                reason=_text(values, "reason"),
                consent=_text(values, "consent"),
                actor=principal.actor,
                now=clock.now(),
            )
        for file in files:
            await attach_file(db, settings, principal, number, file, clock)
    except (Invalid, Conflict) as refused:
        return await _show(db, clock, principal, t, number, day_form=Form.refused(values, refused, t))
    return _back(number, "day")


@post(
    "/findings/{number:str}/proposals/{proposal:uuid}",
    opt=VERIFY,
    include_in_schema=False,
    status_code=HTTP_303_SEE_OTHER,
)
async def proposal_form(
    number: FromPath[str],
    proposal: FromPath[UUID],
    request: Request[Any, Any, Any],
    db: NamedDependency[Database],
    clock: NamedDependency[Clock],
    principal: NamedDependency[Principal],
    t: NamedDependency[Translator],
) -> Page | Redirect:
    values = flatten(list((await request.form()).multi_items()))
    try:
        async with db.transaction(principal.actor) as tx:
            accepted = values.get("act") == "accept"
            reason = _text(values, "reason")
            await decide(tx, principal, number, proposal, accepted=accepted, reason=reason, clock=clock)
    except (Invalid, Conflict) as refused:
        return await _show(db, clock, principal, t, number, proposal_form=Form.refused(values, refused, t))
    return _back(number, "proposals")


def entered(values: Mapping[str, Any]) -> EnterFinding:
    """Raises Invalid with every fault."""
    faults: list[FieldError] = []

    def read(name: str, how: Any) -> Any:
        try:
            return how(values, name)
        except Invalid as refused:
            faults.extend(refused.errors)
            return None

    ids = {name: read(name, _id) for name in ("organization", "verifier", "due_set_by", "person")}
    days = {name: read(name, _day) for name in ("found_on", "due_on")}
    if faults:
        raise Invalid(service.ODD, errors=faults)
    given = values.get("systems") or ""
    codes = given if isinstance(given, list) else SEPARATORS.split(str(given))
    return EnterFinding(
        title=_text(values, "title"),
        risk=_text(values, "risk"),
        is_major=bool(values.get("is_major")),
        detail=_text(values, "detail"),
        clause=_text(values, "clause"),
        origin=_text(values, "origin") or "other",
        origin_label=_text(values, "origin_label"),
        due_document=_text(values, "due_document"),
        systems=[code for one in codes if (code := str(one).strip())],
        **ids,
        **days,
    )


async def choices(tx: Tx, principal: Principal, t: Translator) -> dict[str, Any]:
    """What the form of a finding offers this reader."""
    far = reach(principal, Permission.EDIT_FINDINGS)
    units = [
        one for one in await access.organizations(tx, joined=True) if far.everything or one.id in far.organizations
    ]
    own = await register.systems_of(tx, {one.id for one in units}, most=FEW_SYSTEMS + 1) if not far.everything else []
    return {
        "units": [(str(one.id), one.name) for one in units],
        "verifiers": [(str(one.id), one.name) for one in await entering.verifiers(tx, None)],
        "authorities": [(str(one.id), one.name) for one in await access.organizations(tx, kinds=entering.SETS_DAYS)],
        "own_systems": [(one.code, f"{one.name} · {one.code}", "") for one in own] if len(own) <= FEW_SYSTEMS else [],
        "risks": [(value, t(name), "") for value, name in RISK_NAMES.items()],
        "origins": [(value, t(name)) for value, name in ORIGIN_NAMES.items()],
        "labels": {name: t(label) for name, label in LABELS.items()},
    }


async def _new(tx: Tx, principal: Principal, t: Translator, form: Form, clock: Clock, *, refused: bool = False) -> Page:
    return page(
        "findings/new.html",
        status_code=HTTP_422_UNPROCESSABLE_ENTITY if refused else HTTP_200_OK,
        now=clock.now(),
        form=form,
        **await choices(tx, principal, t),
    )


async def _show(db: Database, clock: Clock, principal: Principal, t: Translator, number: str, **forms: Form) -> Page:
    now = clock.now()
    async with db.transaction(principal.actor) as tx:
        one = await queries.finding_by_number(tx, principal, number.replace("\0", ""))
        context = await finding_context(tx, principal, one, t, now)
    return page(
        "findings/show.html",
        status_code=HTTP_422_UNPROCESSABLE_ENTITY if forms else HTTP_200_OK,
        now=now,
        **{**context, **forms},
    )


def _back(number: str, section: str) -> Redirect:
    return Redirect(f"/findings/{number}#{section}", status_code=HTTP_303_SEE_OTHER)


def _text(values: Mapping[str, Any], name: str) -> str:
    found = values.get(name)
    return found.replace("\0", "") if isinstance(found, str) else ""


def _id(values: Mapping[str, Any], name: str) -> UUID | None:
    given = _text(values, name).strip()
    if not given:
        return None
    try:
        return UUID(given)
    except ValueError:
        raise Invalid(N_("Choose one from the list."), field=name) from None


def _day(values: Mapping[str, Any], name: str) -> date | None:
    given = _text(values, name).strip()
    if not given:
        return None
    try:
        return date.fromisoformat(given)
    except ValueError:
        raise Invalid(N_("A day: 2026-03-01."), field=name) from None


ROUTES: Final = [
    new_page,
    enter_form,
    finding_page,
    plan_form,
    work_form,
    verify_form,
    day_form,
    proposal_form,
]
