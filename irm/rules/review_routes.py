"""JSON API for whoever answers for the rules: what a version changes, and what nobody here has read."""

from typing import Annotated, Final

from litestar import get
from litestar.di import NamedDependency
from litestar.params import FromPath, FromQuery, QueryParameter

from irm.access.policy import Permission, Principal, allow, reach
from irm.clock import Clock
from irm.db import Database
from irm.rules.city_gaps import gaps_of_irm, gaps_of_the_city
from irm.rules.comparing import compare
from irm.rules.comparison_views import ComparisonView, comparison_view
from irm.rules.gap_views import GapList, gap_list
from irm.rules.preview_views import PreviewView, preview_view
from irm.rules.previewing import preview
from irm.rules.queries import chosen, published


@get("/api/v1/rules/gaps", opt=allow(Permission.READ_RULES), tags=["rules"], operation_id="list_gaps")
async def list_gaps(
    db: NamedDependency[Database],
    clock: NamedDependency[Clock],
    principal: NamedDependency[Principal],
    brought: Annotated[bool, QueryParameter(name="all")] = False,
) -> GapList:
    """Figures that are null and rules that are unverified, as far as they could decide in this city.

    `all=true`: of every pack that irm brings along, adopted or not, whatever the register holds.
    """
    if brought:
        return gap_list(gaps_of_irm())
    async with db.transaction(principal.actor) as tx:
        return gap_list(await gaps_of_the_city(tx, now=clock.now(), sees_cii=sees_cii(principal)))


@get("/api/v1/rules/{pack:str}/diff", opt=allow(Permission.READ_RULES), tags=["rules"], operation_id="compare_rules")
async def compare_rules(
    db: NamedDependency[Database],
    clock: NamedDependency[Clock],
    principal: NamedDependency[Principal],
    pack: FromPath[str],
    before: Annotated[str, QueryParameter(name="from")],
    to: FromQuery[str] = "",
) -> ComparisonView:
    """What `to` (without it: the version in use) says otherwise than `from`, rule by rule."""
    async with db.transaction(principal.actor) as tx:
        packs = await published(tx, now=clock.now())
    return comparison_view(compare(chosen(packs, pack, before).pack, chosen(packs, pack, to).pack))


@get(
    "/api/v1/rules/{pack:str}/adoption",
    opt=allow(Permission.MANAGE_RULES),
    tags=["rules"],
    operation_id="preview_adoption",
)
async def preview_adoption(
    db: NamedDependency[Database],
    clock: NamedDependency[Clock],
    principal: NamedDependency[Principal],
    pack: FromPath[str],
) -> PreviewView:
    """What switching the pack on would make owed today, or switching it off would end. Changes nothing."""
    async with db.transaction(principal.actor) as tx:
        found = await preview(tx, pack, now=clock.now())
    return preview_view(found, with_names=sees_systems(principal))


def sees_systems(principal: Principal) -> bool:
    return reach(principal, Permission.READ_SYSTEMS).everything


def sees_cii(principal: Principal) -> bool:
    """Whether there is any critical infrastructure at all is only for those who may know it of every system."""
    return reach(principal, Permission.SEE_CII).everything


ROUTES: Final = [list_gaps, compare_rules, preview_adoption]
