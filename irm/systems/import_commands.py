"""`irm import …`: lists that a city brings along, read by cell, shown first, written whole or not at all."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import click

from irm.access.queries import organization_by_code
from irm.console import Console, json_option
from irm.db import SYSTEM, Database
from irm.documents.headings import folded
from irm.errors import Conflict, Invalid
from irm.i18n import N_
from irm.one_at_a_time import is_alone
from irm.systems.importing import FAULTY
from irm.systems.list_headings import remember, remembered, shown, understood
from irm.systems.lists import KINDS, LIAISONS, ORGANIZATIONS, PEOPLE, POSTS, STAFF, SYSTEMS, Kind, writing

BUSY = N_("Another list of this kind is being written. Bring this one again in a few minutes.")
dry_run_option = click.option("--dry-run", is_flag=True, help="Only say what the list would do.")
file_argument = click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
organization_option = click.option(
    "--organization",
    "code",
    help="Whose list it is: its headings are remembered, and it is meant where a row names none.",
)
heading_option = click.option(
    "--heading",
    "headings",
    multiple=True,
    metavar="HEADING=COLUMN",
    help="What a heading means; nothing after =: not taken.",
)


def options(command: Callable[..., None]) -> Callable[..., None]:
    """What all lists have in common."""
    for one in (json_option, heading_option, organization_option, dry_run_option):
        command = one(command)
    return command


@click.group("import")
def imports() -> None:
    """Bring in lists (.xlsx): organizations, systems, people, contacts, staff, posts."""


@imports.command("systems")
@file_argument
@options
@click.pass_obj
def systems(console: Console, /, file: Path, **how: Any) -> None:
    """Register and change the systems of a list; a column that it does not have changes nothing."""
    _bring(console, SYSTEMS, file, **how)


@imports.command("organizations")
@file_argument
@options
@click.pass_obj
def organizations(console: Console, /, file: Path, **how: Any) -> None:
    """Register and change the organizations and desks of a list; who does not stand in it stays as they are."""
    _bring(console, ORGANIZATIONS, file, **how)


@imports.command("people")
@file_argument
@options
@click.pass_obj
def people(console: Console, /, file: Path, **how: Any) -> None:
    """Register people with numbers, accounts and roles; an empty cell leaves what stands there."""
    _bring(console, PEOPLE, file, **how)


@imports.command("liaisons")
@file_argument
@options
@click.pass_obj
def liaisons(console: Console, /, file: Path, **how: Any) -> None:
    """Enter with whom organizations keep in touch, their numbers and when those were last found right."""
    _bring(console, LIAISONS, file, **how)


@imports.command("staff")
@file_argument
@options
@click.pass_obj
def staff(console: Console, /, file: Path, **how: Any) -> None:
    """Enter vendors' staff with contract, days of work and vetting."""
    _bring(console, STAFF, file, **how)


@imports.command("posts")
@file_argument
@options
@click.pass_obj
def posts(console: Console, /, file: Path, **how: Any) -> None:
    """Enter posts with their duties and who holds them; an empty cell leaves what stands there."""
    _bring(console, POSTS, file, **how)


@click.command("export")
@click.argument("kind", type=click.Choice([name for name, kind in KINDS.items() if kind.workbook]))
@click.argument("file", type=click.Path(dir_okay=False, path_type=Path))
@click.option("--organization", "code", default="", help="Of one organization (its code); without it, of all.")
@json_option
@click.pass_obj
def export(console: Console, kind: str, file: Path, code: str, as_json: bool) -> None:
    """Write what stands here as a list (.xlsx) that can be changed and imported again."""
    give = KINDS[kind].workbook
    assert give is not None

    async def work(db: Database) -> bytes:
        async with db.transaction(SYSTEM) as tx:
            if code:
                await organization_by_code(tx, code)  # a code that nobody has is said, not an empty list
            return await give(tx, None, code, console.t, db.clock.now())

    content = console.run(work)
    file.write_bytes(content)
    console.show({"file": str(file), "bytes": len(content)}, as_json=as_json)


def _bring(
    console: Console,
    kind: Kind,
    file: Path,
    *,
    dry_run: bool,
    as_json: bool,
    code: str | None,
    headings: tuple[str, ...],
) -> None:
    """Here and now, in one transaction: whoever sits at the server waits for it, and needs no worker."""
    given = [one.rpartition("=") for one in headings]
    said = {heading.strip(): column.strip() or None for heading, _, column in given}

    async def work(db: Database) -> dict[str, Any]:
        now = db.clock.now()
        async with db.transaction(SYSTEM) as tx:
            home = (await organization_by_code(tx, code)).id if code else None
            called = {**await remembered(tx, home, kind.name, kind.columns), **{folded(one): said[one] for one in said}}
        read = replace(await kind.read(file.read_bytes(), called), home=home)
        understood(said, shown(read.sheet.headings, called), kind.columns)
        async with db.transaction(SYSTEM) as tx:
            if not await is_alone(tx, writing(kind.name)):
                raise Conflict(BUSY)
            made = await kind.plan(tx, read, None, now)
            if made.faults:
                raise Invalid(FAULTY, errors=made.faults)
            if not dry_run and (made.new or made.changed):
                await kind.carry_out(tx, made, None, SYSTEM, now, None, None)
            if not dry_run and home is not None and said:
                await remember(tx, home, kind.name, {folded(one): said[one] for one in said}, actor=SYSTEM, now=now)
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
            "missing": [each for each, _ in made.missing],
            "dry_run": dry_run,
        }

    console.show(console.run(work), as_json=as_json)
