"""`irm roster rotate | override | leave | temporary | quality | rules | take-back`: what makes a roster, on the command line."""

from collections.abc import Awaitable, Callable
from datetime import date, datetime
from pathlib import Path
from typing import Any, Final
from uuid import UUID

import click
import msgspec

from irm.access import queries as access
from irm.console import Console, json_option
from irm.db import SYSTEM, Database, Tx
from irm.errors import Conflict, Invalid, NotFound
from irm.i18n import N_
from irm.notify.duty import create_roster
from irm.notify.roster import Span
from irm.notify.rosters import service
from irm.notify.rosters.checking import quality_of
from irm.notify.rosters.definitions import Roster, rosters_of
from irm.notify.rosters.desk import desk_of, seats_named
from irm.notify.rosters.leave import end_leave, record_leave
from irm.notify.rosters.month_import import Hours, look, take_over
from irm.notify.rosters.rotation import DAYS, LAYERS, UNITS, Seat
from irm.notify.rosters.schemas import desk_view, quality_view
from irm.notify.rosters.temporary import end_temporary, make_temporary
from irm.notify.rosters.working_out import OVERRIDE_KINDS, Leave
from irm.notify.schemas import moment_in

Work = Callable[[Tx, access.Organization, datetime], Awaitable[dict[str, Any]]]
NAME_ONE: Final = N_("Name one of its rosters: %(names)s.")
NONE_YET: Final = N_("It has no roster yet; one is made: irm roster create.")
MOMENT: Final = "Moment, RFC 3339 with zone."
ROSTER: Final = "Name of the roster (default: the only lasting one)."


@click.command("create")
@click.argument("organization")
@click.option("--name", required=True, help="Name of the roster.")
@json_option
@click.pass_obj
def create(console: Console, organization: str, name: str, *, as_json: bool) -> None:
    """Make a roster for an organization."""

    async def work(tx: Tx, desk: access.Organization, now: datetime) -> dict[str, Any]:
        return {"id": str(await create_roster(tx, organization_id=desk.id, name=name, now=now, actor=SYSTEM))}

    _run(console, organization, work, as_json=as_json)


@click.command("rotate")
@click.argument("organization")
@click.option("--roster", help=ROSTER)
@click.option(
    "--layer", type=click.Choice(LAYERS), default="day", show_default=True, help="day, night, backup or leader."
)
@click.option("--from", "from_day", type=click.DateTime(["%Y-%m-%d"]), required=True, help="First day, 2026-11-23.")
@click.option("--turn", "turns", multiple=True, help="Who serves, in order; repeat it.")
@click.option("--unit", type=click.Choice(UNITS), default="day", show_default=True, help="day, week or month.")
@click.option("--length", type=int, default=1, show_default=True, help="How many units a turn lasts.")
@click.option("--starts", default="08:00", show_default=True, help="When a shift begins, 08:00.")
@click.option(
    "--ends", default="08:00", show_default=True, help="When a shift ends; not after its beginning: on the next day."
)
@click.option("--days", type=click.Choice(DAYS), default="all", show_default=True, help="all, working or rest.")
@click.option("--once", is_flag=True, help="Only once through the list.")
@json_option
@click.pass_obj
def rotate(
    console: Console, organization: str, roster: str | None, layer: str, from_day: datetime, turns: tuple[str, ...],
    *, unit: str, length: int, starts: str, ends: str, days: str, once: bool, as_json: bool,
) -> None:  # fmt: skip
    """Set a rotation from a day on: who serves in which order. Repeat --turn, one for each turn, with names or logins separated by commas."""

    async def work(tx: Tx, desk: access.Organization, now: datetime) -> dict[str, Any]:
        seats = await seats_named(tx, desk.id, turns, now, "turn")
        order = service.rotation_read(
            layer, from_day.date(), seats, days=days, unit=unit, length=length, starts=starts, ends=ends, wraps=not once
        )
        found = await _roster(tx, desk.id, roster)
        return {"id": str(await service.set_rotation(tx, found.id, order, now=now, actor=SYSTEM))}

    _run(console, organization, work, as_json=as_json)


