"""Pages of alerts: the groups that wait, one group with what was sent, and the forms of a person's word."""

from typing import Any, Final
from uuid import UUID

from litestar import Request, get, post
from litestar.di import NamedDependency
from litestar.params import FromPath, FromQuery
from litestar.response import Redirect
from litestar.status_codes import HTTP_200_OK, HTTP_303_SEE_OTHER, HTTP_422_UNPROCESSABLE_ENTITY

from irm.access.policy import Permission, Principal, allow, reach
from irm.alerts import judging, queries
from irm.alerts.filing import content_of
from irm.alerts.judging import Chosen
from irm.alerts.policy import alert_policy
from irm.alerts.routes import clean
from irm.alerts.sources import sources
from irm.alerts.vocabulary import SEVERITY_NAMES, STATE_NAMES, VERDICT_NAMES
from irm.clock import Clock
from irm.config import Settings
from irm.db import Database, Tx
from irm.errors import Conflict, Invalid, IrmError
from irm.i18n import N_, Translator
from irm.incidents import queries as incidents
from irm.incidents.filters import Filters
from irm.incidents.secrecy import ANSWERS, record_refusal
from irm.web.forms import Form, flatten
from irm.web.pages import Page, page

MAY_READ: Final = allow(Permission.READ_ALERTS)
MAY_JUDGE: Final = allow(Permission.JUDGE_ALERTS)
NO_ANSWER: Final = N_("Answer first whether it concerns state secrets.")
WHICH: Final = N_("Choose the incident that they belong to.")
MOST_INCIDENTS: Final = 30
WORDS: Final[dict[str, Any]] = {
    "severity_names": SEVERITY_NAMES,
    "state_names": STATE_NAMES,
    "verdict_names": VERDICT_NAMES,
    "severity_tones": {
        "critical": "active",
        "major": "active",
        "warning": "neutral",
        "info": "done",
        "unknown": "neutral",
    },
    "verdict_tones": {"open": "active", "filed": "done", "joined": "done", "dismissed": "neutral"},
}


@get("/alerts", opt=MAY_READ, include_in_schema=False)
async def list_page(
    db: NamedDependency[Database],
    clock: NamedDependency[Clock],
    principal: NamedDependency[Principal],
    verdict: FromQuery[str | None] = None,
    severity: FromQuery[str | None] = None,
    source: FromQuery[str | None] = None,
    text: FromQuery[str | None] = None,
) -> Page:
    """By source and grouping. What no alert could be is left out of the filters."""
    wanted = queries.Wanted(verdict or None, severity or None, None, clean(source), clean(text))
    if queries.faults_of(wanted):
        wanted = queries.Wanted(source=wanted.source, text=wanted.text)
    now = clock.now()
    async with db.transaction(principal.actor) as tx:
        found, more = await queries.folds(tx, principal, wanted, now=now)
        known = [(one.code, one.name) for one in await sources(tx, principal, permission=Permission.READ_ALERTS)]
    return page(
        "alerts/list.html",
        now=now,
        folds=found,
        more=more,
        source_names=dict(known),
        waiting=sum(one.waiting for one in found),
        query={"verdict": wanted.verdict, "severity": wanted.severity, "source": wanted.source, "text": wanted.text},
        **WORDS,
    )


@get("/alerts/group", opt=MAY_READ, include_in_schema=False)
async def group_page(
    db: NamedDependency[Database],
    clock: NamedDependency[Clock],
    principal: NamedDependency[Principal],
    t: NamedDependency[Translator],
    source: FromQuery[str] = "",
    grouping: FromQuery[str] = "",
) -> Page:
    async with db.transaction(principal.actor) as tx:
        return await _group(tx, source, grouping, principal, t, clock, forms={})


@post("/alerts/group/incident", opt=MAY_JUDGE, include_in_schema=False, status_code=HTTP_200_OK)
async def file_page(
    request: Request[Any, Any, Any],
    db: NamedDependency[Database],
    clock: NamedDependency[Clock],
    settings: NamedDependency[Settings],
    principal: NamedDependency[Principal],
    t: NamedDependency[Translator],
) -> Page | Redirect:
    """转为事件, 归入已有事件. The secrecy question is part of the form and is looked at before all else of it."""
    typed = flatten((await request.form()).multi_items())
    answer = str(typed.get("classified", ""))
    if answer in ANSWERS and answer != "no":
        async with db.transaction(principal.actor) as tx:
            await record_refusal(tx, answer, actor=principal.actor, now=clock.now())
        return page(
            "incidents/refused.html",
            status_code=403,
            answer=answer,
            secrecy_office=settings.secrecy_office_telephone,
            duty=settings.duty_telephone,
        )
    joins = str(typed.get("joins") or "").strip() or None
    name = "join" if typed.get("how") == "join" else "file"
    try:
        if answer != "no":
            raise Invalid(NO_ANSWER, field="classified")
        if name == "join" and joins is None:
            raise Invalid(WHICH, field="joins")
        async with db.transaction(principal.actor) as tx:
            number = await judging.file_alerts(
                tx,
                await _chosen(tx, typed, principal),
                title=str(typed.get("title") or "").strip() or None,
                text=str(typed.get("text") or "").strip() or None,
                contact=str(typed.get("contact") or "").strip(),
                verified=typed.get("verified") == "yes",
                joins=joins if name == "join" else None,
                markers_confirmed=typed.get("markers_confirmed") == "yes",
                t=t,
                by=principal,
                now=clock.now(),
            )
    except IrmError as error:
        return await _again(db, typed, name, error, principal, t, clock)
    return Redirect(f"/incidents/{number}", status_code=HTTP_303_SEE_OTHER)


