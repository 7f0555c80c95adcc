"""`irm playbook`: check, publish, list; compare and replay are in `version_commands.py`, simulate in its own module."""

import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

import click

from irm.console import Console, Failed, json_option
from irm.db import SYSTEM, Database
from irm.errors import in_words
from irm.i18n import Translator
from irm.playbooks.check import Checked, City, check as lint, worst_cases
from irm.playbooks.city import built_in_city, city_of, held_today
from irm.playbooks.durations import duration_text
from irm.playbooks.language import json_schema
from irm.playbooks.publishing import library, publish as publish_playbook
from irm.playbooks.simulate_command import simulate
from irm.playbooks.steps import targets_of
from irm.playbooks.version_commands import diff, replay_run
from irm.playbooks.versions import versions as versions_of
from irm.positions import Fault


@click.group()
def playbook() -> None:
    """Playbooks: who is called, told and asked to report, in what order."""


playbook.add_command(diff)
playbook.add_command(replay_run)
playbook.add_command(simulate)


@playbook.command("check")
@click.argument("files", nargs=-1, type=click.Path(path_type=Path))
@click.option("--city", "with_city", is_flag=True, help="Judge by this city's published packs, playbooks and rosters.")
@json_option
@click.pass_obj
def check(console: Console, files: tuple[Path, ...], *, with_city: bool, as_json: bool) -> None:
    """Check playbooks (without FILES: those irm brings along), the limits of the law included.

    Every fault is printed as file:line:column: what is wrong – what was meant. Exit code 1 when there is an error; warnings
    do not count. Needs no database unless --city is given.
    """
    checked: list[tuple[str, Checked, City]] = []
    for name, text in _sources(files, console.t):
        if with_city:
            checked.append((name, *console.run(lambda db, name=name, text=text: _checked(db, text, name))))  # type: ignore[misc]  # defaults bind
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
        console.show([row for one in checked for row in _rows(*one)], as_json=False)
    if errors:
        sys.exit(1)


def _told(name: str, checked: Checked, city: City, t: Translator) -> dict[str, Any]:
    return {
        "file": name,
        "playbook": checked.playbook.id if checked.playbook else None,
        "errors": [_fault(one, t) for one in checked.errors],
        "warnings": [_fault(one, t) for one in checked.warnings],
        "worst": _rows(name, checked, city),
    }


def _rows(name: str, checked: Checked, city: City) -> list[dict[str, Any]]:
    """The sum of each report step against its limit."""
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
        }
        for one in worst_cases(checked.playbook, city)
    ]


def _fault(one: Fault, t: Translator) -> dict[str, Any]:
    return {
        "line": one.line,
        "column": one.column,
        "message": in_words(one.message, t),
        "hint": in_words(one.hint, t),
    }


async def _checked(db: Database, text: str, name: str) -> tuple[Checked, City]:
    now = db.clock.now()
    async with db.transaction(SYSTEM) as tx:
        city = await city_of(tx, now=now)
        checked = lint(text, file=name, city=city)
        if checked.playbook is None:
            return checked, city
        named = [target for step in checked.playbook.steps for target in targets_of(step.action)]
        city = replace(city, held=await held_today(tx, named, now=now))
    return lint(text, file=name, city=city), city


@playbook.command("publish")
@click.argument("file", type=click.Path(path_type=Path))
@click.option("--reason", required=True, help="Why; it stands beside the version.")
@json_option
@click.pass_obj
def publish(console: Console, file: Path, *, reason: str, as_json: bool) -> None:
    """Publish a playbook. Runs that start from now on use it; running ones keep their version."""
    text = _read(file, console.t)

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


@playbook.command("schema")
@click.pass_obj
def schema(console: Console) -> None:
    """Print the JSON Schema of the language, for editors."""
    console.show(json_schema(), as_json=True)


def _sources(files: tuple[Path, ...], t: Translator) -> list[tuple[str, str]]:
    return [(str(path), _read(path, t)) for path in files] if files else list(library().items())


def _read(path: Path, t: Translator) -> str:
    try:
        return path.read_text("utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise Failed(t("%(path)s cannot be read: %(told)s", path=path, told=error), t) from error
