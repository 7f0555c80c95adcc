"""Reading alerts, by group and one by one, as far as the reader's permission reaches."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final
from uuid import UUID

from sqlalchemy import ColumnElement, func, select

from irm.access import queries as access
from irm.access.narrowing import owned_by, within
from irm.access.policy import Permission, Principal, reach
from irm.alerts.filing import GRAVITY
from irm.alerts.models import AlertFilingRow, AlertRow, AlertSourceRow
from irm.alerts.policy import alert_policy
from irm.alerts.standing import Fold, Tally, folded
from irm.alerts.vocabulary import SEVERITIES, STATES, VERDICTS
from irm.db import Tx
from irm.errors import NotFound
from irm.i18n import N_
from irm.incidents.queries import incident_of
from irm.systems import queries as register

NO_ALERT: Final = N_("There is no such alert, or it is not yours to see.")


@dataclass(frozen=True)
class Wanted:
    """What a list is narrowed to; a word that is none finds nothing."""

    verdict: str | None = None
    severity: str | None = None
    state: str | None = None
    source: str | None = None
    text: str | None = None
    incident: UUID | None = None


@dataclass(frozen=True)
class One:
    """One alert. While it is held back, its words are not given away."""

    id: UUID
    source: str
    source_name: str
    grouping: str
    title: str
    text: str
    severity: str
    state: str
    system: str
    resource: str
    count: int
    first_seen_at: datetime
    last_seen_at: datetime
    since: datetime
    occurred_at: datetime | None
    resolved_at: datetime | None
    payload: str | None
    payload_at: datetime
    marker: str | None
    verdict: str
    verdict_at: datetime | None
    verdict_by: str
    rule: str | None
    reason: str | None
    muted_until: datetime | None
    incident: str | None
    """Number."""


def _within(by: Principal, wanted: Wanted) -> list[ColumnElement[bool]]:
    far = reach(by, Permission.READ_ALERTS)
    found: list[ColumnElement[bool]] = []
    found.append(within(far, owned_by(AlertSourceRow.organization_id), AlertRow.id))
    if wanted.verdict:
        found.append(AlertRow.verdict == wanted.verdict)
    if wanted.severity:
        found.append(AlertRow.severity == wanted.severity)
    if wanted.state:
        found.append(AlertRow.state == wanted.state)
    if wanted.source:
        found.append(AlertSourceRow.code == wanted.source)
    if wanted.incident:
        found.append(AlertRow.incident_id == wanted.incident)
    if wanted.text:
        text = wanted.text.strip()
        found.append(
            AlertRow.marker.is_(None)
            & (
                AlertRow.title.icontains(text, autoescape=True)
                | AlertRow.grouping.icontains(text, autoescape=True)
                | AlertRow.resource.icontains(text, autoescape=True)
            )
        )
    return found


async def folds(
    tx: Tx, by: Principal, wanted: Wanted, *, now: datetime, whole_source: bool = False
) -> tuple[list[Fold], int]:
    """Alerts by source and grouping, counted in the database, and how many folds there are beyond those given."""
    marked = AlertRow.marker.is_not(None)
    rows = await tx.execute(
        select(
            AlertSourceRow.code,
            AlertRow.grouping,
            AlertRow.severity,
            AlertRow.state,
            AlertRow.verdict,
            func.count(),
            func.sum(AlertRow.count),
            func.min(AlertRow.since),
            func.max(AlertRow.last_seen_at),
            func.count().filter(marked),
            func.max(AlertRow.muted_until),
            func.max(AlertRow.title).filter(~marked),
        )
        .join(AlertSourceRow, AlertSourceRow.id == AlertRow.source_id)
        .where(*_within(by, wanted))
        .group_by(AlertSourceRow.code, AlertRow.grouping, AlertRow.severity, AlertRow.state, AlertRow.verdict)
    )
    tallies = [
        Tally(
            source=code,
            grouping=grouping,
            severity=severity,
            state=state,
            verdict=verdict,
            alerts=alerts,
            times=int(times or 0),
            first_at=first,
            last_at=last,
            held_back=held,
            muted_until=muted,
            title=title or "",
        )
        for code, grouping, severity, state, verdict, alerts, times, first, last, held, muted, title in rows.all()
    ]
    found = folded(tallies, now=now, whole_source=whole_source)
    most = alert_policy().folds
    return found[:most], max(0, len(found) - most)


async def alerts_of(tx: Tx, by: Principal, source: str, grouping: str) -> list[One]:
    """Those of one group, what waits first, then the gravest, then the newest; as many as are read at once.

    Raises NotFound where there is none that the reader may see.
    """
    if "\0" in source + grouping:
        raise NotFound(NO_ALERT)
    return await _ones(tx, by, [AlertSourceRow.code == source, AlertRow.grouping == grouping])


async def alert_of_id(tx: Tx, by: Principal, alert_id: UUID) -> One:
    """Raises NotFound."""
    return (await _ones(tx, by, [AlertRow.id == alert_id]))[0]


async def alerts_of_incident(tx: Tx, by: Principal, incident_id: UUID) -> list[Fold]:
    """The folds that became, or were added to, this incident; none for who may not read alerts."""
    if reach(by, Permission.READ_ALERTS).is_empty:
        return []
    found, _ = await folds(tx, by, Wanted(incident=incident_id), now=tx.clock.now())
    return found


async def _ones(tx: Tx, by: Principal, conditions: list[ColumnElement[bool]]) -> list[One]:
    rows = (
        await tx.execute(
            select(AlertRow, AlertSourceRow)
            .join(AlertSourceRow, AlertSourceRow.id == AlertRow.source_id)
            .where(*conditions, *_within(by, Wanted()))
            .order_by(AlertRow.verdict != "open", GRAVITY, AlertRow.last_seen_at.desc(), AlertRow.id)
            .limit(alert_policy().alerts_shown)
        )
    ).all()
    if not rows:
        raise NotFound(NO_ALERT)
    names = await access.person_names(tx, {row.verdict_by for row, _ in rows if row.verdict_by})
    systems = await register.systems(tx, {row.system_id for row, _ in rows if row.system_id})
    numbers = {
        one: (await incident_of(tx, one)).number for one in {row.incident_id for row, _ in rows if row.incident_id}
    }
    return [_one(row, source, names, systems, numbers) for row, source in rows]


def _one(
    row: AlertRow, source: AlertSourceRow, names: dict[UUID, str], systems: dict[UUID, Any], numbers: dict[UUID, str]
) -> One:
    held = row.marker is not None
    return One(
        id=row.id,
        source=source.code,
        source_name=source.name,
        grouping=row.grouping,
        title="" if held else row.title,
        text="" if held else row.text,
        severity=row.severity,
        state=row.state,
        system=systems[row.system_id].name if row.system_id in systems else "",
        resource="" if held else row.resource,
        count=row.count,
        first_seen_at=row.first_seen_at,
        last_seen_at=row.last_seen_at,
        since=row.since,
        occurred_at=row.occurred_at,
        resolved_at=row.resolved_at,
        payload=None if held else row.payload,
        payload_at=row.payload_at,
        marker=row.marker,
        verdict=row.verdict,
        verdict_at=row.verdict_at,
        verdict_by=names.get(row.verdict_by, "") if row.verdict_by else "",
        rule=row.rule_id,
        reason=row.reason,
        muted_until=row.muted_until,
        incident=numbers.get(row.incident_id) if row.incident_id else None,
    )


def faults_of(wanted: Wanted) -> bool:
    """Whether a word of it is none that an alert could ever have."""
    return not all(
        given is None or given in known
        for given, known in ((wanted.verdict, VERDICTS), (wanted.severity, SEVERITIES), (wanted.state, STATES))
    )


@dataclass(frozen=True)
class Refused:
    """A source that sent too fast or wrongly not long ago."""

    code: str
    name: str
    refused: int
    last_refused_at: datetime


async def refused_lately(tx: Tx, by: Principal, *, since: datetime) -> list[Refused]:
    """For whom alerts are read: what a source lost to its rate is not to be taken for calm."""
    far = reach(by, Permission.READ_ALERTS)
    wanted = select(AlertSourceRow).where(AlertSourceRow.last_refused_at > since).order_by(AlertSourceRow.code)
    if not far.everything:
        wanted = wanted.where(AlertSourceRow.organization_id.in_(far.organizations))
    return [
        Refused(row.code, row.name, row.refused, row.last_refused_at)
        for row in await tx.scalars(wanted)
        if row.last_refused_at is not None
    ]


async def filed_by_rules(tx: Tx, *, since: datetime) -> dict[str, int]:
    """How many incidents each rule has filed since then."""
    rows = await tx.execute(
        select(AlertFilingRow.rule_id, func.count()).where(AlertFilingRow.at > since).group_by(AlertFilingRow.rule_id)
    )
    return dict(rows.all())
