"""换班: one asks another to take a turn, for one of his in return or for nothing. Nothing moves before the other agrees."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Final
from uuid import UUID

from sqlalchemy import or_, select

from irm.access import queries as access
from irm.db import Actor, Tx
from irm.errors import Conflict, Forbidden, Invalid, NotFound
from irm.i18n import LOCALES, N_, Translator, translator
from irm.ledger import Event, record
from irm.notify import queries, service as messages
from irm.notify.messages import About
from irm.notify.models import ShiftRow
from irm.notify.roster import Shift
from irm.notify.rosters.checks import belong, clock_of, kept_private, note_checked, roster_on_record
from irm.notify.rosters.models import SwapRow
from irm.notify.rosters.planning import replan
from irm.notify.rosters.rotation import Seat
from irm.notify.rosters.service import NewOverride, weighed, write_override
from irm.notify.rosters.working_out import Override

NOT_YOURS: Final = N_("There is no such question, or it is not for you to answer.")
NOT_ON_DUTY: Final = N_("Nobody of whom this speaks is on duty then.")
ANSWERED: Final = N_("This has been answered, or taken back.")
BEGUN: Final = N_("This turn has begun.")
VIA: Final = ("in_app", "sms", "email")
"""It stands in irm, and it rings: a turn that changes hands must not be found out at eight in the morning."""
STATUS_NAMES: Final[dict[str, str]] = {
    "asked": N_("Waits for an answer"),
    "accepted": N_("Agreed"),
    "declined": N_("Declined by the other"),
    "withdrawn": N_("Taken back"),
}


@dataclass(frozen=True)
class Swap:
    id: UUID
    roster_id: UUID
    asked_by: UUID
    asked_by_name: str
    asked_of: UUID
    asked_of_name: str
    gives_from: datetime
    gives_until: datetime
    takes_from: datetime | None
    takes_until: datetime | None
    note: str
    status: str
    asked_at: datetime
    answered_at: datetime | None


async def ask(
    tx: Tx,
    *,
    gives: UUID,
    of: UUID,
    takes: UUID | None = None,
    note: str = "",
    by: UUID,
    now: datetime,
    actor: Actor,
) -> UUID:
    """`gives`: a shift of whoever asks; `takes`: one of the other's in the same roster, or None: only a favour.

    Whether it would make a gap or a double is looked at now, and again when it is agreed to. Raises NotFound, Invalid, Conflict.
    """
    mine = await _shift(tx, gives, by, now)
    roster = await roster_on_record(tx, mine.roster_id)
    await belong(tx, roster.organization_id, [Seat(of)], now, "of")
    if of == by:
        raise Invalid("Ask somebody else.", field="of")
    theirs = await _shift(tx, takes, of, now) if takes is not None else None
    if theirs is not None and theirs.roster_id != mine.roster_id:
        raise Invalid("Both turns are of one roster.", field="takes")
    row = SwapRow(
        roster_id=mine.roster_id,
        asked_by=by,
        asked_of=of,
        gives_layer=mine.layer,
        gives_from=mine.starts_at,
        gives_until=mine.ends_at,
        takes_layer=theirs.layer if theirs else None,
        takes_from=theirs.starts_at if theirs else None,
        takes_until=theirs.ends_at if theirs else None,
        note=note_checked(note),
        status="asked",
        asked_at=now,
    )
    await _weighed(tx, row, now)
    tx.add(row)
    await tx.flush()
    await _entry(tx, "roster.swap_asked", row, now, actor, note=row.note)
    await _tell(tx, row, row.asked_of, N_("%(name)s asks you to take the duty of %(span)s"), by, now, actor)
    return row.id


async def accept(tx: Tx, swap_id: UUID, *, by: UUID, now: datetime, actor: Actor) -> None:
    """Both turns change hands. Raises NotFound, Conflict: also where it would make a gap or a double by now."""
    row = await _waiting(tx, swap_id, by, "asked_of")
    for change in await _weighed(tx, row, now):
        await write_override(tx, row.roster_id, change, now=now, actor=actor, swap_id=row.id)
    await replan(tx, row.roster_id, now=now, actor=actor)
    await _answer(tx, row, "accepted", now, actor)
    await _tell(tx, row, row.asked_by, N_("%(name)s takes the duty of %(span)s"), by, now, actor)
    await _tell(tx, row, row.asked_of, N_("You take the duty of %(span)s"), by, now, actor)


async def decline(tx: Tx, swap_id: UUID, *, by: UUID, now: datetime, actor: Actor) -> None:
    """The turns stay as they are. Raises NotFound, Conflict."""
    row = await _waiting(tx, swap_id, by, "asked_of")
    await _answer(tx, row, "declined", now, actor)
    await _tell(tx, row, row.asked_by, N_("%(name)s cannot take the duty of %(span)s"), by, now, actor)


async def withdraw(tx: Tx, swap_id: UUID, *, by: UUID, now: datetime, actor: Actor) -> None:
    """Whoever asked does not ask any more. Raises NotFound, Conflict."""
    row = await _waiting(tx, swap_id, by, "asked_by")
    await _answer(tx, row, "withdrawn", now, actor)
    await _tell(tx, row, row.asked_of, N_("%(name)s no longer asks you to take the duty of %(span)s"), by, now, actor)


async def swaps_of(tx: Tx, *, roster_id: UUID | None = None, person_id: UUID | None = None) -> list[Swap]:
    """Of a roster, or that a person asked or was asked; the newest first."""
    which = select(SwapRow).order_by(SwapRow.asked_at.desc(), SwapRow.id.desc()).limit(100)
    if roster_id is not None:
        which = which.where(SwapRow.roster_id == roster_id)
    if person_id is not None:
        which = which.where(or_(SwapRow.asked_by == person_id, SwapRow.asked_of == person_id))
    rows = list(await tx.scalars(which))
    names = await access.person_names(tx, {each for row in rows for each in (row.asked_by, row.asked_of)})
    return [
        Swap(
            row.id,
            row.roster_id,
            row.asked_by,
            names.get(row.asked_by, ""),
            row.asked_of,
            names.get(row.asked_of, ""),
            row.gives_from,
            row.gives_until,
            row.takes_from,
            row.takes_until,
            row.note,
            row.status,
            row.asked_at,
            row.answered_at,
        )
        for row in rows
    ]


async def partners(
    tx: Tx, organization_id: UUID, me: UUID, shifts: Iterable[Shift], now: datetime
) -> list[tuple[str, str]]:
    """Whom somebody may ask: each colleague for a favour, and each turn of his that has not begun, as person/shift."""
    names = {
        each.person.id: each.person.name
        for each in await access.members(tx, [organization_id], now=now)
        if each.person.id != me
    }
    return [
        *((str(person), name) for person, name in names.items()),
        *(
            (f"{each.person_id}/{each.id}", f"{names[each.person_id]} ⇄ {_span(each.starts_at, each.ends_at)}")
            for each in shifts
            if each.person_id in names and each.starts_at > now
        ),
    ]


async def _weighed(tx: Tx, row: SwapRow, now: datetime) -> list[Override]:
    """Both changes at once: between the two nobody sits at two seats. Raises Conflict."""
    if row.gives_from <= now or (row.takes_from is not None and row.takes_from <= now):
        raise Conflict(BEGUN, code="begun")
    given = [
        NewOverride(
            "replace",
            row.gives_layer,
            row.gives_from,
            row.gives_until,
            Seat(row.asked_of),
            row.asked_by,
            despite=True,
        )
    ]
    if row.takes_layer and row.takes_from and row.takes_until:
        back = Seat(row.asked_by)
        given.append(
            NewOverride("replace", row.takes_layer, row.takes_from, row.takes_until, back, row.asked_of, despite=True)
        )
    roster = await roster_on_record(tx, row.roster_id)
    changes, effect = await weighed(tx, roster, given, now=now)
    if effect.gaps:
        gap = effect.gaps[0]
        raise Conflict(
            N_("That would leave the desk empty from %(since)s to %(until)s."),
            code="leaves_gap",
            since=clock_of(gap.starts_at),
            until=clock_of(gap.ends_at),
        )
    return changes


async def _shift(tx: Tx, shift_id: UUID, person: UUID, now: datetime) -> ShiftRow:
    row = await tx.get(ShiftRow, shift_id)
    if row is None or row.replaced or row.person_id != person:
        raise NotFound(NOT_ON_DUTY)
    if row.starts_at <= now:
        raise Conflict(BEGUN, code="begun")
    return row


async def _waiting(tx: Tx, swap_id: UUID, by: UUID, side: str) -> SwapRow:
    row = await tx.scalar(
        select(SwapRow).where(SwapRow.id == swap_id).with_for_update().execution_options(populate_existing=True)
    )
    if row is None or by not in (row.asked_by, row.asked_of):
        raise NotFound(NOT_YOURS)
    if getattr(row, side) != by:
        raise Forbidden(NOT_YOURS)
    if row.status != "asked":
        raise Conflict(ANSWERED)
    return row


async def _answer(tx: Tx, row: SwapRow, status: str, now: datetime, actor: Actor) -> None:
    row.status, row.answered_at = status, now
    await tx.flush()
    await _entry(tx, f"roster.swap_{status}", row, now, actor)


async def _entry(tx: Tx, action: str, row: SwapRow, now: datetime, actor: Actor, note: str = "") -> None:
    body = {
        "swap": str(row.id),
        "asked_by": str(row.asked_by),
        "asked_of": str(row.asked_of),
        "gives_from": row.gives_from.isoformat(),
        "gives_until": row.gives_until.isoformat(),
        "takes_from": row.takes_from.isoformat() if row.takes_from else None,
        "takes_until": row.takes_until.isoformat() if row.takes_until else None,
    }
    await record(tx, Event(action, f"roster/{row.roster_id}", now, actor, body, kept_private(note)))


async def _tell(tx: Tx, row: SwapRow, to: UUID, msgid: str, by: UUID, now: datetime, actor: Actor) -> None:
    name = (await access.person_names(tx, [by])).get(by, "")

    def say(t: Translator) -> str:
        return t(msgid, name=name, span=_span(row.gives_from, row.gives_until))

    titles = {each: say(translator(each)) for each in LOCALES}
    texts = dict.fromkeys(LOCALES, row.note) if row.note else {}
    about = About(
        _span(row.gives_from, row.gives_until), None, "/duty/mine", titles, texts, matter="roster", short=titles
    )
    await messages.notice(
        tx,
        key=f"swap/{row.id}/{row.status}/{to}",
        targets=await queries.resolve(tx, f"person({to})", {}, now),
        via=VIA,
        about=about,
        subject=f"roster/{row.roster_id}",
        now=now,
        actor=actor,
    )


def _span(since: datetime, until: datetime) -> str:
    return f"{clock_of(since)}–{clock_of(until)}"
