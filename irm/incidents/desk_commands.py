"""`irm incident told|paged|note|notes|role|handover|takeover`: the work at an incident without a browser."""

from collections.abc import Awaitable, Callable
from datetime import datetime
from typing import Any, Final
from uuid import UUID

import click
import msgspec

from irm.access.acting import as_option, principal_as
from irm.access.policy import Permission, Principal
from irm.access.queries import account_by_login
from irm.console import Console, json_option
from irm.db import SYSTEM, Database, Tx
from irm.i18n import Translator
from irm.incidents import queries, shift_handover
from irm.incidents.desk_models import ROLES, SIGHTS
from irm.incidents.desk_showing import handover_views, note_views, role_views
from irm.incidents.informing import told_of
from irm.incidents.informing_schemas import ToldView
from irm.incidents.notes import notes_of, write_note
from irm.incidents.paging import paging_of
from irm.incidents.paging_schemas import MessageLine, PagingView
from irm.incidents.queries import Sight
from irm.incidents.roles import end_role, name_role, roles_of
from irm.web.wording import exact

Doing = Callable[[Tx, Sight, Principal, datetime], Awaitable[Any]]


@click.command("told")
@click.argument("number")
@as_option
@json_option
@click.pass_obj
def told(console: Console, number: str, login: str, *, as_json: bool) -> None:
    """Who was told when, by what means, how it is known, and what is still owed."""

    async def work(tx: Tx, found: Sight, by: Principal, now: datetime) -> Any:
        view = await told_of(tx, found, by, console.t, now=now)
        return view if as_json else told_rows(view, console.t)

    _run(console, number, login, Permission.READ_INCIDENTS, work, as_json=as_json)


@click.command("paged")
@click.argument("number")
@as_option
@json_option
@click.pass_obj
def paged(console: Console, number: str, login: str, *, as_json: bool) -> None:
    """Every planned call: when it was due, who took it, what came back, or why it was left out."""

    async def work(tx: Tx, found: Sight, by: Principal, now: datetime) -> Any:  # noqa: ARG001 - one shape for all
        view = await paging_of(tx, found, console.t, now=now)
        return view if as_json else paged_rows(view, console.t)

    _run(console, number, login, Permission.READ_INCIDENTS, work, as_json=as_json)


@click.command("notes")
@click.argument("number")
@as_option
@json_option
@click.pass_obj
def notes(console: Console, number: str, login: str, *, as_json: bool) -> None:
    """Notes, the newest first."""

    async def work(tx: Tx, found: Sight, by: Principal, now: datetime) -> Any:  # noqa: ARG001 - one shape for all
        return note_views(await notes_of(tx, found))

    _run(console, number, login, Permission.READ_INCIDENTS, work, as_json=as_json)


@click.command("note")
@click.argument("number")
@click.argument("text")
@click.option(
    "--for", "sight", type=click.Choice(SIGHTS), default="own", help="Who reads it: own organization, or all."
)
@click.option("--corrects", type=click.UUID, help="The note that it corrects.")
@as_option
@json_option
@click.pass_obj
def note(
    console: Console, number: str, text: str, sight: str, corrects: UUID | None, login: str, *, as_json: bool
) -> None:
    """Write a note; it is never changed afterwards."""

    async def work(tx: Tx, found: Sight, by: Principal, now: datetime) -> Any:
        one = found.incident.id
        written = await write_note(tx, one, text=text, sight=sight, corrects=corrects, by=by, now=now)
        return next(each for each in note_views(await notes_of(tx, found)) if each.id == written)

    _run(console, number, login, Permission.DO_TASKS, work, as_json=as_json)


@click.command("role")
@click.argument("number")
@click.argument("role", type=click.Choice(ROLES))
@click.option("--to", "holder", help="Login name of who holds it from now on; left out: nobody any more.")
@as_option
@json_option
@click.pass_obj
def role(console: Console, number: str, role: str, holder: str | None, login: str, *, as_json: bool) -> None:
    """Give a role at the incident, or end it."""

    async def work(tx: Tx, found: Sight, by: Principal, now: datetime) -> Any:
        one = found.incident.id
        if holder is None:
            await end_role(tx, one, role=role, by=by, now=now)
        else:
            person = (await account_by_login(tx, holder, now=now)).person_id
            await name_role(tx, one, role=role, person=person, by=by, now=now)
        return role_views(await roles_of(tx, found), console.t)

    _run(console, number, login, Permission.CHANGE_STATUS, work, as_json=as_json)


