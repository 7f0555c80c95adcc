"""The board's API twin."""

from typing import Final

from litestar import get
from litestar.di import NamedDependency

from irm.access.policy import Permission, Principal, allow
from irm.clock import Clock
from irm.db import Database
from irm.i18n import Translator
from irm.overview import schemas
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


ROUTES: Final = [get_board]
