"""`irm roster`: show who is on duty, import rosters; what makes them stands in rosters/commands.py."""

from datetime import datetime
from pathlib import Path
from typing import Final

import click

from irm.clock import SHANGHAI
from irm.console import Console, json_option
from irm.db import SYSTEM, Database
from irm.errors import NotFound
from irm.i18n import N_
from irm.notify.duty import duty_at, paged_organizations
from irm.notify.roster_import import import_roster
from irm.notify.rosters.commands import COMMANDS
from irm.notify.schemas import DutyView, duty_view, moment_in
from irm.notify.words import reason_of

IMPORT_ONE: Final = N_(
    "Without roster: %(names)s. Pages reach nobody there. Import one: irm roster import FILE "
    "(its columns: irm roster import --help)."
)
IMPORT_FIRST: Final = N_("No organization works in irm yet. Rosters are imported with: irm roster import FILE.")


@click.group()
def roster() -> None:
    """Rosters: who is on duty when."""


@roster.command("show")
@click.option("--organization", help="Code of one organization (default: all).")
@click.option("--at", help="Moment, RFC 3339 with zone (default: now).")
@json_option
@click.pass_obj
def show(console: Console, organization: str | None, at: str | None, *, as_json: bool) -> None:
    """Who is on duty in every organization that somebody may have to reach; one without roster is listed as such."""

    async def work(db: Database) -> list[DutyView]:
        moment: datetime = moment_in(at, "at") or db.clock.now()
        async with db.transaction(SYSTEM) as tx:
            desks = [
                each for each in await paged_organizations(tx) if organization is None or each.code == organization
            ]
            if organization is not None and not desks:
                raise NotFound("There is no organization with the code %(name)s that is paged.", name=organization)
            duties = await duty_at(tx, [each.id for each in desks], moment)
        return sorted((duty_view(each) for each in duties.values()), key=lambda each: each.organization)

    t, found = console.t, console.run(work)
    rows: list[dict[str, object]] = []
    for view in found:
        on_duty = ", ".join(f"{each.name} {each.telephone or ''}".strip() for each in view.on_duty)
        until = view.until.astimezone(SHANGHAI).isoformat(timespec="minutes") if view.until else None
        state = view.state if as_json or view.on_duty else t(reason_of(view.state))
        rows.append({"organization": view.organization, "state": state, "on_duty": on_duty, "until": until})
    console.show(rows, as_json=as_json)
    without = [view.organization for view in found if view.state == "no_roster"]
    if (without or not found) and not as_json:
        click.echo(t(IMPORT_ONE, names=t(", ").join(without)) if without else t(IMPORT_FIRST), err=True)


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


for each in COMMANDS:
    roster.add_command(each)
