"""Wire types of hand-overs of the shift."""

from datetime import datetime
from uuid import UUID

import msgspec

from irm.i18n import Translator
from irm.shifts.matters import Change, Line, tally
from irm.shifts.queries import ShiftHandover, Standing


class NewShiftHandover(msgspec.Struct, kw_only=True, forbid_unknown_fields=True):
    """`to`: a person id of the desk's roster. `organization`: its code; absent: the one for which you act."""

    to: UUID
    note: str = ""
    organization: str | None = None


class Taking(msgspec.Struct, forbid_unknown_fields=True):
    remark: str = ""


class Refusal(msgspec.Struct, forbid_unknown_fields=True):
    reason: str


class MatterView(msgspec.Struct):
    """One open matter as it stood. `kind`: incident, duty, page, task, alert, drill."""

    kind: str
    title: str
    about: str
    href: str
    state: str
    due_at: datetime | None
    level: int | None
    n: int
    exercise: bool


class ChangeView(msgspec.Struct):
    """Between hand-over and taking. `ran_out`: the limit passed and it is still open."""

    new: list[MatterView]
    done: list[MatterView]
    ran_out: list[MatterView]
    moved: list[MatterView]


class ShiftHandoverView(msgspec.Struct):
    """`status`: waiting, taken, refused, withdrawn. `red_at`: from then on the board says that nobody has taken it."""

    id: UUID
    organization: str
    given_by: str
    given_at: datetime
    to: str
    due_at: datetime
    red_at: datetime
    status: str
    answered_by: str
    answered_at: datetime | None
    open: dict[str, int]
    """How many, by kind."""


class ShiftHandoverList(msgspec.Struct):
    handovers: list[ShiftHandoverView]


class WholeShiftHandover(msgspec.Struct):
    handover: ShiftHandoverView
    note: str
    answer: str
    matters: list[MatterView]
    change: ChangeView | None
    """Of one that waits as of now, and only for the desk itself; of one that was taken as of then."""


def view(one: ShiftHandover) -> ShiftHandoverView:
    return ShiftHandoverView(
        one.id,
        one.code,
        one.given_by,
        one.given_at,
        one.to,
        one.due_at,
        one.red_at,
        one.status,
        one.answered_by,
        one.answered_at,
        tally(one.open),
    )


def whole(standing: Standing, t: Translator) -> WholeShiftHandover:
    one = standing.handover
    return WholeShiftHandover(
        view(one),
        one.note,
        one.answer,
        [_matter(each, t) for each in one.open],
        _change(standing.change, t) if standing.change else None,
    )


def _change(change: Change, t: Translator) -> ChangeView:
    return ChangeView(
        *([_matter(each, t) for each in lines] for lines in (change.new, change.done, change.ran_out, change.moved))
    )


def _matter(one: Line, t: Translator) -> MatterView:
    return MatterView(
        one.kind,
        t.of(one.title),
        one.about,
        one.href,
        t(one.state) if one.state else "",
        one.due_at,
        one.level,
        one.n,
        one.exercise,
    )
