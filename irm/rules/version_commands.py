"""`irm rules publish`, `withdraw`: a terminal names no person, so it waits for one or says that it did not."""

from pathlib import Path

import click

from irm.console import Console, json_option, source
from irm.db import SYSTEM, Database
from irm.positions import LanguageError
from irm.rules.pack_tests import check_pack
from irm.rules.queries import chosen, published
from irm.rules.service import propose, publish as publish_pack, withdraw as withdraw_pack


@click.command("publish")
@click.argument("file", type=click.Path(path_type=Path))
@click.option("--reason", required=True, help="Why; it stands beside the version.")
@click.option("--now", "at_once", is_flag=True, help="Use it at once, without anybody's approval; that is recorded.")
@json_option
@click.pass_obj
def publish(console: Console, file: Path, *, reason: str, at_once: bool, as_json: bool) -> None:
    """Publish a rule pack. It waits until a person who may approve rules approves it in irm.

    Its own tests must pass; a version once published keeps its text. With --now nobody is asked, and the version says so.
    """
    text = source(file, console.t)
    checked = check_pack(text, file=str(file))
    pack = checked[0]
    if pack is None or checked[1].faults:
        console.faulty(LanguageError(checked[1].faults), as_json=as_json)

    async def work(db: Database) -> dict[str, object]:
        now = db.clock.now()
        async with db.transaction(SYSTEM) as tx:
            if at_once:
                _, is_new = await publish_pack(tx, text, file=str(file), actor=SYSTEM, now=now, reason=reason)
            else:
                known = {one.pack.id for one in await published(tx, now=now)}
                _, is_new = await propose(
                    tx,
                    text,
                    file=str(file),
                    person=None,
                    actor=SYSTEM,
                    now=now,
                    reason=reason,
                    pack_id=pack.id if pack.id in known else None,
                )
            made = chosen(await published(tx, now=now), pack.id, pack.version)
        return {
            "pack": pack.id,
            "version": pack.version,
            "digest": pack.digest,
            "new": is_new,
            "waits": made.is_waiting,
        }

    made = console.run(work)
    console.show(made, as_json=as_json)
    if made["waits"] and not as_json:
        click.echo(console.t("It is not used until a person who may approve rules approves it."), err=True)


@click.command("withdraw")
@click.argument("pack")
@click.argument("version")
@click.option("--reason", required=True, help="Why; it stands beside the version.")
@json_option
@click.pass_obj
def withdraw(console: Console, pack: str, version: str, *, reason: str, as_json: bool) -> None:
    """Judge nothing new by a version any more, or decline one that waits. What was judged by it keeps it."""

    async def work(db: Database) -> dict[str, object]:
        async with db.transaction(SYSTEM) as tx:
            changed = await withdraw_pack(tx, pack, version, actor=SYSTEM, now=db.clock.now(), reason=reason)
        return {"pack": pack, "version": version, "changed": changed}

    console.show(console.run(work), as_json=as_json)
