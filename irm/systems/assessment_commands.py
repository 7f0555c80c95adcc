"""`irm assessment list|show|plan|report`: the same services as page and API, as one account sees and may."""

from datetime import datetime
from pathlib import Path
from typing import Any
from uuid import UUID

import click
import msgspec

from irm.access.acting import as_option, chunks_of, principal_as
from irm.access.policy import Principal
from irm.access.queries import organization_by_code
from irm.console import Console, json_option
from irm.db import Database, Tx
from irm.systems.assessing import KIND_NAMES, MLPS, STATUS_NAMES, NewAssessment, plan_assessment
from irm.systems.assessment_acting import by_id, keep_report, plannable
from irm.systems.assessment_queries import Filters, assessment_by_number, assessments
from irm.systems.assessment_rules import CONCLUSION_NAMES, JUDGE
from irm.systems.assessment_schemas import assessment_view, report_in
from irm.systems.queries import system_by_code

COLUMNS = ("number", "system", "system_name", "year", "kind", "status", "planned_on", "conclusion", "filed_on")
day = click.DateTime(["%Y-%m-%d"])


@click.group()
def assessment() -> None:
    """Tests and checks of systems: list, show, plan, take the report in."""


@assessment.command("list")
@as_option
@click.option("--year", type=click.IntRange(2000, 2100), help="Only of this year.")
@click.option("--status", type=click.Choice([one.value for one in STATUS_NAMES]), help="Only in this state.")
@click.option("--system", "code", help="Only of the system with this code.")
@json_option
@click.pass_obj
def list_command(
    console: Console, login: str, year: int | None, status: str | None, code: str | None, *, as_json: bool
) -> None:
    """List tests as that account sees them, newest first."""

    async def work(db: Database) -> list[dict[str, Any]]:
        async with db.transaction() as tx:
            by = await principal_as(tx, login, db.clock.now())
            system = (await system_by_code(tx, code)).id if code else None
            found, _ = await assessments(tx, by, Filters(year, status, system=system))
        shown: list[dict[str, Any]] = msgspec.to_builtins([assessment_view(one, by) for one in found])
        return shown if as_json else [{name: one[name] for name in COLUMNS} for one in shown]

    console.show(console.run(work), as_json=as_json)


@assessment.command("show")
@click.argument("number")
@as_option
@json_option
@click.pass_obj
def show_command(console: Console, number: str, login: str, *, as_json: bool) -> None:
    """Show one test as that account sees it."""

    async def work(db: Database) -> dict[str, Any]:
        async with db.transaction() as tx:
            by = await principal_as(tx, login, db.clock.now())
            return await _shown(tx, by, number)

    console.show(console.run(work), as_json=as_json)


@assessment.command("plan")
@click.argument("system")
@as_option
@click.option("--on", "planned_on", type=day, required=True, help="Day for which it is planned.")
@click.option("--year", type=click.IntRange(2000, 2100), help="Year that it counts for; without it that of the day.")
@click.option("--tester", help="Code of the testing body.")
@click.option("--kind", type=click.Choice(list(KIND_NAMES)), default=MLPS, show_default=True)
@json_option
@click.pass_obj
def plan_command(
    console: Console,
    system: str,
    login: str,
    planned_on: datetime,
    year: int | None,
    tester: str | None,
    kind: str,
    *,
    as_json: bool,
) -> None:
    """Plan a test of the system with this code."""

    async def work(db: Database) -> dict[str, Any]:
        async with db.transaction() as tx:
            by = await principal_as(tx, login, db.clock.now())
        async with db.transaction(by.actor) as tx:
            found = await plannable(tx, by, system)
            tester_id: UUID | None = (await organization_by_code(tx, tester)).id if tester else None
            on = planned_on.date()
            given = NewAssessment(found.id, year or on.year, on, tester_id, kind)
            made = await plan_assessment(tx, given, actor=by.actor, now=db.clock.now())
            return await _shown(tx, by, (await by_id(tx, by, made)).number)

    console.show(console.run(work), as_json=as_json)


@assessment.command("report")
@click.argument("number")
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@as_option
@click.option("--cover-on", type=day, required=True, help="Day on the report's cover.")
@click.option(
    "--conclusion",
    type=click.Choice([name for name in CONCLUSION_NAMES if name != JUDGE]),
    required=True,
    help="As the report states it.",
)
@click.option("--rate", help="Rate of compliance, or score: up to 100, two decimals.")
@click.option("--major", help="Major hidden risks before rectification.")
@click.option("--rectified-major", help="How many of them are rectified.")
@click.option("--high", help="High risks.")
@click.option("--medium", help="Medium risks.")
@json_option
@click.pass_obj
def report_command(
    console: Console, /, number: str, file: Path, login: str, cover_on: datetime, *, as_json: bool, **stated: str | None
) -> None:
    """Take the tester's report in: the PDF, and what it says on its face."""
    values: dict[str, Any] = {"cover_on": str(cover_on.date()), **{name: given or "" for name, given in stated.items()}}

    async def work(db: Database) -> dict[str, Any]:
        async with db.transaction() as tx:
            by = await principal_as(tx, login, db.clock.now())
        await keep_report(
            db, console.settings, db.clock, by, number, lambda: report_in(values), chunks_of(file), file.name
        )
        async with db.transaction(by.actor) as tx:
            return await _shown(tx, by, number)

    console.show(console.run(work), as_json=as_json)


async def _shown(tx: Tx, by: Principal, number: str) -> dict[str, Any]:
    found: dict[str, Any] = msgspec.to_builtins(assessment_view(await assessment_by_number(tx, by, number), by))
    return found
