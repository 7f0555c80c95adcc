"""The evaluator's sheet, the report of A.10 and its papers."""

from datetime import timedelta
from typing import Any, Final

from litestar import Request, Response, get, post
from litestar.di import NamedDependency
from litestar.params import FromPath
from litestar.response import Redirect
from litestar.status_codes import HTTP_303_SEE_OTHER
from markupsafe import Markup

from irm.access.policy import Principal
from irm.clock import Clock
from irm.db import Database
from irm.documents.media import DOCX, PDF
from irm.documents.pdf import pdf_of
from irm.documents.screen import fragment
from irm.documents.word import to_docx
from irm.drills import forms, queries, reporting
from irm.drills.access import directed, readable
from irm.drills.evaluating import evaluation_of, write_sheet
from irm.drills.pages import READ, WORDS, refusal
from irm.drills.paper import Paper, paper_of
from irm.drills.scoring import SCORES
from irm.drills.vocabulary import Part
from irm.errors import Conflict, Forbidden, Invalid, NotFound
from irm.i18n import N_, Translator
from irm.obligations.forms import form_of
from irm.web.forms import Form, flatten
from irm.web.pages import Page, page

KINDS: Final = {
    "pdf": PDF,
    "docx": DOCX,
}


@get("/drills/{number:str}/sheet", opt=READ, include_in_schema=False)
async def sheet_form(
    number: FromPath[str],
    db: NamedDependency[Database],
    clock: NamedDependency[Clock],
    principal: NamedDependency[Principal],
) -> Page:
    return await _sheet(db, clock, principal, number, None)


@post("/drills/{number:str}/sheet", opt=READ, include_in_schema=False, status_code=HTTP_303_SEE_OTHER)
async def write_sheet_form(
    number: FromPath[str],
    request: Request[Any, Any, Any],
    db: NamedDependency[Database],
    clock: NamedDependency[Clock],
    principal: NamedDependency[Principal],
    t: NamedDependency[Translator],
) -> Page | Redirect:
    values = flatten((await request.form()).multi_items())
    try:
        async with db.transaction(principal.actor) as tx:
            row = await readable(tx, number, principal)
            await write_sheet(tx, row, forms.sheet_in(values), by=principal, now=clock.now())
    except (Invalid, Conflict) as refused:
        form = Form.refused(values, refused, t)
        errors = {name.replace("scores.", "score_").replace("advice.", "advice_"): e for name, e in form.errors.items()}
        return refusal(await _sheet(db, clock, principal, number, Form(values, errors, form.message)))
    return Redirect(f"/drills/{number}", status_code=HTTP_303_SEE_OTHER)


@get("/drills/{number:str}/report", opt=READ, include_in_schema=False)
async def report_form(
    number: FromPath[str],
    db: NamedDependency[Database],
    clock: NamedDependency[Clock],
    principal: NamedDependency[Principal],
    t: NamedDependency[Translator],
) -> Page:
    return await _report(db, clock, principal, t, number, None)


@post("/drills/{number:str}/report", opt=READ, include_in_schema=False, status_code=HTTP_303_SEE_OTHER)
async def write_report_form(
    number: FromPath[str],
    request: Request[Any, Any, Any],
    db: NamedDependency[Database],
    clock: NamedDependency[Clock],
    principal: NamedDependency[Principal],
    t: NamedDependency[Translator],
) -> Page | Redirect:
    values = flatten((await request.form()).multi_items())
    try:
        given = forms.report_in(values)
        async with db.transaction(principal.actor) as tx:
            row = await directed(tx, number, principal)
            await reporting.write_report(tx, row, given, by=principal, now=clock.now())
    except (Invalid, Conflict) as refused:
        form = Form.refused(values, refused, t)
        errors = {
            name.replace("items.", "item_").replace("improvements.", "improvement_"): e
            for name, e in form.errors.items()
        }
        return refusal(await _report(db, clock, principal, t, number, Form(values, errors, form.message)))
    return Redirect(f"/drills/{number}", status_code=HTTP_303_SEE_OTHER)


