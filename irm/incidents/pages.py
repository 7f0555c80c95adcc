"""Pages of incidents: the list, one incident with its sections, and the forms on it. All work without JavaScript."""

from collections.abc import Mapping
from typing import Any, Final
from uuid import UUID

from litestar import Request, get, post
from litestar.datastructures import UploadFile
from litestar.di import NamedDependency
from litestar.params import FromPath
from litestar.response import Redirect
from litestar.status_codes import (
    HTTP_200_OK,
    HTTP_303_SEE_OTHER,
    HTTP_308_PERMANENT_REDIRECT,
    HTTP_422_UNPROCESSABLE_ENTITY,
)

from irm.access.policy import Permission, Principal, allow
from irm.clock import Clock
from irm.config import Settings
from irm.db import Database
from irm.errors import Conflict, FieldError, Invalid, NotFound
from irm.evidence.blobs import MAX_SIZE
from irm.evidence.types import TAKEN
from irm.i18n import N_, Translator
from irm.incidents import handling, queries
from irm.incidents.assessing import assess_level, confirm_assessment
from irm.incidents.discovery import confirm_discovery
from irm.incidents.panels import SECTIONS, Reading, facts_form
from irm.incidents.parting import confirm_parting
from irm.incidents.routes import sight
from irm.incidents.sections import attach_file, subject
from irm.incidents.stating import state_facts
from irm.incidents.waiting import waiting_of
from irm.obligations.about_subject import begin_report
from irm.obligations.schemas import DraftReport
from irm.rules.facts import UNKNOWN
from irm.rules.load import catalogue
from irm.web import typed
from irm.web.forms import Form, flatten
from irm.web.pages import Page, page

READ: Final = allow(Permission.READ_INCIDENTS)
NO_SECTION: Final = N_("There is no such section.")
NOT_A_FIGURE: Final = N_("Enter a whole number, or choose “none found” or “unknown”.")


@get("/incidents/{number:str}", opt=READ, include_in_schema=False)
async def incident_page(
    number: FromPath[str],
    db: NamedDependency[Database],
    clock: NamedDependency[Clock],
    principal: NamedDependency[Principal],
    t: NamedDependency[Translator],
) -> Page | Redirect:
    return await _show(db, clock, principal, t, number)


@get("/incidents/{number:str}/sections/{name:str}", opt={**READ, "passive": True}, include_in_schema=False)
async def section_fragment(
    number: FromPath[str],
    name: FromPath[str],
    db: NamedDependency[Database],
    clock: NamedDependency[Clock],
    principal: NamedDependency[Principal],
    t: NamedDependency[Translator],
) -> Page:
    """One section alone, fetched when something about the incident has changed."""
    build = SECTIONS.get(name)
    if build is None:
        raise NotFound(NO_SECTION)
    now = clock.now()
    async with db.transaction(principal.actor) as tx:
        found = await sight(tx, number, principal)
        context = await build(tx, Reading(found, principal, t, now))
    return page(f"incidents/{name}.html", now=now, **{**_bare(found.incident), **context})


@post(
    "/incidents/{number:str}/facts",
    opt=allow(Permission.SET_FACTS),
    include_in_schema=False,
    status_code=HTTP_303_SEE_OTHER,
)
async def state_facts_form(
    number: FromPath[str],
    request: Request[Any, Any, Any],
    db: NamedDependency[Database],
    clock: NamedDependency[Clock],
    principal: NamedDependency[Principal],
    t: NamedDependency[Translator],
) -> Page | Redirect:
    values = flatten(list((await request.form()).multi_items()))
    try:
        changes = _facts_in(values)
        async with db.transaction(principal.actor) as tx:
            found = await sight(tx, number, principal, Permission.SET_FACTS)
            shown = (await SECTIONS["facts"](tx, Reading(found, principal, t, clock.now())))["fact_values"]
            await state_facts(
                tx,
                found.incident.id,
                # The form sends every field; what stands as it was shown is no statement.
                changes={name: value for name, value in changes.items() if shown.get(name, UNKNOWN) != value},
                organization=None,
                reason=typed.text(values, "reason"),
                by=principal,
                now=clock.now(),
            )
    except (Invalid, Conflict) as refused:
        refused.errors = tuple(
            FieldError(one.field.replace("facts.", "fact."), one.message, one.context) for one in refused.errors
        )
        return await _show(
            db, clock, principal, t, number, fact_form=Form.refused(values, refused, t), opened="facts", status_code=422
        )
    return _back(number, "facts")


