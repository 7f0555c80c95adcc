"""JSON API: the rule packs, with every figure, article and mark."""

from datetime import datetime
from typing import Final

from litestar import get, post
from litestar.di import NamedDependency
from litestar.params import FromPath, FromQuery, JSONBody
from litestar.status_codes import HTTP_200_OK

from irm.access.policy import Permission, Principal, allow, dangerous
from irm.clock import Clock
from irm.db import Database, Tx
from irm.rules import editing_routes, review_routes
from irm.rules.policies import adopt, choose_reading, decisions
from irm.rules.queries import Published, chosen, published
from irm.rules.schemas import (
    ChooseReading,
    DecideAdoption,
    RulePackDetail,
    RulePackList,
    RulePackView,
    WorkYearView,
    pack_detail,
    pack_view,
)
from irm.rules.work_years import exceptional_days, work_calendar


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
        readings = await chosen_readings(tx)
    return pack_detail(chosen(packs, pack, version), internal_limits(packs), readings)


@post(
    "/api/v1/rules/{pack:str}/adoption",
    opt=dangerous(allow(Permission.MANAGE_RULES)),
    status_code=HTTP_200_OK,
    tags=["rules"],
    operation_id="decide_adoption",
)
async def decide_adoption(
    db: NamedDependency[Database],
    clock: NamedDependency[Clock],
    principal: NamedDependency[Principal],
    pack: FromPath[str],
    data: JSONBody[DecideAdoption],
) -> RulePackView:
    """Go by another city's model, or set an instrument of the city's own aside. National ones cannot be."""
    now = clock.now()
    async with db.transaction(principal.actor) as tx:
        await adopt(tx, pack, adopted=data.on, reason=data.reason, actor=principal.actor, now=now)
        return pack_view(chosen(await published(tx, now=now), pack, ""))


@post(
    "/api/v1/rules/{pack:str}/switches/{switch:str}",
    opt=dangerous(allow(Permission.MANAGE_RULES)),
    status_code=HTTP_200_OK,
    tags=["rules"],
    operation_id="choose_reading",
)
async def set_reading(
    db: NamedDependency[Database],
    clock: NamedDependency[Clock],
    principal: NamedDependency[Principal],
    pack: FromPath[str],
    switch: FromPath[str],
    data: JSONBody[ChooseReading],
) -> RulePackDetail:
    """How the city reads what the texts leave open."""
    now = clock.now()
    async with db.transaction(principal.actor) as tx:
        await choose_reading(tx, f"{pack}/{switch}", data.reading, reason=data.reason, actor=principal.actor, now=now)
        packs = await published(tx, now=now)
        readings = await chosen_readings(tx)
    return pack_detail(chosen(packs, pack, ""), internal_limits(packs), readings)


@get("/api/v1/workdays/{year:int}", opt=allow(Permission.READ_RULES), tags=["rules"], operation_id="list_workdays")
async def list_workdays(
    db: NamedDependency[Database], principal: NamedDependency[Principal], year: FromPath[int]
) -> WorkYearView:
    """Days of a year that are not what their weekday says; an unknown year has none, and dates in it are provisional."""
    async with db.transaction(principal.actor) as tx:
        calendar = await work_calendar(tx)
        days = await exceptional_days(tx, year)
    return WorkYearView(
        year, year in calendar.years, [{"day": one.day, "works": one.works, "name": one.name} for one in days]
    )


async def chosen_readings(tx: Tx) -> dict[str, tuple[str, datetime, str]]:
    _, switches = await decisions(tx)
    return {switch: (row.reading, row.decided_at, row.reason) for switch, row in switches.items()}


ROUTES: Final = [
    list_rules,
    show_rules,
    decide_adoption,
    set_reading,
    list_workdays,
    *review_routes.ROUTES,
    *editing_routes.ROUTES,
]
