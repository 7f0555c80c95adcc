"""`irm rules`: check, publish, list; the city's decisions; working days."""

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
from irm.rules.policies import adopt, choose_reading
from irm.rules.queries import published
from irm.rules.service import publish as publish_pack
from irm.rules.work_years import exceptional_days, import_year, read_calendar


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
                "not_in_use_yet": len(one.pack.unmanaged),
                "published_at": one.published_at,
                "in_use": one.newest,
            }
            for one in packs
        ]

    rows = console.run(work)
    console.show(rows, as_json=as_json)
    if not as_json and any(row["not_in_use_yet"] for row in rows):
        meaning = console.t("Not in use yet (irm does not manage such subjects)")
        click.echo(console.t("%(column)s: %(meaning)s", column="not_in_use_yet", meaning=meaning))


@rules.command("adopt")
@click.argument("pack")
@click.option("--off", is_flag=True, help="Set it aside instead.")
@click.option("--reason", required=True, help="Why; it stands in the ledger's record of the decision.")
@json_option
@click.pass_obj
def adopt_pack(console: Console, pack: str, *, off: bool, reason: str, as_json: bool) -> None:
    """Go by another city's model, or set an instrument of the city's own aside."""

    async def work(db: Database) -> dict[str, object]:
        async with db.transaction(SYSTEM) as tx:
            changed = await adopt(tx, pack, adopted=not off, reason=reason, actor=SYSTEM, now=db.clock.now())
        return {"pack": pack, "on": not off, "changed": changed}

    console.show(console.run(work), as_json=as_json)


@rules.command("read")
@click.argument("switch")
@click.argument("reading")
@click.option("--reason", required=True, help="Why; it stands beside the choice.")
@json_option
@click.pass_obj
def read_switch(console: Console, switch: str, reading: str, *, reason: str, as_json: bool) -> None:
    """Settle how the city reads what the texts leave open (SWITCH is pack/switch)."""

    async def work(db: Database) -> dict[str, object]:
        async with db.transaction(SYSTEM) as tx:
            changed = await choose_reading(tx, switch, reading, reason=reason, actor=SYSTEM, now=db.clock.now())
        return {"switch": switch, "reading": reading, "changed": changed}

    console.show(console.run(work), as_json=as_json)


@rules.group("workdays")
def workdays() -> None:
    """The table of working days: holidays and working weekends of each year."""


@workdays.command("show")
@click.argument("year", type=int)
@json_option
@click.pass_obj
def show_workdays(console: Console, year: int, *, as_json: bool) -> None:
    """Days of a year that are not what their weekday says. An empty answer: the year is not known yet."""

    async def work(db: Database) -> list[dict[str, object]]:
        async with db.transaction(SYSTEM) as tx:
            days = await exceptional_days(tx, year)
        return [{"day": one.day, "works": one.works, "name": one.name or ""} for one in days]

    console.show(console.run(work), as_json=as_json)


@workdays.command("import")
@click.argument("file", type=click.Path(path_type=Path))
@json_option
@click.pass_obj
def import_workdays(console: Console, file: Path, *, as_json: bool) -> None:
    """Take in the published calendar of one or more years: lines of day, off or work, and a name."""
    text = _read(file, console.t)

    async def work(db: Database) -> list[dict[str, object]]:
        done: list[dict[str, object]] = []
        async with db.transaction(SYSTEM) as tx:
            for year, days in sorted(read_calendar(text).items()):
                changed = await import_year(tx, year, days, source=file.name, actor=SYSTEM, now=db.clock.now())
                done.append({"year": year, "days": len(days), "changed": changed})
        return done

    console.show(console.run(work), as_json=as_json)
