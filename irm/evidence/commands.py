"""`irm evidence export|verify|checkpoint`: packs without a browser, and the check of a pack or of the whole log."""

import shutil
import sys
from pathlib import Path
from typing import Any, Final

import click

from irm.access.acting import principal_as
from irm.access.queries import organization_by_code
from irm.console import Console, json_option
from irm.db import SYSTEM, Database
from irm.errors import Invalid
from irm.evidence import bag, pack_reading, packs, sequencer, standing_watch, verify as verifier
from irm.evidence.keys import public_key_of, signer_of
from irm.evidence.verification import FAULT_WORDS, Witnessed, found_on, kept_checkpoint, verify_log, witnessed_in
from irm.evidence.witnesses import witnessed_size
from irm.i18n import N_, Translator

KINDS: Final = ("incident", "system", "obligation", "change", "paper", "drill", "year")
ONE_OF: Final = N_("Name exactly one of --incident, --system, --obligation, --change, --paper, --drill, --year.")


@click.group()
def evidence() -> None:
    """Evidence: packs that an inspector checks alone, and the check of the ledger."""


@evidence.command("export")
@click.option("--incident", metavar="NUMBER", help="Everything about an incident.")
@click.option("--system", metavar="CODE", help="Everything about a system.")
@click.option("--obligation", metavar="ID", help="Everything about one duty.")
@click.option("--change", metavar="NUMBER", help="Everything about a planned change.")
@click.option("--paper", metavar="ID", help="Everything about one month's paper.")
@click.option("--drill", metavar="NUMBER", help="Everything about a drill that is over.")
@click.option("--year", metavar="YEAR", help="What became known in a year.")
@click.option("--organization", metavar="CODE", help="Of a year: only this organization's.")
@click.option("--as", "login", required=True, help="Login name of the account that asks; it gets what it may see.")
@click.option("--out", type=click.Path(path_type=Path), default=Path(), help="Folder or file; default: here.")
@json_option
@click.pass_obj
def export(
    console: Console,
    incident: str | None,
    system: str | None,
    obligation: str | None,
    change: str | None,
    paper: str | None,
    drill: str | None,
    year: str | None,
    organization: str | None,
    login: str,
    out: Path,
    as_json: bool,
) -> None:
    """Make an evidence pack: a ZIP with files, ledger entries, proofs and a script that checks them."""
    given = dict(zip(KINDS, (incident, system, obligation, change, paper, drill, year), strict=True))
    wanted = [(kind, name) for kind, name in given.items() if name]

    async def work(db: Database) -> dict[str, Any]:
        if len(wanted) != 1:
            raise Invalid(ONE_OF)
        now = db.clock.now()
        async with db.transaction(SYSTEM) as tx:
            by = await principal_as(tx, login, now)
            of = (await organization_by_code(tx, organization)).id if organization else None
            kind, name = wanted[0]
            pack_id = await packs.request_pack(
                tx, kind, name, by, locale=console.t.locale, organization=of, queued=False, now=now
            )
        await packs.make_now(db, pack_id, console.settings)
        async with db.transaction(SYSTEM) as tx:
            row = await packs.pack(tx, pack_id, by)
            if row.state != "ready":
                raise Invalid(N_("The pack could not be made: %(reason)s"), reason=row.reason or row.state)
            await packs.take_pack(tx, pack_id, by, console.settings.home, now=db.clock.now())
        path = out / str(row.filename) if out.is_dir() else out
        shutil.copyfile(packs.pack_path(console.settings.home, pack_id), path)
        return {
            "file": str(path),
            "sha256": row.sha256,
            "size": row.size,
            "entries": row.entries,
            "files": row.files,
            "checkpoint": row.checkpoint_size,
        }

    console.show(console.run(work), as_json=as_json)