@post("/alerts/group/dismissal", opt=MAY_JUDGE, include_in_schema=False, status_code=HTTP_200_OK)
async def dismiss_page(
    request: Request[Any, Any, Any],
    db: NamedDependency[Database],
    clock: NamedDependency[Clock],
    principal: NamedDependency[Principal],
    t: NamedDependency[Translator],
) -> Page | Redirect:
    typed = flatten((await request.form()).multi_items())
    hours = str(typed.get("mute_hours") or "0")
    try:
        async with db.transaction(principal.actor) as tx:
            await judging.dismiss_alerts(
                tx,
                await _chosen(tx, typed, principal),
                reason=str(typed.get("reason") or ""),
                mute_hours=int(hours) if hours.isascii() and hours.isdigit() and len(hours) < 6 else -1,  # noqa: PLR2004 - digits of hours
                by=principal,
                now=clock.now(),
            )
    except (Invalid, Conflict) as error:
        return await _again(db, typed, "dismiss", error, principal, t, clock)
    return _back(typed)


@post("/alerts/group/unmuting", opt=MAY_JUDGE, include_in_schema=False, status_code=HTTP_303_SEE_OTHER)
async def unmute_page(
    request: Request[Any, Any, Any],
    db: NamedDependency[Database],
    clock: NamedDependency[Clock],
    principal: NamedDependency[Principal],
) -> Redirect:
    typed = flatten((await request.form()).multi_items())
    async with db.transaction(principal.actor) as tx:
        await judging.unmute(tx, await _chosen(tx, typed, principal), by=principal, now=clock.now())
    return _back(typed)


@post("/alerts/{alert_id:uuid}/mark", opt=MAY_JUDGE, include_in_schema=False, status_code=HTTP_200_OK)
async def mark_page(
    alert_id: FromPath[UUID],
    request: Request[Any, Any, Any],
    db: NamedDependency[Database],
    clock: NamedDependency[Clock],
    settings: NamedDependency[Settings],
    principal: NamedDependency[Principal],
) -> Page | Redirect:
    """The answer for a secrecy mark: released, or erased at once."""
    answer = str((await request.form()).get("classified", ""))
    async with db.transaction(principal.actor) as tx:
        row, chosen = await judging.one_alert(tx, alert_id, principal)
        grouping = row.grouping
        released = answer not in ANSWERS or await judging.answer_for_mark(
            tx, row, chosen.source, classified=answer, by=principal, now=clock.now()
        )
    if released:
        return _back({"source": chosen.source.code, "grouping": grouping})
    return page(
        "incidents/refused.html",
        status_code=403,
        answer=answer,
        secrecy_office=settings.secrecy_office_telephone,
        duty=settings.duty_telephone,
    )


def _back(typed: dict[str, Any]) -> Redirect:
    query = {"source": str(typed.get("source", "")), "grouping": str(typed.get("grouping", ""))}
    return Redirect("/alerts/group", query_params=query, status_code=HTTP_303_SEE_OTHER)


async def _chosen(tx: Tx, typed: dict[str, Any], by: Principal) -> Chosen:
    return await judging.whole_group(tx, str(typed.get("source", "")), str(typed.get("grouping", "")), by)


async def _again(
    db: Database,
    typed: dict[str, Any],
    name: str,
    error: IrmError,
    principal: Principal,
    t: Translator,
    clock: Clock,
) -> Page:
    """The page with what was typed and what was wrong with it."""
    async with db.transaction(principal.actor) as tx:
        return await _group(
            tx,
            str(typed.get("source", "")),
            str(typed.get("grouping", "")),
            principal,
            t,
            clock,
            forms={name: Form.refused(typed, error, t)},
            status_code=HTTP_422_UNPROCESSABLE_ENTITY,
        )


async def _group(
    tx: Tx,
    source: str,
    grouping: str,
    principal: Principal,
    t: Translator,
    clock: Clock,
    *,
    forms: dict[str, Form],
    status_code: int = HTTP_200_OK,
) -> Page:
    now = clock.now()
    alerts = await queries.alerts_of(tx, principal, source, grouping)
    wanted = queries.Wanted(source=source)
    fold = next(
        (one for one in (await queries.folds(tx, principal, wanted, now=now))[0] if one.grouping == grouping), None
    )
    may_judge = not reach(principal, Permission.JUDGE_ALERTS).is_empty
    content = None
    live: list[incidents.Incident] = []
    if may_judge and any(one.verdict == "open" for one in alerts) and not any(one.marker for one in alerts):
        chosen = await judging.whole_group(tx, source, grouping, principal)
        content = await content_of(tx, chosen.source, chosen.condition, t)
        live, _ = await incidents.incidents(tx, principal, Filters(live=True, exercise=False), limit=MOST_INCIDENTS)
    typed = {"title": content.title, "text": content.text, "contact": principal.name} if content else {}
    return page(
        "alerts/group.html",
        status_code=status_code,
        now=now,
        source=source,
        grouping=grouping,
        fold=fold,
        alerts=alerts,
        content=content,
        live=[(one.number, f"{one.number} {one.title}") for one in live],
        may_judge=may_judge,
        may_verify=reach(principal, Permission.CHANGE_STATUS).everything,
        mute_hours=alert_policy().mute_hours,
        file_form=forms.get("file", Form(typed)),
        join_form=forms.get("join", Form(typed)),
        dismiss_form=forms.get("dismiss", Form()),
        **WORDS,
    )


ROUTES: Final = [list_page, group_page, file_page, dismiss_page, unmute_page, mark_page]
