"""`irm directive lists|hand-over|paper|sign`: evidence handed to an authority on its demand (移交清单), without a browser."""

from collections.abc import Sequence
from datetime import datetime
from pathlib import Path
from typing import Final, TextIO
from uuid import UUID

import click

from irm.access.acting import MOMENT, as_option, chunks_of, here, principal_as
from irm.access.policy import Permission, Principal, reach
from irm.console import Console, json_option
from irm.db import SYSTEM, Database, Tx
from irm.documents.pdf import to_pdf
from irm.documents.word import to_docx
from irm.evidence.blobs import BlobStore, StoredBlob
from irm.evidence.service import attach
from irm.i18n import DEFAULT_LOCALE, LOCALES, Translator, translator
from irm.obligations import directed
from irm.obligations.handover_desk import give_under, paper_of
from irm.obligations.handover_lines import things_in
from irm.obligations.handover_scans import keep_scans, scans_by_list
from irm.obligations.handovers import Handover, Signed, handover, handovers_under
from irm.web.wording import exact

FILE: Final = click.Path(exists=True, dir_okay=False, path_type=Path)
WRITERS: Final = {"pdf": to_pdf, "docx": to_docx}


@click.command("lists")
@click.argument("directive", type=click.UUID)
@as_option
@json_option
@click.pass_obj
def lists_command(console: Console, directive: UUID, login: str, *, as_json: bool) -> None:
    """Lists of evidence handed over under a directive, oldest first, with their lines and signed pages."""

    async def work(db: Database) -> list[dict[str, object]]:
        now = db.clock.now()
        async with db.transaction(SYSTEM) as tx:
            by = await principal_as(tx, login, now)
            await directed.directive(tx, directive, reach=reach(by, Permission.READ_OBLIGATIONS), now=now)
            found = await handovers_under(tx, directive, far=reach(by, Permission.READ_SUBMISSIONS))
            return [await _list(tx, by, one, console.t) for one in found]

    _show(console, console.run(work), as_json=as_json)


@click.command("hand-over")
@click.argument("directive", type=click.UUID)
@as_option
@click.option(
    "--line",
    "lines",
    multiple=True,
    help="One line of the list: name; quantity; condition; and for data its SHA-256. May be given several times.",
)
@click.option(
    "--lines",
    "source",
    type=click.File("r", encoding="utf-8"),
    help="A file with one line each; - reads standard input.",
)
@click.option("--kept", type=click.UUID, multiple=True, help="Id of a file of the incident; its custody passes.")
@click.option(
    "--file", "files", type=FILE, multiple=True, help="A file that is first kept with the incident; its custody passes."
)
@click.option("--file-condition", default="", help="Condition of the files, as it stands on the list.")
@click.option("--handed-by", required=True, help="Who hands over: name and post.")
@click.option("--taken-by", required=True, help="Who receives: name, unit and number of the service card.")
@click.option("--place", help="Where.")
@click.option("--at", "stated_at", type=MOMENT, help="When, local time; default: now.")
@json_option
@click.pass_obj
def hand_over_command(
    console: Console,
    directive: UUID,
    login: str,
    lines: tuple[str, ...],
    source: TextIO | None,
    kept: tuple[UUID, ...],
    files: tuple[Path, ...],
    file_condition: str,
    handed_by: str,
    taken_by: str,
    place: str | None,
    stated_at: datetime | None,
    *,
    as_json: bool,
) -> None:
    """Hand evidence over on a list, all of it or nothing: custody passes, the demand is met."""
    typed = [*lines, *(source.read().splitlines() if source is not None else ())]

    async def work(db: Database) -> list[dict[str, object]]:
        now = db.clock.now()
        blobs = await _stored(console, files)
        async with db.transaction(SYSTEM) as tx:
            by = await principal_as(tx, login, now)
            far = reach(by, Permission.READ_OBLIGATIONS)
            demand = await directed.directive(tx, directive, reach=far, now=now)
            new = [
                await attach(
                    tx,
                    blob,
                    subject=demand.subject,
                    organization_id=by.home,
                    account_id=by.account_id,
                    actor=by.actor,
                    now=now,
                )
                for blob in blobs
            ]
            given = {
                "files": [str(one) for one in (*kept, *new)],
                "file_condition": file_condition,
                "things": "\n".join(typed),
            }
            made = await give_under(
                tx, by, directive, things_in(given), Signed(handed_by, taken_by, place, here(stated_at)), None, now=now
            )
            _, one = await handover(tx, made, far=reach(by, Permission.READ_SUBMISSIONS))
            return [await _list(tx, by, one, console.t)]

    _show(console, console.run(work), as_json=as_json)