@evidence.command("verify")
@click.argument("pack", required=False, type=click.Path(path_type=Path))
@click.option("--database", is_flag=True, help="Look through the whole ledger instead of a pack.")
@click.option(
    "--since", metavar="CHECKPOINT", help="With --database: a note, a folder of notes, or the number of a checkpoint."
)
@click.option("--key", default="", help="Of a pack: the verifier key that must have signed it, or a file with it.")
@click.option("--witness", default="", help="Of a pack: the checkpoint that somebody outside irm kept.")
@json_option
@click.pass_obj
def verify(
    console: Console, pack: Path | None, *, database: bool, since: str | None, key: str, witness: str, as_json: bool
) -> None:
    """Check an evidence pack, or with --database the ledger; what was changed is named. Exit code 1 when it was.

    --since compares with what a witness keeps: only that shows a past that was changed and computed anew.
    """
    if database == (pack is not None):
        raise click.UsageError(console.t(N_("Name a pack, or say --database.")))
    fine = _verify_log(console, since, as_json) if database else _verify_pack(console, str(pack), key, witness, as_json)
    if not fine:
        sys.exit(1)


def _verify_pack(console: Console, path: str, key: str, witness: str, as_json: bool) -> bool:
    pack_reading.speak({text: console.t(text) for text in bag.script_texts()})
    found = verifier.check(path, key, witness)
    faults, said = ([found], []) if isinstance(found, str) else (found.faults, found.said)
    if as_json:
        console.show({"fine": not faults, "faults": faults, "said": said}, as_json=True)
    else:
        _tell(said, faults, verifier.verdict(faults))
    return not faults


def _verify_log(console: Console, since: str | None, as_json: bool) -> bool:
    async def work(db: Database) -> dict[str, Any]:
        now = db.clock.now()
        async with db.transaction(SYSTEM) as tx:
            witnessed: list[Witnessed] = []
            if since is not None and since.isdigit():
                witnessed = [await kept_checkpoint(tx, int(since))]
            elif since is not None:
                witnessed = witnessed_in(Path(since))
            key = public_key_of(console.settings.home)
            found = await verify_log(tx, key=key, witnessed=witnessed)
            await standing_watch.keep(tx, found, witnessed=found.witnessed or await witnessed_size(tx), now=now)
        return found_on(found, now)

    told = console.run(work)
    told["faults"] = [{**one, "text": _text(one, console.t)} for one in told["faults"]]
    if as_json:
        console.show(told, as_json=True)
        return bool(told["fine"])
    t = console.t
    said = [
        t("%(size)s entries looked at, %(pending)s wait for their place.", size=told["size"], pending=told["pending"])
    ]
    if told["checkpoint"] is not None:
        said.append(t("They agree with the signed checkpoints up to %(size)s.", size=told["checkpoint"]))
    if told["witnessed"] is not None:
        said.append(t("They agree with what the witness keeps up to checkpoint %(size)s.", size=told["witnessed"]))
    elif since is None:
        said.append(t("Not compared with a witness (--since)."))
    faults = [one["text"] for one in told["faults"]]
    verdict = (
        t("WRONG: %(n)s fault(s) found.", n=len(faults)) if faults else t("GOOD: nothing in the ledger was changed.")
    )
    _tell(said, faults, verdict)
    return bool(told["fine"])


def _text(fault: dict[str, Any], t: Translator) -> str:
    return t(FAULT_WORDS.get(fault["code"], fault["code"]), **fault["context"])


def _tell(said: list[str], faults: list[str], verdict: str) -> None:
    for line in said:
        click.echo(f"  {line}")
    for line in faults:
        click.echo(f"✗ {line}")
    click.echo(verdict)


@evidence.command("checkpoint")
@json_option
@click.pass_obj
def checkpoint(console: Console, *, as_json: bool) -> None:
    """Sign a checkpoint over everything recorded so far and print its note, for a witness to keep.

    Standard output holds the note alone, so that it can go into a file; the key is told beside it.
    """

    async def work(db: Database) -> dict[str, Any]:
        async with db.transaction(SYSTEM) as tx:
            made = await sequencer.bring_up_to_date(tx, signer_of(console.settings.home), db.clock.now())
            if made is None:
                raise Invalid(N_("There is nothing in the ledger yet."))
            return {"size": made.size, "note": made.note, "key": made.key, "signed_at": made.signed_at}

    told = console.run(work)
    if as_json:
        console.show(told, as_json=True)
    else:
        click.echo(told["note"], nl=False)
        click.echo(told["key"], err=True)
