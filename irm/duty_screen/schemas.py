"""Wire types of duty screens."""

from datetime import datetime
from uuid import UUID

import msgspec

from irm.duty_screen.devices import Screen
from irm.duty_screen.glance import Glance


class MakeScreen(msgspec.Struct):
    name: str
    """Where it hangs."""
    organization: str = ""
    """Code of the organization whose duty it shows; empty: the cloud authority's."""


class MadeScreen(msgspec.Struct):
    id: UUID
    token: str
    """Shown this once."""


class ScreenView(msgspec.Struct):
    id: UUID
    name: str
    organization: str
    created_at: datetime
    created_by: str
    revoked_at: datetime | None
    last_seen_at: datetime | None


class ScreenList(msgspec.Struct):
    entries: list[ScreenView]


class LevelCount(msgspec.Struct):
    level: int
    incidents: int


class LimitView(msgspec.Struct):
    number: str
    due_at: datetime
    open: int


class GlanceView(msgspec.Struct):
    now: datetime
    levels: list[LevelCount]
    exercises: int
    limits: list[LimitView]
    overdue: int
    pages: int
    on_duty: bool
    until: datetime | None
    sending: bool
    sounds: list[str]
    """Why it sounds: `page`, `grave`; empty: it does not."""


def view(one: Screen) -> ScreenView:
    return ScreenView(
        one.id, one.name, one.organization, one.created_at, one.created_by, one.revoked_at, one.last_seen_at
    )


def glance_view(one: Glance) -> GlanceView:
    return GlanceView(
        one.now,
        [LevelCount(level, count) for level, count in one.levels],
        one.exercises,
        [LimitView(each.number, each.due_at, each.n) for each in one.limits],
        one.overdue,
        one.pages,
        one.on_duty,
        one.until,
        one.sending,
        list(one.sounds),
    )
