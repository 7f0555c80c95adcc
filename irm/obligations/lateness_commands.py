"""`irm duty explain`: say why a duty was late."""

from uuid import UUID

import click

from irm.access.acting import as_option, principal_as
from irm.access.policy import Permission, reach
from irm.console import Console, json_option
from irm.db import SYSTEM, Database
from irm.obligations import lateness


@click.command("explain")
@click.argument("obligation", type=click.UUID)
@as_option
@click.option("--reason", required=True, help="Why it was late; stays on record.")
@json_option
@click.pass_obj
def explain_command(console: Console, obligation: UUID, login: str, reason: str, *, as_json: bool) -> None:
    """Say why a duty was born late or not handed over in time."""

    async def work(db: Database) -> dict[str, object]:
        now = db.clock.now()
        async with db.transaction(SYSTEM) as tx:
            by = await principal_as(tx, login, now)
            kept = await lateness.explain(
                tx,
                obligation,
                reason=reason,
                seen=reach(by, Permission.READ_OBLIGATIONS),
                sight=reach(by, Permission.SUBMIT_REPORT),
                actor=by.actor,
                now=now,
            )
        return {"obligation": obligation, "explanation": kept}

    console.show(console.run(work), as_json=as_json)