@get("/drills/{number:str}/paper", opt=READ, include_in_schema=False)
async def paper_page(
    number: FromPath[str],
    db: NamedDependency[Database],
    clock: NamedDependency[Clock],
    principal: NamedDependency[Principal],
    t: NamedDependency[Translator],
) -> Page:
    """The report as it will be printed."""
    paper = await _paper(db, clock, principal, t, number)
    return page(
        "drills/paper.html",
        now=clock.now(),
        number=number,
        title=paper.document.title,
        body=Markup(fragment(paper.document)),  # noqa: S704 - the writer escapes every text
    )


@get("/drills/{number:str}/paper/{kind:str}", opt=READ, include_in_schema=False)
async def paper_file(
    number: FromPath[str],
    kind: FromPath[str],
    db: NamedDependency[Database],
    clock: NamedDependency[Clock],
    principal: NamedDependency[Principal],
    t: NamedDependency[Translator],
) -> Response[bytes]:
    if kind not in KINDS:
        raise NotFound(N_("There is no such file, or it is not yours to see."))
    paper = await _paper(db, clock, principal, t, number)
    content = await pdf_of(paper.document) if kind == "pdf" else to_docx(paper.document)
    headers = {"Content-Disposition": f'attachment; filename="{number}-report.{kind}"'}
    return Response(content, media_type=KINDS[kind], headers=headers)


async def _sheet(db: Database, clock: Clock, principal: Principal, number: str, form: Form | None) -> Page:
    now = clock.now()
    async with db.transaction(principal.actor) as tx:
        row = await readable(tx, number, principal)
        one = await queries.drill(tx, row, principal)
        if one.part is not Part.EVALUATOR:
            raise Forbidden(N_("Only evaluators of this drill fill in the sheet."))
        evaluation = await evaluation_of(tx, row, principal)
        room = await queries.room(tx, row, one.clock, now=now) if one.clock else None
    own = next((sheet for sheet in evaluation.sheets if sheet.person == principal.person_id), None)
    values: dict[str, Any] = {}
    if own is not None:
        values = {f"score_{item}": str(score) for item, score in own.scores.items()}
        values |= {f"advice_{item}": words for item, words in own.advice.items()} | {"overall": own.overall}
    return page(
        "drills/sheet.html",
        now=now,
        drill=one,
        row=row,
        room=room,
        form=form or Form(values),
        evaluation=evaluation,
        handed_in=own.handed_in_at if own else None,
        scores=SCORES,
        **WORDS,
    )


async def _report(
    db: Database, clock: Clock, principal: Principal, t: Translator, number: str, form: Form | None
) -> Page:
    now = clock.now()
    async with db.transaction(principal.actor) as tx:
        row = await directed(tx, number, principal)
        one = await queries.drill(tx, row, principal)
        improvements = await reporting.improvements_of(tx, row.id)
        evaluation = await evaluation_of(tx, row, principal)
        room = await queries.room(tx, row, one.clock, now=now) if one.clock else None
    paper = Paper(one, room, evaluation, ())
    values: dict[str, Any] = {f"item_{key}": text for key, text in {**paper.first_words(t), **row.report}.items()}
    for index, each in enumerate(improvements):
        values |= {
            f"improvement_{index}": each.title,
            f"improvement_organization_{index}": str(each.organization_id),
            f"improvement_due_{index}": (each.due_at + timedelta(hours=8)).strftime("%Y-%m-%d") if each.due_at else "",
        }
    return page(
        "drills/report.html",
        now=now,
        drill=one,
        row=row,
        form=form or Form(values),
        items=form_of(reporting.FORM).items,
        evaluation=evaluation,
        organization_options=[(str(each), name) for each, name in one.organizations.items()],
        lines=max(3, len(improvements) + 1),
        **WORDS,
    )


async def _paper(db: Database, clock: Clock, principal: Principal, t: Translator, number: str) -> Paper:
    async with db.transaction(principal.actor) as tx:
        row = await readable(tx, number, principal)
        one = await queries.drill(tx, row, principal)
        if row.evaluated_at is None:
            raise Conflict(reporting.NOT_READY)
        evaluation = await evaluation_of(tx, row, principal)
        room = await queries.room(tx, row, one.clock, now=clock.now()) if one.clock else None
        improvements = await reporting.improvements_of(tx, row.id)
    return paper_of(one, room, evaluation, improvements, t)


ROUTES: Final = [sheet_form, write_sheet_form, report_form, write_report_form, paper_page, paper_file]
