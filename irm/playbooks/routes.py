"""JSON API: playbooks, runs, tasks. An incident's own plan and tasks are mounted under its URL by the incident room."""

from datetime import datetime
from typing import Annotated, Any, Final
from uuid import UUID

from litestar import get, post
from litestar.di import NamedDependency
from litestar.params import FromPath, FromQuery, JSONBody, QueryParameter
from litestar.status_codes import HTTP_200_OK, HTTP_201_CREATED

from irm.access.policy import Permission, Principal, allow, dangerous
from irm.clock import Clock
from irm.config import Settings
from irm.db import Database, Tx
from irm.errors import in_words
from irm.i18n import Translator
from irm.playbooks import queries, showing
from irm.playbooks.check import Checked, City, sum_words, worst_cases
from irm.playbooks.city import checked_in, city_of
from irm.playbooks.comparing import compare
from irm.playbooks.publishing import approve, frozen, publish
from irm.playbooks.schema import playbook_schema
from irm.playbooks.schemas import (
    CheckedView,
    CheckPlaybook,
    FaultView,
    PlaybookComparison,
    PlaybookDetail,
    PlaybookList,
    PlaybookVersion,
    PublishedView,
    PublishPlaybook,
    ReplayView,
    RunView,
    TaskList,
    WorstCase,
)
from irm.playbooks.versions import chosen, publishers, versions as versions_of, who_words
from irm.positions import Fault

FILE: Final = "playbook.yaml"
TAGS: Final = ["playbooks"]


@get("/api/v1/playbooks", opt=allow(Permission.READ_PLAYBOOKS), tags=TAGS, operation_id="list_playbooks")
async def list_playbooks(
    db: NamedDependency[Database], principal: NamedDependency[Principal], t: NamedDependency[Translator]
) -> PlaybookList:
    """Each playbook with the version that new runs start with."""
    async with db.transaction(principal.actor) as tx:
        return PlaybookList(showing.playbook_views(await versions_of(tx), t))


@get(
    "/api/v1/playbooks/schema",
    opt=allow(Permission.READ_PLAYBOOKS),
    tags=TAGS,
    operation_id="get_playbook_schema",
    sync_to_thread=False,
)
def get_schema() -> dict[str, Any]:
    """JSON Schema of the language, for editors."""
    return playbook_schema()


@get("/api/v1/playbooks/{playbook:str}", opt=allow(Permission.READ_PLAYBOOKS), tags=TAGS, operation_id="get_playbook")
async def get_playbook(
    playbook: FromPath[str],
    db: NamedDependency[Database],
    principal: NamedDependency[Principal],
    t: NamedDependency[Translator],
    version: FromQuery[int | None] = None,
) -> PlaybookDetail:
    """The source of one version (default: the active one) and the list of all versions."""
    async with db.transaction(principal.actor) as tx:
        found = await versions_of(tx, playbook)
        names = await publishers(tx, found)
    shown = chosen(found, version)
    return PlaybookDetail(
        shown.playbook_id,
        t.of(shown.title),
        shown.version,
        shown.active,
        shown.source,
        [
            PlaybookVersion(
                one.version,
                one.digest,
                one.active,
                one.published_at,
                one.published_by,
                names.get(one.published_by),
                one.reason,
                one.waiting,
                names.get(one.approved_by or ""),
                one.approved_at,
                one.used_since,
                one.is_unapproved,
                one.verdict,
                who_words(one.verdict_by, names, t) if one.verdict_by else None,
                one.verdict_at,
                one.verdict_reason,
                [FaultView(told.line, told.column, t.of(told.texts), "") for told in one.warnings],
            )
            for one in found
        ],
    )


@get(
    "/api/v1/playbooks/{playbook:str}/diff",
    opt=allow(Permission.READ_PLAYBOOKS),
    tags=TAGS,
    operation_id="compare_playbooks",
)
async def compare_playbooks(
    playbook: FromPath[str],
    db: NamedDependency[Database],
    principal: NamedDependency[Principal],
    before: Annotated[int, QueryParameter(name="from")],
    to: FromQuery[int | None] = None,
) -> PlaybookComparison:
    """What `to` (without it: the active version) does otherwise than `from`, step by step."""
    async with db.transaction(principal.actor) as tx:
        found = await versions_of(tx, playbook)
    older, newer = chosen(found, before), chosen(found, to)
    compared = compare(frozen(older.id, older.source), frozen(newer.id, newer.source))
    return showing.comparison_view(compared, older.version, newer.version)


@post(
    "/api/v1/playbooks/check",
    opt=allow(Permission.READ_PLAYBOOKS),
    tags=TAGS,
    operation_id="check_playbook",
    status_code=HTTP_200_OK,
)
async def check_playbook(
    data: JSONBody[CheckPlaybook],
    db: NamedDependency[Database],
    clock: NamedDependency[Clock],
    principal: NamedDependency[Principal],
    t: NamedDependency[Translator],
    settings: NamedDependency[Settings],
) -> CheckedView:
    """What the linter says, law included; nothing is kept."""
    async with db.transaction(principal.actor) as tx:
        checked, city = await checked_here(tx, data.source, settings, now=clock.now())
    playbook = checked.playbook
    worst = worst_cases(playbook, city) if playbook is not None else ()
    return CheckedView(
        ok=playbook is not None and not checked.errors,
        errors=_faults(checked.errors, t),
        warnings=_faults(checked.warnings, t),
        worst=[
            WorstCase(
                one.step,
                one.rule,
                int(one.total.total_seconds()),
                int(one.allowed.total_seconds()) if one.allowed is not None else None,
                list(one.path),
                in_words(sum_words(playbook, one), t) if playbook is not None else "",
            )
            for one in worst
        ],
    )


