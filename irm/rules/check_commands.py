"""`irm rules check` and `schema`: for whoever writes a pack, without a database and without what speaks to one."""

import sys
from pathlib import Path
from typing import Any

import click

from irm.console import Console, json_option, source
from irm.errors import in_words
from irm.i18n import Translator
from irm.positions import Fault
from irm.rules.load import builtin_sources
from irm.rules.pack_tests import check_pack
from irm.rules.reach import unread_facts
from irm.rules.schema import pack_schema


@click.command("check")
@click.argument("files", nargs=-1, type=click.Path(path_type=Path))
@json_option
@click.pass_obj
def check(console: Console, files: tuple[Path, ...], *, as_json: bool) -> None:
    """Run the tests of rule packs (without FILES: of those irm brings along). Needs no database.

    Every fault is printed as file:line:column: what is wrong – what was meant. Exit code 1 when there is one; warnings
    alone leave it 0.
    """
    rows: list[dict[str, Any]] = []
    faults: list[Fault] = []
    warnings: list[Fault] = [] if files else list(unread_facts())
    for name, text in _sources(files, console.t):
        pack, checked = check_pack(text, file=name)
        faults += checked.faults
        warnings += checked.warnings
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
        told = {
            what: [_fault(one, console.t) for one in found]
            for what, found in (("faults", faults), ("warnings", warnings))
        }
        console.show({"ok": not faults, "packs": rows} | told, as_json=True)
    else:
        for fault in faults:
            click.echo(fault.text(console.t), err=True)
        for fault in warnings:
            click.echo(console.t("%(fault)s (warning)", fault=fault.text(console.t)), err=True)
        console.show(rows, as_json=False)
    if faults:
        sys.exit(1)


def _fault(one: Fault, t: Translator) -> dict[str, Any]:
    return {
        "file": one.file,
        "line": one.line,
        "column": one.column,
        "message": in_words(one.message, t),
        "hint": in_words(one.hint, t),
    }


def _sources(files: tuple[Path, ...], t: Translator) -> list[tuple[str, str]]:
    if not files:
        return list(builtin_sources().items())
    return [(str(path), source(path, t)) for path in files]


@click.command("schema")
@click.pass_obj
def schema(console: Console) -> None:
    """Print the JSON Schema of the language, for editors."""
    console.show(pack_schema(), as_json=True)
