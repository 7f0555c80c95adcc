"""A directive on its own page: how it came, what it opened, what was handed over for it, what stands instead of it."""

from typing import Final
from uuid import UUID

from litestar import get
from litestar.di import NamedDependency
from litestar.params import FromPath

from irm.access.policy import Permission, Principal, allow
from irm.clock import Clock
from irm.db import Database
from irm.i18n import Translator
from irm.obligations.directive_showing import directive_response
from irm.web.pages import Page


@get("/directives/{directive_id:uuid}", opt=allow(Permission.READ_OBLIGATIONS), include_in_schema=False)
async def directive_page(
    directive_id: FromPath[UUID],
    principal: NamedDependency[Principal],
    db: NamedDependency[Database],
    clock: NamedDependency[Clock],
    t: NamedDependency[Translator],
) -> Page:
    return await directive_response(db, principal, clock, directive_id, t=t)


ROUTES: Final = [directive_page]
