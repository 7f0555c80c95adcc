"""`irm change …` and `irm paper …`: planned changes and monthly papers, the same services as pages and interface."""

from collections.abc import Awaitable, Callable, Sequence
from datetime import datetime
from pathlib import Path
from typing import Any, Final
from uuid import UUID

import click
import msgspec

from irm.access.acting import as_option, chunks_of, principal_as
from irm.access.policy import Principal
from irm.clock import SHANGHAI
from irm.console import Console, Failed, json_option
from irm.db import SYSTEM, Database, Tx
from irm.errors import Invalid
from irm.evidence.blobs import BlobStore, StoredBlob
from irm.oversight import acting, papers, queries, service
from irm.oversight.acting import answerable, attach_all, own_change
from irm.oversight.queries import Filters
from irm.oversight.schemas import PlanChange, change_view, paper_list
from irm.systems.queries import system_by_code

Work = Callable[[Tx, Principal, Database], Awaitable[str]]
answer_option: Final = click.option(
    "--returned", is_flag=True, help="Return it to be completed; without this it is taken on file."
)
note_option: Final = click.option("--note", default="", help="What is missing; needed when it is returned.")
files_option: Final = click.option(
    "--file",
    "files",
    multiple=True,
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help="File that goes with it; may be given several times.",
)
text_option: Final = click.option("--text", required=True, help="What is handed over.")


@click.group()
def change() -> None:
    """Planned changes: announce, hand the plan over, answer, tell users, end, list, show."""


@change.command("list")
@click.option("--when", type=click.Choice(["coming", "over"]), help="Only those to come, or those that are over.")
@click.option("--system", metavar="CODE", help="Of this system only.")
@as_option
@json_option
@click.pass_obj
def list_changes(console: Console, when: str | None, system: str | None, login: str, as_json: bool) -> None:
    """List planned changes as that account sees them, the latest start first."""

    async def work(db: Database) -> list[dict[str, Any]]:
        now = db.clock.now()
        async with db.transaction(SYSTEM) as tx:
            by = await principal_as(tx, login, now)
            of = (await system_by_code(tx, system)).id if system else None
            found, _ = await queries.changes(tx, by, Filters(when=when, system=of), limit=200)
            owed = await queries.owed_for(tx, found, now=now)
            views = [change_view(one, owed[one.id].limit, console.t) for one in found]
        shown: list[dict[str, Any]] = msgspec.to_builtins(views)
        if as_json:
            return shown
        columns = ("number", "state_word", "planned_start", "by_name", "system_name", "title")
        return [{name: one[name] for name in columns} for one in shown]

    console.show(console.run(work), as_json=as_json)


@change.command("show")
@click.argument("number")
@as_option
@json_option
@click.pass_obj
def show_change(console: Console, number: str, login: str, as_json: bool) -> None:
    """Show one planned change as that account sees it."""

    async def work(tx: Tx, by: Principal, _db: Database) -> str:
        return (await queries.change_by_number(tx, by, number)).number

    _done(console, login, work, as_json=as_json)


@change.command("plan")
@click.argument("file", type=click.File("rb"))
@as_option
@json_option
@click.pass_obj
def plan_change(console: Console, file: Any, login: str, as_json: bool) -> None:
    """Announce a change. FILE is the JSON that POST /api/v1/changes takes; - reads standard input."""
    try:
        given = msgspec.json.decode(file.read(), type=PlanChange)
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise Failed(str(error), console.t) from error

    async def work(tx: Tx, by: Principal, db: Database) -> str:
        return (await acting.plan(tx, given, by, db.clock)).number

    _done(console, login, work, as_json=as_json)


@change.command("hand-in")
@click.argument("number")
@text_option
@files_option
@as_option
@json_option
@click.pass_obj
def hand_in_plan(console: Console, number: str, text: str, files: tuple[Path, ...], login: str, as_json: bool) -> None:
    """Hand the plan of a change over to the cloud authority, with its files."""

    async def work(tx: Tx, by: Principal, db: Database) -> str:
        found = await own_change(tx, by, number)
        blobs = await _stored(console, files)
        await attach_all(tx, blobs, found, by, db.clock)
        await service.hand_in_plan(tx, found.id, text=text, actor=by.actor, now=db.clock.now())
        return found.number

    _done(console, login, work, as_json=as_json)


@change.command("answer")
@click.argument("number")
@answer_option
@note_option
@as_option
@json_option
@click.pass_obj
def answer_plan(console: Console, number: str, *, returned: bool, note: str, login: str, as_json: bool) -> None:
    """Take the plan of a change on file, or return it."""

    async def work(tx: Tx, by: Principal, db: Database) -> str:
        found = await answerable(tx, by, number)
        await service.answer_plan(
            tx,
            found.id,
            accepted=not returned,
            reason=note,
            account_id=by.account_id,
            actor=by.actor,
            now=db.clock.now(),
        )
        return found.number

    _done(console, login, work, as_json=as_json)


@change.command("tell-users")
@click.argument("number")
@text_option
@as_option
@json_option
@click.pass_obj
def tell_users(console: Console, number: str, text: str, login: str, as_json: bool) -> None:
    """Tell the using units that work in irm of a change."""

    async def work(tx: Tx, by: Principal, db: Database) -> str:
        found = await own_change(tx, by, number)
        await service.tell_users(tx, found.id, text=text, actor=by.actor, now=db.clock.now())
        return found.number

    _done(console, login, work, as_json=as_json)


