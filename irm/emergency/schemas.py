"""Wire types of the emergency sheet."""

from collections.abc import Callable
from datetime import datetime

import msgspec

from irm.emergency.content import Content
from irm.i18n import Translator


class TurnView(msgspec.Struct):
    name: str
    role: str
    telephone: str | None
    starts_at: datetime
    ends_at: datetime


class WatchView(msgspec.Struct):
    organization: str
    telephone: str | None
    turns: list[TurnView]


class DeskNumbers(msgspec.Struct):
    organization: str
    telephone: str | None
    fax: str | None
    checked_on: str | None
    is_old: bool


class OpenLimit(msgspec.Struct):
    due_at: datetime
    title: str
    about: str
    bearer: str
    recipient: str
    telephone: str | None
    fax: str | None


class OpenMatter(msgspec.Struct):
    number: str
    title: str
    level: int
    level_kind: str
    status: str
    discovered_at: datetime


class EmergencySheetView(msgspec.Struct):
    made_at: datetime
    organization: str
    incidents: list[OpenMatter]
    limits: list[OpenLimit]
    duty: list[WatchView]
    desks: list[DeskNumbers]
    further_limits: int
    further_incidents: int


def view(one: Content, t: Translator) -> EmergencySheetView:
    said: Callable[[str], str] = t
    return EmergencySheetView(
        one.made_at,
        one.organization,
        [
            OpenMatter(each.number, each.title, each.level, each.level_kind, said(each.status), each.discovered_at)
            for each in one.incidents
        ],
        [
            OpenLimit(each.due_at, t.of(each.title), each.about, each.bearer, each.recipient, each.telephone, each.fax)
            for each in one.limits
        ],
        [
            WatchView(
                each.organization,
                each.telephone,
                [TurnView(turn.name, turn.role, turn.telephone, turn.starts_at, turn.ends_at) for turn in each.turns],
            )
            for each in one.watches
        ],
        [
            DeskNumbers(
                each.organization,
                each.telephone,
                each.fax,
                each.checked_on.isoformat() if each.checked_on else None,
                each.is_old,
            )
            for each in one.desks
        ],
        one.further_limits,
        one.further_incidents,
    )
