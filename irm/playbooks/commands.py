"""`irm playbook`: check, publish, list; compare and replay are in `version_commands.py`, simulate in its own module."""

from pathlib import Path
from typing import Any

import click

from irm.console import Console, json_option, source
from irm.db import SYSTEM, Database
from irm.playbooks.check_command import check, schema
from irm.playbooks.city import city_of
from irm.playbooks.publishing import publish as publish_playbook
from irm.playbooks.simulate_command import simulate
from irm.playbooks.version_commands import diff, replay_run
from irm.playbooks.versions import versions as versions_of


@click.group()
def playbook() -> None:
    """Playbooks: who is called, told and asked to report, in what order."""


playbook.add_command(check)
playbook.add_command(schema)
playbook.add_command(diff)
playbook.add_command(replay_run)
playbook.add_command(simulate)


@playbook.command("publish")
@click.argument("file", type=click.Path(path_type=Path))
@click.option("--reason", required=True, help="Why; it stands beside the version.")
@json_option
@click.pass_obj
def publish(console: Console, file: Path, *, reason: str, as_json: bool) -> None:
    """Publish a playbook. Runs that start from now on use it; running ones keep their version."""
    text = source(file, console.t)

    async def work(db: Database) -> dict[str, Any]:
        now = db.clock.now()
        async with db.transaction(SYSTEM) as tx:
            city = await city_of(tx, now=now)
            made, checked = await publish_playbook(
                tx, text, file=str(file), city=city, actor=SYSTEM, now=now, reason=reason
            )
        return {
            "playbook": made.playbook_id,
            "version": made.version,
            "new": made.is_new,
            "warnings": [one.text(console.t) for one in checked.warnings],
        }

    console.show(console.run(work), as_json=as_json)


@playbook.command("list")
@json_option
@click.pass_obj
def list_playbooks(console: Console, *, as_json: bool) -> None:
    """Published versions; the active one of each is what new runs start with."""

    async def work(db: Database) -> list[dict[str, Any]]:
        async with db.transaction(SYSTEM) as tx:
            return [
                {
                    "playbook": one.playbook_id,
                    "version": one.version,
                    "active": one.active,
                    "waits": one.waiting,
                    "title": console.t.of(one.title),
                    "published_at": one.published_at,
                    "published_by": one.published_by,
                    "reason": one.reason,
                }
                for one in await versions_of(tx)
            ]

    console.show(console.run(work), as_json=as_json)
