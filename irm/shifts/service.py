"""交接班: a desk's shift is handed over with what is open, and taken or refused.

Nothing that law or roster say moves by it: pages go to whom the roster names, duties stay their bearer's, tasks their
holder's. It is the record of who told whom what was in hand, and that the other has read it. One incident is handed over
with its roles and tasks on its own page (`incidents/shift_handover.py`).
"""

from collections.abc import Mapping
from datetime import datetime
from typing import Final
from uuid import UUID

from sqlalchemy import select

from irm.access import queries as access
from irm.access.policy import Permission, Principal, granted, reach
from irm.access.second import is_first, reader
from irm.db import Tx, uuid7
from irm.errors import Conflict, Forbidden, Invalid, NotFound
from irm.i18n import N_
from irm.ledger import Event, record
from irm.notify.duty import LONGEST_SHIFT, LOOK_AHEAD, shifts_between
from irm.notify.roster import Shift
from irm.notify.rosters.policy import roster_policy
from irm.one_at_a_time import be_alone
from irm.shifts.gathering import in_hand
from irm.shifts.matters import Change, compared, frozen, frozen_change, tally, thawed
from irm.shifts.models import ShiftHandoverRow
from irm.shifts.telling import tell
from irm.shifts.turns import changes_at, next_after, on_at, turn_of

LONGEST_TEXT: Final = 2000
NO_HANDOVER: Final = N_("There is no such hand-over of the shift, or it is not yours to see.")
NO_DESK: Final = N_("There is no desk of this organization whose shift you hand over.")
NOT_ON_DUTY: Final = N_("Only who is on duty by the roster, or was until just now, hands the shift over.")
NOT_ON_ROSTER: Final = N_("Choose somebody else of this desk's roster.")
WAITS: Final = N_("The shift has been handed over already, and nobody has taken it yet.")
NOT_TO_YOU: Final = N_("To whom it was handed, or who is on duty by the roster, takes the shift over.")
ONLY_TAKER: Final = N_("Only to whom it was handed refuses it.")
ONLY_GIVER: Final = N_("Only who handed the shift over takes it back.")
TAKEN: Final = N_("The shift has been taken over already.")
REFUSED: Final = N_("This hand-over has been refused. The shift is handed over anew.")
WITHDRAWN: Final = N_("This hand-over has been taken back.")
DONE: Final = {"taken": TAKEN, "refused": REFUSED, "withdrawn": WITHDRAWN}
REASON: Final = N_("A refusal needs its reason.")
TOO_LONG: Final = N_("At most %(n)s characters.")


async def own_desk(tx: Tx, by: Principal, code: str | None) -> access.Organization:
    """The organization whose shift the reader hands over: that of the code, else the one for which he acts. Raises NotFound."""
    own = reach(by, Permission.HAND_OVER_SHIFT).organizations & by.organizations
    if by.limited_to is not None:
        own &= {by.limited_to}
    desks = await access.organizations(tx, ids=own)
    for one in sorted(desks, key=lambda each: each.id != by.home):
        if code in (None, one.code):
            return one
    raise NotFound(NO_DESK)


async def roster_of(tx: Tx, desk_id: UUID, now: datetime) -> tuple[Shift, ...]:
    """Turns that matter to a hand-over: those that are just over, and those to come."""
    found = await shifts_between(tx, [desk_id], now - LONGEST_SHIFT, now + LOOK_AHEAD)
    return found.get(desk_id, ())


async def takers(tx: Tx, desk: access.Organization, by: Principal, *, now: datetime) -> list[tuple[UUID, str]] | None:
    """To whom the reader may hand the shift over, the likeliest first; None: he has no shift to hand over."""
    policy, shifts = roster_policy().handover, await roster_of(tx, desk.id, now)
    turn = turn_of(shifts, by.person_id, now, after=policy.after)
    if turn is None:
        return None
    at = max(changes_at(turn, now, early=policy.early), now)
    able = await _able(tx, desk, now)
    return [(one, able[one]) for one in next_after(shifts, by.person_id, at) if one in able]


