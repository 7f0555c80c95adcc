"""The board's API twin."""

from typing import Final
from uuid import UUID

from litestar import get, post
from litestar.di import NamedDependency
from litestar.params import FromPath
from litestar.status_codes import HTTP_204_NO_CONTENT

from irm.access.policy import Permission, Principal, allow
from irm.clock import Clock
from irm.db import Database
from irm.i18n import Translator
from irm.overview import schemas
from irm.overview.dead_work import try_again
from irm.overview.queries import board_of


@get("/api/v1/board", opt=allow(Permission.READ_BOARD), tags=["board"], operation_id="get_board")
async def get_board(
    principal: NamedDependency[Principal],
    db: NamedDependency[Database],
    clock: NamedDependency[Clock],
    t: NamedDependency[Translator],
) -> schemas.BoardView:
    """What needs a person now, most urgent first, as the reader's own board shows it."""
    async with db.transaction(principal.actor) as tx:
        board = await board_of(tx, principal, now=clock.now())
    return schemas.view(board, t)


@post(
    "/api/v1/work/{job_id:uuid}/again",
    opt=allow(Permission.RETRY_WORK),
    status_code=HTTP_204_NO_CONTENT,
    tags=["board"],
    operation_id="try_work_again",
)
async def try_work_again(
    job_id: FromPath[UUID],
    principal: NamedDependency[Principal],
    db: NamedDependency[Database],
    clock: NamedDependency[Clock],
) -> None:
    """Have a task that irm gave up (a need of kind `dead`, with its id) tried again."""
    async with db.transaction(principal.actor) as tx:
        await try_again(tx, job_id, now=clock.now(), actor=principal.actor)


ROUTES: Final = [get_board, try_work_again]