@post(
    "/api/v1/playbooks",
    opt=dangerous(allow(Permission.PUBLISH_PLAYBOOK)),
    tags=TAGS,
    operation_id="publish_playbook",
    status_code=HTTP_201_CREATED,
)
async def publish_playbook(
    data: JSONBody[PublishPlaybook],
    db: NamedDependency[Database],
    clock: NamedDependency[Clock],
    principal: NamedDependency[Principal],
    t: NamedDependency[Translator],
    settings: NamedDependency[Settings],
) -> PublishedView:
    """It waits for another person's approval; from then on new runs use it, running ones keep their version. 422 with every
    fault where it is wrong, or names another playbook than `playbook` does."""
    async with db.transaction(principal.actor) as tx:
        now = clock.now()
        _, city = await checked_here(tx, data.source, settings, now=now)
        made, checked = await publish(
            tx,
            data.source,
            file=FILE,
            city=city,
            actor=principal.actor,
            now=now,
            person=principal.person_id,
            reason=data.reason,
            of=data.playbook,
        )
    return PublishedView(made.playbook_id, made.version, made.is_new, made.waits, _faults(checked.warnings, t))


@post(
    "/api/v1/playbooks/{playbook:str}/versions/{version:int}/approval",
    opt=dangerous(allow(Permission.PUBLISH_PLAYBOOK)),
    tags=TAGS,
    operation_id="approve_playbook",
    status_code=HTTP_200_OK,
)
async def approve_playbook(
    playbook: FromPath[str],
    version: FromPath[int],
    db: NamedDependency[Database],
    clock: NamedDependency[Clock],
    principal: NamedDependency[Principal],
) -> PublishedView:
    """The second person lets a version be used that waits. 409 for whoever published it."""
    now = clock.now()
    async with db.transaction(principal.actor) as tx:
        city = await city_of(tx, now=now)
        made = await approve(
            tx, playbook, version, person=principal.person_id, city=city, actor=principal.actor, now=now
        )
    return PublishedView(made.playbook_id, made.version, made.is_new, made.waits, [])


@get("/api/v1/runs/{run_id:uuid}", opt=allow(Permission.READ_INCIDENTS), tags=TAGS, operation_id="get_run")
async def get_run(
    run_id: FromPath[UUID],
    db: NamedDependency[Database],
    clock: NamedDependency[Clock],
    principal: NamedDependency[Principal],
    t: NamedDependency[Translator],
) -> RunView:
    """Every step with its state, and what comes next; organizations see their own share."""
    async with db.transaction(principal.actor) as tx:
        return showing.run_view(await queries.run_for(tx, principal, run_id, now=clock.now()), t)


@get("/api/v1/runs/{run_id:uuid}/replay", opt=allow(Permission.READ_PLAYBOOKS), tags=TAGS, operation_id="replay_run")
async def replay_run(
    run_id: FromPath[UUID], db: NamedDependency[Database], principal: NamedDependency[Principal]
) -> ReplayView:
    """Whether everything that the run was told gives the state that is stored. Changes nothing."""
    async with db.transaction(principal.actor) as tx:
        found, whole = await queries.replay_for(tx, principal, run_id)
    return showing.replay_view(found, whole=whole)


@get("/api/v1/tasks", opt=allow(Permission.DO_TASKS), tags=["tasks"], operation_id="list_tasks")
async def list_tasks(
    db: NamedDependency[Database],
    principal: NamedDependency[Principal],
    t: NamedDependency[Translator],
    status: FromQuery[str | None] = "open",
) -> TaskList:
    """The reader's tasks and those of the organizations for which he does tasks, the most urgent first."""
    async with db.transaction(principal.actor) as tx:
        return TaskList([showing.task_view(one, t) for one in await queries.tasks_for(tx, principal, status=status)])


async def checked_here(
    tx: Tx, source: str, settings: Settings, *, now: datetime, of: str | None = None
) -> tuple[Checked, City]:
    """The linter with all that this city knows, of a text that came without a file."""
    return await checked_in(tx, source, file=FILE, now=now, endpoints=settings.endpoints, of=of)


def _faults(faults: tuple[Fault, ...], t: Translator) -> list[FaultView]:
    return [FaultView(one.line, one.column, in_words(one.message, t), in_words(one.hint, t)) for one in faults]


ROUTES: Final = [
    list_playbooks,
    get_schema,
    get_playbook,
    compare_playbooks,
    check_playbook,
    publish_playbook,
    approve_playbook,
    get_run,
    replay_run,
    list_tasks,
]
