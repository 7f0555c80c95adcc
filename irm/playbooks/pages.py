"""Pages: the playbooks of the city and what each would do."""

from dataclasses import replace
from datetime import timedelta
from typing import Any, Final

from litestar import Request, get, post
from litestar.di import NamedDependency
from litestar.params import FromPath, FromQuery
from litestar.response import Redirect
from litestar.status_codes import HTTP_200_OK, HTTP_303_SEE_OTHER, HTTP_422_UNPROCESSABLE_ENTITY

from irm.access.policy import Permission, Principal, allow, may
from irm.clock import Clock
from irm.db import Database
from irm.errors import Invalid
from irm.i18n import Translator
from irm.notify.words import CHANNEL_NAMES
from irm.playbooks import showing, version_pages, wording
from irm.playbooks.check import check, unheld_in, worst_cases
from irm.playbooks.publishing import frozen, publish
from irm.playbooks.routes import FILE, checked_here
from irm.playbooks.steps import Step, targets_of
from irm.playbooks.versions import PERSON, chosen, publisher_words, publishers, versions as versions_of
from irm.positions import Fault, LanguageError
from irm.web.forms import Form
from irm.web.pages import Page, page
from irm.web.wording import duration


@get("/playbooks", opt=allow(Permission.READ_PLAYBOOKS), include_in_schema=False)
async def playbooks_page(
    principal: NamedDependency[Principal],
    db: NamedDependency[Database],
    clock: NamedDependency[Clock],
    t: NamedDependency[Translator],
) -> Page:
    async with db.transaction(principal.actor) as tx:
        found = await versions_of(tx)
    return page(
        "playbooks/list.html",
        now=clock.now(),
        playbooks=showing.playbook_views(found, t),
        may_publish=may(principal, Permission.PUBLISH_PLAYBOOK),
    )


@get("/playbooks/{playbook:str}", opt=allow(Permission.READ_PLAYBOOKS), include_in_schema=False)
async def playbook_page(
    playbook: FromPath[str],
    principal: NamedDependency[Principal],
    db: NamedDependency[Database],
    clock: NamedDependency[Clock],
    t: NamedDependency[Translator],
    version: FromQuery[int | None] = None,
) -> Page:
    now = clock.now()
    async with db.transaction(principal.actor) as tx:
        found = await versions_of(tx, playbook)
        names = await publishers(tx, found)
        shown = chosen(found, version)
        _, city = await checked_here(tx, shown.source, now=now)
    checked = check(shown.source, file=FILE, city=replace(city, held=None))
    read = frozen(shown.id, shown.source)
    return page(
        "playbooks/show.html",
        now=now,
        shown=shown,
        versions=found,
        waiting=next((one for one in found if one.waiting), None),
        is_own=lambda one: one.published_by == f"{PERSON}{principal.person_id}",
        name_of=lambda by: names.get(by, ""),
        form=Form(),
        by_whom=lambda one: publisher_words(one, names, t),
        steps=read.steps,
        start=read.start,
        worst={one.step: one for one in worst_cases(read, city)},
        warnings=[*checked.errors, *checked.warnings],
        unheld=[wording.target_words(target, t) for target in unheld_in(read, city)],
        may_publish=may(principal, Permission.PUBLISH_PLAYBOOK),
        **_words(read.steps, t),
    )


@get("/playbooks/{playbook:str}/edit", opt=allow(Permission.PUBLISH_PLAYBOOK), include_in_schema=False)
async def edit_page(
    playbook: FromPath[str],
    principal: NamedDependency[Principal],
    db: NamedDependency[Database],
    clock: NamedDependency[Clock],
) -> Page:
    async with db.transaction(principal.actor) as tx:
        shown = chosen(await versions_of(tx, playbook), None)
    return page("playbooks/edit.html", now=clock.now(), shown=shown, form=Form({"source": shown.source}), faults=[])


@post(
    "/playbooks/{playbook:str}/edit",
    opt=allow(Permission.PUBLISH_PLAYBOOK),
    include_in_schema=False,
    status_code=HTTP_200_OK,
)
async def publish_edited(
    playbook: FromPath[str],
    request: Request[Any, Any, Any],
    principal: NamedDependency[Principal],
    db: NamedDependency[Database],
    clock: NamedDependency[Clock],
    t: NamedDependency[Translator],
) -> Page | Redirect:
    """Publishes the next version, or shows every fault with its line beside what was typed."""
    typed = await request.form()
    source = str(typed.get("source") or "").replace("\r\n", "\n")
    values = {"source": source, "reason": str(typed.get("reason") or "")}
    now = clock.now()
    async with db.transaction(principal.actor) as tx:
        shown = chosen(await versions_of(tx, playbook), None)
    faults: tuple[Fault, ...] = ()
    form = Form(values)
    try:
        async with db.transaction(principal.actor) as tx:
            _, city = await checked_here(tx, source, now=now)
            made, _ = await publish(
                tx,
                source,
                file=FILE,
                city=city,
                actor=principal.actor,
                now=now,
                person=principal.person_id,
                reason=values["reason"],
            )
        return Redirect(f"/playbooks/{made.playbook_id}?version={made.version}", status_code=HTTP_303_SEE_OTHER)
    except LanguageError as error:
        faults = error.faults
        form = Form(values, {"source": t("Not published: the text has faults. They are listed below.")})
    except Invalid as error:
        form = Form.refused(values, error, t)
    answer = page("playbooks/edit.html", now=now, shown=shown, form=form, faults=faults)
    answer.status_code = HTTP_422_UNPROCESSABLE_ENTITY
    return answer


def _words(steps: tuple[Step, ...], t: Translator) -> dict[str, Any]:
    """What the templates say of steps."""
    titles = {step.id: t.of(step.title) or step.id for step in steps}

    def within(step: Step) -> timedelta | None:
        action: Any = step.action
        found: timedelta | None = getattr(action, "within", None) or getattr(action, "duration", None)
        return found

    return {
        "kind_names": wording.KINDS,
        "wait_names": wording.WAITS,
        "start_names": wording.STARTS,
        "channel_names": {**CHANNEL_NAMES, "preferred": wording.PREFERRED},
        "titles": titles,
        "within": within,
        "targets_of": targets_of,
        "expiry": lambda one: wording.expiry_words(one, titles, t, lambda time: duration(time, t)),
        "whom": lambda target: wording.target_words(target, t),
        "condition": lambda source: wording.condition_words(source, t),
    }


ROUTES: Final = [playbooks_page, playbook_page, edit_page, publish_edited, *version_pages.ROUTES]