def _facts_in(values: Mapping[str, Any]) -> dict[str, Any]:
    """The form's fields as facts. A scale or flag is its word; a figure stands beside its state."""
    found: dict[str, Any] = {}
    faults: list[FieldError] = []
    for name, fact in catalogue().items():
        field = f"fact.{name}"
        if fact.kind in {"scale", "flag"}:
            if given := typed.text(values, field):
                found[name] = True if given == "yes" else given
            continue
        state, given = typed.text(values, f"{field}_state"), typed.text(values, field).strip().replace(",", "")
        if state in {"none", "unknown"}:
            found[name] = state
        elif state == "value" or given:
            if given.isascii() and given.isdigit():
                found[name] = int(given)
            else:
                faults.append(FieldError(f"facts.{name}", NOT_A_FIGURE))
    if faults:
        raise Invalid(NOT_A_FIGURE, errors=faults)
    return found


@post(
    "/incidents/{number:str}/assess",
    opt=allow(Permission.ASSESS_LEVEL),
    include_in_schema=False,
    status_code=HTTP_303_SEE_OTHER,
)
async def assess_form(
    number: FromPath[str],
    request: Request[Any, Any, Any],
    db: NamedDependency[Database],
    clock: NamedDependency[Clock],
    principal: NamedDependency[Principal],
    t: NamedDependency[Translator],
) -> Page | Redirect:
    values = flatten(list((await request.form()).multi_items()))
    level, response = typed.text(values, "level"), typed.text(values, "response_level")
    try:
        async with db.transaction(principal.actor) as tx:
            found = await sight(tx, number, principal, Permission.ASSESS_LEVEL)
            await assess_level(
                tx,
                found.incident.id,
                level=int(level) if level.isdigit() else 0,
                reason=typed.text(values, "reason"),
                stage="review" if typed.text(values, "stage") == "review" else "preliminary",
                response_level=int(response) if response.isdigit() else None,
                by=principal,
                now=clock.now(),
            )
    except (Invalid, Conflict) as refused:
        form = Form.refused(values, refused, t)
        return await _show(db, clock, principal, t, number, assess_form=form, opened="assess", status_code=422)
    return _back(number, "head")


