"""`irm finding list|show|import`: the same services as page and API, as one account sees and may."""

from pathlib import Path
from typing import Any

import click
import msgspec

from irm.access.acting import as_option, principal_as
from irm.console import Console, json_option
from irm.db import Database
from irm.findings import queries, showing
from irm.findings.importing import import_list
from irm.findings.lifecycle import STATUS_NAMES
from irm.findings.queries import Filters


@click.group()
def finding() -> None:
    """Findings: list them, show one, read a list in."""


@finding.command("list")
@as_option
@click.option("--status", type=click.Choice([one.value for one in STATUS_NAMES]), help="Only in this state.")
@click.option("--overdue", is_flag=True, help="Only those whose day has passed.")
@json_option
@click.pass_obj
def list_command(console: Console, login: str, status: str | None, *, overdue: bool, as_json: bool) -> None:
    """List findings as that account sees them, newest first."""

    async def work(db: Database) -> list[dict[str, Any]]:
        now = db.clock.now()
        async with db.transaction() as tx:
            by = await principal_as(tx, login, now)
            found, _ = await queries.findings(tx, by, Filters(status=status, overdue=overdue), now=now)
            views = await showing.views(tx, by, found, now=now)
        shown: list[dict[str, Any]] = msgspec.to_builtins(views)
        if as_json:
            return shown
        columns = ("number", "status", "risk", "due_on", "organization_name", "title")
        return [{name: one[name] for name in columns} for one in shown]

    console.show(console.run(work), as_json=as_json)


@finding.command("show")
@click.argument("number")
@as_option
@json_option
@click.pass_obj
def show_command(console: Console, number: str, login: str, *, as_json: bool) -> None:
    """Show one finding as that account sees it."""

    async def work(db: Database) -> dict[str, Any]:
        now = db.clock.now()
        async with db.transaction() as tx:
            by = await principal_as(tx, login, now)
            view = await showing.detail(tx, by, await queries.finding_by_number(tx, by, number), now=now)
        found: dict[str, Any] = msgspec.to_builtins(view)
        return found

    console.show(console.run(work), as_json=as_json)


@finding.command("import")
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@as_option
@click.option("--dry-run", is_flag=True, help="Only say what would change.")
@json_option
@click.pass_obj
def import_command(console: Console, file: Path, login: str, *, dry_run: bool, as_json: bool) -> None:
    """Read a list of findings (XLSX): all of it or nothing; read again, only what differs."""
    content = file.read_bytes()

    async def work(db: Database) -> dict[str, Any]:
        now = db.clock.now()
        async with db.transaction() as tx:
            by = await principal_as(tx, login, now)
        async with db.transaction(by.actor) as tx:
            done = await import_list(tx, by, content, write=not dry_run, now=now)
        found: dict[str, Any] = msgspec.to_builtins(done)
        if not as_json:
            del found["rows"]
        return found

    console.show(console.run(work), as_json=as_json)
