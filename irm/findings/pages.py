"""Pages of findings: the list, entering one, one from plan to verification. All work without JavaScript."""

from collections.abc import Mapping
from datetime import date, timedelta
from typing import Any, Final
from uuid import UUID

from litestar import Request, get, post
from litestar.datastructures import UploadFile
from litestar.di import NamedDependency
from litestar.params import FromPath, FromQuery
from litestar.response import Redirect
from litestar.status_codes import HTTP_200_OK, HTTP_303_SEE_OTHER, HTTP_422_UNPROCESSABLE_ENTITY

from irm.access import queries as access
from irm.access.policy import Permission, Principal, allow, may, reach
from irm.clock import SHANGHAI, Clock
from irm.config import Settings
from irm.db import Database, Tx
from irm.errors import Conflict, FieldError, Forbidden, Invalid
from irm.evidence.blobs import MAX_SIZE
from irm.evidence.service import attachments_of
from irm.evidence.types import TAKEN
from irm.findings import entering, queries, register, service, showing, timeline
from irm.findings.lifecycle import ORIGIN_NAMES, PROPOSAL_NAMES, RISK_NAMES, STATUS_NAMES, Status
from irm.findings.policy import finding_policy
from irm.findings.queries import Finding
from irm.findings.routes import attach_file, decide, movable
from irm.findings.schemas import EnterFinding
from irm.findings.words import STATUS_TONES
from irm.i18n import N_, Translator
from irm.obligations import queries as obligations, words as duty_words
from irm.web.forms import Form, flatten
from irm.web.pages import Page, page

READ: Final = allow(Permission.READ_FINDINGS)
EDIT: Final = allow(Permission.EDIT_FINDINGS)
VERIFY: Final = allow(Permission.VERIFY_FINDINGS)
EITHER: Final = allow(Permission.EDIT_FINDINGS, Permission.VERIFY_FINDINGS)
FEW_SYSTEMS: Final = 24
LABELS: Final = {
    "title": N_("What was found"),
    "organization": N_("Unit that rectifies"),
    "verifier": N_("Verified by"),
    "systems": N_("Systems concerned"),
    "risk": N_("Risk"),
    "due_on": N_("To be rectified by"),
    "due_set_by": N_("Day set by"),
    "due_document": N_("Document that sets the day"),
    "found_on": N_("Found on"),
    "plan": N_("How it is put right"),
    "person": N_("Who answers for it"),
    "text": N_("What was done"),
    "reason": N_("Reason"),
    "consent": N_("Document of consent"),
    "file": N_("File"),
}
Forms = Mapping[str, Form]


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
    codes = given if isinstance(given, list) else str(given).replace("、", ",").replace("，", ",").split(",")
    return EnterFinding(
        title=_text(values, "title"),
        risk=_text(values, "risk"),
        is_major=bool(values.get("is_major")),
        detail=_text(values, "detail"),
        clause=_text(values, "clause"),
        origin=_text(values, "origin") or "other",
        origin_label=_text(values, "origin_label"),
        due_document=_text(values, "due_document"),
        systems=[code for one in codes for code in str(one).split()],
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
        context = await _context(tx, principal, one, t, now)
    return page(
        "findings/show.html",
        status_code=HTTP_422_UNPROCESSABLE_ENTITY if forms else HTTP_200_OK,
        now=now,
        **{**context, **forms},
    )


async def _context(tx: Tx, principal: Principal, one: Finding, t: Translator, now: Any) -> dict[str, Any]:
    view = await showing.detail(tx, principal, one, now=now)
    edits = queries.may_edit(principal, one)
    verifies = queries.may_verify(principal, one)
    names = await access.organization_names(tx, {x for x in (one.due_set_by, one.organization_id) if x})
    members = await access.members(tx, [one.organization_id], now=now) if edits else []
    found = await obligations.obligations_of(tx, one.path, now=now, reach=reach(principal, Permission.READ_OBLIGATIONS))
    shown = [each for each in found if each.status not in {"superseded", "waived"}]
    suggested = one.found_on + timedelta(days=finding_policy().default_days[one.risk])
    people = await access.person_names(tx, [one.person_id] if one.person_id else [])
    tester = await register.tester_of(tx, one.origin_id)
    open_ = one.status in (Status.OPEN, Status.PLANNED)
    return {
        "one": one,
        "view": view,
        "is_major": view.is_major,
        "status_name": t(STATUS_NAMES[one.status]),
        "status_tone": STATUS_TONES[one.status],
        "risk_name": t(RISK_NAMES[one.risk]),
        "origin_name": t(ORIGIN_NAMES[one.origin]),
        "origin_href": f"/assessments/{one.origin_label}" if one.origin == "assessment" and one.origin_id else "",
        "day_set_by": names.get(one.due_set_by, "") if one.due_set_by else "",
        "person_name": people.get(one.person_id, "") if one.person_id else "",
        "members": [(str(member.person.id), member.person.name) for member in members],
        "clocks": [
            {
                **each.chip(),
                "title": t.of(each.title),
                "limit": t(each.limit_word) if each.limit_at else "",
                "article": duty_words.citation_text(each.citation, t),
                "href": f"/obligations/{each.id}",
            }
            for each in shown
        ],
        "files": [
            {
                "href": f"/attachments/{file.id}",
                "name": file.filename,
                "size": file.size,
                "media_type": file.media_type,
                "sha256": file.sha256,
                "at": file.uploaded_at,
                "by": (await access.organization_names(tx, [file.organization_id])).get(file.organization_id, "")
                if file.organization_id
                else "",
            }
            for file in await attachments_of(tx, one.path)
        ],
        "may_edit": edits and open_,
        "may_hand_in": edits and one.status is Status.PLANNED,
        "may_move": (edits or verifies) and open_ and one.due_on is not None,
        "may_verify": verifies and one.status is Status.HANDED_IN,
        "same_person": one.handed_in_by == principal.account_id,
        "may_decide": verifies and one.status is not Status.CLOSED,
        "may_attach": (edits or verifies or tester in principal.organizations) and one.status is not Status.CLOSED,
        "proposals": [(each, t(PROPOSAL_NAMES[each.kind])) for each in view.proposals],
        "entries": await timeline.told(tx, one.path, principal, t, now=now),
        "plan_form": Form(
            values={"plan": one.plan or "", "person": str(one.person_id or ""), "due_on": str(one.due_on or suggested)}
        ),
        "work_form": Form(),
        "verify_form": Form(),
        "day_form": Form(values={"due_on": str(one.due_on or "")}),
        "proposal_form": Form(),
        "labels": {name: t(label) for name, label in LABELS.items()},
        "accept": ",".join(f".{one}" for one in TAKEN),
        "size_limit": MAX_SIZE // 1_000_000,
        "reads_submission": may(principal, Permission.READ_SUBMISSIONS),
    }


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
