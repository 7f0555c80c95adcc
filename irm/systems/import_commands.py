"""`irm import …`: lists that a city brings along, read by cell, shown first, written whole or not at all."""

from pathlib import Path
from typing import Any

import click

from irm.console import Console, json_option
from irm.db import SYSTEM, Database
from irm.errors import Invalid
from irm.systems.importing import FAULTY, carry_out, plan, read_list
from irm.systems.organization_import import carry_out as write_organizations, plan as plan_organizations
from irm.systems.sheet import wire_name

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

    async def work(db: Database) -> dict[str, Any]:
        read = await read_list(file.read_bytes())
        async with db.transaction(SYSTEM) as tx:
            made = await plan(tx, read, by=None)
            if made.faults:
                raise Invalid(FAULTY, errors=made.faults)
            if not dry_run and (made.new or made.changed):
                await carry_out(tx, made, seen=None, actor=SYSTEM, now=db.clock.now())
        return {
            "new": len(made.new),
            "changed": len(made.changed),
            "unchanged": made.unchanged,
            "changes": {one.entry.code: sorted(wire_name(name) for name in one.changes) for one in made.changed},
            "dry_run": dry_run,
        }

    console.show(console.run(work), as_json=as_json)


@imports.command("organizations")
@file_argument
@dry_run_option
@json_option
@click.pass_obj
def organizations(console: Console, file: Path, *, dry_run: bool, as_json: bool) -> None:
    """Register the organizations and desks of a list; those that are there already stay as they are."""

    async def work(db: Database) -> dict[str, Any]:
        content = file.read_bytes()
        async with db.transaction(SYSTEM) as tx:
            made = await plan_organizations(tx, content)
            if made.faults:
                raise Invalid(FAULTY, errors=made.faults)
            if not dry_run:
                await write_organizations(tx, made, actor=SYSTEM, now=db.clock.now())
        return {"new": [one["code"] for one in made.new], "there": list(made.there), "dry_run": dry_run}

    console.show(console.run(work), as_json=as_json)
