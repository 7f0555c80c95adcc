"""`irm directive`: what authorities demand about an incident, without a browser."""

from datetime import datetime
from uuid import UUID

import click

from irm.access.acting import MOMENT, as_option, here, principal_as
from irm.access.policy import Permission, reach
from irm.access.queries import organization_by_code
from irm.console import Console, json_option
from irm.db import SYSTEM, Database
from irm.i18n import Translator
from irm.obligations import directed
from irm.obligations.about_subject import acting_for
from irm.obligations.contacts import MEANS
from irm.obligations.directed import Directive
from irm.obligations.directives import ASKS, Demand, Word, record_directive
from irm.obligations.handover_commands import COMMANDS
from irm.obligations.lookup import subject_at
from irm.obligations.words import ASKS_NAMES, DIRECTIVE_NAMES
from irm.web.wording import exact

incident_option = click.option("--incident", metavar="NUMBER", required=True, help="Number of the incident.")


@click.group()
def directive() -> None:
    """What authorities demand, and what is owed under it."""


@directive.command("list")
@incident_option
@as_option
@json_option
@click.pass_obj
def listed(console: Console, incident: str, login: str, *, as_json: bool) -> None:
    """What authorities demanded about an incident, newest first."""

    async def work(db: Database) -> list[dict[str, object]]:
        now = db.clock.now()
        async with db.transaction(SYSTEM) as tx:
            far = reach(await principal_as(tx, login, now), Permission.READ_OBLIGATIONS)
            subject = await subject_at(tx, incident, reach=far)
            found = await directed.directives_of(tx, subject.path, reach=far, now=now)
        return [_line(one, console.t) for one in found]

    console.show(console.run(work), as_json=as_json)


@directive.command("record")
@incident_option
@as_option
@click.option("--authority", metavar="CODE", required=True, help="Code of the authority that demands it.")
@click.option("--asks", type=click.Choice(ASKS), required=True, help="What it asks for.")
@click.option("--means", type=click.Choice(MEANS), required=True, help="How it came.")
@click.option("--said", required=True, help="What is demanded, in the authority's words.")
@click.option("--caller", help="Who called or signed.")
@click.option("--number", help="Number of the document.")
@click.option("--until", type=MOMENT, help="Until when, local time; without it promptly.")
@click.option("--at", "stated_at", type=MOMENT, help="When it came, local time; default: now.")
@click.option("--bearer", "bearers", metavar="CODE", multiple=True, help="Whom it binds; default: your organization.")
@click.option("--replaces", type=click.UUID, help="The earlier directive that it changes or withdraws.")
@json_option
@click.pass_obj
def recorded(
    console: Console,
    incident: str,
    login: str,
    authority: str,
    asks: str,
    means: str,
    said: str,
    caller: str | None,
    number: str | None,
    until: datetime | None,
    stated_at: datetime | None,
    bearers: tuple[str, ...],
    replaces: UUID | None,
    *,
    as_json: bool,
) -> None:
    """Write down what an authority demands and open what is owed under it."""

    async def work(db: Database) -> dict[str, object]:
        now = db.clock.now()
        async with db.transaction(SYSTEM) as tx:
            principal = await principal_as(tx, login, now)
            far = reach(principal, Permission.RECORD_DIRECTIVE)
            subject = await subject_at(tx, incident, reach=far)
            bound = [(await organization_by_code(tx, code)).id for code in bearers]
            directive_id = await record_directive(
                tx,
                subject=subject,
                demand=Demand(
                    asks, (await organization_by_code(tx, authority)).id, bound, number, here(until), replaces
                ),
                word=Word(means, said, caller, here(stated_at)),
                organization_id=acting_for(principal, Permission.RECORD_DIRECTIVE, None),
                sight=far,
                actor=principal.actor,
                now=now,
            )
            return _line(await directed.directive(tx, directive_id, reach=far, now=now), console.t)

    console.show(console.run(work), as_json=as_json)


for each in COMMANDS:
    directive.add_command(each)


def _line(one: Directive, t: Translator) -> dict[str, object]:
    return {
        "id": one.id,
        "authority": one.authority.name,
        "number": one.number or "",
        "asks": t(ASKS_NAMES[one.asks]),
        "until": exact(one.due_at, t) if one.due_at else "",
        "state": t(DIRECTIVE_NAMES[one.state]),
        "bearers": t(", ").join(each.name for each in one.bearers),
        "obligations": [str(duty.id) for duty in one.duties],
    }
