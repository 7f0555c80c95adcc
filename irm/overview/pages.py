"""The duty board `/` and 待办 `/todo`."""

from typing import Any, Final
from uuid import UUID

from litestar import Request, get, post
from litestar.di import NamedDependency
from litestar.params import FromPath
from litestar.response import Redirect
from litestar.status_codes import HTTP_303_SEE_OTHER

from irm.access.policy import SIGNED_IN, Permission, Principal, allow
from irm.clock import Clock
from irm.db import Database
from irm.i18n import N_
from irm.obligations.forms import form_of
from irm.obligations.words import whom
from irm.overview import rules_in_action_pages
from irm.overview.board import Board, gathered
from irm.overview.dead_work import try_again
from irm.overview.queries import board_of, todo_of
from irm.web.drafts import came_from
from irm.web.pages import Page, page

MOST_ERRANDS: Final = 12
"""Errands that the board shows unfolded: what is most urgent must stand in one look, also in a storm."""
MOST_INCIDENTS: Final = 8
"""Likewise; on the phone each is a card, and who is on duty stands below them."""
NEED_NAMES: Final = {
    "page": N_("To acknowledge"),
    "unreached": N_("Nobody was reached"),
    "unanswered": N_("Not acknowledged yet"),
    "unmanned": N_("Nobody is on duty"),
    "roster": N_("Roster to put right"),
    "dead": N_("Given up by irm"),
    "sheet": N_("Emergency sheet"),
    "missed": N_("Not done by irm"),
    "unwatched": N_("Nobody watches"),
    "provider": N_("Channel down"),
    "silent": N_("Cannot be reached"),
    "report": N_("Report to send"),
    "duty": N_("Duty to fulfil"),
    "receipt": N_("Receipt missing"),
    "task": N_("Task"),
    "second_person": N_("Second person needed"),
    "handover": N_("Hand-over to take"),
    "shift": N_("Shift to take over"),
    "shift_late": N_("Shift not taken over"),
    "approval": N_("Report to approve"),
    "press": N_("Question of the press"),
    "proposal": N_("Measure proposed"),
    "alerts": N_("Alerts to judge"),
    "alerts_lost": N_("Alerts refused"),
    "glass": N_("Break-glass in force"),
    "glass_review": N_("Break-glass to review"),
    "glass_late": N_("Review overdue"),
}
NEED_ICONS: Final = {
    "page": "bell",
    "unreached": "warning",
    "unanswered": "phone",
    "unmanned": "warning",
    "roster": "warning",
    "dead": "warning",
    "sheet": "warning",
    "missed": "warning",
    "unwatched": "warning",
    "provider": "warning",
    "silent": "warning",
    "report": "report",
    "duty": "clock",
    "receipt": "mail",
    "task": "task",
    "second_person": "person",
    "handover": "person",
    "shift": "duty",
    "shift_late": "warning",
    "approval": "check",
    "press": "phone",
    "proposal": "warning",
    "alerts": "bell",
    "alerts_lost": "warning",
    "glass": "warning",
    "glass_review": "check",
    "glass_late": "warning",
}
NEED_VERBS: Final = {
    "unreached": N_("Open"),
    "unanswered": N_("Open"),
    "unmanned": N_("Open the roster"),
    "roster": N_("Open the roster"),
    "sheet": N_("Open"),
    "missed": N_("Open"),
    "unwatched": N_("Open the calendar"),
    "provider": N_("Open the channels"),
    "silent": N_("Open"),
    "report": N_("Read and send"),
    "duty": N_("Open"),
    "receipt": N_("Record the receipt"),
    "task": N_("Open"),
    "second_person": N_("Decide"),
    "handover": N_("Read and take over"),
    "shift": N_("Read and take over"),
    "shift_late": N_("Open"),
    "approval": N_("Read and answer"),
    "press": N_("Record the answer"),
    "proposal": N_("Decide"),
    "alerts": N_("Judge"),
    "alerts_lost": N_("Open"),
    "glass": N_("Open"),
    "glass_review": N_("Review"),
    "glass_late": N_("Open"),
}


def _words() -> dict[str, Any]:
    return {
        "whom": whom,
        "form_of": form_of,
        "need_names": NEED_NAMES,
        "need_icons": NEED_ICONS,
        "need_verbs": NEED_VERBS,
        "most_errands": MOST_ERRANDS,
        "most_incidents": MOST_INCIDENTS,
    }


async def _board(principal: Principal, db: Database, clock: Clock) -> Board:
    async with db.transaction(principal.actor) as tx:
        return await board_of(tx, principal, now=clock.now())


@get("/", opt=SIGNED_IN, include_in_schema=False)
async def board_page(
    principal: NamedDependency[Principal], db: NamedDependency[Database], clock: NamedDependency[Clock]
) -> Page:
    board = await _board(principal, db, clock)
    return page("overview/board.html", now=board.now, board=board, **_words())


@get("/board/now", opt=SIGNED_IN, include_in_schema=False)
async def board_now(
    principal: NamedDependency[Principal], db: NamedDependency[Database], clock: NamedDependency[Clock]
) -> Page:
    """The board's live part."""
    board = await _board(principal, db, clock)
    return page("overview/board_now.html", now=board.now, board=board, **_words())


@get("/todo", opt=SIGNED_IN, include_in_schema=False)
async def todo_page(
    principal: NamedDependency[Principal], db: NamedDependency[Database], clock: NamedDependency[Clock]
) -> Page:
    now = clock.now()
    async with db.transaction(principal.actor) as tx:
        needs, later = await todo_of(tx, principal, now=now)
    return page("overview/todo.html", now=now, needs=gathered(needs), later=gathered(later), **_words())


@get("/todo/now", opt=SIGNED_IN, include_in_schema=False)
async def todo_now(
    principal: NamedDependency[Principal], db: NamedDependency[Database], clock: NamedDependency[Clock]
) -> Page:
    now = clock.now()
    async with db.transaction(principal.actor) as tx:
        needs, later = await todo_of(tx, principal, now=now)
    return page("overview/todo_now.html", now=now, needs=gathered(needs), later=gathered(later), **_words())


@post("/work/{job_id:uuid}/again", opt=allow(Permission.RETRY_WORK), include_in_schema=False)
async def try_again_page(
    job_id: FromPath[UUID],
    request: Request[Any, Any, Any],
    principal: NamedDependency[Principal],
    db: NamedDependency[Database],
    clock: NamedDependency[Clock],
) -> Redirect:
    """The button 再次尝试 beside what irm gave up."""
    async with db.transaction(principal.actor) as tx:
        await try_again(tx, job_id, now=clock.now(), actor=principal.actor)
    return Redirect(came_from(request), status_code=HTTP_303_SEE_OTHER)


ROUTES: Final = [board_page, board_now, todo_page, todo_now, try_again_page, *rules_in_action_pages.ROUTES]
