"""JSON API of posts: which there are, who holds them, what is amiss with them."""

from datetime import date
from typing import Final
from uuid import UUID

from litestar import delete, get, post, put
from litestar.di import NamedDependency
from litestar.params import FromPath, FromQuery, JSONBody
from litestar.status_codes import HTTP_201_CREATED, HTTP_204_NO_CONTENT

from irm.access import staff_posts
from irm.access.policy import Permission, Principal, allow
from irm.access.schemas import Made
from irm.access.staff_posts import Stated
from irm.access.staffing import staffing
from irm.clock import Clock
from irm.db import Database
from irm.i18n import Translator
from irm.systems.post_schemas import (
    EnterPost,
    PostKindView,
    PostsView,
    StaffPostView,
    StatePost,
    Taken,
    TakePost,
    finding_view,
    post_view,
    unit_view,
)
from irm.systems.posts import conflicts_with, kept_post, kept_unit, seen_post, unit_of, units

READ: Final = allow(Permission.READ_ROSTER, Permission.KEEP_CONTACTS, Permission.READ_LEDGER)
KEEP: Final = allow(Permission.KEEP_CONTACTS)
TAGS: Final = ["access"]


@get("/api/v1/posts", opt=READ, tags=TAGS)
async def list_posts(
    db: NamedDependency[Database],
    clock: NamedDependency[Clock],
    principal: NamedDependency[Principal],
    t: NamedDependency[Translator],
    organization: FromQuery[str] = "",
    lacking: FromQuery[bool] = False,
) -> PostsView:
    """By organization, first where something is amiss (`lacking`: only those); `organization`: of one, by its code."""
    async with db.transaction(principal.actor) as tx:
        found = (
            [await unit_of(tx, principal, organization, now=clock.now())]
            if organization
            else await units(tx, principal, now=clock.now(), lacking=lacking)
        )
    return PostsView(
        [unit_view(one, t) for one in found], [PostKindView(one.key, t.of(one.name)) for one in staffing().kinds]
    )


@get("/api/v1/posts/{post_id:uuid}", opt=READ, tags=TAGS)
async def get_post(
    post_id: FromPath[UUID],
    db: NamedDependency[Database],
    clock: NamedDependency[Clock],
    principal: NamedDependency[Principal],
    t: NamedDependency[Translator],
) -> StaffPostView:
    """One post with everybody who held it; an abolished one too."""
    async with db.transaction(principal.actor) as tx:
        found, whose = await seen_post(tx, principal, post_id, now=clock.now())
    return post_view(found, whose, t)


@post("/api/v1/posts", opt=KEEP, tags=TAGS, status_code=HTTP_201_CREATED)
async def enter_post(
    data: JSONBody[EnterPost],
    db: NamedDependency[Database],
    clock: NamedDependency[Clock],
    principal: NamedDependency[Principal],
) -> Made:
    """Of an organization whose contacts you keep. Who holds it is entered next."""
    async with db.transaction(principal.actor) as tx:
        whose = await kept_unit(tx, principal, data.organization)
        stated = Stated(data.name, data.kind, data.is_key, data.duties)
        return Made(await staff_posts.enter(tx, whose.id, stated, actor=principal.actor, now=clock.now()))


@put("/api/v1/posts/{post_id:uuid}", opt=KEEP, tags=TAGS, status_code=HTTP_204_NO_CONTENT)
async def change_post(
    post_id: FromPath[UUID],
    data: JSONBody[StatePost],
    db: NamedDependency[Database],
    clock: NamedDependency[Clock],
    principal: NamedDependency[Principal],
) -> None:
    """All of it; what was before stays in the ledger."""
    stated, now = Stated(data.name, data.kind, data.is_key, data.duties), clock.now()
    async with db.transaction(principal.actor) as tx:
        await kept_post(tx, principal, post_id, now=now)
        await staff_posts.change(tx, post_id, stated, actor=principal.actor, now=now)


@delete("/api/v1/posts/{post_id:uuid}", opt=KEEP, tags=TAGS, status_code=HTTP_204_NO_CONTENT)
async def abolish_post(
    post_id: FromPath[UUID],
    db: NamedDependency[Database],
    clock: NamedDependency[Clock],
    principal: NamedDependency[Principal],
) -> None:
    """There is no such post any more, and nobody holds it; its history stays."""
    async with db.transaction(principal.actor) as tx:
        await kept_post(tx, principal, post_id, now=clock.now())
        await staff_posts.abolish(tx, post_id, actor=principal.actor, now=clock.now())


@post("/api/v1/posts/{post_id:uuid}/holders", opt=KEEP, tags=TAGS, status_code=HTTP_201_CREATED)
async def take_post(
    post_id: FromPath[UUID],
    data: JSONBody[TakePost],
    db: NamedDependency[Database],
    clock: NamedDependency[Clock],
    principal: NamedDependency[Principal],
    t: NamedDependency[Translator],
) -> Taken:
    """Somebody takes the post, whatever else they hold: a conflict is named, not refused."""
    now = clock.now()
    async with db.transaction(principal.actor) as tx:
        found = await kept_post(tx, principal, post_id, now=now)
        person = await staff_posts.hold(
            tx, post_id, person_id=data.person, name=data.name, since=data.since, actor=principal.actor, now=now
        )
        conflicts = await conflicts_with(tx, found, person, now=now)
    return Taken(person, [finding_view(one, t) for one in conflicts])


@delete("/api/v1/posts/{post_id:uuid}/holders/{holding_id:uuid}", opt=KEEP, tags=TAGS, status_code=HTTP_204_NO_CONTENT)
async def give_up_post(
    post_id: FromPath[UUID],
    holding_id: FromPath[UUID],
    db: NamedDependency[Database],
    clock: NamedDependency[Clock],
    principal: NamedDependency[Principal],
    until: FromQuery[date | None] = None,
) -> None:
    """`until`: the last day, today unless stated."""
    now = clock.now()
    async with db.transaction(principal.actor) as tx:
        await kept_post(tx, principal, post_id, now=now)
        await staff_posts.end(tx, post_id, holding_id, until=until, actor=principal.actor, now=now)


ROUTES: Final = [list_posts, get_post, enter_post, change_post, abolish_post, take_post, give_up_post]