@click.command("override")
@click.argument("organization")
@click.argument("kind", type=click.Choice(OVERRIDE_KINDS))
@click.option("--roster", help=ROSTER)
@click.option(
    "--layer", type=click.Choice(LAYERS), default="day", show_default=True, help="day, night, backup or leader."
)
@click.option("--from", "since", required=True, help=MOMENT)
@click.option("--to", "until", required=True, help=MOMENT)
@click.option("--who", help="Who comes: name, login or post.")
@click.option("--instead-of", help="In whose place: name, login or post (default: whoever is on duty).")
@click.option("--note", default="", help="Reason.")
@click.option("--despite", is_flag=True, help="A gap, or an earlier change, is known of and meant.")
@json_option
@click.pass_obj
def override(
    console: Console, organization: str, kind: str, roster: str | None, layer: str, since: str, until: str, *,
    who: str | None, instead_of: str | None, note: str, despite: bool, as_json: bool,
) -> None:  # fmt: skip
    """Change a roster by hand in a span: add, remove or replace."""

    async def work(tx: Tx, desk: access.Organization, now: datetime) -> dict[str, Any]:
        span = _span(since, until)
        seat = await _seat(tx, desk.id, who, now, "who")
        gone = await _seat(tx, desk.id, instead_of, now, "instead_of")
        place = (gone.person_id or gone.post_id) if gone else None
        given = service.NewOverride(kind, layer, span.starts_at, span.ends_at, seat, place, note, despite)
        found = await _roster(tx, desk.id, roster)
        return {"id": str(await service.override(tx, found.id, given, now=now, actor=SYSTEM))}

    _run(console, organization, work, as_json=as_json)


@click.command("leave")
@click.argument("organization")
@click.option("--who", required=True, help="Who is away: name or login.")
@click.option("--from", "since", required=True, help=MOMENT)
@click.option("--to", "until", required=True, help=MOMENT)
@click.option("--substitute", help="Who stands in: name or login (default: whoever is next).")
@click.option("--note", default="", help="Reason.")
@json_option
@click.pass_obj
def leave(
    console: Console, organization: str, who: str, since: str, until: str, *, substitute: str | None, note: str,
    as_json: bool,
) -> None:  # fmt: skip
    """Record leave: the turns pass to the substitute or to whoever is next."""

    async def work(tx: Tx, desk: access.Organization, now: datetime) -> dict[str, Any]:
        span = _span(since, until)
        away = await _seat(tx, desk.id, who, now, "who")
        stands_in = await _seat(tx, desk.id, substitute, now, "substitute")
        if away is None or away.person_id is None:
            raise Invalid("This is needed.", field="who")
        given = Leave(away.person_id, span.starts_at, span.ends_at, stands_in.person_id if stands_in else None)
        return {"id": str(await record_leave(tx, desk.id, given, note=note, now=now, actor=SYSTEM))}

    _run(console, organization, work, as_json=as_json)


@click.command("temporary")
@click.argument("organization")
@click.option("--roster", help=ROSTER)
@click.option("--name", required=True, help="Name of the schedule.")
@click.option("--from", "since", required=True, help=MOMENT)
@click.option("--to", "until", required=True, help=MOMENT)
@json_option
@click.pass_obj
def temporary(
    console: Console, organization: str, roster: str | None, name: str, since: str, until: str, *, as_json: bool
) -> None:
    """Make a schedule that serves for a while in place of a roster."""

    async def work(tx: Tx, desk: access.Organization, now: datetime) -> dict[str, Any]:
        found = await _roster(tx, desk.id, roster)
        made = await make_temporary(tx, found.id, name=name, span=_span(since, until), now=now, actor=SYSTEM)
        return {"id": str(made)}

    _run(console, organization, work, as_json=as_json)


@click.command("quality")
@click.argument("organization")
@json_option
@click.pass_obj
def quality(console: Console, organization: str, *, as_json: bool) -> None:
    """Show what is wrong with the next 90 days of an organization's rosters."""

    async def work(tx: Tx, desk: access.Organization, now: datetime) -> dict[str, Any]:
        return msgspec.to_builtins(quality_view(desk.id, await quality_of(tx, desk.id, now)))  # type: ignore[no-any-return]  # a mapping

    found = _found(console, organization, work)
    console.show(found if as_json else found["findings"], as_json=as_json)


