"""Chapter: tests of the year: planned, done, filed; stated conclusions; major risks before and after."""

from typing import Final

from sqlalchemy import select

from irm.db import Tx
from irm.i18n import N_
from irm.reports.figures.duties import Duties, by_rule
from irm.reports.span import Span, annual_policy
from irm.reports.tally import Chapter, Column, Grid, Pool, Tally, both
from irm.systems.models import AssessmentRow, SystemRow

KIND_NAMES: Final = {
    "mlps": N_("Classified-protection test"),
    "self_check": N_("Self-inspection"),
    "crypto": N_("Assessment of commercial cryptography"),
    "risk": N_("Risk assessment"),
}
STATUS_NAMES: Final = {
    "planned": N_("Planned, not begun"),
    "under_way": N_("Under way"),
    "reported": N_("Report received"),
    "filed": N_("Report filed"),
    "cancelled": N_("Cancelled"),
}
CONCLUSION_NAMES: Final = {
    "conform": N_("Conforms"),
    "basically": N_("Basically conforms"),
    "not": N_("Does not conform"),
    "excellent": N_("Excellent"),
    "good": N_("Good"),
    "medium": N_("Medium"),
    "poor": N_("Poor"),
    "judge": N_("To be judged by a person"),
}


async def chapter(tx: Tx, span: Span, pool: Pool, duties: Duties) -> Chapter:
    """A test counts with the unit that answers for the system."""
    a = AssessmentRow
    statement = (
        select(a.number, a.kind, a.status, a.conclusion, a.major, a.rectified_major, SystemRow.code, SystemRow.name)
        .join(SystemRow, SystemRow.id == a.system_id)
        .where(a.year == span.year, a.created_at <= span.as_of)
        .order_by(a.number)
    )
    if span.organization_id is not None:
        statement = statement.where(SystemRow.owner_id == span.organization_id)
    kinds, stated, risks = Tally(pool), Tally(pool), Tally(pool)
    conclusions: dict[str, None] = {}
    for row in (await tx.execute(statement)).all():
        record = pool.add(f"/assessments/{row.number}", f"{row.number} · {row.code} {row.name}")
        kinds.add(row.kind, row.status, record)
        if row.status == "cancelled":
            continue
        if row.conclusion:
            conclusions[row.conclusion] = None
            stated.add(row.conclusion, row.kind, record)
        if row.major:
            risks.add(row.kind, "major", record, row.major)
            risks.add(row.kind, "rectified", record, row.rectified_major or 0)
    columns = tuple(Column(key, both(name)) for key, name in STATUS_NAMES.items())
    labels = [(key, both(name)) for key, name in KIND_NAMES.items()]
    by_kind = tuple(Column(key, both(name)) for key, name in KIND_NAMES.items())
    risk_columns = (
        Column("major", both(N_("Major risks found"))),
        Column("rectified", both(N_("Of them put right"))),
        Column("rate", both(N_("Share put right")), (("rectified",), ("major",))),
    )
    forms = set(annual_policy()["forms"]["assessments"])
    strangers = [key for key in conclusions if key not in CONCLUSION_NAMES]
    conclusion_labels = [(key, both(CONCLUSION_NAMES.get(key, key))) for key in (*CONCLUSION_NAMES, *strangers)]
    grids = (
        Grid(
            "by_state",
            both(N_("Tests and checks of the year")),
            both(N_("Kind")),
            columns,
            kinds.lines(labels, columns, empty=True),
            total=True,
            chart=("planned", "under_way", "reported", "filed"),
        ),
        Grid(
            "conclusions",
            both(N_("Conclusions as the reports state them")),
            both(N_("Conclusion")),
            by_kind,
            stated.lines(conclusion_labels, by_kind, empty=True),
            total=True,
        ),
        Grid(
            "major_risks",
            both(N_("Major risks, before rectification")),
            both(N_("Kind")),
            risk_columns,
            risks.lines(labels, risk_columns, empty=True),
            total=True,
            note=both(N_("Counted as found. What was put right until today stands beside it.")),
        ),
        by_rule(
            [duty for duty in duties.all if duty.form in forms],
            duties.titles,
            pool,
            N_("Tests, filing and certificates: timeliness"),
        ),
    )
    lead = both(
        N_("Tests and checks of the year, reported or filed: %(done)s; planned or under way: %(open)s."),
        done=kinds.sum("reported") + kinds.sum("filed"),
        open=kinds.sum("planned") + kinds.sum("under_way"),
    )
    return Chapter("assessments", both(N_("Tests and checks")), grids, lead=lead)
