"""`irm shift list|show|give|take|refuse|take-back`: 交接班 without a browser."""

from collections.abc import Awaitable, Callable, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

import click
import msgspec

from irm.access.acting import as_option, principal_as
from irm.access.policy import Principal
from irm.access.queries import account_by_login
from irm.console import Console, json_option
from irm.db import SYSTEM, Database, Tx
from irm.i18n import Translator
from irm.shifts import service
from irm.shifts.matters import Line
from irm.shifts.queries import STATUS_NAMES, ShiftHandover, Standing, desk_seen, handover_for, handovers_of
from irm.shifts.schemas import view, whole
from irm.web.wording import exact

Doing = Callable[[Tx, Principal, datetime], Awaitable[UUID]]
desk_option = click.option(
    "--organization", "desk", metavar="CODE", help="Code of the desk's organization; default: yours."
)


@click.group()
def shift() -> None:
    """Hand-overs of a desk's shift: list, show, give, take, refuse, take back."""


@shift.command("list")
@as_option
@desk_option
@json_option
@click.pass_obj
def list_command(console: Console, login: str, desk: str | None, *, as_json: bool) -> None:
    """The hundred newest of a desk."""

    async def work(db: Database) -> list[ShiftHandover]:
        async with db.transaction(SYSTEM) as tx:
            by = await principal_as(tx, login, db.clock.now())
            return await handovers_of(tx, await desk_seen(tx, by, desk))

    found, t = console.run(work), console.t
    console.show([msgspec.to_builtins(view(one)) if as_json else _line(one, t) for one in found], as_json=as_json)


@shift.command("show")
@click.argument("handover", type=click.UUID)
@as_option
@json_option
@click.pass_obj
def show_command(console: Console, handover: UUID, login: str, *, as_json: bool) -> None:
    """What was open when it was given, and what has changed since."""
    _run(console, login, _nothing(handover), as_json=as_json)


@shift.command("give")
@as_option
@click.option(
    "--to", "taker", metavar="LOGIN", required=True, help="Login name of who comes; somebody of this desk's roster."
)
@click.option("--note", default="", help="What the next one should know.")
@desk_option
@json_option
@click.pass_obj
def give_command(console: Console, login: str, taker: str, note: str, desk: str | None, *, as_json: bool) -> None:
    """Hand the shift over, with what is open at this moment."""

    async def work(tx: Tx, by: Principal, now: datetime) -> UUID:
        own = await service.own_desk(tx, by, desk)
        to = (await account_by_login(tx, taker, now=now)).person_id
        return await service.give(tx, own, to=to, note=note, by=by, now=now)

    _run(console, login, work, as_json=as_json)


@shift.command("take")
@click.argument("handover", type=click.UUID)
@as_option
@click.option("--remark", default="", help="What is to be said about it.")
@json_option
@click.pass_obj
def take_command(console: Console, handover: UUID, login: str, remark: str, *, as_json: bool) -> None:
    """Take the shift over; what is open has been read."""

    async def work(tx: Tx, by: Principal, now: datetime) -> UUID:
        await service.take(tx, handover, remark=remark, by=by, now=now)
        return handover

    _run(console, login, work, as_json=as_json)


@shift.command("refuse")
@click.argument("handover", type=click.UUID)
@as_option
@click.option("--reason", required=True, help="Why; stays on record.")
@json_option
@click.pass_obj
def refuse_command(console: Console, handover: UUID, login: str, reason: str, *, as_json: bool) -> None:
    """Do not take it: the shift stays with who gave it."""

    async def work(tx: Tx, by: Principal, now: datetime) -> UUID:
        await service.refuse(tx, handover, reason=reason, by=by, now=now)
        return handover

    _run(console, login, work, as_json=as_json)


@shift.command("take-back")
@click.argument("handover", type=click.UUID)
@as_option
@json_option
@click.pass_obj
def take_back_command(console: Console, handover: UUID, login: str, *, as_json: bool) -> None:
    """Take back what nobody has taken over yet."""

    async def work(tx: Tx, by: Principal, now: datetime) -> UUID:
        await service.withdraw(tx, handover, by=by, now=now)
        return handover

    _run(console, login, work, as_json=as_json)


def _nothing(handover: UUID) -> Doing:
    async def work(tx: Tx, by: Principal, now: datetime) -> UUID:  # noqa: ARG001 - one shape for all
        return handover

    return work


def _run(console: Console, login: str, doing: Doing, *, as_json: bool) -> None:
    """Does it and shows the hand-over as it stands then."""

    async def work(db: Database) -> Standing:
        now = db.clock.now()
        async with db.transaction(SYSTEM) as tx:
            by = await principal_as(tx, login, now)
            return await handover_for(tx, await doing(tx, by, now), by, now=now)

    found, t = console.run(work), console.t
    if as_json:
        console.show(msgspec.to_builtins(whole(found, t)), as_json=True)
        return
    console.show({**_line(found.handover, t), **_words(found, t)}, as_json=False)


def _line(one: ShiftHandover, t: Translator) -> dict[str, Any]:
    return {
        t("Hand-over of the shift"): one.id,
        t("Organization"): one.organization,
        t("Shift handed over"): f"{one.given_by} {exact(one.given_at, t)}",
        t("Who takes the shift over"): one.to,
        t("Status"): t(STATUS_NAMES[one.status]),
        t("Open matters"): sum(each.n for each in one.open),
    }


def _words(found: Standing, t: Translator) -> dict[str, Any]:
    one, change = found.handover, found.change
    lines: dict[str, Sequence[Line]] = {t("Matter"): one.open}
    if change is not None:
        lines |= {
            t("Added meanwhile"): change.new,
            t("Done meanwhile"): change.done,
            t("Limit ended meanwhile, still open"): change.ran_out,
            t("Otherwise than handed over"): change.moved,
        }
    answered = [one.answered_by, exact(one.answered_at, t), one.answer] if one.answered_at else []
    return {
        t("Note for the next shift"): one.note,
        t("Remark"): " ".join(filter(None, answered)),
        **{name: t("; ").join(t.of(each.title) for each in several) for name, several in lines.items() if several},
    }
