"""`irm drill`: plan, begin, direct and show drills; the same services as pages and interface."""

from collections.abc import Awaitable, Callable
from datetime import datetime
from pathlib import Path
from typing import Any, Final

import click
import msgspec

from irm.access.acting import as_option, principal_as
from irm.access.policy import Principal
from irm.console import Console, Failed, json_option, source as text_of
from irm.db import SYSTEM, Database, Tx
from irm.drills import acting, injecting, queries
from irm.drills.access import directed
from irm.drills.planning import plan_drill
from irm.drills.scenario import library, read_scenario
from irm.drills.schema import scenario_schema
from irm.drills.schemas import Act, PlanDrill, StartNow
from irm.drills.starting import start_now
from irm.drills.viewing import viewed
from irm.positions import LanguageError

Work = Callable[[Tx, Principal, datetime], Awaitable[str]]
ACTIONS: Final = ("approve", "cancel", "start", "pause", "resume", "pace", "end", "close_evaluation")


@click.group()
def drill() -> None:
    """Drills: plan, begin, inject, pause, end, show; check scenarios."""


@drill.command("check")
@click.argument("files", nargs=-1, type=click.Path(path_type=Path))
@click.option("--schema", is_flag=True, help="Print the JSON Schema for editors instead.")
@json_option
@click.pass_obj
def check(console: Console, files: tuple[Path, ...], *, schema: bool, as_json: bool) -> None:
    """Check scenarios (without FILES: those irm brings along). Every fault is printed as file:line:column."""
    if schema:
        console.show(scenario_schema(), as_json=True)
        return
    if not files:
        rows = [{"scenario": one.id, "injects": len(one.injects)} for one, _ in library().values()]
        console.show(rows, as_json=as_json)
        return
    rows, failed = [], False
    for path in files:
        try:
            one = read_scenario(text_of(path, console.t), file=str(path))
            rows.append({"scenario": one.id, "injects": len(one.injects)})
        except LanguageError as refused:
            failed = True
            for fault in refused.faults:
                click.echo(fault.text(console.t), err=True)
    console.show(rows, as_json=as_json)
    if failed:
        raise SystemExit(1)


@drill.command("plan")
@click.argument("file", type=click.File("rb"))
@click.option("--scenario", type=click.Path(path_type=Path), help="YAML of your own scenario.")
@as_option
@json_option
@click.pass_obj
def plan(console: Console, file: Any, scenario: Path | None, login: str, as_json: bool) -> None:
    """Plan a drill. FILE is the JSON that POST /api/v1/drills takes; - reads standard input."""
    try:
        given = msgspec.json.decode(file.read(), type=PlanDrill)
    except (msgspec.DecodeError, UnicodeDecodeError, OSError) as error:
        raise Failed(str(error), console.t) from error
    source = text_of(scenario, console.t) if scenario else given.scenario_source
    given = msgspec.structs.replace(given, scenario_source=source)

    async def work(tx: Tx, by: Principal, now: datetime) -> str:
        return (await plan_drill(tx, given, by=by, now=now)).number

    _done(console, login, work, as_json=as_json)


@drill.command("now")
@click.option("--scenario", required=True, help="Id of a scenario that irm brings along.")
@click.option("--system", help="Code of the system that it is about.")
@click.option("--rate", default=1.0, help="Seconds of drill time per second.")
@as_option
@json_option
@click.pass_obj
def now_command(console: Console, scenario: str, system: str | None, rate: float, login: str, as_json: bool) -> None:
    """Begin a short drill of your own organization with whoever is on duty."""

    async def work(tx: Tx, by: Principal, now: datetime) -> str:
        return (await start_now(tx, StartNow(scenario, system, None, rate), by=by, now=now)).number

    _done(console, login, work, as_json=as_json)


@drill.command("inject")
@click.argument("number")
@click.argument("inject")
@as_option
@json_option
@click.pass_obj
def inject_command(console: Console, number: str, inject: str, login: str, as_json: bool) -> None:
    """Do an inject now, by the director's hand."""

    async def work(tx: Tx, by: Principal, now: datetime) -> str:
        await injecting.inject_by_hand(tx, await directed(tx, number, by), inject, by=by, now=now)
        return number

    _done(console, login, work, as_json=as_json)


@drill.command("show")
@click.argument("number")
@as_option
@json_option
@click.pass_obj
def show(console: Console, number: str, login: str, as_json: bool) -> None:
    """Show a drill as that account sees it."""

    async def work(tx: Tx, by: Principal, now: datetime) -> str:  # noqa: ARG001 - the shape of an action
        return number

    _done(console, login, work, as_json=as_json)


@drill.command("list")
@click.option("--year", type=int, help="Of this year only.")
@as_option
@json_option
@click.pass_obj
def list_command(console: Console, year: int | None, login: str, as_json: bool) -> None:
    """Drills that this account sees, the newest plan first."""

    async def work(db: Database) -> list[dict[str, Any]]:
        async with db.transaction(SYSTEM) as tx:
            by = await principal_as(tx, login, db.clock.now())
            rows, _ = await queries.drills(tx, by, queries.Filters(year), limit=200)
            return [
                {"number": row.number, "title": row.title, "status": row.status, "planned_from": row.planned_from}
                for row in rows
            ]

    console.show(console.run(work), as_json=as_json)


def _command(action: str) -> None:
    """`irm drill start NUMBER` and its sisters: one for each action."""

    @drill.command(action.replace("_", "-"), help=HELP[action])
    @click.argument("number")
    @click.option("--reason", default="", help="Why; stays on record.")
    @click.option("--rate", default=1.0, help="Seconds of drill time per second (start, pace).")
    @as_option
    @json_option
    @click.pass_obj
    def command(console: Console, number: str, reason: str, rate: float, login: str, as_json: bool) -> None:
        async def work(tx: Tx, by: Principal, now: datetime) -> str:
            given = msgspec.convert({"action": action, "reason": reason, "rate": rate}, Act)
            return (await acting.act(tx, number, given, by=by, now=now)).number

        _done(console, login, work, as_json=as_json)


HELP: Final = {
    "approve": "Approve a plan.",
    "cancel": "Cancel a drill that has not begun.",
    "start": "Begin a drill whose plan is approved.",
    "pause": "Stop its clock.",
    "resume": "Let it go on.",
    "pace": "Let its clock run faster or slower.",
    "end": "End it: nothing of it reaches anybody any more.",
    "close_evaluation": "Close the evaluation without waiting for the rest.",
}
for _each in ACTIONS:
    _command(_each)


def _done(console: Console, login: str, work: Work, *, as_json: bool) -> None:
    """Do it in one transaction and show the drill as it stands then."""

    async def run(db: Database) -> dict[str, Any]:
        now = db.clock.now()
        async with db.transaction(SYSTEM) as tx:
            by = await principal_as(tx, login, now)
            view = await viewed(tx, await work(tx, by, now), by, console.t, now)
        found: dict[str, Any] = msgspec.to_builtins(view)
        return found if as_json else {**found.pop("drill"), "clock": found["clock"], "incidents": found["incidents"]}

    console.show(console.run(run), as_json=as_json)
