"""The year's duties, read once, and how each came out: by rule, by force, by organization."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from sys import intern
from typing import Any, Final, NamedTuple
from uuid import UUID

from sqlalchemy import ColumnElement, Text, and_, case, cast, false, func, or_, select

from irm.absence import Absence, absences
from irm.db import Tx
from irm.i18n import LOCALES, N_, translator
from irm.incidents.models import IncidentRow, PartRow
from irm.obligations.models import ObligationRow
from irm.obligations.policy import entry_policy
from irm.obligations.words import citation_text
from irm.reports.outcomes import JUDGED, OUTCOME_TITLES, Outcome
from irm.reports.span import Span
from irm.reports.tally import Column, Grid, Pool, Tally, Texts, both
from irm.rules.words import force_words

PIECE: Final = 5_000
AWAY: Final = "away"
MISSED: Final[tuple[Outcome, ...]] = ("late", "overdue")


class Duty(NamedTuple):
    rule: str
    force: str
    form: str
    bearer_id: UUID
    of_incident: bool
    outcome: Outcome
    record: int
    away: bool = False
    """Its limit passed unreported while irm itself was away."""


@dataclass(frozen=True)
class Organizations:
    """Names by id, in the order of their pinyin."""

    names: Mapping[UUID, str]

    def name(self, organization_id: UUID) -> str:
        return self.names.get(organization_id, "")

    def labels(self, ids: Iterable[UUID]) -> list[tuple[str, Texts]]:
        wanted = set(ids)
        return [(str(each), dict.fromkeys(LOCALES, name)) for each, name in self.names.items() if each in wanted]


@dataclass(frozen=True)
class Duties:
    """`titles`: by rule, title and article."""

    all: list[Duty]
    titles: Mapping[str, Texts]


async def duties_of(tx: Tx, span: Span, pool: Pool, organizations: Organizations) -> Duties:
    """Those whose year is this one: an incident's duty by the moment at which its bearer (else anybody) knew of the
    incident, any other by the beginning of its period. Drills count nothing.

    PostgreSQL judges (`_outcome`, held equal to `outcomes.outcome` by a test): 400,000 duties are read in seconds.
    """
    part, incident = PartRow.__table__, IncidentRow.__table__
    known = func.coalesce(part.c.known_at, incident.c.discovered_at, ObligationRow.__table__.c.started_at)
    o = ObligationRow.__table__.c  # the table, not the class: loading objects costs more than the query
    rule = case((o.rule_id.contains("/"), o.rule_id), else_=o.pack_id + "/" + o.rule_id)
    statement = (
        select(
            cast(o.id, Text),
            rule,
            o.force,
            o.form,
            o.bearer_id,
            o.incident_id.is_not(None),
            _outcome(span.as_of),
            o.number,
            func.to_char(func.timezone("Asia/Shanghai", o.due_at), "YYYY-MM-DD HH24:MI"),
            _while_away(await absences(tx)),
        )
        .select_from(
            ObligationRow.__table__.outerjoin(part, part.c.id == o.part_id).outerjoin(
                incident, incident.c.id == o.incident_id
            )
        )
        .where(o.exercise.is_(False), known >= span.since, known < span.until)
        .order_by(o.started_at, o.id)
    )
    if span.organization_id is not None:
        statement = statement.where(o.bearer_id == span.organization_id)
    found = []
    names: dict[UUID, str] = {}
    latest: dict[str, str] = {}
    rows = await (await tx.connection()).stream(statement)
    async for piece in rows.partitions(PIECE):
        for id_, of_rule, force, form, bearer, of_incident, came_out, number, until, away in piece:
            name = names.get(bearer) or names.setdefault(bearer, organizations.name(bearer))
            record = pool.add(f"/obligations/{id_}", f"{number} · {name} · {until}" if until else f"{number} · {name}")
            latest[of_rule] = id_
            found.append(
                Duty(intern(of_rule), intern(force), intern(form), bearer, of_incident, came_out, record, away)
            )
    told = await tx.execute(select(o.id, o.title, o.citation).where(o.id.in_([UUID(each) for each in latest.values()])))
    texts = {str(row.id): rule_title(row.title, row.citation) for row in told.all()}
    return Duties(found, {of_rule: texts[id_] for of_rule, id_ in latest.items()})


def _while_away(known: Sequence[Absence]) -> ColumnElement[bool]:
    """Asked of every duty, answered by a handful of spans: none, as a rule."""
    o = ObligationRow.__table__.c
    missed = or_(o.submitted_at.is_(None), o.submitted_at > o.due_at)
    spans = (and_(o.due_at >= one.since, o.due_at < one.until) for one in known)
    return func.coalesce(and_(missed, or_(false(), *spans)), false()).label("away")


def _outcome(as_of: datetime) -> ColumnElement[Outcome]:
    o = ObligationRow.__table__.c
    given_up = o.status.in_(("superseded", "waived"))
    advice = o.force.in_([force for force, standing in entry_policy().standings.items() if standing == "advice"])
    found: ColumnElement[Outcome] = case(
        (and_(or_(o.due_at.is_(None), advice), o.submitted_at.is_not(None)), "done"),
        (and_(or_(o.due_at.is_(None), advice), given_up), "ended"),
        (or_(o.due_at.is_(None), advice), "undone"),
        (o.born_late, "born_late"),
        (o.submitted_at <= o.due_at, "in_time"),
        (o.submitted_at.is_not(None), "late"),
        (and_(given_up, o.overdue_at.is_not(None)), "late"),
        (given_up, "ended"),
        (o.due_at <= as_of, "overdue"),
        else_="running",
    )
    return found


def rule_title(title: Mapping[str, Any], citation: Mapping[str, Any]) -> Texts:
    """Title and article of a duty, in every language."""
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
    if any(duty.away and duty.outcome in MISSED for duty in duties):
        columns.append(Column(AWAY, both(N_("Of them the limit passed while irm was away"))))
    return (*columns, Column("rate", both(N_("Share in time")), (("in_time",), JUDGED)))


def _count(tally: Tally, line: str, duty: Duty) -> None:
    tally.add(line, duty.outcome, duty.record)
    if duty.away and duty.outcome in MISSED:
        tally.add(line, AWAY, duty.record)


def by_rule(duties: list[Duty], titles: Mapping[str, Texts], pool: Pool, title: str) -> Grid:
    """Timeliness for each limit, named with its article."""
    tally = Tally(pool)
    for duty in duties:
        _count(tally, duty.rule, duty)
    columns = _columns(duties)
    lines = tally.lines(sorted(titles.items()), columns, empty=False)
    return Grid("by_rule", both(title), both(N_("Duty and article")), columns, lines, total=True)


def by_force(duties: list[Duty], pool: Pool, title: str) -> Grid:
    tally = Tally(pool)
    forces = dict.fromkeys(duty.force for duty in duties)
    for duty in duties:
        _count(tally, duty.force, duty)
    labels = [
        (force, {locale: force_words(force, translator(locale)) for locale in LOCALES}) for force in sorted(forces)
    ]
    columns = _columns(duties)
    lines = tally.lines(labels, columns, empty=False)
    return Grid("by_force", both(title), both(N_("Force")), columns, lines, total=True, chart=JUDGED)


def by_bearer(duties: list[Duty], pool: Pool, organizations: Organizations, title: str) -> Grid:
    tally = Tally(pool)
    for duty in duties:
        _count(tally, str(duty.bearer_id), duty)
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