@change.command("end")
@click.argument("number")
@click.option("--cancelled", is_flag=True, help="It will not take place; without this it was carried out.")
@click.option("--remark", default="", help="How it went, or why it is cancelled.")
@as_option
@json_option
@click.pass_obj
def end_change(console: Console, number: str, *, cancelled: bool, remark: str, login: str, as_json: bool) -> None:
    """Record that a change was carried out, or cancel it."""

    async def work(tx: Tx, by: Principal, db: Database) -> str:
        found = await own_change(tx, by, number)
        if cancelled:
            await service.cancel_change(tx, found.id, reason=remark, actor=by.actor, now=db.clock.now())
        else:
            await service.finish_change(tx, found.id, remark=remark, actor=by.actor, now=db.clock.now())
        return found.number

    _done(console, login, work, as_json=as_json)


@click.group()
def paper() -> None:
    """Monthly papers: list them, hand one in, take it on file or return it."""


@paper.command("list")
@click.option("--year", type=int, help="Of this year; default: the current one.")
@as_option
@json_option
@click.pass_obj
def list_papers(console: Console, year: int | None, login: str, as_json: bool) -> None:
    """List every monthly paper of a year: in time, late, missing, open, or to come."""

    async def work(db: Database) -> Any:
        now = db.clock.now()
        wanted = papers.checked_year(year if year is not None else now.astimezone(SHANGHAI).year)
        async with db.transaction(SYSTEM) as tx:
            by = await principal_as(tx, login, now)
            found = paper_list(wanted, await papers.papers_of_year(tx, by, wanted, now=now), console.t)
        shown: dict[str, Any] = msgspec.to_builtins(found)
        if as_json:
            return shown
        columns = ("month", "state_word", "due_at", "title", "obligation")
        return [{name: one[name] for name in columns} for one in shown["papers"]]

    console.show(console.run(work), as_json=as_json)


@paper.command("hand-in")
@click.argument("obligation", type=click.UUID)
@text_option
@files_option
@as_option
@json_option
@click.pass_obj
def hand_in_paper(
    console: Console, obligation: UUID, text: str, files: tuple[Path, ...], login: str, as_json: bool
) -> None:
    """Hand a monthly paper in with its files; a returned one once more, to complete it."""

    async def work(tx: Tx, by: Principal, db: Database) -> UUID:
        await papers.own_paper(tx, by, obligation, now=db.clock.now())
        blobs = await _stored(console, files)
        return await papers.hand_in_paper(tx, obligation, blobs, text=text, by=by, now=db.clock.now())

    _submitted(console, login, work, as_json=as_json)


@paper.command("answer")
@click.argument("obligation", type=click.UUID)
@answer_option
@note_option
@click.option(
    "--complete-by",
    type=click.DateTime(["%Y-%m-%d"]),
    help="When it is returned: last day, in Beijing time, for what is missing.",
)
@as_option
@json_option
@click.pass_obj
def answer_paper(
    console: Console,
    obligation: UUID,
    *,
    returned: bool,
    note: str,
    complete_by: datetime | None,
    login: str,
    as_json: bool,
) -> None:
    """Take a monthly paper on file, or return it to be completed."""
    until = complete_by.replace(hour=23, minute=59, second=59, tzinfo=SHANGHAI) if complete_by else None

    async def work(tx: Tx, by: Principal, db: Database) -> UUID:
        return await papers.answer_paper(
            tx,
            obligation,
            outcome=service.RETURNED if returned else service.ANSWERS[0],
            note=note,
            complete_by=until,
            by=by,
            now=db.clock.now(),
        )

    _submitted(console, login, work, as_json=as_json)


def _done(console: Console, login: str, work: Work, *, as_json: bool) -> None:
    """Do it in one transaction and show the change as it stands then."""

    async def run(db: Database) -> dict[str, Any]:
        now = db.clock.now()
        async with db.transaction(SYSTEM) as tx:
            by = await principal_as(tx, login, now)
            one = await queries.change_by_number(tx, by, await work(tx, by, db))
            owed = await queries.owed_for(tx, [one], now=now)
            found: dict[str, Any] = msgspec.to_builtins(change_view(one, owed[one.id].limit, console.t))
        return found

    console.show(console.run(run), as_json=as_json)


def _submitted(
    console: Console, login: str, work: Callable[[Tx, Principal, Database], Awaitable[UUID]], *, as_json: bool
) -> None:
    async def run(db: Database) -> dict[str, Any]:
        async with db.transaction(SYSTEM) as tx:
            by = await principal_as(tx, login, db.clock.now())
            return {"submission": str(await work(tx, by, db))}

    console.show(console.run(run), as_json=as_json)


async def _stored(console: Console, files: Sequence[Path]) -> list[StoredBlob]:
    if not files:
        raise Invalid(service.NO_FILE, field="file")
    store = BlobStore(console.settings.home / "blobs")
    return [await store.put(chunks_of(path), path.name, field="file") for path in files]
