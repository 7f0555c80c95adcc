"""`irm rules`: compare, name what nobody has read, list; the city's decisions; working days."""

from pathlib import Path
from typing import Any, Final

import click
import msgspec

from irm.console import Console, json_option, source
from irm.db import SYSTEM, Database
from irm.i18n import N_, Translator
from irm.positions import LanguageError
from irm.rules import comparing_words, gap_words, words
from irm.rules.city_gaps import gaps_of_irm, gaps_of_the_city
from irm.rules.comparing import Comparison, compare
from irm.rules.comparison_views import comparison_view
from irm.rules.gap_views import gap_list
from irm.rules.gaps import Gap
from irm.rules.load import load_pack
from irm.rules.pack import Pack
from irm.rules.policies import adopt, choose_reading
from irm.rules.preview_views import preview_view
from irm.rules.previewing import Preview, preview
from irm.rules.queries import chosen, published
from irm.rules.work_years import exceptional_days, import_year, read_calendar


@click.command("diff")
@click.argument("before", metavar="A")
@click.argument("after", metavar="B")
@json_option
@click.pass_obj
def diff(console: Console, before: str, after: str, *, as_json: bool) -> None:
    """Tell what B says otherwise than A, rule by rule: figures, articles, marks, conditions, recipients, texts.

    A and B are files, PACK@VERSION for a published version, or PACK for the one in use. Two files need no database.
    """
    try:
        compared = compare(*_packs(console, before, after))
    except LanguageError as error:
        console.faulty(error, as_json=as_json)
    if as_json:
        console.show(msgspec.to_builtins(comparison_view(compared)), as_json=True)
        return
    rows = _compared_rows(compared, console.t)
    if not rows:
        click.echo(console.t(_ONLY_TEXT if compared.only_the_text else _SAME))
    console.show(rows, as_json=False)


_ONLY_TEXT: Final = N_("The two texts differ in comments, tests or order only.")
_SAME: Final = N_("The two texts are the same.")


def _packs(console: Console, *names: str) -> list[Pack]:
    """Files are read here; the others are asked for in one go."""
    read = {name: load_pack(source(Path(name), console.t), file=name) for name in names if _is_file(name)}

    async def work(db: Database) -> dict[str, Pack]:
        now = db.clock.now()
        async with db.transaction(SYSTEM) as tx:
            packs = await published(tx, now=now)
        asked = {name: name.partition("@") for name in names if name not in read}
        return {name: chosen(packs, pack, version).pack for name, (pack, _, version) in asked.items()}

    found = read if len(read) == len(set(names)) else read | console.run(work)
    return [found[name] for name in names]


def _is_file(name: str) -> bool:
    return Path(name).suffix in {".yaml", ".yml"} or Path(name).is_file()


def _compared_rows(compared: Comparison, t: Translator) -> list[dict[str, Any]]:
    rows = []
    for change in compared.changes:
        row = {"what": t(comparing_words.HAPPENED[change.happened]), "id": change.id}
        for one in change.differences:
            before, after = comparing_words.both_sides(change, one, t)
            rows.append(
                {**row, "aspect": comparing_words.aspect_words(one.aspect, t), "before": before, "after": after}
            )
        if not change.differences:
            gist = comparing_words.gist(change, t)
            is_new = change.happened == "added"
            part = t(comparing_words.PARTS[change.part])
            rows.append({**row, "aspect": part, "before": "" if is_new else gist, "after": gist if is_new else ""})
    return rows


@click.command("gaps")
@click.option(
    "--all", "brought", is_flag=True, help="Of every pack that irm brings along, adopted or not. Needs no database."
)
@json_option
@click.pass_obj
def gaps(console: Console, *, brought: bool, as_json: bool) -> None:
    """Name the rules that are null or unverified and could decide in this city, by its packs, readings and register."""

    async def work(db: Database) -> tuple[Gap, ...]:
        now = db.clock.now()
        async with db.transaction(SYSTEM) as tx:
            return await gaps_of_the_city(tx, now=now, sees_cii=True)

    found = gaps_of_irm() if brought else console.run(work)
    if as_json:
        console.show(msgspec.to_builtins(gap_list(found)), as_json=True)
        return
    rows = [_gap_row(one, console.t) for one in found if one.idle is None]
    if not rows:
        click.echo(console.t("Every rule that could decide in this city is read."))
    console.show(rows, as_json=False)


def _gap_row(one: Gap, t: Translator) -> dict[str, Any]:
    return {
        "id": one.id,
        "title": t.of(one.title),
        "decides": gap_words.decides_words(one, t),
        "figure": gap_words.figure_words(one, t),
        "seen_elsewhere": gap_words.seen_words(one, t),
        "article": t.of(one.citation.article),
        "status": words.mark_words(one.status, t),
    }


@click.command("list")
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


@click.command("adopt")
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


@click.command("preview")
@click.argument("pack")
@json_option
@click.pass_obj
def preview_pack(console: Console, pack: str, *, as_json: bool) -> None:
    """Tell what adopting PACK would make owed today, or, where the city goes by it, what setting it aside would end.

    Counted by rule over the register, with those that end first. Changes nothing.
    """

    async def work(db: Database) -> Preview:
        now = db.clock.now()
        async with db.transaction(SYSTEM) as tx:
            return await preview(tx, pack, now=now)

    found = console.run(work)
    if as_json:
        console.show(msgspec.to_builtins(preview_view(found)), as_json=True)
        return
    t = console.t
    click.echo(t(PREVIEWS[found.is_on], count=found.count))
    rows = [
        {
            "rule": one.rule.name,
            "title": t.of(one.rule.title),
            "count": one.count,
            "first": t("; ").join(each.name for each in one.first),
        }
        for one in found.rules
    ]
    console.show(rows, as_json=False)


PREVIEWS: Final = {
    True: N_("Set aside, %(count)s duties would no longer be owed, as far as they are not met."),
    False: N_("Adopted, %(count)s duties would be owed."),
}


@click.command("read")
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


@click.group("workdays")
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
    text = source(file, console.t)

    async def work(db: Database) -> list[dict[str, object]]:
        done: list[dict[str, object]] = []
        async with db.transaction(SYSTEM) as tx:
            for year, days in sorted(read_calendar(text).items()):
                changed = await import_year(tx, year, days, source=file.name, actor=SYSTEM, now=db.clock.now())
                done.append({"year": year, "days": len(days), "changed": changed})
        return done

    console.show(console.run(work), as_json=as_json)
