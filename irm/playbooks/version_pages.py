"""Pages: what a version of a playbook does otherwise, and whether a run is what its inbox says."""

from dataclasses import replace
from typing import Annotated, Final
from uuid import UUID

from litestar import get, post
from litestar.di import NamedDependency
from litestar.params import FromPath, FromQuery, QueryParameter
from litestar.response import Redirect
from litestar.status_codes import HTTP_303_SEE_OTHER

from irm.access.policy import Permission, Principal, allow, dangerous
from irm.clock import Clock
from irm.db import Database
from irm.i18n import Translator
from irm.playbooks import comparing_words, queries, replay_words
from irm.playbooks.city import city_of
from irm.playbooks.comparing import aspects, compare
from irm.playbooks.publishing import approve, frozen
from irm.playbooks.versions import Version, chosen, versions as versions_of
from irm.rules.comparing_words import HAPPENED
from irm.web.forms import Form
from irm.web.pages import Page, page


@get("/playbooks/{playbook:str}/diff", opt=allow(Permission.READ_PLAYBOOKS), include_in_schema=False)
async def comparison_page(
    playbook: FromPath[str],
    principal: NamedDependency[Principal],
    db: NamedDependency[Database],
    clock: NamedDependency[Clock],
    t: NamedDependency[Translator],
    before: Annotated[int | None, QueryParameter(name="from")] = None,
    to: FromQuery[int | None] = None,
) -> Page:
    """Without `from`: against the version before it."""
    async with db.transaction(principal.actor) as tx:
        found = await versions_of(tx, playbook)
    newer = chosen(found, to)
    older = chosen(found, before) if before is not None else _before(newer, found)
    return page(
        "playbooks/diff.html",
        now=clock.now(),
        older=older,
        newer=newer,
        versions=[str(one.version) for one in found],
        changes=compare(frozen(older.id, older.source), frozen(newer.id, newer.source)).changes,
        form=Form({"from": older.version, "to": newer.version}),
        happened=lambda change: t(HAPPENED[change.happened]),
        part=lambda change: t(comparing_words.PARTS[change.part]),
        aspect=lambda one: comparing_words.aspect_words(one.aspect, t),
        both=lambda _change, one: comparing_words.both_sides(one, t),
        gist=lambda change: comparing_words.gist(aspects(change.present), t),
    )


@post(
    "/playbooks/{playbook:str}/versions/{version:int}/approval",
    opt=dangerous(allow(Permission.PUBLISH_PLAYBOOK)),
    include_in_schema=False,
)
async def approve_version(
    playbook: FromPath[str],
    version: FromPath[int],
    principal: NamedDependency[Principal],
    db: NamedDependency[Database],
    clock: NamedDependency[Clock],
) -> Redirect:
    """The second person lets a version be used that waits."""
    now = clock.now()
    async with db.transaction(principal.actor) as tx:
        city = await city_of(tx, now=now)
        await approve(tx, playbook, version, person=principal.person_id, city=city, actor=principal.actor, now=now)
    return Redirect(f"/playbooks/{playbook}", status_code=HTTP_303_SEE_OTHER)


def _before(one: Version, versions: list[Version]) -> Version:
    """The version before it; of the first, itself."""
    earlier = [each for each in versions if each.version < one.version]
    return max(earlier, key=lambda each: each.version, default=one)


@get("/runs/{run_id:uuid}/replay", opt=allow(Permission.READ_PLAYBOOKS), include_in_schema=False)
async def replay_page(
    run_id: FromPath[UUID],
    principal: NamedDependency[Principal],
    db: NamedDependency[Database],
    clock: NamedDependency[Clock],
    t: NamedDependency[Translator],
) -> Page:
    """Whether everything that the run was told gives the state that is stored."""
    async with db.transaction(principal.actor) as tx:
        found, whole = await queries.replay_for(tx, principal, run_id)
        place = await queries.page_of_run(tx, run_id)
    return page(
        "playbooks/replay.html",
        now=clock.now(),
        replayed=found,
        whole=whole,
        place=place,
        verdict=replay_words.verdict_words(found.verdict if whole else replace(found.verdict, told="…"), t),
        value=replay_words.value_words,
    )


ROUTES: Final = [comparison_page, approve_version, replay_page]
