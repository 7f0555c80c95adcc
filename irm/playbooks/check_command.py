"""`irm playbook check` and `irm playbook schema`."""

import sys
from pathlib import Path
from typing import Any

import click

from irm.console import Console, json_option, source
from irm.db import SYSTEM, Database
from irm.errors import Said, in_words, said
from irm.i18n import Translator
from irm.playbooks.check import Checked, City, check as lint, sum_words, worst_cases
from irm.playbooks.city import built_in_city, checked_in
from irm.playbooks.durations import duration_text
from irm.playbooks.publishing import library
from irm.playbooks.schema import playbook_schema
from irm.positions import Fault


@click.command("check")
@click.argument("files", nargs=-1, type=click.Path(path_type=Path))
@click.option("--city", "with_city", is_flag=True, help="Judge by this city's published packs, playbooks and rosters.")
@click.option(
    "--paths", is_flag=True, help="Also print what the worst case of each report is made of, where it fits too."
)
@json_option
@click.pass_obj
def check(console: Console, files: tuple[Path, ...], *, with_city: bool, paths: bool, as_json: bool) -> None:
    """Check playbooks (without FILES: those irm brings along), the limits of the law included.

    Every fault is printed as file:line:column: what is wrong – what was meant. Exit code 1 when there is an error; warnings
    do not count. Needs no database unless --city is given.
    """
    checked: list[tuple[str, Checked, City]] = []
    for name, text in _sources(files, console.t):
        if with_city:
            checked.append((name, *_in_city(console, text, name)))
        else:
            city = built_in_city()
            checked.append((name, lint(text, file=name, city=city), city))
    errors = [fault for _, one, _ in checked for fault in one.errors]
    if as_json:
        console.show({"ok": not errors, "playbooks": [_told(*one, console.t) for one in checked]}, as_json=True)
    else:
        for _, one, _ in checked:
            for fault in one.errors:
                click.echo(fault.text(console.t), err=True)
            for fault in one.warnings:
                click.echo(console.t("%(fault)s (warning)", fault=fault.text(console.t)), err=True)
        rows = [row for one in checked for row in _rows(*one, console.t)]
        console.show([_short(row, paths=paths) for row in rows], as_json=False)
    if errors:
        sys.exit(1)


def _short(row: dict[str, Any], *, paths: bool) -> dict[str, Any]:
    return {name: value for name, value in row.items() if name != ("path" if paths else "sum")}


def _told(name: str, checked: Checked, city: City, t: Translator) -> dict[str, Any]:
    return {
        "file": name,
        "playbook": checked.playbook.id if checked.playbook else None,
        "errors": [_fault(one, t) for one in checked.errors],
        "warnings": [_fault(one, t) for one in checked.warnings],
        "worst": _rows(name, checked, city, t),
    }


def _rows(name: str, checked: Checked, city: City, t: Translator) -> list[dict[str, Any]]:
    """The worst case of each report step against its limit, and what it is made of."""
    if checked.playbook is None:
        return []
    return [
        {
            "file": name,
            "step": one.step,
            "rule": one.rule,
            "worst": duration_text(one.total),
            "allowed": duration_text(one.allowed) if one.allowed else None,
            "path": " > ".join(one.path),
            "sum": in_words(_whole_sum(sum_words(checked.playbook, one), duration_text(one.total)), t),
        }
        for one in worst_cases(checked.playbook, city)
    ]


def _whole_sum(parts: str, total: str) -> Said:
    return said("%(parts)s = %(total)s", parts=parts, total=total)


def _fault(one: Fault, t: Translator) -> dict[str, Any]:
    return {
        "line": one.line,
        "column": one.column,
        "message": in_words(one.message, t),
        "hint": in_words(one.hint, t),
    }


def _in_city(console: Console, text: str, name: str) -> tuple[Checked, City]:
    async def work(db: Database) -> tuple[Checked, City]:
        async with db.transaction(SYSTEM) as tx:
            return await checked_in(tx, text, file=name, now=db.clock.now(), endpoints=console.settings.endpoints)

    return console.run(work)


@click.command("schema")
@click.pass_obj
def schema(console: Console) -> None:
    """Print the JSON Schema of the language, for editors."""
    console.show(playbook_schema(), as_json=True)


def _sources(files: tuple[Path, ...], t: Translator) -> list[tuple[str, str]]:
    return [(str(path), source(path, t)) for path in files] if files else list(library().items())
