"""One drill as its reader sees it, for interface and commands; what people ask a list for; the quota as it is shown."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from irm.access import queries as access
from irm.access.policy import Principal
from irm.clock import SHANGHAI
from irm.db import Tx
from irm.drills import queries, showing
from irm.drills.access import readable
from irm.drills.quota import Line, Sum, Wanted, page_of, sums
from irm.drills.schemas import DrillView
from irm.drills.vocabulary import Status
from irm.errors import Invalid
from irm.i18n import N_, Translator
from irm.obligations.forecasting import Forecaster


@dataclass(frozen=True)
class QuotaShown:
    """One page of a year's lines. `sums`: over all that the reader sees, of the organization asked for; `total`: how many
    lines were asked for."""

    year: int
    sums: list[Sum]
    lines: list[Line]
    total: int
    next_cursor: str | None
    titles: Mapping[str, Mapping[str, Any]]
    bearers: Mapping[UUID, str]
    subjects: Mapping[str, str]
    all_bearers: frozenset[UUID]

    @property
    def missing(self) -> int:
        return sum(one.missing for one in self.sums)

    @property
    def tells_by_rule(self) -> bool:
        """Where every rule asks only once, the lines say it all."""
        return any(one.lines > 1 for one in self.sums)


async def viewed(tx: Tx, number: str, by: Principal, t: Translator, now: datetime) -> DrillView:
    row = await readable(tx, number, by)
    one = await queries.drill(tx, row, by)
    room = await queries.room(tx, row, one.clock, now=now) if one.clock else None
    return showing.view(one, room, t, now=now)


async def quota_shown(
    tx: Tx,
    by: Principal,
    year: int,
    wanted: Wanted,
    *,
    limit: int,
    forecaster: Forecaster,
    now: datetime,
    after: str | None = None,
) -> QuotaShown:
    """What is missing first. Raises Invalid for a cursor of no such list."""
    found = await queries.quota_of(tx, by, year, forecaster=forecaster, now=now)
    asked = [line for line in found.lines if wanted.takes(line)]
    lines, following = page_of(asked, after=after, limit=limit)
    everywhere = Wanted(organization=wanted.organization)
    return QuotaShown(
        year=year,
        sums=sums(line for line in found.lines if everywhere.takes(line)),
        lines=lines,
        total=len(asked),
        next_cursor=following,
        titles=found.titles,
        bearers=await access.organization_names(tx, {one.demand.bearer_id for one in lines}),
        subjects=await queries.subject_names(tx, lines),
        all_bearers=frozenset(one.demand.bearer_id for one in found.lines),
    )


def year_shown(asked: int | None, now: datetime) -> int:
    """The year asked for, or this one. Raises Invalid for one that lies too far away."""
    this_year = now.astimezone(SHANGHAI).year
    if asked is not None and abs(asked - this_year) > queries.MOST_YEARS:
        raise Invalid(N_("This year lies too far away."), field="year")
    return this_year if asked is None else asked


def lines_wanted(organization: str | None, rule: str | None, *, lacking: bool) -> Wanted:
    """Raises Invalid naming the field."""
    try:
        return Wanted(UUID(organization) if organization else None, rule or None, lacking)
    except ValueError:
        raise Invalid(N_("Choose one from the list."), field="organization") from None


def status_named(status: str | None) -> Status | None:
    """Raises Invalid naming the field."""
    try:
        return Status(status) if status else None
    except ValueError:
        raise Invalid(N_("There is no such status."), field="status") from None


def clean(text: str | None) -> str | None:
    return text.replace("\x00", "") if text else None
