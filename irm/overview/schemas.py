"""The board on the wire."""

from datetime import datetime
from uuid import UUID

import msgspec

from irm.i18n import Translator
from irm.overview.board import Board, Need


class NeedView(msgspec.Struct):
    """One thing that waits for a person."""

    kind: str
    id: UUID
    title: str
    about: str
    href: str
    since: datetime | None
    severity: int | None
    due_at: datetime | None
    detail: str
    reasons: list[str]
    """Why it is so, in the reader's language."""
    advice: str
    """What to do, where that is not plain from the kind."""
    telephone: str
    exercise: bool


class LiveIncidentView(msgspec.Struct):
    number: str
    title: str
    status: str
    level: int
    level_kind: str
    discovered_at: datetime
    due_at: datetime | None
    exercise: bool


class TroubleView(msgspec.Struct):
    kind: str
    names: list[str]
    since: datetime | None
    until: datetime | None
    n: int


class PersonOnDuty(msgspec.Struct):
    name: str
    role: str
    telephone: str | None


class StationView(msgspec.Struct):
    organization: str
    people: list[PersonOnDuty]
    until: datetime | None
    telephone: str | None


class BoardView(msgspec.Struct):
    now: datetime
    incidents_in_hand: int
    overdue: int
    nearest_due: datetime | None
    needs: list[NeedView]
    later: list[NeedView]
    """Duties whose limit is more than three days off, the nearest first."""
    incidents: list[LiveIncidentView]
    on_duty: list[StationView]
    troubles: list[TroubleView]


def view(board: Board, t: Translator) -> BoardView:
    return BoardView(
        now=board.now,
        incidents_in_hand=board.live,
        overdue=board.overdue,
        nearest_due=board.nearest_due,
        needs=[_need(one, t) for one in board.needs],
        later=[_need(one, t) for one in board.later],
        incidents=[
            LiveIncidentView(
                one.number,
                one.title,
                one.status,
                one.level,
                one.level_kind,
                one.discovered_at,
                one.clock["due_at"] if one.clock else None,
                one.exercise,
            )
            for one in board.incidents
        ],
        on_duty=[
            StationView(one.organization, [PersonOnDuty(*each) for each in one.people], one.until, one.telephone)
            for one in board.stations
        ],
        troubles=[TroubleView(one.kind, list(one.names), one.since, one.until, one.n) for one in board.troubles],
    )


def _need(one: Need, t: Translator) -> NeedView:
    return NeedView(
        one.kind,
        one.id,
        t.of(one.title),
        one.about,
        one.href,
        one.since,
        one.severity,
        one.due_at,
        one.detail,
        [t(each) for each in one.reasons],
        t(one.advice) if one.advice else "",
        one.telephone,
        one.exercise,
    )