@click.command("paper")
@click.argument("handover_id", metavar="LIST", type=click.UUID)
@as_option
@click.option(
    "--out", type=click.Path(dir_okay=False, path_type=Path), required=True, help="File to write: .pdf or .docx."
)
@click.option(
    "--lang", type=click.Choice(LOCALES), default=DEFAULT_LOCALE, show_default=True, help="Language of the paper."
)
@click.pass_obj
def paper_command(console: Console, handover_id: UUID, login: str, out: Path, lang: str) -> None:
    """Write a list of evidence on A4, for both sides to sign."""
    write = WRITERS.get(out.suffix.lower().lstrip("."))
    if write is None:
        raise click.BadParameter(console.t("The file's name ends in .pdf or .docx."), param_hint="--out")

    async def work(db: Database) -> bytes:
        now = db.clock.now()
        async with db.transaction(SYSTEM) as tx:
            _, tree = await paper_of(tx, await principal_as(tx, login, now), handover_id, translator(lang), now=now)
        return write(tree)

    content = console.run(work)
    try:
        out.write_bytes(content)
    except OSError as error:
        raise click.FileError(str(out), str(error.strerror)) from error
    click.echo(str(out))


@click.command("sign")
@click.argument("handover_id", metavar="LIST", type=click.UUID)
@as_option
@click.option(
    "--file",
    "files",
    type=FILE,
    multiple=True,
    required=True,
    help="Scan or photo of a signed page. May be given several times.",
)
@json_option
@click.pass_obj
def sign_command(console: Console, handover_id: UUID, login: str, files: tuple[Path, ...], *, as_json: bool) -> None:
    """Keep the signed list of evidence with its SHA-256; the first page proves the receipt."""

    async def work(db: Database) -> list[dict[str, object]]:
        now = db.clock.now()
        blobs = await _stored(console, files)
        async with db.transaction(SYSTEM) as tx:
            by = await principal_as(tx, login, now)
            await keep_scans(tx, handover_id, blobs, by=by, now=now)
            _, one = await handover(tx, handover_id, far=reach(by, Permission.READ_SUBMISSIONS))
            return [await _list(tx, by, one, console.t)]

    _show(console, console.run(work), as_json=as_json)


async def _stored(console: Console, files: Sequence[Path]) -> list[StoredBlob]:
    store = BlobStore(console.settings.home / "blobs")
    return [await store.put(chunks_of(path), path.name) for path in files]


async def _list(tx: Tx, by: Principal, one: Handover, t: Translator) -> dict[str, object]:
    scans = await scans_by_list(tx, [one.submission_id], reach(by, Permission.HAND_OVER_EVIDENCE))
    return {
        "report": one.serial,
        "handed_by": one.handed_by,
        "taken_by": one.taken_by,
        "place": one.place or "",
        "at": exact(one.stated_at, t),
        "written_down": exact(one.recorded_at, t),
        "lines": [
            {
                "name": each["name"],
                "quantity": each["quantity"],
                "condition": each["condition"],
                "sha256": each["sha256"] or "",
            }
            for each in one.things
        ],
        "signed": [{"file": each.filename, "sha256": each.sha256} for each in scans[one.submission_id][0]],
        "id": str(one.id),
    }


def _show(console: Console, found: Sequence[dict[str, object]], *, as_json: bool) -> None:
    """Each list by itself: its facts, its lines, its signed pages."""
    if as_json:
        console.show(found, as_json=True)
        return
    for place, one in enumerate(found):
        if place:
            click.echo()
        lines, pages = one.pop("lines"), one.pop("signed")
        console.show(one, as_json=False)
        click.echo()
        console.show(lines, as_json=False)
        if pages:
            click.echo()
            console.show(pages, as_json=False)


COMMANDS: Final = (lists_command, hand_over_command, paper_command, sign_command)
