"""The year's duties, read once, and how each came out: by rule, by force, by organization."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, cast
from uuid import UUID

from sqlalchemy import func, select

from irm.clock import SHANGHAI
from irm.db import Tx
from irm.i18n import LOCALES, N_, translator
from irm.incidents.models import IncidentRow, PartRow
from irm.obligations import owed
from irm.obligations.models import ObligationRow
from irm.obligations.policy import standing_of
from irm.obligations.words import citation_text
from irm.reports.outcomes import JUDGED, OUTCOME_TITLES, Outcome, outcome
from irm.reports.span import Span
from irm.reports.tally import Column, Grid, Pool, Tally, Texts, both
from irm.rules.words import force_words

MOST_OF_A_YEAR = 2_000_000


@dataclass(frozen=True, slots=True)
class Duty:
    id: UUID
    rule: str
    title: Texts
    force: str
    form: str
    bearer_id: UUID
    incident_id: UUID | None
    outcome: Outcome
    record: int


@dataclass(frozen=True)
class Organizations:
    """Names by id, in the order of their pinyin."""

    names: Mapping[UUID, str]

    def name(self, organization_id: UUID) -> str:
        return self.names.get(organization_id, "")

    def labels(self, ids: Iterable[UUID]) -> list[tuple[str, Texts]]:
        wanted = set(ids)
        return [(str(each), dict.fromkeys(LOCALES, name)) for each, name in self.names.items() if each in wanted]


async def duties_of(tx: Tx, span: Span, pool: Pool, organizations: Organizations) -> list[Duty]:
    """Those whose year is this one: an incident's duty by the moment at which its bearer (else anybody) knew of the
    incident, any other by the beginning of its period. Drills count nothing."""
    known = func.coalesce(PartRow.known_at, IncidentRow.discovered_at, ObligationRow.started_at)
    o = ObligationRow
    statement = (
        select(
            o.id,
            o.pack_id,
            o.rule_id,
            o.title,
            o.citation,
            o.force,
            o.form,
            o.bearer_id,
            o.incident_id,
            o.number,
            o.kind,
            o.started_at,
            o.arose_at,
            o.due_at,
            o.internal_due_at,
            o.status,
            o.submitted_at,
            o.ended_at,
            o.overdue_at,
            o.born_late,
        )
        .outerjoin(PartRow, PartRow.id == o.part_id)
        .outerjoin(IncidentRow, IncidentRow.id == o.incident_id)
        .where(o.exercise.is_(False), known >= span.since, known < span.until)
        .order_by(o.started_at, o.id)
        .limit(MOST_OF_A_YEAR)
    )
    if span.organization_id is not None:
        statement = statement.where(o.bearer_id == span.organization_id)
    titles: dict[tuple[str, str], Texts] = {}
    found = []
    for row in (await tx.execute(statement)).all():
        rule = row.rule_id if "/" in row.rule_id else f"{row.pack_id}/{row.rule_id}"
        title = titles.setdefault((rule, row.force), _title(row.title, row.citation))
        came_out = outcome(_term(row), span.as_of, born_late=row.born_late, overdue_at=row.overdue_at)
        label = f"{row.number} · {organizations.name(row.bearer_id)}{_until(row.due_at)}"
        record = pool.add(f"/obligations/{row.id}", label)
        found.append(Duty(row.id, rule, title, row.force, row.form, row.bearer_id, row.incident_id, came_out, record))
    return found


def _term(row: Any) -> owed.Term:
    return owed.Term(
        kind=cast("owed.Kind", row.kind),
        standing=standing_of(row.force),
        started_at=row.started_at,
        arose_at=row.arose_at,
        due_at=row.due_at,
        internal_due_at=row.internal_due_at,
        status=cast("owed.Status", row.status),
        submitted_at=row.submitted_at,
        ended_at=row.ended_at,
    )


def _until(due_at: datetime | None) -> str:
    return f" · {due_at.astimezone(SHANGHAI):%Y-%m-%d %H:%M}" if due_at else ""


def _title(title: Mapping[str, Any], citation: Mapping[str, Any]) -> Texts:
    return {
        locale: translator(locale)(
            "%(title)s (%(number)s)",
            title=translator(locale).of(dict(title)),
            number=citation_text(citation, translator(locale)),
        )
        for locale in LOCALES
    }


def _columns(duties: Iterable[Duty]) -> tuple[Column, ...]:
    """Always what is judged; the others where there are any."""
    there = {duty.outcome for duty in duties}
    shown = [key for key in OUTCOME_TITLES if key in {*JUDGED, "running"} or key in there]
    columns = [Column(key, both(OUTCOME_TITLES[key])) for key in shown]
    return (*columns, Column("rate", both(N_("Share in time")), (("in_time",), JUDGED)))


def by_rule(duties: list[Duty], pool: Pool, title: str, key: str = "by_rule") -> Grid:
    """Timeliness for each limit, named with its article."""
    tally, labels = Tally(pool), {}
    for duty in duties:
        labels[duty.rule] = duty.title
        tally.add(duty.rule, duty.outcome, duty.record)
    columns = _columns(duties)
    lines = tally.lines(sorted(labels.items()), columns, empty=False)
    return Grid(key, both(title), both(N_("Duty and article")), columns, lines, total=True)


def by_force(duties: list[Duty], pool: Pool, title: str) -> Grid:
    tally = Tally(pool)
    forces = dict.fromkeys(duty.force for duty in duties)
    for duty in duties:
        tally.add(duty.force, duty.outcome, duty.record)
    labels = [
        (force, {locale: force_words(force, translator(locale)) for locale in LOCALES}) for force in sorted(forces)
    ]
    columns = _columns(duties)
    lines = tally.lines(labels, columns, empty=False)
    return Grid("by_force", both(title), both(N_("Force")), columns, lines, total=True, chart=JUDGED)


def by_bearer(duties: list[Duty], pool: Pool, organizations: Organizations, title: str) -> Grid:
    tally = Tally(pool)
    for duty in duties:
        tally.add(str(duty.bearer_id), duty.outcome, duty.record)
    columns = _columns(duties)
    lines = tally.lines(organizations.labels({duty.bearer_id for duty in duties}), columns, empty=False)
    return Grid("by_bearer", both(title), both(N_("Organization")), columns, lines, total=True, additive=False)


def judged(duties: Iterable[Duty]) -> dict[str, int]:
    """Counts of the outcomes that a rate is made of."""
    counts = dict.fromkeys(JUDGED, 0)
    for duty in duties:
        if duty.outcome in counts:
            counts[duty.outcome] += 1
    return {str(key): value for key, value in counts.items()}