@click.command("handover")
@click.argument("number")
@click.argument("text")
@click.option("--to", "taker", help="Login name of who is to take it; left out: whoever of the next shift does.")
@as_option
@json_option
@click.pass_obj
def handover(console: Console, number: str, text: str, taker: str | None, login: str, *, as_json: bool) -> None:
    """Hand an open incident to the next shift, with what is open."""

    async def work(tx: Tx, found: Sight, by: Principal, now: datetime) -> Any:
        to = (await account_by_login(tx, taker, now=now)).person_id if taker is not None else None
        given = await shift_handover.give(tx, found.incident.id, text=text, to=to, by=by, now=now)
        views = handover_views(await shift_handover.handovers_of(tx, found), console.t)
        return next(one for one in views if one.id == given)

    _run(console, number, login, Permission.CHANGE_STATUS, work, as_json=as_json)


@click.command("takeover")
@click.argument("number")
@as_option
@json_option
@click.pass_obj
def takeover(console: Console, number: str, login: str, *, as_json: bool) -> None:
    """Take over what was handed over at this incident."""

    async def work(tx: Tx, found: Sight, by: Principal, now: datetime) -> Any:
        own = [one for one in await shift_handover.waiting_for(tx, by) if one.incident_id == found.incident.id]
        for one in own:
            await shift_handover.take(tx, one.id, by=by, now=now)
        taken = {one.id for one in own}
        found_now = await shift_handover.handovers_of(tx, found)
        return [one for one in handover_views(found_now, console.t) if one.id in taken]

    _run(console, number, login, Permission.CHANGE_STATUS, work, as_json=as_json)


def told_rows(view: ToldView, t: Translator) -> list[dict[str, str]]:
    """A line for each organization, as a terminal shows it."""
    return [
        {
            "organization": one.organization,
            "first told": f"{exact(one.first_at, t)} {one.first_means}" if one.first_at else t("not told yet"),
            "how we know": one.proof_words,
            "still owed": t("; ").join(
                f"{each.title} {exact(each.due_at, t)}" if each.due_at else each.title for each in one.owed
            )
            or t("nothing"),
        }
        for one in view.recipients
    ]


def paged_rows(view: PagingView, t: Translator) -> list[dict[str, str]]:
    """A line for each message, and for each step or rung that called nobody with the reason why."""
    rows: list[dict[str, str]] = []
    for run in view.runs:
        for step in run.steps:
            if not step.rungs and not step.messages:
                rows.append(_row(step.title, step.due_at, "", step.words, step.why, t))
            for rung in step.rungs:
                if not rung.messages:
                    rows.append(_row(step.title, rung.due_at, t(", ").join(rung.to), step.words, rung.why, t))
                rows += [_message(step.title, each, t) for each in rung.messages]
            rows += [_message(step.title, each, t) for each in step.messages]
    rows += [_message(each.title, each, t) for each in view.others]
    rows += [_row(one.title, None, "", one.words, one.condition, t) for one in view.not_started]
    return rows


def _message(step: str, one: MessageLine, t: Translator) -> dict[str, str]:
    last = one.attempts[-1] if one.attempts else None
    came = one.answered or one.reason_words or (f"{last.words} {last.detail}".strip() if last else "")
    whom = f"{one.to or one.organization} {one.channel}"
    return _row(step, one.planned_at, whom, one.status_words, came, t, by=(last.claimed_by or "") if last else "")


def _row(
    step: str, due: datetime | None, whom: str, state: str, came: str, t: Translator, *, by: str = ""
) -> dict[str, str]:
    when = exact(due, t) if due else ""
    return {"step": step, "due": when, "to": whom, "state": state, "what came": came, "claimed by": by}


def _run(console: Console, number: str, login: str, permission: Permission, doing: Doing, *, as_json: bool) -> None:
    async def work(db: Database) -> Any:
        now = db.clock.now()
        async with db.transaction(SYSTEM) as tx:
            by = await principal_as(tx, login, now)
            found = await queries.sight_of(tx, number, by, permission)
            return msgspec.to_builtins(await doing(tx, found, by, now))

    console.show(console.run(work), as_json=as_json)


COMMANDS: Final = (told, paged, notes, note, role, handover, takeover)
