"""Chapter: drills required, planned, held; scores; improvements."""

from statistics import mean
from uuid import UUID

from sqlalchemy import select

from irm.db import Tx
from irm.drills.models import DrillEvaluationRow, DrillImprovementRow, DrillRow
from irm.drills.vocabulary import HELD, KIND_NAMES, Status
from irm.i18n import LOCALES, N_
from irm.reports.figures.duties import Duties, by_rule
from irm.reports.span import Span, annual_policy
from irm.reports.tally import Chapter, Column, Fact, Grid, Pool, Tally, both


async def chapter(tx: Tx, span: Span, pool: Pool, duties: Duties) -> Chapter:
    """A drill counts with whoever holds it. What was required stands in the duties."""
    d = DrillRow
    statement = select(d).where(d.year == span.year, d.created_at <= span.as_of).order_by(d.number)
    if span.organization_id is not None:
        statement = statement.where(d.organization_id == span.organization_id)
    kinds = Tally(pool)
    held: dict[UUID, str] = {}
    for row in await tx.scalars(statement):
        record = pool.add(f"/drills/{row.number}", f"{row.number} · {row.title}")
        status = Status(row.status)
        kinds.add(
            row.kind, "cancelled" if status is Status.CANCELLED else "held" if status in HELD else "planned", record
        )
        if status in HELD:
            held[row.id] = row.number
            if row.recorded_afterwards:
                kinds.add(row.kind, "afterwards", record)
            if status is Status.CLOSED:
                kinds.add(row.kind, "approved", record)
    columns = (
        Column("planned", both(N_("Planned, not held yet"))),
        Column("held", both(N_("Held"))),
        Column("afterwards", both(N_("Of them recorded afterwards"))),
        Column("approved", both(N_("Report approved"))),
        Column("cancelled", both(N_("Cancelled"))),
    )
    forms = set(annual_policy()["forms"]["drills"])
    own = [duty for duty in duties.all if duty.form in forms]
    grids = (
        Grid(
            "by_kind",
            both(N_("Drills of the year")),
            both(N_("Form of drill")),
            columns,
            kinds.lines([(kind.value, both(name)) for kind, name in KIND_NAMES.items()], columns, empty=True),
            total=True,
            chart=("held", "planned"),
        ),
        by_rule(own, duties.titles, pool, N_("Drills that the rules ask for")),
    )
    lead = both(
        N_("Drills held: %(held)s; planned: %(planned)s; asked for by the rules: %(required)s."),
        held=kinds.sum("held"),
        planned=kinds.sum("planned"),
        required=sum(duty.outcome not in {"ended", "done", "undone"} for duty in own),
    )
    return Chapter("drills", both(N_("Drills")), grids, await _facts(tx, held), lead)


async def _facts(tx: Tx, held: dict[UUID, str]) -> tuple[Fact, ...]:
    if not held:
        return ()
    scores = [
        value
        for row in await tx.scalars(
            select(DrillEvaluationRow).where(
                DrillEvaluationRow.drill_id.in_(held), DrillEvaluationRow.handed_in_at.is_not(None)
            )
        )
        for value in row.scores.values()
        if isinstance(value, int)
    ]
    improvements = len(
        (await tx.scalars(select(DrillImprovementRow.id).where(DrillImprovementRow.drill_id.in_(held)))).all()
    )
    facts = [Fact(both(N_("Improvements decided")), dict.fromkeys(LOCALES, str(improvements)))]
    if scores:
        label = both(N_("Mean score of the evaluators (1, 3, 5)"))
        facts.insert(0, Fact(label, dict.fromkeys(LOCALES, f"{mean(scores):.2f}")))
    return tuple(facts)