@click.command("rules")
@click.argument("organization")
@json_option
@click.pass_obj
def rules(console: Console, organization: str, *, as_json: bool) -> None:
    """Show what makes an organization's rosters: rotations, changes, leave."""

    async def work(tx: Tx, desk: access.Organization, now: datetime) -> dict[str, Any]:
        return msgspec.to_builtins(desk_view(await desk_of(tx, desk, now)))  # type: ignore[no-any-return]  # a mapping

    console.show(_found(console, organization, work), as_json=as_json)


@click.command("take-back")
@click.argument("kind", type=click.Choice(["rotation", "override", "leave", "temporary"]))
@click.argument("known", type=click.UUID)
@json_option
@click.pass_obj
def take_back(console: Console, kind: str, known: UUID, *, as_json: bool) -> None:
    """Take back a rotation that has not begun, a change, a leave or a temporary schedule."""
    ends: dict[str, Any] = {
        "rotation": service.withdraw_rotation,
        "override": service.take_back_override,
        "leave": end_leave,
        "temporary": end_temporary,
    }

    async def work(db: Database) -> dict[str, Any]:
        async with db.transaction(SYSTEM) as tx:
            await ends[kind](tx, known, now=tx.clock.now(), actor=SYSTEM)
        return {"taken_back": str(known)}

    console.show(console.run(work), as_json=as_json)


@click.command("import-month")
@click.argument("organization")
@click.argument("file", type=click.Path(path_type=Path, exists=True, dir_okay=False))
@click.option("--roster", help=ROSTER)
@click.option("--month", required=True, help="Month, 2026-12.")
@click.option("--starts", default="08:00", show_default=True, help="When a shift begins, 08:00.")
@click.option(
    "--ends", default="08:00", show_default=True, help="When a shift ends; not after its beginning: on the next day."
)
@click.option("--dry-run", is_flag=True, help="Only say what it would change.")
@json_option
@click.pass_obj
def import_month(
    console: Console, organization: str, file: Path, *, roster: str | None, month: str, starts: str, ends: str,
    dry_run: bool, as_json: bool,
) -> None:  # fmt: skip
    """Take over a month's table from Excel: a row a day, columns for the leader, the duty officer, standing by."""
    content = file.read_bytes()

    async def work(tx: Tx, desk: access.Organization, now: datetime) -> dict[str, Any]:
        found = await _roster(tx, desk.id, roster)
        try:
            first = date.fromisoformat(f"{month}-01")
        except ValueError:
            raise Invalid("Not a month: write 2026-11.", field="month") from None
        hours = Hours(starts, ends)
        if dry_run:
            seen = await look(tx, found.id, content, first, hours=hours, now=now)
        else:
            seen = await take_over(tx, found.id, content, first, hours=hours, now=now, actor=SYSTEM)
        lines = [
            {"day": each.day, "layer": each.layer, "name": each.name, "comes": each.comes} for each in seen.differences
        ]
        return {"differences": lines, "kept": seen.kept, "over": seen.over}

    found = _found(console, organization, work)
    console.show(found if as_json else found["differences"], as_json=as_json)


COMMANDS: Final = (create, rotate, override, leave, temporary, quality, rules, take_back, import_month)


def _run(console: Console, organization: str, work: Work, *, as_json: bool) -> None:
    console.show(_found(console, organization, work), as_json=as_json)


def _found(console: Console, organization: str, work: Work) -> dict[str, Any]:
    async def inside(db: Database) -> dict[str, Any]:
        async with db.transaction(SYSTEM) as tx:
            return await work(tx, await access.organization_by_code(tx, organization), tx.clock.now())

    return console.run(inside)


async def _roster(tx: Tx, organization_id: UUID, name: str | None) -> Roster:
    known = await rosters_of(tx, organization_id)
    meant = [each for each in known if (each.name == name if name else each.in_place_of is None)]
    if len(meant) == 1:
        return meant[0]
    if not known:
        raise NotFound(NONE_YET)
    raise Conflict(NAME_ONE, names="、".join(each.name for each in known))


async def _seat(tx: Tx, organization_id: UUID, name: str | None, now: datetime, field: str) -> Seat | None:
    if not name:
        return None
    return (await seats_named(tx, organization_id, [name], now, field))[0][0]


def _span(since: str, until: str) -> Span:
    starts_at, ends_at = moment_in(since, "from"), moment_in(until, "to")
    if starts_at is None or ends_at is None:
        raise Invalid("This is needed.", field="from" if starts_at is None else "to")
    return Span(starts_at, ends_at)
