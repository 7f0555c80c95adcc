"""`irm duty standing`: the checklist of an organization, and recording what was done."""

from datetime import datetime

import click
import msgspec

from irm.access.acting import as_option, principal_as
from irm.console import Console, json_option
from irm.db import SYSTEM, Database
from irm.obligations import standing_desk as desk
from irm.obligations.bearing import Bearing
from irm.obligations.standing import Stood
from irm.obligations.standing_schemas import StandingLine, line_view
from irm.rules.moments import day_of


@click.group("standing")
def standing() -> None:
    """Standing duties: what the rules ask for regularly, with what was done last."""


@standing.command("list")
@click.argument("organization", default="")
@as_option
@json_option
@click.pass_obj
def list_standing(console: Console, organization: str, *, login: str, as_json: bool) -> None:
    """What stands for ORGANIZATION (its code; without it the account's own)."""

    async def work(db: Database) -> list[StandingLine]:
        now = db.clock.now()
        async with db.transaction(SYSTEM) as tx:
            principal = await principal_as(tx, login, now)
            of = await desk.bearer(tx, principal, organization)
            return [line_view(one, of.code) for one in await desk.lines_for(tx, Bearing(), principal, of, now=now)]

    found = console.run(work)
    if as_json:
        console.show(msgspec.to_builtins(found), as_json=True)
        return
    t = console.t
    rows = [
        {
            "rule": one.rule,
            "title": t.of(one.title),
            "article": t.of(one.citation["article"]),
            "stands_for": len(one.stands_for),
            "last": one.last.done_on if one.last else t("no record yet"),
            "by": one.last.by if one.last else "",
        }
        for one in found
    ]
    console.show(rows, as_json=False)


@standing.command("record")
@click.argument("rule")
@click.argument("organization", default="")
@as_option
@click.option("--what", required=True, help="What was done.")
@click.option("--day", type=click.DateTime(["%Y-%m-%d"]), help="On which day; today where it is left out.")
@click.option("--note", default="", help="A remark.")
@click.option("--about", multiple=True, help="Path of a system or change; all of the line where it is left out.")
@json_option
@click.pass_obj
def record_standing(
    console: Console,
    rule: str,
    organization: str,
    *,
    login: str,
    what: str,
    day: datetime | None,
    note: str,
    about: tuple[str, ...],
    as_json: bool,
) -> None:
    """Record what was done for RULE (pack/rule) by ORGANIZATION."""

    async def work(db: Database) -> dict[str, object]:
        now = db.clock.now()
        async with db.transaction(SYSTEM) as tx:
            principal = await principal_as(tx, login, now)
            of = await desk.bearer(tx, principal, organization)
            given = Stood(day.date() if day else day_of(now), what, note, about)
            made = await desk.record_for(tx, Bearing(), principal, of, rule, given, now=now)
        return {"record": str(made), "rule": rule, "organization": of.code, "done_on": given.done_on.isoformat()}

    console.show(console.run(work), as_json=as_json)
