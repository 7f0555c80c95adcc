"""Pages: the playbooks of the city and what each would do."""

from dataclasses import replace
from datetime import timedelta
from typing import Any, Final

from litestar import Request, get
from litestar.di import NamedDependency
from litestar.params import FromPath, FromQuery

from irm.access.policy import Permission, Principal, allow, may
from irm.access.second import is_first, is_second, reader
from irm.clock import Clock
from irm.config import Settings
from irm.db import Database
from irm.i18n import Translator
from irm.notify.words import CHANNEL_NAMES
from irm.playbooks import editing_pages, showing, version_pages, wording
from irm.playbooks.check import check, unheld_in, worst_cases
from irm.playbooks.publishing import author, frozen
from irm.playbooks.routes import FILE, checked_here
from irm.playbooks.simulator import pages as simulator_pages
from irm.playbooks.simulator.pages import shown_night
from irm.playbooks.steps import Playbook, Step, targets_of
from irm.playbooks.versions import (
    chosen,
    publisher_words,
    publishers,
    verdict_words,
    versions as versions_of,
)
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
    request: Request[Any, Any, Any],
    principal: NamedDependency[Principal],
    db: NamedDependency[Database],
    clock: NamedDependency[Clock],
    t: NamedDependency[Translator],
    settings: NamedDependency[Settings],
    version: FromQuery[int | None] = None,
) -> Page:
    """The query may suppose a night (`simulator/pages.py: FIELDS`), for who has no scripts."""
    now = clock.now()
    async with db.transaction(principal.actor) as tx:
        found = await versions_of(tx, playbook)
        names = await publishers(tx, found)
        shown = chosen(found, version)
        _, city = await checked_here(tx, shown.source, settings, now=now)
        read = frozen(shown.id, shown.source)
        supposed = await shown_night(tx, read, request.query_params, t, now=now, key="night")
    checked = check(shown.source, file=FILE, city=replace(city, held=None))
    return page(
        "playbooks/show.html",
        now=now,
        shown=shown,
        versions=found,
        waiting=next((one for one in found if one.waiting), None),
        is_own=lambda one: is_first([author(one.published_by)], reader(principal)),
        is_second=lambda one: is_second([author(one.published_by)], principal),
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
        **_words(read, t),
    )


def _words(playbook: Playbook, t: Translator) -> dict[str, Any]:
    """What the templates say of steps."""
    titles = {step.id: t.of(step.title) or step.id for step in playbook.steps}

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
        "condition": lambda source: wording.condition_words(source, t, playbook),
    }


ROUTES: Final = [
    playbooks_page,
    playbook_page,
    *editing_pages.ROUTES,
    *simulator_pages.ROUTES,
    *version_pages.ROUTES,
]
