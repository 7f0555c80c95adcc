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
from irm.playbooks import showing, simulate_pages, version_pages, wording
from irm.playbooks.check import check, unheld_in, worst_cases
from irm.playbooks.publishing import frozen, publish
from irm.playbooks.routes import FILE, checked_here
from irm.playbooks.simulate_pages import checked_words, is_about_a_duty, night_fields, shown_night
from irm.playbooks.steps import Step, targets_of
from irm.playbooks.versions import (
    PERSON,
    Version,
    chosen,
    publisher_words,
    publishers,
    verdict_words,
    versions as versions_of,
)
from irm.positions import LanguageError
from irm.web import drafts
from irm.web.forms import Form, flatten
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
    request: Request[Any, Any, Any],
    principal: NamedDependency[Principal],
    db: NamedDependency[Database],
    clock: NamedDependency[Clock],
    t: NamedDependency[Translator],
    version: FromQuery[int | None] = None,
) -> Page:
    """The query may suppose a night (`simulate_pages.FIELDS`), for who has no scripts."""
    now = clock.now()
    async with db.transaction(principal.actor) as tx:
        found = await versions_of(tx, playbook)
        names = await publishers(tx, found)
        shown = chosen(found, version)
        _, city = await checked_here(tx, shown.source, now=now)
        read = frozen(shown.id, shown.source)
        supposed = await shown_night(tx, read, request.query_params, t, now=now, key="night")
    checked = check(shown.source, file=FILE, city=replace(city, held=None))
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
        verdict_of=lambda one: verdict_words(one, names, t),
        steps=read.steps,
        start=read.start,
        worst={one.step: one for one in worst_cases(read, city)},
        warnings=[*checked.errors, *checked.warnings],
        unheld=[wording.target_words(target, t) for target in unheld_in(read, city)],
        may_publish=may(principal, Permission.PUBLISH_PLAYBOOK),
        **supposed,
        **_words(read.steps, t),
    )


@get("/playbooks/{playbook:str}/edit", opt=allow(Permission.PUBLISH_PLAYBOOK), include_in_schema=False)
async def edit_page(
    playbook: FromPath[str],
    principal: NamedDependency[Principal],
    db: NamedDependency[Database],
    clock: NamedDependency[Clock],
    t: NamedDependency[Translator],
) -> Page:
    """What was typed and not published comes back."""
    async with db.transaction(principal.actor) as tx:
        shown = chosen(await versions_of(tx, playbook), None)
        kept = await drafts.read(tx, principal.account_id, editing_draft(shown.playbook_id))
    form = Form.from_draft(kept) if kept and kept.get("source") else Form({"source": shown.source})
    return page("playbooks/edit.html", now=clock.now(), **editing(shown, form, t))


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
    """Publishes the next version, or shows every fault with its line beside what was typed. `do=check` only shows."""
    typed = flatten(list((await request.form()).multi_items()))
    source = str(typed.get("source") or "").replace("\r\n", "\n")
    values = {**typed, "source": source}
    now = clock.now()
    async with db.transaction(principal.actor) as tx:
        shown = chosen(await versions_of(tx, playbook), None)
    form = Form(values)
    try:
        if typed.get("do") != "check":
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
                    reason=str(typed.get("reason") or ""),
                )
                await drafts.discard(tx, principal.account_id, editing_draft(shown.playbook_id))
            return Redirect(f"/playbooks/{made.playbook_id}?version={made.version}", status_code=HTTP_303_SEE_OTHER)
    except LanguageError:
        form = Form(values, {"source": t("Not published: the text has faults. They are listed below.")})
    except Invalid as error:
        form = Form.refused(values, error, t)
    async with db.transaction(principal.actor) as tx:
        looked = await checked_words(tx, source, values, t, now=now)
    answer = page("playbooks/edit.html", now=now, **(editing(shown, form, t) | looked), looked=True)
    answer.status_code = HTTP_200_OK if typed.get("do") == "check" else HTTP_422_UNPROCESSABLE_ENTITY
    return answer


def editing_draft(playbook: str) -> str:
    return f"playbooks.edit:{playbook}"


def editing(shown: Version | None, form: Form, t: Translator) -> dict[str, Any]:
    """What `edit.html` needs of the text on the desk; None: of a playbook that there is not yet."""
    return {
        "shown": shown,
        "form": form,
        "draft": editing_draft(shown.playbook_id) if shown else None,
        **night_fields(form.values, t),
        "of_incidents": shown is None or not is_about_a_duty(frozen(shown.id, shown.source)),
    }


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


ROUTES: Final = [
    playbooks_page,
    playbook_page,
    edit_page,
    publish_edited,
    *simulate_pages.ROUTES,
    *version_pages.ROUTES,
]
