"""`irm incident discovered`: correct when an organization discovered or learned of it."""

from datetime import datetime
from typing import Any

import click
import msgspec

from irm.access.acting import as_option, principal_as
from irm.access.policy import Permission
from irm.clock import SHANGHAI
from irm.console import Console, json_option
from irm.db import SYSTEM, Database
from irm.incidents import queries, showing
from irm.incidents.discovery import move_discovery
from irm.incidents.schemas import OutcomeView


@click.command("discovered")
@click.argument("number")
@click.argument("moment")
@as_option
@click.option("--organization", type=click.UUID, help="Whose moment of knowledge; left out: your own organization's.")
@click.option("--reason", default="", help="Why; needed for a later moment, and stays on record.")
@json_option
@click.pass_obj
def discovered_command(
    console: Console, number: str, moment: str, login: str, organization: Any, reason: str, as_json: bool
) -> None:
    """Correct when it was discovered: earlier at once, later by two persons once a clock ran."""
    try:
        at = datetime.fromisoformat(moment)
    except ValueError as fault:
        message = f"{moment!r} is no moment, for example 2026-11-21T03:41"
        raise click.BadParameter(message) from fault
    known_at = at if at.tzinfo is not None else at.replace(tzinfo=SHANGHAI)

    async def work(db: Database) -> dict[str, Any]:
        now = db.clock.now()
        async with db.transaction(SYSTEM) as tx:
            by = await principal_as(tx, login, now)
            found = await queries.sight_of(tx, number, by, Permission.SET_FACTS)
            done = await move_discovery(
                tx, found.incident.id, known_at=known_at, organization=organization, reason=reason, by=by, now=now
            )
            one = await queries.incident_of(tx, found.incident.id)
            view = OutcomeView(one.number, one.status, showing.levels(one), done.effective, done.waiting)
        shown: dict[str, Any] = msgspec.to_builtins(view)
        return shown

    console.show(console.run(work), as_json=as_json)