async def give(tx: Tx, desk: access.Organization, *, to: UUID, note: str, by: Principal, now: datetime) -> UUID:
    """What is open now is frozen with it. Doing the same again while it waits changes nothing.

    Raises Forbidden for who has no shift to hand over, Invalid naming `to` or `note`, Conflict where another waits.
    """
    note = _text("note", note)
    await be_alone(tx, f"shift-handover/{desk.id}")
    waiting = await _waiting(tx, desk.id)
    if waiting is not None:
        if (waiting.given_by, waiting.to_person_id, waiting.note) == (by.person_id, to, note):
            return waiting.id
        raise Conflict(WAITS, code="handover_waits")
    offered = await takers(tx, desk, by, now=now)
    if offered is None:
        raise Forbidden(NOT_ON_DUTY)
    if to not in dict(offered):
        raise Invalid(NOT_ON_ROSTER, field="to")
    policy = roster_policy().handover
    turn = turn_of(await roster_of(tx, desk.id, now), by.person_id, now, after=policy.after)
    due_at = changes_at(turn, now, early=policy.early) if turn else now
    until = now + policy.ahead
    row = ShiftHandoverRow(
        id=uuid7(),
        organization_id=desk.id,
        given_by=by.person_id,
        given_at=now,
        to_person_id=to,
        due_at=due_at,
        red_at=max(due_at, now) + policy.red_after,
        until=until,
        note=note,
        open=frozen(await in_hand(tx, desk, now=now, until=until)),
        status="waiting",
        answer="",
    )
    tx.add(row)
    await tx.flush()
    body = {"to": str(to), "due_at": due_at.isoformat(), "open": tally(thawed(row.open))}
    await _entry(tx, "shift.handed_over", row, by, now, body, {"note": note})
    await tell(tx, row, to, N_("%(name)s hands the shift over to you"), by, now)
    return row.id


async def take(tx: Tx, handover_id: UUID, *, remark: str, by: Principal, now: datetime) -> None:
    """Whoever takes it has read what is open and what changed since. A second tap of the same person changes nothing.

    Raises NotFound, Invalid naming `remark`, Forbidden for who is neither addressed nor on duty, Conflict when it is over.
    """
    remark = _text("remark", remark)
    row = await _locked(tx, handover_id, by)
    if row.status == "taken" and row.answered_by == by.person_id:
        return
    _still_waits(row)
    if not await may_take(tx, row, by, now=now):
        raise Forbidden(NOT_TO_YOU)
    change = await since_given(tx, row, now=now)
    row.changed = frozen_change(change)
    await _answer(tx, row, "taken", remark, by, now)
    body = {
        "from": str(row.given_by),
        "given_at": row.given_at.isoformat(),
        "new": len(change.new),
        "done": len(change.done),
        "ran_out": len(change.ran_out),
        "moved": len(change.moved),
    }
    await _entry(tx, "shift.taken", row, by, now, body, {"note": remark})
    await tell(tx, row, row.given_by, N_("%(name)s has taken the shift over"), by, now)


async def refuse(tx: Tx, handover_id: UUID, *, reason: str, by: Principal, now: datetime) -> None:
    """The shift stays with who gave it, who is told at once. Raises NotFound, Invalid naming `reason`, Forbidden, Conflict."""
    reason = _text("reason", reason)
    if not reason:
        raise Invalid(REASON, field="reason")
    row = await _locked(tx, handover_id, by)
    if row.to_person_id != by.person_id:
        raise Forbidden(ONLY_TAKER)
    if row.status == "refused":
        return
    _still_waits(row)
    await _answer(tx, row, "refused", reason, by, now)
    await _entry(tx, "shift.refused", row, by, now, {"from": str(row.given_by)}, {"note": reason})
    await tell(tx, row, row.given_by, N_("%(name)s does not take the shift over: it stays with you"), by, now)


