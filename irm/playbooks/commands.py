"""`irm playbook`: the group and its list; the commands have modules of their own."""

from typing import Any

import click

from irm.console import Console, json_option
from irm.db import SYSTEM, Database
from irm.playbooks.cacao.commands import export_cacao, import_document
from irm.playbooks.check_command import check, schema
from irm.playbooks.publish_commands import activate_version, publish_file, retire_playbook
from irm.playbooks.simulator.commands import simulate
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
playbook.add_command(publish_file)
playbook.add_command(activate_version)
playbook.add_command(retire_playbook)
playbook.add_command(export_cacao)
playbook.add_command(import_document)


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
