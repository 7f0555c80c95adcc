"""A directive on its own page: how it came, what it opened, what stands instead of it."""

from typing import Final
from uuid import UUID

from litestar import get
from litestar.di import NamedDependency
from litestar.params import FromPath

from irm.access.policy import Permission, Principal, allow, may, reach
from irm.clock import Clock
from irm.db import Database
from irm.obligations import directed
from irm.obligations.lookup import subject_at
from irm.obligations.showing import words
from irm.obligations.words import ASKS_NAMES, DIRECTIVE_NAMES, DIRECTIVE_TONES
from irm.web.pages import Page, page


@get("/directives/{directive_id:uuid}", opt=allow(Permission.READ_OBLIGATIONS), include_in_schema=False)
async def directive_page(
    directive_id: FromPath[UUID],
    principal: NamedDependency[Principal],
    db: NamedDependency[Database],
    clock: NamedDependency[Clock],
) -> Page:
    far = reach(principal, Permission.READ_OBLIGATIONS)
    async with db.transaction(principal.actor) as tx:
        one = await directed.directive(tx, directive_id, reach=far, now=clock.now())
        subject = await subject_at(tx, one.subject, reach=far)
    return page(
        "obligations/directive.html",
        now=clock.now(),
        one=one,
        subject=subject,
        asks_names=ASKS_NAMES,
        directive_names=DIRECTIVE_NAMES,
        directive_tones=DIRECTIVE_TONES,
        may_record=may(principal, Permission.RECORD_DIRECTIVE),
        **words(),
    )


ROUTES: Final = [directive_page]