@post(
    "/incidents/{number:str}/status",
    opt=allow(Permission.CHANGE_STATUS),
    include_in_schema=False,
    status_code=HTTP_303_SEE_OTHER,
)
async def status_form(
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
            found = await sight(tx, number, principal, Permission.CHANGE_STATUS)
            await handling.change_status(
                tx,
                found.incident.id,
                status=typed.text(values, "status"),
                reason=typed.text(values, "reason"),
                organization=None,
                by=principal,
                now=clock.now(),
            )
    except (Invalid, Conflict) as refused:
        form = Form.refused(values, refused, t)
        return await _show(db, clock, principal, t, number, status_form=form, opened="status", status_code=422)
    return _back(number, "head")


@post(
    "/incidents/{number:str}/waiting/{waiting_id:uuid}",
    opt=allow(Permission.ASSESS_LEVEL, Permission.CHANGE_STATUS),
    include_in_schema=False,
    status_code=HTTP_303_SEE_OTHER,
)
async def confirm_form(
    number: FromPath[str],
    waiting_id: FromPath[UUID],
    request: Request[Any, Any, Any],
    db: NamedDependency[Database],
    clock: NamedDependency[Clock],
    principal: NamedDependency[Principal],
) -> Redirect:
    """The second person's word."""
    values = flatten(list((await request.form()).multi_items()))
    confirmed = typed.text(values, "confirmed") == "yes"
    async with db.transaction(principal.actor) as tx:
        found = await sight(tx, number, principal)
        waiting = {one.id: one for one in await waiting_of(tx, found.incident.id)}
        kind = waiting[waiting_id].kind if waiting_id in waiting else ""
        if kind == "parting":
            await confirm_parting(tx, waiting_id, confirmed=confirmed, by=principal, now=clock.now())
        elif kind == "status":
            await handling.confirm_change(tx, waiting_id, confirmed=confirmed, by=principal, now=clock.now())
        elif kind == "discovery":
            await confirm_discovery(tx, waiting_id, confirmed=confirmed, by=principal, now=clock.now())
        else:
            await confirm_assessment(tx, waiting_id, confirmed=confirmed, by=principal, now=clock.now())
    return _back(number, "head")


@post(
    "/incidents/{number:str}/attachments",
    opt=allow(Permission.ADD_EVIDENCE),
    include_in_schema=False,
    status_code=HTTP_303_SEE_OTHER,
)
async def attach_form(
    number: FromPath[str],
    request: Request[Any, Any, Any],
    db: NamedDependency[Database],
    clock: NamedDependency[Clock],
    settings: NamedDependency[Settings],
    principal: NamedDependency[Principal],
    t: NamedDependency[Translator],
) -> Page | Redirect:
    sent = list((await request.form()).multi_items())
    files = [value for _, value in sent if isinstance(value, UploadFile) and value.filename]
    try:
        await _attach_all(db, settings, principal, number, files, clock)
    except Invalid as refused:
        form = Form.refused({}, refused, t)
        return await _show(db, clock, principal, t, number, file_form=form, opened="files", status_code=422)
    return _back(number, "files")


@post(
    "/incidents/{number:str}/reports",
    opt=allow(Permission.SUBMIT_REPORT),
    include_in_schema=False,
    status_code=HTTP_303_SEE_OTHER,
)
async def report_form(
    number: FromPath[str],
    request: Request[Any, Any, Any],
    db: NamedDependency[Database],
    clock: NamedDependency[Clock],
    principal: NamedDependency[Principal],
    t: NamedDependency[Translator],
) -> Page | Redirect:
    """A report that nobody asked for yet: a progress report, a correction, a notice."""
    values = flatten(list((await request.form()).multi_items()))
    try:
        given = DraftReport(
            form=typed.text(values, "form"),
            recipient=typed.needed(typed.chosen(values, "recipient"), "recipient"),
            organization=typed.chosen(values, "organization"),
        )
        async with db.transaction(principal.actor) as tx:
            found = await sight(tx, number, principal, Permission.SUBMIT_REPORT)
            draft = await begin_report(tx, await subject(tx, found), given, principal, now=clock.now(), t=t)
    except (Invalid, Conflict) as refused:
        form = Form.refused(values, refused, t)
        return await _show(db, clock, principal, t, number, report_form=form, opened="begin-report", status_code=422)
    return Redirect(f"/submissions/{draft.id}", status_code=HTTP_303_SEE_OTHER)


async def _attach_all(
    db: Database, settings: Settings, principal: Principal, number: str, files: list[UploadFile], clock: Clock
) -> None:
    if not files:
        raise Invalid(N_("Choose a file."), field="file")
    for file in files:
        await attach_file(db, settings, principal, number, file, clock)


async def _show(
    db: Database,
    clock: Clock,
    principal: Principal,
    t: Translator,
    number: str,
    *,
    status_code: int = HTTP_200_OK,
    opened: str = "",
    **forms: Form,
) -> Page | Redirect:
    now = clock.now()
    context: dict[str, Any] = {}
    async with db.transaction(principal.actor) as tx:
        found = await sight(tx, number, principal)
        if found.incident.number != number:
            # Permanent as a number is; yet no browser may keep it, because a merge can be undone.
            headers = {"cache-control": "no-store"}
            return Redirect(
                f"/incidents/{found.incident.number}", status_code=HTTP_308_PERMANENT_REDIRECT, headers=headers
            )
        reading = Reading(found, principal, t, now)
        for build in SECTIONS.values():
            context |= await build(tx, reading)
    if "fact_form" in forms:
        # What was typed wins over what is on record.
        kept = dict(facts_form(context["fact_values"]).values)
        forms["fact_form"] = Form(
            {**kept, **forms["fact_form"].values}, forms["fact_form"].errors, forms["fact_form"].message
        )
    return page(
        "incidents/show.html",
        status_code=HTTP_422_UNPROCESSABLE_ENTITY if status_code != HTTP_200_OK else HTTP_200_OK,
        now=now,
        **{**_bare(found.incident), **context, **forms, "opened": opened},
    )


def _bare(incident: queries.Incident) -> dict[str, Any]:
    """What every section may ask for."""
    return {
        "incident": incident,
        "topic": incident.subject,
        "base": f"/incidents/{incident.number}",
        "opened": "",
        "assess_form": Form(values={"stage": "preliminary"}),
        "status_form": Form(),
        "report_form": Form(values={"form": "progress"}),
        "accept": ",".join(f".{one}" for one in TAKEN),
        "size_limit": MAX_SIZE // 1_000_000,
    }


def _back(number: str, section: str) -> Redirect:
    return Redirect(f"/incidents/{number}#{section}", status_code=HTTP_303_SEE_OTHER)


ROUTES: Final = [
    incident_page,
    section_fragment,
    state_facts_form,
    assess_form,
    status_form,
    confirm_form,
    attach_form,
    report_form,
]