async def withdraw(tx: Tx, handover_id: UUID, *, by: Principal, now: datetime) -> None:
    """Handed to the wrong one, or too early: it can be given anew. Raises NotFound, Forbidden, Conflict."""
    row = await _locked(tx, handover_id, by)
    if row.given_by != by.person_id:
        raise Forbidden(ONLY_GIVER)
    if row.status == "withdrawn":
        return
    _still_waits(row)
    await _answer(tx, row, "withdrawn", "", by, now)
    await _entry(tx, "shift.withdrawn", row, by, now, {"to": str(row.to_person_id)}, {})
    await tell(tx, row, row.to_person_id, N_("%(name)s has taken back the hand-over of the shift"), by, now)


async def may_take(tx: Tx, row: ShiftHandoverRow, by: Principal, *, now: datetime) -> bool:
    """To whom it was handed, or who is on duty there by the roster once the shift has changed; never who gave it."""
    if is_first([row.given_by], reader(by)) or not _is_own(by, row.organization_id):
        return False
    if by.person_id == row.to_person_id:
        return True
    return by.person_id in on_at(await roster_of(tx, row.organization_id, now), max(now, row.due_at))


async def since_given(tx: Tx, row: ShiftHandoverRow, *, now: datetime) -> Change:
    """What is not any more as it was handed over."""
    [desk] = await access.organizations(tx, ids=[row.organization_id])
    present = await in_hand(tx, desk, now=now, until=row.until)
    return compared(thawed(row.open), present, since=row.given_at, until=now)


async def _able(tx: Tx, desk: access.Organization, now: datetime) -> dict[UUID, str]:
    return {
        each.person.id: each.person.name
        for each in await access.members(tx, [desk.id], now=now)
        if Permission.HAND_OVER_SHIFT in granted(each.roles, desk.kind)
    }


def _is_own(by: Principal, organization_id: UUID) -> bool:
    own = reach(by, Permission.HAND_OVER_SHIFT).organizations & by.organizations
    return organization_id in own and by.limited_to in (None, organization_id)


async def _waiting(tx: Tx, desk_id: UUID) -> ShiftHandoverRow | None:
    found: ShiftHandoverRow | None = await tx.scalar(
        select(ShiftHandoverRow).where(
            ShiftHandoverRow.organization_id == desk_id, ShiftHandoverRow.status == "waiting"
        )
    )
    return found


async def _locked(tx: Tx, handover_id: UUID, by: Principal) -> ShiftHandoverRow:
    row = await tx.scalar(
        select(ShiftHandoverRow)
        .where(ShiftHandoverRow.id == handover_id)
        .with_for_update()
        .execution_options(populate_existing=True)
    )
    if row is None or not _is_own(by, row.organization_id):
        raise NotFound(NO_HANDOVER)
    return row


def _still_waits(row: ShiftHandoverRow) -> None:
    if row.status != "waiting":
        raise Conflict(DONE[row.status], code=f"handover_{row.status}")


def _text(field: str, given: str) -> str:
    given = given.strip()
    if len(given) > LONGEST_TEXT or "\x00" in given:
        raise Invalid(TOO_LONG, field=field, n=LONGEST_TEXT)
    return given


async def _answer(tx: Tx, row: ShiftHandoverRow, status: str, text: str, by: Principal, now: datetime) -> None:
    row.status, row.answer, row.answered_by, row.answered_at = status, text, by.person_id, now
    await tx.flush()


async def _entry(
    tx: Tx,
    action: str,
    row: ShiftHandoverRow,
    by: Principal,
    now: datetime,
    body: Mapping[str, object],
    said: Mapping[str, str],
) -> None:
    private = {name: text for name, text in said.items() if text}
    whole = {"organization": str(row.organization_id), **body}
    await record(tx, Event(action, f"shift/{row.id}", now, by.actor, whole, private))
