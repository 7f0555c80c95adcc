"""Pages of monthly papers: vendors by month, one paper to hand in or to answer."""

from collections.abc import Mapping
from datetime import datetime, time, timedelta
from typing import Any, Final
from uuid import UUID

from litestar import Request, get, post
from litestar.datastructures import UploadFile
from litestar.di import NamedDependency
from litestar.params import FromPath, FromQuery
from litestar.response import Redirect
from litestar.status_codes import HTTP_303_SEE_OTHER, HTTP_422_UNPROCESSABLE_ENTITY

from irm.access.policy import Permission, Principal, allow
from irm.clock import SHANGHAI, Clock
from irm.config import Settings
from irm.db import Database
from irm.errors import Conflict, Invalid, IrmError
from irm.i18n import Translator
from irm.obligations.forms import form_of
from irm.obligations.words import SUBMISSION_NAMES, SUBMISSION_TONES, citation_text, whom
from irm.oversight import papers, uploads
from irm.oversight.months import PAPER_NAMES, PAPER_TONES
from irm.oversight.papers import checked_year
from irm.rules.words import force_words
from irm.web import typed
from irm.web.forms import Form, flatten
from irm.web.pages import Page, page
from irm.web.wording import month_name

READ: Final = allow(Permission.READ_PAPERS)
MONTHS: Final = 12


@get("/papers", opt=READ, include_in_schema=False)
async def papers_page(
    principal: NamedDependency[Principal],
    db: NamedDependency[Database],
    clock: NamedDependency[Clock],
    t: NamedDependency[Translator],
    year: FromQuery[int | None] = None,
) -> Page:
    """A line for each vendor and paper, a column for each month."""
    now = clock.now()
    this_year = now.astimezone(SHANGHAI).year
    shown = checked_year(year) if year is not None else this_year
    async with db.transaction(principal.actor) as tx:
        lines = await papers.papers_of_year(tx, principal, shown, now=now)
    waiting = [one for line in lines for one in line.papers.values() if one.waits and papers.may_answer(principal, one)]
    todo = [
        one
        for line in lines
        for one in line.papers.values()
        if one.obligation_id
        and (one.status == "open" or one.is_returned)
        and papers.may_hand_in(principal, one)
        and one.bearer_id in principal.organizations
    ]
    return page(
        "oversight/papers.html",
        now=now,
        year=shown,
        this_year=this_year,
        lines=lines,
        months={key: month_name(key, t) for month in range(1, MONTHS + 1) if (key := f"{shown}-{month:02d}")},
        waiting=waiting,
        todo=todo,
        bearers={line.bearer_id: line.bearer for line in lines},
        **_words(),
    )


@get("/papers/{obligation_id:uuid}", opt=READ, include_in_schema=False)
async def paper_page(
    obligation_id: FromPath[UUID],
    principal: NamedDependency[Principal],
    db: NamedDependency[Database],
    clock: NamedDependency[Clock],
) -> Page:
    return await _show(db, principal, clock, obligation_id, Form())


@post("/papers/{obligation_id:uuid}", opt=allow(Permission.HAND_IN_PAPERS), include_in_schema=False)
async def hand_in(
    obligation_id: FromPath[UUID],
    request: Request[Any, Any, Any],
    principal: NamedDependency[Principal],
    db: NamedDependency[Database],
    clock: NamedDependency[Clock],
    settings: NamedDependency[Settings],
    t: NamedDependency[Translator],
) -> Redirect | Page:
    pairs = list((await request.form()).multi_items())
    files = [value for _, value in pairs if isinstance(value, UploadFile) and value.filename]
    values = flatten(typed.texts(pairs))
    try:
        async with db.transaction(principal.actor) as tx:
            await papers.own_paper(tx, principal, obligation_id, now=clock.now())
        blobs = await uploads.stored(settings, files)
        async with db.transaction(principal.actor) as tx:
            await papers.hand_in_paper(
                tx, obligation_id, blobs, text=str(values.get("text") or ""), by=principal, now=clock.now()
            )
    except (Invalid, Conflict) as refused:
        return await _refused(db, principal, clock, obligation_id, values, refused, t)
    return _to(obligation_id)


@post("/papers/{obligation_id:uuid}/answer", opt=allow(Permission.ANSWER_PAPERS), include_in_schema=False)
async def answer(
    obligation_id: FromPath[UUID],
    request: Request[Any, Any, Any],
    principal: NamedDependency[Principal],
    db: NamedDependency[Database],
    clock: NamedDependency[Clock],
    t: NamedDependency[Translator],
) -> Redirect | Page:
    values = flatten(typed.texts((await request.form()).multi_items()))
    try:
        async with db.transaction(principal.actor) as tx:
            await papers.answer_paper(
                tx,
                obligation_id,
                outcome=str(values.get("outcome") or ""),
                note=str(values.get("note") or ""),
                complete_by=_end_of_day(values, "complete_by"),
                by=principal,
                now=clock.now(),
            )
    except (Invalid, Conflict) as refused:
        return await _refused(db, principal, clock, obligation_id, values, refused, t)
    return _to(obligation_id)


async def _show(db: Database, principal: Principal, clock: Clock, obligation_id: UUID, form: Form) -> Page:
    now = clock.now()
    async with db.transaction(principal.actor) as tx:
        one, owed = await papers.paper(tx, principal, obligation_id, now=now)
    return page(
        "oversight/paper.html",
        now=now,
        one=one,
        owed=owed,
        form=form,
        may_export=papers.may_export(principal, one),
        may_hand_in=papers.may_hand_in(principal, one) and (owed.status == "open" or one.is_returned),
        may_answer=one.waits and papers.may_answer(principal, one),
        **_words(),
    )


async def _refused(
    db: Database,
    principal: Principal,
    clock: Clock,
    obligation_id: UUID,
    values: Mapping[str, Any],
    refused: IrmError,
    t: Translator,
) -> Page:
    shown = await _show(db, principal, clock, obligation_id, Form.refused(values, refused, t))
    shown.status_code = HTTP_422_UNPROCESSABLE_ENTITY
    return shown


def _end_of_day(values: Mapping[str, Any], name: str) -> datetime | None:
    """24:00 in Shanghai of the day that was typed."""
    at = typed.moment(values, name)
    if at is None:
        return None
    return datetime.combine(at.astimezone(SHANGHAI).date() + timedelta(days=1), time(), SHANGHAI)


def _to(obligation_id: UUID) -> Redirect:
    return Redirect(f"/papers/{obligation_id}", status_code=HTTP_303_SEE_OTHER)


def _words() -> dict[str, Any]:
    return {
        "paper_names": PAPER_NAMES,
        "paper_tones": PAPER_TONES,
        "submission_names": SUBMISSION_NAMES,
        "submission_tones": SUBMISSION_TONES,
        "citation_text": citation_text,
        "force_words": force_words,
        "whom": whom,
        "form_name": lambda name: form_of(name).short,
    }


ROUTES: Final = [papers_page, paper_page, hand_in, answer]
