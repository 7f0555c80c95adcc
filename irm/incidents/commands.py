"""`irm incident file|show|status|merge|unmerge`: the same services as page and API, for the desk's own machine."""

import sys
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
from irm.incidents.desk_commands import COMMANDS as DESK
from irm.incidents.discovery_commands import discovered_command
from irm.incidents.handling import change_status
from irm.incidents.merge_showing import absorbed_incident, both, merge_view, parting_view
from irm.incidents.merging import merge
from irm.incidents.models import STATUSES
from irm.incidents.parting import part_incidents
from irm.incidents.schemas import FileIncident, OutcomeView, Target
from irm.incidents.secrecy import record_refusal, refusal
from irm.incidents.service import file_incident


@click.group()
def incident() -> None:
    """Incidents: file one, show one, move one on."""


@incident.command("file")
@as_option
@click.option(
    "--classified",
    type=click.Choice(["no", "yes", "unsure"]),
    required=True,
    help="Does it concern state secrets? Anything but no is refused and nothing is kept.",
)
@click.option("--text", "words", required=True, help="What happened; - reads standard input.")
@click.option("--system", help="Code of the system.")
@click.option("--resource", help="Host or address of the platform.")
@click.option("--known-at", help="When it was discovered or learned of; without a zone Beijing time. Default: now.")
@click.option("--occurred-at", help="When it happened; left out: not known.")
@click.option("--category", help="Category, or category/sub-category.")
@click.option("--contact", required=True, help="How to reach whoever knows more.")
@click.option("--joins", help="Number of an incident that this belongs to.")
@json_option
@click.pass_obj
def file_command(
    console: Console,
    login: str,
    classified: str,
    words: str,
    system: str | None,
    resource: str | None,
    known_at: str | None,
    occurred_at: str | None,
    category: str | None,
    contact: str,
    joins: str | None,
    as_json: bool,
) -> None:
    """File an incident."""
    kind, _, subcategory = (category or "").partition("/")

    async def work(db: Database) -> dict[str, Any]:
        now = db.clock.now()
        if classified != "no":
            async with db.transaction(SYSTEM) as tx:
                await record_refusal(tx, classified, actor=SYSTEM, now=now)
            settings = console.settings
            raise refusal(secrecy_office=settings.secrecy_office_telephone, duty=settings.duty_telephone)
        given = FileIncident(
            classified="no",
            text=sys.stdin.read() if words == "-" else words,
            target=Target("system" if system else "resource" if resource else "unknown", system, resource),
            known_at=_moment(known_at, "--known-at") or now,
            occurred_at=_moment(occurred_at, "--occurred-at"),
            category=kind or None,
            subcategory=subcategory or None,
            contact=contact,
            joins=joins,
        )
        async with db.transaction(SYSTEM) as tx:
            by = await principal_as(tx, login, now)
            filed = await file_incident(tx, given, by=by, now=now, means="api")
            duplicates = await showing.duplicates_of(tx, filed, given, by)
        found: dict[str, Any] = msgspec.to_builtins(showing.filed_view(filed, duplicates))
        return found

    console.show(console.run(work), as_json=as_json)


@incident.command("show")
@click.argument("number")
@as_option
@json_option
@click.pass_obj
def show_command(console: Console, number: str, login: str, as_json: bool) -> None:
    """Show an incident as that account sees it."""

    async def work(db: Database) -> dict[str, Any]:
        async with db.transaction(SYSTEM) as tx:
            by = await principal_as(tx, login, db.clock.now())
            view = await showing.incident_view(tx, await queries.sight_of(tx, number, by), by)
        found: dict[str, Any] = msgspec.to_builtins(view)
        return found

    console.show(console.run(work), as_json=as_json)


@incident.command("status")
@click.argument("number")
@click.argument("status", type=click.Choice(STATUSES))
@as_option
@click.option("--reason", default="", help="Why; stays on record.")
@json_option
@click.pass_obj
def status_command(console: Console, number: str, status: str, login: str, reason: str, as_json: bool) -> None:
    """Move an incident on: contained, handled, closed, dismissed, withdrawn, or open again."""

    async def work(db: Database) -> dict[str, Any]:
        now = db.clock.now()
        async with db.transaction(SYSTEM) as tx:
            by = await principal_as(tx, login, now)
            found = await queries.sight_of(tx, number, by, Permission.CHANGE_STATUS)
            done = await change_status(
                tx, found.incident.id, status=status, reason=reason, organization=None, by=by, now=now
            )
            one = await queries.incident_of(tx, found.incident.id)
            view = OutcomeView(one.number, one.status, showing.levels(one), done.effective, done.waiting)
        shown: dict[str, Any] = msgspec.to_builtins(view)
        return shown

    console.show(console.run(work), as_json=as_json)


@incident.command("merge")
@click.argument("number")
@click.argument("into")
@as_option
@click.option("--reason", required=True, help="Why; stays on record.")
@json_option
@click.pass_obj
def merge_command(console: Console, number: str, into: str, login: str, reason: str, as_json: bool) -> None:
    """Merge an incident into another, which is the main one from then on."""

    async def work(db: Database) -> dict[str, Any]:
        now = db.clock.now()
        async with db.transaction(SYSTEM) as tx:
            by = await principal_as(tx, login, now)
            absorbed, main = await both(tx, number, into, by)
            done = merge_view(await merge(tx, absorbed.id, main.id, reason=reason, by=by, now=now))
        shown: dict[str, Any] = msgspec.to_builtins(done)
        return shown

    console.show(console.run(work), as_json=as_json)


@incident.command("unmerge")
@click.argument("number")
@as_option
@click.option("--reason", required=True, help="Why; stays on record.")
@json_option
@click.pass_obj
def unmerge_command(console: Console, number: str, login: str, reason: str, as_json: bool) -> None:
    """Undo the merge of an incident, named by its own number. It may wait for a second person."""

    async def work(db: Database) -> dict[str, Any]:
        now = db.clock.now()
        async with db.transaction(SYSTEM) as tx:
            by = await principal_as(tx, login, now)
            absorbed = await absorbed_incident(tx, number, by)
            done = parting_view(await part_incidents(tx, absorbed.id, reason=reason, by=by, now=now))
        shown: dict[str, Any] = msgspec.to_builtins(done)
        return shown

    console.show(console.run(work), as_json=as_json)


incident.add_command(discovered_command)
for one in DESK:
    incident.add_command(one)


def _moment(text: str | None, option: str) -> datetime | None:
    if text is None:
        return None
    try:
        at = datetime.fromisoformat(text)
    except ValueError as fault:
        message = f"{option}: {text!r} is no moment, for example 2026-11-21T03:41"
        raise click.BadParameter(message) from fault
    return at if at.tzinfo is not None else at.replace(tzinfo=SHANGHAI)
