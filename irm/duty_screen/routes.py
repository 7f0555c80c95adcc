"""/api/v1: duty screens, and what one of them shows."""

from typing import Any, Final
from uuid import UUID

from litestar import Request, delete, get, post
from litestar.di import NamedDependency
from litestar.params import FromPath, JSONBody
from litestar.status_codes import HTTP_201_CREATED, HTTP_204_NO_CONTENT

from irm.access.policy import PUBLIC, Permission, Principal, allow, dangerous
from irm.clock import Clock
from irm.db import SYSTEM, Database
from irm.duty_screen import devices, schemas
from irm.duty_screen.queries import glance_of
from irm.errors import Unauthenticated


@get("/api/v1/screen", opt=PUBLIC, tags=["duty screens"], operation_id="get_screen")
async def get_screen(
    request: Request[Any, Any, Any], db: NamedDependency[Database], clock: NamedDependency[Clock]
) -> schemas.GlanceView:
    """For a wall of another make: `Authorization: Bearer <the screen's own token>`; no account's token opens it."""
    scheme, _, token = request.headers.get("authorization", "").partition(" ")
    now = clock.now()
    async with db.transaction(SYSTEM) as tx:
        screen = await devices.screen_of(tx, token.strip(), now=now) if scheme.lower() == "bearer" else None
        if screen is None:
            raise Unauthenticated("This is no duty screen, or it was revoked.", code="no_screen")
        return schemas.glance_view(await glance_of(tx, screen, now=now))


@get("/api/v1/screens", opt=allow(Permission.MANAGE_SCREENS), tags=["duty screens"], operation_id="list_screens")
async def list_screens(db: NamedDependency[Database], principal: NamedDependency[Principal]) -> schemas.ScreenList:
    """All that were ever made, those in use first, with the moment at which each last looked."""
    async with db.transaction(principal.actor) as tx:
        return schemas.ScreenList([schemas.view(one) for one in await devices.screens(tx, by=principal)])


@post(
    "/api/v1/screens",
    opt=dangerous(allow(Permission.MANAGE_SCREENS)),
    status_code=HTTP_201_CREATED,
    tags=["duty screens"],
    operation_id="make_screen",
)
async def make_screen(
    data: JSONBody[schemas.MakeScreen],
    db: NamedDependency[Database],
    clock: NamedDependency[Clock],
    principal: NamedDependency[Principal],
) -> schemas.MadeScreen:
    """The token is in this answer and nowhere else."""
    async with db.transaction(principal.actor) as tx:
        made, token = await devices.make_screen(
            tx,
            name=data.name,
            organization=data.organization,
            by=principal,
            actor=principal.actor,
            now=clock.now(),
        )
    return schemas.MadeScreen(made, token)


@delete(
    "/api/v1/screens/{screen_id:uuid}",
    opt=dangerous(allow(Permission.MANAGE_SCREENS)),
    status_code=HTTP_204_NO_CONTENT,
    tags=["duty screens"],
    operation_id="revoke_screen",
)
async def revoke_screen(
    screen_id: FromPath[UUID],
    db: NamedDependency[Database],
    clock: NamedDependency[Clock],
    principal: NamedDependency[Principal],
) -> None:
    """It shows nothing from its next look on; it stays in the list."""
    async with db.transaction(principal.actor) as tx:
        await devices.revoke_screen(tx, screen_id, by=principal, actor=principal.actor, now=clock.now())


ROUTES: Final = [get_screen, list_screens, make_screen, revoke_screen]
