"""`irm import …`: lists that a city brings along, read by cell, shown first, written whole or not at all."""

from pathlib import Path
from typing import Any

import click

from irm.console import Console, json_option
from irm.db import SYSTEM, Database
from irm.errors import Invalid
from irm.systems.importing import FAULTY
from irm.systems.lists import ORGANIZATIONS, SYSTEMS, Kind

dry_run_option = click.option("--dry-run", is_flag=True, help="Only say what the list would do.")
file_argument = click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))


@click.group("import")
def imports() -> None:
    """Bring in lists (.xlsx): organizations, systems."""


@imports.command("systems")
@file_argument
@dry_run_option
@json_option
@click.pass_obj
def systems(console: Console, file: Path, *, dry_run: bool, as_json: bool) -> None:
    """Register and change the systems of a list; a column that it does not have changes nothing."""
    _bring(console, SYSTEMS, file, dry_run=dry_run, as_json=as_json)


@imports.command("organizations")
@file_argument
@dry_run_option
@json_option
@click.pass_obj
def organizations(console: Console, file: Path, *, dry_run: bool, as_json: bool) -> None:
    """Register and change the organizations and desks of a list; who does not stand in it stays as they are."""
    _bring(console, ORGANIZATIONS, file, dry_run=dry_run, as_json=as_json)


def _bring(console: Console, kind: Kind, file: Path, *, dry_run: bool, as_json: bool) -> None:
    """Here and now, in one transaction: whoever sits at the server waits for it, and needs no worker."""

    async def work(db: Database) -> dict[str, Any]:
        read = await kind.read(file.read_bytes())
        async with db.transaction(SYSTEM) as tx:
            made = await kind.plan(tx, read, None, db.clock.now())
            if made.faults:
                raise Invalid(FAULTY, errors=made.faults)
            if not dry_run and (made.new or made.changed):
                await kind.carry_out(tx, made, None, SYSTEM, db.clock.now(), None, None)
        acting = kind.lines(made)
        return {
            "new": len(made.new),
            "changed": len(made.changed),
            "unchanged": made.unchanged,
            "changes": {
                one.code: {name: [console.t.of(before), console.t.of(after)] for name, before, after in one.changes}
                for one in acting
                if one.changes
            },
            "dry_run": dry_run,
        }

    console.show(console.run(work), as_json=as_json)
