"""Pages of standing duties: the checklist of an organization, and one line with all that was done for it."""

from typing import Any, Final
from uuid import UUID

from litestar import Request, get, post
from litestar.datastructures import UploadFile
from litestar.di import NamedDependency
from litestar.params import FromPath, FromQuery
from litestar.response import Redirect
from litestar.status_codes import HTTP_303_SEE_OTHER, HTTP_422_UNPROCESSABLE_ENTITY

from irm.access.policy import Permission, Principal, allow
from irm.clock import Clock
from irm.config import Settings
from irm.db import Database, Tx
from irm.errors import Forbidden, Invalid
from irm.evidence.blobs import BlobStore
from irm.evidence.downloads import chunks_of
from irm.evidence.service import attach
from irm.i18n import Translator
from irm.obligations import standing_desk as desk
from irm.obligations.bearing import Bearing
from irm.obligations.standing import Line, Stood, subject_of
from irm.rules import words as rule_words
from irm.rules.moments import day_of
from irm.rules.pack import DutyRule
from irm.web import typed
from irm.web.forms import Form, flatten
from irm.web.pages import Page, page


@get("/obligations/standing", opt=allow(Permission.READ_OBLIGATIONS), include_in_schema=False)
async def standing_page(
    principal: NamedDependency[Principal],
    db: NamedDependency[Database],
    clock: NamedDependency[Clock],
    bearing: NamedDependency[Bearing],
    t: NamedDependency[Translator],
    organization: FromQuery[str] = "",
    show: FromQuery[str] = "",
) -> Page:
    """`show=none`: only what nothing was ever recorded for."""
    now = clock.now()
    async with db.transaction(principal.actor) as tx:
        of = await desk.bearer(tx, principal, organization)
        found = await desk.lines_for(tx, bearing, principal, of, now=now)
        offered = await desk.bearers(tx, principal)
    shown = [one for one in found if show != "none" or one.last is None]
    return page(
        "obligations/standing.html",
        now=now,
        of=of,
        offered=[(one.code, one.short_name) for one in offered],
        packs=_by_pack(shown),
        count=len(found),
        without=sum(one.last is None for one in found),
        query={"organization": of.code, "show": show},
        form=Form({"organization": of.code}),
        **_words(t),
    )


@get("/obligations/standing/{pack:str}/{rule:str}", opt=allow(Permission.READ_OBLIGATIONS), include_in_schema=False)
async def line_page(
    pack: FromPath[str],
    rule: FromPath[str],
    principal: NamedDependency[Principal],
    db: NamedDependency[Database],
    clock: NamedDependency[Clock],
    bearing: NamedDependency[Bearing],
    t: NamedDependency[Translator],
    organization: FromQuery[str] = "",
) -> Page:
    async with db.transaction(principal.actor) as tx:
        return await _line_page(tx, bearing, principal, organization, f"{pack}/{rule}", clock, t, Form())


@post("/obligations/standing/{pack:str}/{rule:str}", opt=allow(Permission.SUBMIT_REPORT), include_in_schema=False)
async def record_done(
    pack: FromPath[str],
    rule: FromPath[str],
    request: Request[Any, Any, Any],
    principal: NamedDependency[Principal],
    db: NamedDependency[Database],
    clock: NamedDependency[Clock],
    bearing: NamedDependency[Bearing],
    settings: NamedDependency[Settings],
    t: NamedDependency[Translator],
) -> Page | Redirect:
    """A file goes to the disk before any row, and only for somebody who may record."""
    pairs = list((await request.form()).multi_items())
    values = flatten(typed.texts(pairs))
    code, rule_id, now = typed.line(values, "organization") or "", f"{pack}/{rule}", clock.now()
    file = next((one for name, one in pairs if name == "file" and isinstance(one, UploadFile) and one.filename), None)
    try:
        given = Stood(
            typed.needed(typed.day(values, "done_on"), "done_on"),
            typed.text(values, "what"),
            typed.text(values, "note"),
            tuple(Form(values).values_of("about")),
        )
        async with db.transaction(principal.actor) as tx:
            of = await desk.bearer(tx, principal, code)
            if not desk.may_record(principal, of):
                raise Forbidden("Whoever reports for this organization records it.")
        blob = await BlobStore(settings.home / "blobs").put(chunks_of(file), file.filename) if file else None
        async with db.transaction(principal.actor) as tx:
            kept: UUID | None = None
            if blob is not None:
                kept = await attach(
                    tx,
                    blob,
                    subject=subject_of(of.id),
                    organization_id=of.id,
                    account_id=principal.account_id,
                    actor=principal.actor,
                    now=now,
                )
            done = Stood(given.done_on, given.what, given.note, given.about, kept)
            await desk.record_for(tx, bearing, principal, of, rule_id, done, now=now)
    except Invalid as error:
        async with db.transaction(principal.actor) as tx:
            answer = await _line_page(tx, bearing, principal, code, rule_id, clock, t, Form.refused(values, error, t))
        answer.status_code = HTTP_422_UNPROCESSABLE_ENTITY
        return answer
    return Redirect(f"/obligations/standing/{rule_id}?organization={of.code}", status_code=HTTP_303_SEE_OTHER)


async def _line_page(
    tx: Tx, bearing: Bearing, principal: Principal, code: str, rule_id: str, clock: Clock, t: Translator, form: Form
) -> Page:
    now = clock.now()
    of = await desk.bearer(tx, principal, code)
    one = await desk.line_for(tx, bearing, principal, of, rule_id, now=now)
    if not form.values:
        form = Form({"done_on": day_of(now).isoformat(), "about": [each.path for each in one.abouts]})
    names = {each.path: each.name for each in one.abouts}
    return page(
        "obligations/standing_line.html",
        now=now,
        of=of,
        one=one,
        form=form,
        may_record=desk.may_record(principal, of),
        today=day_of(now).isoformat(),
        named=lambda record: t("; ").join(names[path] for path in record.about if path in names),
        **_words(t),
    )


def _by_pack(shown: list[Line]) -> list[tuple[DutyRule, list[Line]]]:
    """Groups of one pack each, under any of its rules."""
    groups: dict[str, list[Line]] = {}
    for one in shown:
        groups.setdefault(one.rule.id.partition("/")[0], []).append(one)
    return [(group[0].rule, group) for group in groups.values()]


def _words(t: Translator) -> dict[str, Any]:
    return {
        "to": lambda rule: t("; ").join(rule_words.addressee_words(one, t, rule.subject) for one in rule.recipients),
        "force": lambda force: rule_words.force_words(force, t),
        "mark": lambda status: rule_words.mark_words(status, t),
    }


ROUTES: Final = [standing_page, line_page, record_done]
