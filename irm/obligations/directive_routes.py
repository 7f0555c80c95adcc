"""/api/v1: what authorities demand."""

from typing import Final
from uuid import UUID

from litestar import get, post
from litestar.di import NamedDependency
from litestar.params import FromPath, FromQuery, JSONBody
from litestar.status_codes import HTTP_201_CREATED

from irm.access.policy import Permission, Principal, allow, reach
from irm.clock import Clock
from irm.db import Database, Tx
from irm.i18n import Translator
from irm.obligations import directed
from irm.obligations.about_subject import acting_for, check_file
from irm.obligations.directive_schemas import DirectiveList, DirectiveView, GiveDirective, directive_view
from irm.obligations.directives import Demand, Word, record_directive
from irm.obligations.lookup import subject_at, subject_before
from irm.obligations.subjects import Subject

TAGS: Final = ["directives"]


@get("/api/v1/directives", opt=allow(Permission.READ_OBLIGATIONS), tags=TAGS, operation_id="list_directives")
async def list_directives(
    incident: FromQuery[str],
    principal: NamedDependency[Principal],
    db: NamedDependency[Database],
    clock: NamedDependency[Clock],
    t: NamedDependency[Translator],
) -> DirectiveList:
    """What authorities demanded about one incident, newest first: of the reader's organizations; the cloud authority all."""
    far = reach(principal, Permission.READ_OBLIGATIONS)
    async with db.transaction(principal.actor) as tx:
        subject = await subject_at(tx, incident.replace("\0", ""), reach=far)
        found = await directed.directives_of(tx, subject.path, reach=far, now=clock.now())
    return DirectiveList([directive_view(one, t) for one in found])


@get(
    "/api/v1/directives/{directive_id:uuid}",
    opt=allow(Permission.READ_OBLIGATIONS),
    tags=TAGS,
    operation_id="get_directive",
)
async def get_directive(
    directive_id: FromPath[UUID],
    principal: NamedDependency[Principal],
    db: NamedDependency[Database],
    clock: NamedDependency[Clock],
    t: NamedDependency[Translator],
) -> DirectiveView:
    """One directive with how it came, what it opened, and what stands instead of it."""
    far = reach(principal, Permission.READ_OBLIGATIONS)
    async with db.transaction(principal.actor) as tx:
        return directive_view(await directed.directive(tx, directive_id, reach=far, now=clock.now()), t)


@post(
    "/api/v1/directives",
    opt=allow(Permission.RECORD_DIRECTIVE),
    tags=TAGS,
    operation_id="record_directive",
    status_code=HTTP_201_CREATED,
)
async def give_directive(
    principal: NamedDependency[Principal],
    db: NamedDependency[Database],
    clock: NamedDependency[Clock],
    t: NamedDependency[Translator],
    data: JSONBody[GiveDirective],
) -> DirectiveView:
    """Write down what an authority demands: its contact record, and the duties that it opens, at once."""
    async with db.transaction(principal.actor) as tx:
        about = data.incident.replace("\0", "")
        subject, principal = await subject_before(tx, about, principal, Permission.RECORD_DIRECTIVE)
        directive_id = await give(tx, subject, data, principal, clock)
        far = reach(principal, Permission.READ_OBLIGATIONS)
        return directive_view(await directed.directive(tx, directive_id, reach=far, now=clock.now()), t)


async def give(tx: Tx, subject: Subject, given: GiveDirective, principal: Principal, clock: Clock) -> UUID:
    """The directive's id. The caller has found the subject as one that the reader may know of."""
    organization = acting_for(principal, Permission.RECORD_DIRECTIVE, given.organization)
    await check_file(tx, given.attachment, {subject.path})
    return await record_directive(
        tx,
        subject=subject,
        demand=Demand(given.asks, given.authority, given.bearers, given.number, given.due_at, given.replaces),
        word=Word(given.means, given.said, given.caller, given.stated_at, given.attachment),
        organization_id=organization,
        sight=reach(principal, Permission.RECORD_DIRECTIVE),
        actor=principal.actor,
        now=clock.now(),
    )


ROUTES: Final = [list_directives, get_directive, give_directive]
