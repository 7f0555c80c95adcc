"""Buttons beside a version of a rule pack: a second person approves or declines it, and a version is withdrawn."""

from datetime import datetime
from typing import Any, Final

from litestar import Request, get, post
from litestar.di import NamedDependency
from litestar.params import FromPath, FromQuery
from litestar.response import Redirect
from litestar.status_codes import HTTP_303_SEE_OTHER

from irm.access.policy import Permission, Principal, allow, dangerous, may
from irm.access.second import is_first, reader
from irm.clock import Clock
from irm.db import Database, Tx
from irm.errors import Forbidden
from irm.rules.queries import chosen, published
from irm.rules.service import approve, withdraw
from irm.web.pages import Page, page


@get("/rules/{pack:str}/text", opt=allow(Permission.READ_RULES), include_in_schema=False)
async def text_page(
    pack: FromPath[str],
    principal: NamedDependency[Principal],
    db: NamedDependency[Database],
    clock: NamedDependency[Clock],
    version: FromQuery[str] = "",
) -> Page:
    """The YAML of a version, to the letter."""
    now = clock.now()
    async with db.transaction(principal.actor) as tx:
        shown = chosen(await published(tx, now=now), pack, version)
    return page("rules/text.html", now=now, shown=shown)


@post(
    "/rules/{pack:str}/versions/{version:str}/approval",
    opt=dangerous(allow(Permission.APPROVE_RULES)),
    include_in_schema=False,
)
async def approve_version(
    pack: FromPath[str],
    version: FromPath[str],
    principal: NamedDependency[Principal],
    db: NamedDependency[Database],
    clock: NamedDependency[Clock],
) -> Redirect:
    """The second person lets a version be used that waits."""
    async with db.transaction(principal.actor) as tx:
        await approve(tx, pack, version, person=principal.person_id, actor=principal.actor, now=clock.now())
    return Redirect(f"/rules/{pack}", status_code=HTTP_303_SEE_OTHER)


@post(
    "/rules/{pack:str}/versions/{version:str}/withdrawal",
    opt=dangerous(allow(Permission.MANAGE_RULES, Permission.APPROVE_RULES)),
    include_in_schema=False,
)
async def withdraw_version(
    pack: FromPath[str],
    version: FromPath[str],
    request: Request[Any, Any, Any],
    principal: NamedDependency[Principal],
    db: NamedDependency[Database],
    clock: NamedDependency[Clock],
) -> Redirect:
    """Declines what waits, or takes out of use what was published."""
    reason = str((await request.form()).get("reason") or "")
    now = clock.now()
    async with db.transaction(principal.actor) as tx:
        await may_withdraw(tx, principal, pack, version, now=now)
        await withdraw(tx, pack, version, actor=principal.actor, now=now, person=principal.person_id, reason=reason)
    return Redirect(f"/rules/{pack}#versions", status_code=HTTP_303_SEE_OTHER)


async def may_withdraw(tx: Tx, principal: Principal, pack: str, version: str, *, now: datetime) -> None:
    """What waits may be declined by whoever could approve it and taken back by its author; the rest is the rules'
    manager's. Raises NotFound, Forbidden."""
    one = chosen(await published(tx, now=now), pack, version)
    manages = may(principal, Permission.MANAGE_RULES)
    if one.is_waiting and (
        may(principal, Permission.APPROVE_RULES) or (manages and is_first([one.published_by], reader(principal)))
    ):
        return
    if one.is_waiting or not manages:
        raise Forbidden("You may not withdraw this version.")


ROUTES: Final = [text_page, approve_version, withdraw_version]
