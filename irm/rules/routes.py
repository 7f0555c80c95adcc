"""JSON API: the rule packs, with every figure, article and mark."""

from typing import Final

from litestar import get
from litestar.di import NamedDependency
from litestar.params import FromPath, FromQuery

from irm.access.policy import Permission, Principal, allow
from irm.clock import Clock
from irm.db import Database
from irm.errors import NotFound
from irm.rules.queries import Published, published
from irm.rules.schemas import RulePackDetail, RulePackList, pack_detail, pack_view


def chosen(packs: tuple[Published, ...], pack_id: str, version: str) -> Published:
    """That version, or without one the version in use, or the newest. Raises NotFound."""
    mine = [one for one in packs if one.pack.id == pack_id]
    if version:
        mine = [one for one in mine if one.pack.version == version]
    mine.sort(key=lambda one: not one.newest)
    if not mine:
        raise NotFound("There is no such rule pack.")
    return mine[0]


def internal_limits(packs: tuple[Published, ...]) -> dict[str, str]:
    """The city's own limits, from the packs in use."""
    return {
        rule: str(limit)
        for one in packs
        if one.newest and one.pack.policy
        for rule, limit in one.pack.policy.internal_limits.items()
    }


@get("/api/v1/rules", opt=allow(Permission.READ_RULES), tags=["rules"])
async def list_rules(
    db: NamedDependency[Database], clock: NamedDependency[Clock], principal: NamedDependency[Principal]
) -> RulePackList:
    """Every published version of every rule pack; `newest` are those in use."""
    async with db.transaction(principal.actor) as tx:
        return RulePackList([pack_view(one) for one in await published(tx, now=clock.now())])


@get("/api/v1/rules/{pack:str}", opt=allow(Permission.READ_RULES), tags=["rules"])
async def show_rules(
    db: NamedDependency[Database],
    clock: NamedDependency[Clock],
    principal: NamedDependency[Principal],
    pack: FromPath[str],
    version: FromQuery[str] = "",
) -> RulePackDetail:
    """One pack: the version in use, or the one asked for."""
    async with db.transaction(principal.actor) as tx:
        packs = await published(tx, now=clock.now())
    return pack_detail(chosen(packs, pack, version), internal_limits(packs))


ROUTES: Final = [list_rules, show_rules]
