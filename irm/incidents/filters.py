"""What a list of incidents can be narrowed to; no filter tells more than the list itself would."""

from dataclasses import dataclass
from uuid import UUID

from sqlalchemy import ColumnElement, case, func, or_, select

from irm.access.narrowing import owned_by, within
from irm.access.policy import Reach
from irm.errors import FieldError
from irm.i18n import N_
from irm.incidents.lifecycle import LIVE
from irm.incidents.models import STATUSES, IncidentRow, PartRow, PartSystemRow
from irm.rules.levels import LEVELS

NO_STATUS = N_("There is no such status.")
NO_LEVEL = N_("A level is 1, 2, 3 or 4.")

CLOCK_LEVEL = case(
    (IncidentRow.assessed.is_(None), IncidentRow.possible), else_=func.least(IncidentRow.reached, IncidentRow.assessed)
)
"""The level that clocks run by (DESIGN §4)."""


@dataclass(frozen=True)
class Filters:
    """`level`: that grave or graver, by the level that clocks run by. `live`: still being handled."""

    status: str | None = None
    level: int | None = None
    live: bool | None = None
    organization: UUID | None = None
    system: UUID | None = None
    exercise: bool | None = None
    text: str | None = None


def filter_faults(filters: Filters) -> list[FieldError]:
    """What no incident could ever be."""
    found = []
    if filters.status is not None and filters.status not in STATUSES:
        found.append(FieldError("status", NO_STATUS))
    if filters.level is not None and filters.level not in LEVELS:
        found.append(FieldError("level", NO_LEVEL))
    return found


def seen_parts(far: Reach) -> ColumnElement[bool]:
    """The parts of incidents that a reader sees."""
    return within(far, owned_by(PartRow.organization_id), PartRow.incident_id)


def filtered(filters: Filters, far: Reach) -> list[ColumnElement[bool]]:
    """Organization and system are looked for in the parts that the reader sees: whether a foreign one shares an
    incident with the reader's own must not show."""
    seen = seen_parts(far)
    found: list[ColumnElement[bool]] = []
    if filters.status is not None:
        found.append(IncidentRow.status == filters.status)
    if filters.live is not None:
        live = IncidentRow.status.in_([status.value for status in LIVE])
        found.append(live if filters.live else ~live)
    if filters.level is not None:
        found.append(filters.level >= CLOCK_LEVEL)
    if filters.exercise is not None:
        found.append(IncidentRow.exercise.is_(filters.exercise))
    if filters.organization is not None:
        found.append(
            IncidentRow.id.in_(select(PartRow.incident_id).where(PartRow.organization_id == filters.organization, seen))
        )
    if filters.system is not None:
        found.append(
            IncidentRow.id.in_(
                select(PartRow.incident_id)
                .join(PartSystemRow, PartSystemRow.part_id == PartRow.id)
                .where(PartSystemRow.system_id == filters.system, seen)
            )
        )
    if filters.text:
        text = filters.text.strip()
        found.append(
            or_(IncidentRow.number.icontains(text, autoescape=True), IncidentRow.title.icontains(text, autoescape=True))
        )
    return found
