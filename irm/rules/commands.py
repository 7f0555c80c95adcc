"""`irm rules`: check, publish, list."""

import sys
from pathlib import Path
from typing import Any

import click

from irm.console import Console, Failed, json_option, problem
from irm.db import SYSTEM, Database
from irm.errors import in_words
from irm.i18n import Translator
from irm.positions import Fault, LanguageError
from irm.rules.load import builtin_sources
from irm.rules.pack_tests import check_pack
from irm.rules.queries import published
from irm.rules.service import publish as publish_pack


@click.group()
def rules() -> None:
    """Rule packs: what the law asks, as data."""


@rules.command("check")
@click.argument("files", nargs=-1, type=click.Path(path_type=Path))
@json_option
@click.pass_obj
def check(console: Console, files: tuple[Path, ...], *, as_json: bool) -> None:
    """Run the tests of rule packs (without FILES: of those irm brings along). Needs no database.

    Every fault is printed as file:line:column: what is wrong – what was meant. Exit code 1 when there is one.
    """
    rows: list[dict[str, Any]] = []
    faults: list[Fault] = []
    for name, text in _sources(files, console.t):
        pack, checked = check_pack(text, file=name)
        faults += checked.faults
        rows.append(
            {
                "file": name,
                "pack": pack.id if pack else None,
                "version": pack.version if pack else None,
                "rules": len(pack.rules) if pack else None,
                "passed": checked.passed,
                "faults": len(checked.faults),
            }
        )
    if as_json:
        told = [
            {
                "file": one.file,
                "line": one.line,
                "column": one.column,
                "message": in_words(one.message, console.t),
                "hint": in_words(one.hint, console.t),
            }
            for one in faults
        ]
        console.show({"ok": not faults, "packs": rows, "faults": told}, as_json=True)
    else:
        for fault in faults:
            click.echo(fault.text(console.t), err=True)
        console.show(rows, as_json=False)
    if faults:
        sys.exit(1)


def _sources(files: tuple[Path, ...], t: Translator) -> list[tuple[str, str]]:
    if not files:
        return list(builtin_sources().items())
    return [(str(path), _read(path, t)) for path in files]


def _read(path: Path, t: Translator) -> str:
    try:
        return path.read_text("utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise Failed(t("%(path)s cannot be read: %(told)s", path=path, told=error), t) from error


@rules.command("publish")
@click.argument("file", type=click.Path(path_type=Path))
@json_option
@click.pass_obj
def publish(console: Console, file: Path, *, as_json: bool) -> None:
    """Publish a rule pack. Its own tests must pass; a version once published keeps its text."""
    text = _read(file, console.t)

    async def work(db: Database) -> dict[str, object]:
        async with db.transaction(SYSTEM) as tx:
            pack, is_new = await publish_pack(tx, text, file=str(file), actor=SYSTEM, now=db.clock.now())
        return {"pack": pack.id, "version": pack.version, "digest": pack.digest, "new": is_new}

    checked = check_pack(text, file=str(file))[1]
    if checked.faults and not as_json:
        for fault in checked.faults:
            click.echo(fault.text(console.t), err=True)
        sys.exit(1)
    if checked.faults:
        error = LanguageError(checked.faults)
        console.show(problem(error, console.t), as_json=True)
        sys.exit(1)
    console.show(console.run(work), as_json=as_json)


@rules.command("list")
@json_option
@click.pass_obj
def list_packs(console: Console, *, as_json: bool) -> None:
    """Published rule packs; those in use are marked."""

    async def work(db: Database) -> list[dict[str, object]]:
        now = db.clock.now()
        async with db.transaction(SYSTEM) as tx:
            packs = await published(tx, now=now)
        return [
            {
                "pack": one.pack.id,
                "version": one.pack.version,
                "title": console.t.of(one.pack.title),
                "rules": len(one.pack.rules),
                "published_at": one.published_at,
                "in_use": one.newest,
            }
            for one in packs
        ]

    console.show(console.run(work), as_json=as_json)
