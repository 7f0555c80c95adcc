"""Wire types of what makes a roster."""

from datetime import date, datetime
from uuid import UUID

import msgspec

from irm.notify.rosters.checking import Report
from irm.notify.rosters.desk import Desk
from irm.notify.rosters.rotation import Rotation, Seat
from irm.notify.rosters.swaps import Swap


class SeatIn(msgspec.Struct, forbid_unknown_fields=True):
    """At least one of the two."""

    person_id: UUID | None = None
    post_id: UUID | None = None


class NewRoster(msgspec.Struct, kw_only=True, forbid_unknown_fields=True):
    """`in_place_of`, `serves_from`, `serves_until`: a temporary schedule."""

    organization: str
    name: str
    in_place_of: UUID | None = None
    serves_from: datetime | None = None
    serves_until: datetime | None = None


class NewRotation(msgspec.Struct, kw_only=True, forbid_unknown_fields=True):
    """`layer` day, night, backup, leader; `days` all, working, rest; `unit` day, week, month. No turns: the layer ends."""

    layer: str
    from_day: date
    turns: list[list[SeatIn]]
    days: str = "all"
    unit: str = "day"
    length: int = 1
    starts: str = "08:00"
    ends: str = "08:00"
    wraps: bool = True


class OverrideIn(msgspec.Struct, kw_only=True, forbid_unknown_fields=True):
    """`kind` add, remove, replace. `despite`: a gap, or an earlier change, is known of and meant."""

    kind: str
    layer: str
    starts_at: datetime
    ends_at: datetime
    person_id: UUID | None = None
    post_id: UUID | None = None
    instead_of: UUID | None = None
    note: str = ""
    despite: bool = False


class LeaveIn(msgspec.Struct, kw_only=True, forbid_unknown_fields=True):
    organization: str
    person_id: UUID
    starts_at: datetime
    ends_at: datetime
    substitute_id: UUID | None = None
    note: str = ""


class SwapIn(msgspec.Struct, kw_only=True, forbid_unknown_fields=True):
    """`gives`: a shift of yours; `takes`: one of the other's in return, or nothing."""

    gives: UUID
    of: UUID
    takes: UUID | None = None
    note: str = ""


class MadeView(msgspec.Struct):
    id: UUID


class RotationView(msgspec.Struct, kw_only=True):
    id: UUID
    layer: str
    days: str
    unit: str
    length: int
    starts: str
    ends: str
    wraps: bool
    from_day: date
    state: str
    turns: list[list[SeatIn]]
    names: list[list[str]]


class OverrideView(msgspec.Struct, kw_only=True):
    id: UUID
    kind: str
    layer: str
    starts_at: datetime
    ends_at: datetime
    name: str
    instead_of: str
    note: str


class LeaveView(msgspec.Struct, kw_only=True):
    id: UUID
    person_id: UUID
    name: str
    substitute: str
    starts_at: datetime
    ends_at: datetime
    note: str


class RosterView(msgspec.Struct, kw_only=True):
    id: UUID
    name: str
    in_place_of: UUID | None
    serves_from: datetime | None
    serves_until: datetime | None
    planned_until: datetime | None
    rotations: list[RotationView]
    overrides: list[OverrideView]


class DeskView(msgspec.Struct, kw_only=True):
    organization_id: UUID
    organization: str
    rosters: list[RosterView]
    leave: list[LeaveView]


class FindingView(msgspec.Struct, kw_only=True):
    kind: str
    starts_at: datetime
    ends_at: datetime
    who: UUID | None
    name: str
    figure: int


class QualityView(msgspec.Struct, kw_only=True):
    organization_id: UUID
    since: datetime
    until: datetime
    findings: list[FindingView]


class SwapView(msgspec.Struct, kw_only=True):
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


class SwapList(msgspec.Struct):
    items: list[SwapView]


class FeedIn(msgspec.Struct, forbid_unknown_fields=True):
    """`roster_id`: of a roster that one keeps; without it, of one's own turns."""

    roster_id: UUID | None = None


class FeedMade(msgspec.Struct):
    address: str


class FeedView(msgspec.Struct, kw_only=True):
    id: UUID
    roster: str
    made_at: datetime


class FeedList(msgspec.Struct):
    items: list[FeedView]


class MonthIn(msgspec.Struct, kw_only=True, forbid_unknown_fields=True):
    """`month` 2026-11; hours of a shift, as the table does not say them."""

    month: str
    content: bytes
    starts: str = "08:00"
    ends: str = "08:00"
    night_starts: str = "20:00"
    night_ends: str = "08:00"
    dry_run: bool = True


class DifferenceView(msgspec.Struct, kw_only=True):
    day: date
    layer: str
    name: str
    comes: bool


class MonthView(msgspec.Struct, kw_only=True):
    """`kept`: on record already; `over`: days that have begun, which stay as they are."""

    differences: list[DifferenceView]
    kept: int
    over: int


def seat_view(seat: Seat) -> SeatIn:
    return SeatIn(seat.person_id, seat.post_id)


def desk_view(desk: Desk) -> DeskView:
    return DeskView(
        organization_id=desk.organization.id,
        organization=desk.organization.name,
        rosters=[
            RosterView(
                id=each.roster.id,
                name=each.roster.name,
                in_place_of=each.roster.in_place_of,
                serves_from=each.roster.span.starts_at if each.roster.span else None,
                serves_until=each.roster.span.ends_at if each.roster.span else None,
                planned_until=each.roster.planned_until,
                rotations=[_rotation(order.id, order.rotation, order.names, order.state) for order in each.orders],
                overrides=[msgspec.convert(change, OverrideView, from_attributes=True) for change in each.changes],
            )
            for each in desk.rosters
        ],
        leave=[msgspec.convert(each, LeaveView, from_attributes=True) for each in desk.leave],
    )


def _rotation(known: UUID, rotation: Rotation, names: tuple[tuple[str, ...], ...], state: str) -> RotationView:
    return RotationView(
        id=known,
        layer=rotation.layer,
        days=rotation.days,
        unit=rotation.unit,
        length=rotation.length,
        starts=rotation.starts,
        ends=rotation.ends,
        wraps=rotation.wraps,
        from_day=rotation.from_day,
        state=state,
        turns=[[seat_view(each) for each in group] for group in rotation.turns],
        names=[list(each) for each in names],
    )


def quality_view(organization_id: UUID, report: Report) -> QualityView:
    return QualityView(
        organization_id=organization_id,
        since=report.since,
        until=report.until,
        findings=[
            FindingView(
                kind=each.kind,
                starts_at=each.starts_at,
                ends_at=each.ends_at,
                who=each.who,
                name=report.name(each.who),
                figure=each.figure,
            )
            for each in report.findings
        ],
    )


def swap_view(swap: Swap) -> SwapView:
    return msgspec.convert(swap, SwapView, from_attributes=True)
