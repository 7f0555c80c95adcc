"""报送: what was handed to the reader's organizations, and what they handed over. The page and its API twin."""

from typing import Any, Final, Literal
from uuid import UUID

from litestar import get
from litestar.di import NamedDependency
from litestar.params import FromQuery

from irm.access.policy import Permission, Principal, allow, reach
from irm.clock import Clock
from irm.db import Database
from irm.i18n import Translator
from irm.obligations.queries import submissions_listed
from irm.obligations.schemas import SubmissionList, submission_view
from irm.obligations.showing import words
from irm.web.pages import Page, page

READ: Final[dict[str, Any]] = allow(Permission.READ_SUBMISSIONS)
SENT: Final = "sent"


@get("/submissions", opt=READ, include_in_schema=False)
async def submissions_page(
    principal: NamedDependency[Principal],
    db: NamedDependency[Database],
    clock: NamedDependency[Clock],
    direction: FromQuery[str | None] = None,
    cursor: FromQuery[UUID | None] = None,
) -> Page:
    """Received, or with `direction=sent` what the reader's own organizations handed over."""
    sent = direction == SENT
    async with db.transaction(principal.actor) as tx:
        found, following = await submissions_listed(
            tx, reach(principal, Permission.READ_SUBMISSIONS), sent=sent, before=cursor
        )
    return page(
        "obligations/submissions.html",
        now=clock.now(),
        submissions=found,
        next_cursor=following,
        sent=sent,
        **words(),
    )


@get("/api/v1/submissions", opt=READ, tags=["submissions"], operation_id="list_submissions")
async def list_submissions(
    principal: NamedDependency[Principal],
    db: NamedDependency[Database],
    t: NamedDependency[Translator],
    direction: FromQuery[Literal["received", "sent"]] = "received",
    cursor: FromQuery[UUID | None] = None,
) -> SubmissionList:
    """What was handed over to the reader's organizations, or by them; newest first, `cursor`: of the page before."""
    async with db.transaction(principal.actor) as tx:
        found, following = await submissions_listed(
            tx, reach(principal, Permission.READ_SUBMISSIONS), sent=direction == SENT, before=cursor
        )
    return SubmissionList([submission_view(each, t) for each in found], following)


ROUTES: Final = [submissions_page, list_submissions]
