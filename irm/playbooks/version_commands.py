"""`irm playbook diff` and `irm playbook replay`: what a version changes, and whether a run is what its inbox says."""

import sys
from pathlib import Path
from typing import Any
from uuid import UUID

import click
import msgspec

from irm.console import Console, json_option, source
from irm.db import SYSTEM, Database
from irm.errors import NotFound
from irm.i18n import Translator
from irm.playbooks import comparing_words, replay_words, showing
from irm.playbooks.comparing import aspects, compare
from irm.playbooks.language import read_playbook
from irm.playbooks.publishing import frozen
from irm.playbooks.replaying import Replayed, replay
from irm.playbooks.steps import Playbook
from irm.playbooks.versions import chosen, versions as versions_of
from irm.positions import LanguageError
from irm.rules.comparing import Change
from irm.rules.comparing_words import HAPPENED


@click.command("diff")
@click.argument("before", metavar="A")
@click.argument("after", metavar="B")
@json_option
@click.pass_obj
def diff(console: Console, before: str, after: str, *, as_json: bool) -> None:
    """Tell what B does otherwise than A, step by step: steps added, taken out and altered, and when it begins.

    A and B are files, ID@VERSION for a published version, or ID for the active one. Two files need no database.
    """
    try:
        (old, old_version), (new, new_version) = _playbooks(console, before, after)
    except LanguageError as error:
        console.faulty(error, as_json=as_json)
    compared = compare(old, new)
    if as_json:
        view = showing.comparison_view(compared, old_version, new_version)
        console.show(msgspec.to_builtins(view), as_json=True)
        return
    if not compared.changes:
        click.echo(console.t("The two versions do the same."))
    console.show([row for change in compared.changes for row in _rows(change, console.t)], as_json=False)


def _rows(change: Change, t: Translator) -> list[dict[str, Any]]:
    row = {"what": t(HAPPENED[change.happened]), "id": change.id}
    if not change.differences:
        gist, is_new = comparing_words.gist(aspects(change.present), t), change.happened == "added"
        part = t(comparing_words.PARTS[change.part])
        return [{**row, "aspect": part, "before": "" if is_new else gist, "after": gist if is_new else ""}]
    rows = []
    for one in change.differences:
        was, becomes = comparing_words.both_sides(one, t)
        rows.append({**row, "aspect": comparing_words.aspect_words(one.aspect, t), "before": was, "after": becomes})
    return rows


def _playbooks(console: Console, *names: str) -> list[tuple[Playbook, int | None]]:
    """Each with its version, None for a file. Files are read here; the others are asked for in one go."""
    read: dict[str, tuple[Playbook, int | None]] = {
        name: (read_playbook(source(Path(name), console.t), file=name).playbook, None)
        for name in names
        if _is_file(name)
    }

    async def work(db: Database) -> dict[str, tuple[Playbook, int | None]]:
        found: dict[str, tuple[Playbook, int | None]] = {}
        async with db.transaction(SYSTEM) as tx:
            for name in (one for one in names if one not in read):
                playbook, _, version = name.partition("@")
                if version and not version.isdigit():
                    raise NotFound("There is no such version of this playbook.")
                row = chosen(await versions_of(tx, playbook), int(version) if version else None)
                found[name] = frozen(row.id, row.source), row.version
        return found

    known = read if len(read) == len(set(names)) else read | console.run(work)
    return [known[name] for name in names]


def _is_file(name: str) -> bool:
    return Path(name).suffix in {".yaml", ".yml"} or Path(name).is_file()


@click.command("replay")
@click.argument("run", type=click.UUID)
@json_option
@click.pass_obj
def replay_run(console: Console, run: UUID, *, as_json: bool) -> None:
    """Take everything that a run was told once more, without effects, and compare the result with what is stored.

    Exit code 1 where the two differ; then it says from which turn on. Changes nothing.
    """

    async def work(db: Database) -> Replayed:
        async with db.transaction(SYSTEM) as tx:
            found = await replay(tx, run)
        if found is None:
            raise NotFound("This run does not exist.")
        return found

    found = console.run(work)
    verdict = found.verdict
    if as_json:
        console.show(msgspec.to_builtins(showing.replay_view(found)), as_json=True)
    else:
        click.echo(replay_words.verdict_words(verdict, console.t))
        console.show(
            [
                {
                    "where": one.where,
                    "stored": replay_words.value_words(one.stored),
                    "given": replay_words.value_words(one.given),
                }
                for one in verdict.differences
            ],
            as_json=False,
        )
    if not verdict.is_same:
        sys.exit(1)
