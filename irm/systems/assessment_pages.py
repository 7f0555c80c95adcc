"""Pages of tests: the year's list, planning one, one from its start to the police. All work without JavaScript."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any, Final
from uuid import UUID

from litestar import Request, get, post
from litestar.di import NamedDependency
from litestar.params import FromPath, FromQuery
from litestar.response import Redirect
from litestar.status_codes import HTTP_200_OK, HTTP_303_SEE_OTHER, HTTP_422_UNPROCESSABLE_ENTITY

from irm.access import queries as access
from irm.access.policy import Permission, Principal, Resource, allow, may, reach
from irm.clock import SHANGHAI, Clock
from irm.config import Settings
from irm.db import Database, Tx
from irm.errors import Conflict, Forbidden, Invalid, NotFound
from irm.evidence.blobs import MAX_SIZE
from irm.evidence.service import attachments_of
from irm.findings import queries as findings, showing as findings_showing
from irm.findings.lifecycle import RISK_NAMES as FINDING_RISKS, STATUS_NAMES as FINDING_STATES
from irm.findings.timeline import COMMON, told
from irm.findings.words import STATUS_TONES as FINDING_TONES, major_words
from irm.i18n import N_, Translator
from irm.obligations.handing import BY_HAND, INSIDE
from irm.obligations.words import MEANS_NAMES
from irm.rules.pack import Switch
from irm.rules.queries import current_packs
from irm.systems import assessing
from irm.systems.assessing import ASSESSOR, KIND_NAMES, MLPS, STATUS_NAMES, NewAssessment, Status
from irm.systems.assessment_filing import FORMS, Filing, rate_words, recipients
from irm.systems.assessment_queries import (
    Assessment,
    Filters,
    assessment_by_number,
    assessments,
    counts,
    may_edit,
    may_file,
    sees_major,
    years,
)
from irm.systems.assessment_receiving import editable, receive_report
from irm.systems.assessment_routes import by_id, hand_over, plannable
from irm.systems.assessment_rules import CONCLUSION_NAMES, CONCLUSIONS, JUDGE, Stated, computed, template_of
from irm.systems.assessment_schemas import Typed
from irm.systems.queries import systems_in_reach
from irm.web.forms import Form, flatten
from irm.web.pages import Page, page

READ: Final = allow(Permission.READ_ASSESSMENTS)
EDIT: Final = allow(Permission.EDIT_ASSESSMENTS)
TONES: Final = {
    Status.PLANNED: "neutral",
    Status.UNDER_WAY: "active",
    Status.REPORTED: "active",
    Status.FILED: "done",
    Status.CANCELLED: "aside",
}
WORDS: Final[Mapping[str, str]] = {
    **COMMON,
    "assessment.planned": N_("Test planned"),
    "assessment.replanned": N_("Plan of the test changed"),
    "assessment.started": N_("Test began"),
    "assessment.reported": N_("Report received"),
    "assessment.filed": N_("Report filed"),
    "assessment.not_filed": N_("Report came back; it waits to be filed again"),
    "assessment.cancelled": N_("Test cancelled"),
}
LABELS: Final = {
    "system": N_("System"),
    "kind": N_("Kind"),
    "year": N_("Year"),
    "planned_on": N_("Planned for"),
    "tester": N_("Tester"),
    "started_on": N_("Began on"),
    "cover_on": N_("Date on the cover"),
    "rate": N_("Rate of compliance, or score"),
    "major": N_("Major hidden risks before rectification"),
    "rectified_major": N_("Of them rectified"),
    "high": N_("High risks"),
    "medium": N_("Medium risks"),
    "conclusion": N_("Conclusion as the report states it"),
    "file": N_("The report (PDF)"),
    "recipient": N_("To whom"),
    "means": N_("How it was handed over"),
    "stated_at": N_("Handed over at"),
    "document_number": N_("Document number"),
    "reason": N_("Reason"),
}
FEW: Final = 200


@get("/assessments", opt=READ, include_in_schema=False)
async def list_page(
    db: NamedDependency[Database],
    clock: NamedDependency[Clock],
    principal: NamedDependency[Principal],
    t: NamedDependency[Translator],
    year: FromQuery[str | None] = None,
    status: FromQuery[str | None] = None,
    flagged: FromQuery[str | None] = None,
    cursor: FromQuery[str | None] = None,
) -> Page:
    """The address is the state; without a year all years."""
    now = clock.now()
    wanted = int(year) if year and year.isascii() and year.isdigit() and len(year) == 4 else None  # noqa: PLR2004
    filters = Filters(wanted, status or None, flagged=bool(flagged))
    async with db.transaction(principal.actor) as tx:
        found, following = await assessments(
            tx, principal, filters, before=cursor.replace("\0", "") if cursor else None
        )
        by_status = await counts(tx, principal, year=wanted)
        known_years = await years(tx, principal)
        names = await access.organization_names(
            tx, {one.tester_id for one in found if one.tester_id} | {one.operator_id for one in found}
        )
    return page(
        "systems/assessment_list.html",
        now=now,
        lines=found,
        next_cursor=following,
        query={"year": year, "status": status, "flagged": flagged},
        year=wanted,
        years=[(str(each), str(each), None) for each in known_years],
        statuses=[(one.value, t(name), by_status.get(one.value)) for one, name in STATUS_NAMES.items()],
        open_count=by_status.get("planned", 0) + by_status.get("under_way", 0) + by_status.get("reported", 0),
        today=now.astimezone(SHANGHAI).date(),
        names=names,
        major={one.id: _major(one, principal, t) for one in found},
        rate_words=rate_words,
        **_names(t),
    )


@get("/assessments/new", opt=EDIT, include_in_schema=False)
async def new_page(
    db: NamedDependency[Database],
    clock: NamedDependency[Clock],
    principal: NamedDependency[Principal],
    t: NamedDependency[Translator],
    system: FromQuery[str] = "",
) -> Page:
    today = clock.now().astimezone(SHANGHAI).date()
    form = Form(values={"system": system, "kind": MLPS, "year": str(today.year)})
    async with db.transaction(principal.actor) as tx:
        return await _new(tx, principal, t, form, clock.now())


@post("/assessments/new", opt=EDIT, include_in_schema=False, status_code=HTTP_303_SEE_OTHER)
async def plan_form(
    request: Request[Any, Any, Any],
    db: NamedDependency[Database],
    clock: NamedDependency[Clock],
    principal: NamedDependency[Principal],
    t: NamedDependency[Translator],
) -> Page | Redirect:
    values = flatten(list((await request.form()).multi_items()))
    now = clock.now()
    try:
        async with db.transaction(principal.actor) as tx:
            system = await plannable(tx, principal, str(values.get("system") or "").strip())
            made = await assessing.plan_assessment(tx, _planned(values, system.id), actor=principal.actor, now=now)
            number = (await by_id(tx, principal, made)).number
    except (Invalid, Conflict, NotFound) as refused:
        async with db.transaction(principal.actor) as tx:
            return await _new(tx, principal, t, Form.refused(values, refused, t), now, refused=True)
    return Redirect(f"/assessments/{number}", status_code=HTTP_303_SEE_OTHER)


@get("/assessments/{number:str}", opt=READ, include_in_schema=False)
async def assessment_page(
    number: FromPath[str],
    db: NamedDependency[Database],
    clock: NamedDependency[Clock],
    principal: NamedDependency[Principal],
    t: NamedDependency[Translator],
) -> Page:
    return await _show(db, clock, principal, t, number)


@post("/assessments/{number:str}/plan", opt=EDIT, include_in_schema=False, status_code=HTTP_303_SEE_OTHER)
async def replan_form(
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
            one = editable(principal, await _found(tx, principal, number))
            given = _planned(values, one.system_id)
            await assessing.replan(tx, one.id, given, actor=principal.actor, now=clock.now())
    except (Invalid, Conflict) as refused:
        return await _show(db, clock, principal, t, number, plan_form=Form.refused(values, refused, t))
    return _back(number, "plan")


@post("/assessments/{number:str}/start", opt=EDIT, include_in_schema=False, status_code=HTTP_303_SEE_OTHER)
async def start_form(
    number: FromPath[str],
    request: Request[Any, Any, Any],
    db: NamedDependency[Database],
    clock: NamedDependency[Clock],
    principal: NamedDependency[Principal],
    t: NamedDependency[Translator],
) -> Page | Redirect:
    values = flatten(list((await request.form()).multi_items()))
    try:
        typed = Typed(values)
        day = typed.day("started_on")
        typed.done()
        async with db.transaction(principal.actor) as tx:
            one = editable(principal, await _found(tx, principal, number))
            today = clock.now().astimezone(SHANGHAI).date()
            await assessing.start(tx, one.id, started_on=day or today, actor=principal.actor, now=clock.now())
    except (Invalid, Conflict) as refused:
        return await _show(db, clock, principal, t, number, start_form=Form.refused(values, refused, t))
    return _back(number, "plan")


@post("/assessments/{number:str}/report", opt=EDIT, include_in_schema=False, status_code=HTTP_303_SEE_OTHER)
async def report_form(
    number: FromPath[str],
    request: Request[Any, Any, Any],
    db: NamedDependency[Database],
    clock: NamedDependency[Clock],
    settings: NamedDependency[Settings],
    principal: NamedDependency[Principal],
    t: NamedDependency[Translator],
) -> Page | Redirect:
    values = flatten(list((await request.form()).multi_items()))
    try:
        await receive_report(db, settings, clock, principal, number.replace("\0", ""), values)
    except (Invalid, Conflict) as refused:
        kept = {name: value for name, value in values.items() if isinstance(value, str)}
        return await _show(db, clock, principal, t, number, report_form=Form.refused(kept, refused, t))
    return _back(number, "report")


@post("/assessments/{number:str}/file", opt=EDIT, include_in_schema=False, status_code=HTTP_303_SEE_OTHER)
async def filing_form(
    number: FromPath[str],
    request: Request[Any, Any, Any],
    db: NamedDependency[Database],
    clock: NamedDependency[Clock],
    principal: NamedDependency[Principal],
    t: NamedDependency[Translator],
) -> Page | Redirect:
    values = flatten(list((await request.form()).multi_items()))
    try:
        typed = Typed(values)
        recipient = typed.id("recipient")
        at = _moment(values)
        typed.done()
        async with db.transaction(principal.actor) as tx:
            one = await _found(tx, principal, number)
            means = typed.text("means")
            given = Filing(
                recipient or UUID(int=0), means, None if means == INSIDE else at, typed.text("document_number") or None
            )
            await hand_over(tx, principal, one, given, None, clock)
    except (Invalid, Conflict, Forbidden) as refused:
        return await _show(db, clock, principal, t, number, filing_form=Form.refused(values, refused, t))
    return _back(number, "filing")


@post("/assessments/{number:str}/cancel", opt=EDIT, include_in_schema=False, status_code=HTTP_303_SEE_OTHER)
async def cancel_form(
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
            one = editable(principal, await _found(tx, principal, number))
            reason = str(values.get("reason") or "")
            await assessing.cancel(tx, one.id, reason=reason, actor=principal.actor, now=clock.now())
    except (Invalid, Conflict) as refused:
        return await _show(db, clock, principal, t, number, cancel_form=Form.refused(values, refused, t))
    return _back(number, "plan")


async def _new(
    tx: Tx, principal: Principal, t: Translator, form: Form, now: datetime, *, refused: bool = False
) -> Page:
    far = reach(principal, Permission.EDIT_ASSESSMENTS)
    offered = await systems_in_reach(tx, principal, most=FEW + 1)
    mine = [one for one in offered if far.covers(Resource(frozenset({one.owner_id, one.operator_id})))]
    return page(
        "systems/assessment_new.html",
        status_code=HTTP_422_UNPROCESSABLE_ENTITY if refused else HTTP_200_OK,
        now=now,
        form=form,
        # A list that is too long to look through is asked by code.
        systems=[(one.code, f"{one.name} · {one.code}") for one in mine] if len(offered) <= FEW else [],
        **await _plan_choices(tx, t),
    )


async def _plan_choices(tx: Tx, t: Translator) -> dict[str, Any]:
    return {
        "kinds": [(value, t(name)) for value, name in KIND_NAMES.items()],
        "testers": [(str(one.id), one.name) for one in await access.organizations(tx, kinds=[ASSESSOR])],
        "labels": {name: t(label) for name, label in LABELS.items()},
    }


async def _show(db: Database, clock: Clock, principal: Principal, t: Translator, number: str, **forms: Form) -> Page:
    now = clock.now()
    async with db.transaction(principal.actor) as tx:
        one = await _found(tx, principal, number)
        context = await _context(tx, principal, one, t, now)
    return page(
        "systems/assessment_show.html",
        status_code=HTTP_422_UNPROCESSABLE_ENTITY if forms else HTTP_200_OK,
        now=now,
        **{**context, **forms},
    )


async def _context(tx: Tx, principal: Principal, one: Assessment, t: Translator, now: datetime) -> dict[str, Any]:
    edits, files = may_edit(principal, one), may_file(principal, one)
    parties = {one.owner_id, one.operator_id} | ({one.tester_id} if one.tester_id else set())
    names = await access.organization_names(tx, parties)
    brought_up = await findings.findings_from(tx, one.id)
    shown = await findings_showing.views(tx, principal, brought_up, now=now)
    counted = (await findings.major_counts(tx, [one.id])).get(one.id, (0, 0))
    desks = await recipients(tx, one.kind) if files else []
    kept = await attachments_of(tx, one.path)
    template = one.template or "2025"
    return {
        "one": one,
        "status_name": t(STATUS_NAMES[one.status]),
        "tone": TONES[one.status],
        "names": names,
        "today": now.astimezone(SHANGHAI).date(),
        "rate": rate_words(one.compliance) if one.compliance is not None else None,
        "major": _major(one, principal, t),
        "counted_major": major_words(t, *counted) if sees_major(principal, one) and brought_up else "",
        "major_differs": one.major is not None and brought_up and counted[0] != one.major,
        "why": await _why(tx, one, now),
        "is_open": one.computed == JUDGE,
        "findings": shown,
        "finding_states": {each.value: t(name) for each, name in FINDING_STATES.items()},
        "finding_tones": FINDING_TONES,
        "finding_risks": {value: t(name) for value, name in FINDING_RISKS.items()},
        "files": [
            {
                "href": f"/attachments/{each.id}",
                "name": each.filename,
                "size": each.size,
                "media_type": each.media_type,
                "sha256": each.sha256,
                "at": each.uploaded_at,
                "by": names.get(each.organization_id, "") if each.organization_id else "",
            }
            for each in kept
        ],
        "may_plan": edits and one.status in (Status.PLANNED, Status.UNDER_WAY),
        "may_start": edits and one.status is Status.PLANNED,
        "may_report": edits and one.status in (Status.PLANNED, Status.UNDER_WAY, Status.REPORTED),
        "may_file": files and one.status is Status.REPORTED and one.kind in FORMS,
        "may_enter": edits and may(principal, Permission.EDIT_FINDINGS) and one.status is not Status.CANCELLED,
        "entries": await told(tx, one.path, principal, t, now=now, words=WORDS, detail=_details),
        "conclusions": [
            (value, t(name)) for group in (CONCLUSIONS["2025"], CONCLUSIONS["2021"]) for value, name in group.items()
        ],
        "is_mlps": one.kind == MLPS,
        "means_choices": [
            (each, t(MEANS_NAMES[each])) for each in ("paper", "portal", *BY_HAND, INSIDE) if each in MEANS_NAMES
        ],
        "recipients": [(str(each.id), each.name) for each in desks],
        "size_limit": MAX_SIZE // 1_000_000,
        "plan_form": Form(
            values={
                "planned_on": str(one.planned_on),
                "year": str(one.year),
                "tester": str(one.tester_id or ""),
                "kind": one.kind,
            }
        ),
        "start_form": Form(values={"started_on": str(now.astimezone(SHANGHAI).date())}),
        "report_form": Form(values=_stated(one)),
        "filing_form": Form(values={"means": "paper", "recipient": str(desks[0].id) if desks else ""}),
        "cancel_form": Form(),
        "template": template,
        **_names(t),
        **await _plan_choices(tx, t),
    }


async def _why(tx: Tx, one: Assessment, now: datetime) -> dict[str, Any]:
    """The figures that decided, with their articles; where the text is silent, the switch that the city may turn."""
    figures = await assessing.figures_now(tx, now=now)
    if figures is None or one.cover_on is None or one.kind != MLPS:
        return {"figures": [], "switch": None, "reading": None}
    result = computed(
        template_of(one.cover_on, figures), Stated(one.compliance, one.major, one.high, one.medium), figures
    )
    switches: dict[str, Switch] = {
        switch.id: switch for pack in await current_packs(tx, now=now) for switch in pack.switches
    }
    switch = switches.get(result.switch or "")
    chosen = figures.readings.get(result.switch or "")
    return {
        "figures": [figures.by_name[name] for name in ("template-2025-from", *result.figures)],
        "switch": switch,
        "reading": next((each for each in switch.readings if each.id == chosen), None) if switch else None,
    }


def _major(one: Assessment, principal: Principal, t: Translator) -> str:
    """Empty where it is not stated, or not for the reader."""
    if one.major is None or not sees_major(principal, one):
        return ""
    return major_words(t, one.major, one.rectified_major or 0)


def _details(t: Translator, action: str, body: Mapping[str, Any]) -> list[str]:
    match action:
        case "assessment.planned" | "assessment.replanned":
            return [str(body.get("planned_on") or "")]
        case "assessment.started":
            return [str(body.get("started_on") or "")]
        case "assessment.reported":
            conclusion = str(body.get("conclusion") or "")
            return [str(body.get("cover_on") or ""), t(CONCLUSION_NAMES.get(conclusion, conclusion))]
        case "assessment.filed":
            return [str(body.get("filed_on") or "")]
        case _:
            return []


def _names(t: Translator) -> dict[str, Any]:
    return {
        "status_names": {one.value: t(name) for one, name in STATUS_NAMES.items()},
        "tones": {one.value: tone for one, tone in TONES.items()},
        "kind_names": {value: t(name) for value, name in KIND_NAMES.items()},
        "conclusion_names": {value: t(name) for value, name in CONCLUSION_NAMES.items()},
        "judge": JUDGE,
    }


def _stated(one: Assessment) -> dict[str, str]:
    figures = {name: getattr(one, name) for name in ("major", "rectified_major", "high", "medium")}
    return {
        "cover_on": str(one.cover_on or ""),
        "conclusion": one.conclusion or "",
        "rate": rate_words(one.compliance) if one.compliance is not None else "",
        **{name: "" if value is None else str(value) for name, value in figures.items()},
    }


def _planned(values: Mapping[str, Any], system_id: UUID) -> NewAssessment:
    """Raises Invalid with every fault."""
    typed = Typed(values)
    day, year = typed.day("planned_on"), typed.count("year")
    tester = typed.id("tester", needed=False)
    typed.done()
    if day is None:
        raise Invalid(assessing.NEEDED, field="planned_on")
    return NewAssessment(system_id, year or day.year, day, tester, typed.text("kind") or MLPS)


def _moment(values: Mapping[str, Any]) -> datetime | None:
    given = str(values.get("stated_at") or "").strip()
    if not given:
        return None
    try:
        at = datetime.fromisoformat(given)
    except ValueError:
        raise Invalid(N_("A day and time: 2026-03-01 09:30."), field="stated_at") from None
    return at if at.tzinfo else at.replace(tzinfo=SHANGHAI)


async def _found(tx: Tx, principal: Principal, number: str) -> Assessment:
    return await assessment_by_number(tx, principal, number.replace("\0", ""))


def _back(number: str, section: str) -> Redirect:
    return Redirect(f"/assessments/{number}#{section}", status_code=HTTP_303_SEE_OTHER)


ROUTES: Final = [
    list_page,
    new_page,
    plan_form,
    assessment_page,
    replan_form,
    start_form,
    report_form,
    filing_form,
    cancel_form,
]
