"""`irm roster`: show who is on duty, import rosters."""

from datetime import datetime
from pathlib import Path

import click

from irm.clock import SHANGHAI
from irm.console import Console, json_option
from irm.db import SYSTEM, Database
from irm.notify.duty import duty_at, organizations_with_roster
from irm.notify.roster_import import import_roster
from irm.notify.schemas import duty_view, moment_in


@click.group()
def roster() -> None:
    """Rosters: who is on duty when."""


@roster.command("show")
@click.option("--at", help="Moment, RFC 3339 with zone (default: now).")
@json_option
@click.pass_obj
def show(console: Console, at: str | None, *, as_json: bool) -> None:
    """Who is on duty in every organization that has a roster."""

    async def work(db: Database) -> list[dict[str, object]]:
        moment: datetime = moment_in(at, "at") or db.clock.now()
        async with db.transaction(SYSTEM) as tx:
            duties = await duty_at(tx, await organizations_with_roster(tx), moment)
        rows: list[dict[str, object]] = []
        for view in sorted((duty_view(each) for each in duties.values()), key=lambda each: each.organization):
            on_duty = [f"{each.name} {each.telephone or ''}".strip() for each in view.on_duty]
            until = view.until.astimezone(SHANGHAI).isoformat(timespec="minutes") if view.until else None
            rows.append(
                {"organization": view.organization, "state": view.state, "on_duty": ", ".join(on_duty), "until": until}
            )
        return rows

    console.show(console.run(work), as_json=as_json)


@roster.command("import")
@click.argument("file", type=click.Path(path_type=Path, exists=True, dir_okay=False))
@json_option
@click.pass_obj
def import_file(console: Console, file: Path, *, as_json: bool) -> None:
    """Add the shifts of a CSV file; all of it or nothing, and what is on record already only once.

    Columns: organization (code), roster (name), day, starts, ends, person (login), post (name), role (primary, backup).
    24:00 is the end of a day; an end not after the start lies on the next day.
    """
    content = file.read_bytes()

    async def work(db: Database) -> dict[str, int]:
        async with db.transaction(SYSTEM) as tx:
            done = await import_roster(tx, content, now=db.clock.now(), actor=SYSTEM)
        return {"rosters": done.rosters, "shifts": done.shifts, "known": done.known}

    console.show(console.run(work), as_json=as_json)
