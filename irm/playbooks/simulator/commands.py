"""`irm playbook simulate`: the timeline of a playbook over supposed facts and answers, with the limits of the law in it."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any, Final

import click

from irm.console import Console, Failed, json_option, source
from irm.db import SYSTEM, Database
from irm.errors import Wrong, in_words
from irm.i18n import Translator
from irm.playbooks import signals, wording
from irm.playbooks.durations import duration_text
from irm.playbooks.language import read_playbook
from irm.playbooks.publishing import library
from irm.playbooks.simulator import course_words, supposing
from irm.playbooks.simulator.course import LimitLine
from irm.playbooks.simulator.simulated import Simulated, simulated
from irm.playbooks.simulator.situation import FACTS, Situation, read_answers, read_situation
from irm.playbooks.simulator.timeline import Line, Supposed
from irm.playbooks.steps import Playbook
from irm.playbooks.versions import chosen, versions as versions_of
from irm.positions import LanguageError
from irm.rules.load import builtin_packs
from irm.rules.moments import SHANGHAI
from irm.rules.pack import Pack
from irm.rules.queries import current_packs, filing_allowance

DEFAULT: Final = "report-chain"
QUIET: Final = (signals.StepOpened, signals.StopPaging)


@dataclass(frozen=True)
class Source:
    """A text to simulate, and the rules by which its limits are judged."""

    name: str
    text: str
    packs: tuple[Pack, ...]


@click.command("simulate")
@click.argument("playbook", metavar="FILE|ID[@VERSION]", required=False)
@click.option(
    "--facts",
    "facts_file",
    type=click.Path(path_type=Path),
    help="YAML: what is known, who has which part, when it was discovered and filed.",
)
@click.option(
    "--answers",
    "answers_file",
    type=click.Path(path_type=Path),
    help="YAML: what happens when: answers, decisions, reports, changed facts.",
)
@click.option("--nobody-answers", is_flag=True, help="Nobody answers anything (also without this option).")
@click.option("--answer", "answers", multiple=True, metavar="STEP=AFTER", help="Somebody answers a page: alarm=12m.")
@click.option(
    "--fact", "given", multiple=True, metavar="NAME=VALUE", help="A fact of the incident: cii=unknown, reached=2."
)
@click.option("--handled", metavar="AFTER", help="The incident is handled after this time: 3h.")
@click.option(
    "--city", "with_city", is_flag=True, help="Judge by this city's rule packs; a name is a published playbook."
)
@json_option
@click.pass_obj
def simulate(
    console: Console,
    playbook: str | None,
    *,
    facts_file: Path | None,
    answers_file: Path | None,
    nobody_answers: bool,
    answers: tuple[str, ...],
    given: tuple[str, ...],
    handled: str | None,
    with_city: bool,
    as_json: bool,
) -> None:
    """Print the timeline of a playbook (default: report-chain) over a made-up incident. Sends nothing, keeps nothing.

    What is owed follows from the facts and the rule packs, and each limit stands in between with whether the playbook's
    draft comes in time. An organization that --facts does not name plays its part under the part's name. Files are written
    as docs/playbooks.md says. FILE may be the id of a playbook that irm brings along; with --city, or ID@VERSION, of a
    published one.
    """
    if nobody_answers and (answers or answers_file):
        raise Failed(console.t("Either nobody answers, or there are answers: leave one of the two out."), console.t)
    try:
        source = _source(console, playbook or DEFAULT, with_city=with_city)
        read = read_playbook(source.text, file=source.name).playbook
        situation, told = _supposed(console, read, facts_file, answers_file, answers, given, handled)
    except LanguageError as error:
        console.faulty(error, as_json=as_json)
    except Wrong as error:
        raise Failed(in_words(error.args[0], console.t), console.t) from error
    found = simulated(read, situation, told, packs=source.packs, allowance=filing_allowance(source.packs))
    rows = _rows(found, console.t, limits=not as_json)
    if as_json:
        limits = [_limit(one, found, console.t) for one in found.course.limits]
        asleep = list(found.timeline.asleep)
        console.show({"playbook": read.id, "timeline": rows, "limits": limits, "asleep": asleep}, as_json=True)
        return
    console.show(rows, as_json=False)
    if found.timeline.asleep:
        click.echo(console.t("Never begun: %(steps)s", steps=", ".join(found.timeline.asleep)))


def _supposed(
    console: Console,
    playbook: Playbook,
    facts_file: Path | None,
    answers_file: Path | None,
    answers: Sequence[str],
    given: Sequence[str],
    handled: str | None,
) -> tuple[Situation, list[Supposed]]:
    """Raises LanguageError for the files, Wrong for the options."""
    situation = Situation(dict(FACTS))
    if facts_file is not None:
        situation = read_situation(source(facts_file, console.t), file=str(facts_file), base=situation)
    situation = supposing.with_facts(situation, dict(supposing.pair(one) for one in given))
    told = supposing.events(playbook, situation, [supposing.pair(one) for one in answers], handled)
    if answers_file is not None:
        text = source(answers_file, console.t)
        told += read_answers(text, file=str(answers_file), playbook=playbook, situation=situation)
    return situation, told


def _source(console: Console, name: str, *, with_city: bool) -> Source:
    """A file, what irm brings along, or what this city has published."""
    if Path(name).suffix in {".yaml", ".yml"} or Path(name).is_file():
        text = source(Path(name), console.t)
        return Source(name, text, console.run(_packs) if with_city else tuple(builtin_packs()))
    brought = library().get(f"{name}.yaml")
    if brought is not None and not with_city:
        return Source(f"{name}.yaml", brought, tuple(builtin_packs()))

    async def work(db: Database) -> Source:
        playbook, _, version = name.partition("@")
        async with db.transaction(SYSTEM) as tx:
            row = chosen(await versions_of(tx, playbook), int(version) if version.isdigit() else None)
        return Source(f"{row.playbook_id}@{row.version}", row.source, await _packs(db))

    return console.run(work)


async def _packs(db: Database) -> tuple[Pack, ...]:
    now = db.clock.now()
    async with db.transaction(SYSTEM) as tx:
        return tuple(await current_packs(tx, now=now))


def _rows(found: Simulated, t: Translator, *, limits: bool) -> list[dict[str, Any]]:
    lines = [line for line in found.timeline.lines if not isinstance(line.effect, QUIET)]
    rows = [(line.at, 0, _line(line, found, t)) for line in lines]
    if limits:
        rows += [(one.at, 1, _limit_row(one, found, t)) for one in found.course.limits]
    return [row for _, _, row in sorted(rows, key=lambda one: one[:2])]


def _line(line: Line, found: Simulated, t: Translator) -> dict[str, Any]:
    kind, who = supposing.words(line.effect)
    step = getattr(line.effect, "step", "") or ""
    return {**_when(line.at, found), "step": step, "what": t(wording.KINDS.get(kind, kind)), "who": who}


def _limit_row(one: LimitLine, found: Simulated, t: Translator) -> dict[str, Any]:
    told = f"{one.rule} · {course_words.verdict_words(one, t)}"
    return {**_when(one.at, found), "step": one.step, "what": course_words.standing_words(one, t), "who": told}


def _limit(one: LimitLine, found: Simulated, t: Translator) -> dict[str, Any]:
    return {
        **_when(one.at, found),
        "rule": one.rule,
        "standing": one.standing,
        "article": course_words.cited(one, t),
        "bearer": one.bearer,
        "recipient": one.recipient,
        "verdict": one.verdict,
        "step": one.step or None,
        "spare_seconds": int(one.spare.total_seconds()) if one.spare is not None else None,
    }


def _when(at: datetime, found: Simulated) -> dict[str, Any]:
    """Since the playbook began, and on the clock of the made-up night."""
    passed = at - found.situation.start
    sign = "-" if passed < timedelta() else ""
    return {
        "after": sign + duration_text(abs(passed)) if passed else "0",
        "at": f"{at.astimezone(SHANGHAI):%m-%d %H:%M}",
    }
