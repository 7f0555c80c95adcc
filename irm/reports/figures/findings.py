"""Chapter: what was found wrong and what became of it."""

from sqlalchemy import or_, select

from irm.db import Tx
from irm.findings.lifecycle import ORIGIN_NAMES, RISK_NAMES
from irm.findings.models import FindingRow
from irm.i18n import N_
from irm.reports.figures.duties import Organizations
from irm.reports.span import Span
from irm.reports.tally import Chapter, Column, Grid, Pool, Tally, both


async def chapter(tx: Tx, span: Span, pool: Pool, organizations: Organizations) -> Chapter:
    """Found in the year, or still open when it began. A finding counts with the unit that has to put it right."""
    f = FindingRow
    statement = (
        select(f)
        .where(
            f.created_at <= span.as_of,
            f.found_on <= span.last,
            or_(f.found_on >= span.first, f.closed_at.is_(None), f.closed_at >= span.since),
        )
        .order_by(f.number)
    )
    if span.organization_id is not None:
        statement = statement.where(f.organization_id == span.organization_id)
    risks, origins, units = Tally(pool), Tally(pool), Tally(pool)
    whose = set()
    for row in await tx.scalars(statement):
        record = pool.add(f"/findings/{row.number}", f"{row.number} · {row.title}")
        whose.add(row.organization_id)
        is_closed = row.closed_at is not None and row.closed_at <= span.as_of
        is_overdue = not is_closed and row.due_on is not None and row.due_on < span.today
        marks = ["new" if row.found_on >= span.first else "carried", "closed" if is_closed else "open"]
        marks += ["overdue"] * is_overdue + ["returned"] * (row.returns > 0)
        marks += ["major"] * row.is_major + ["major_closed"] * (row.is_major and is_closed)
        for tally, key in ((risks, row.risk), (origins, row.origin), (units, str(row.organization_id))):
            for mark in marks:
                tally.add(key, mark, record)
    columns = (
        Column("new", both(N_("Found in the year"))),
        Column("carried", both(N_("Open from before"))),
        Column("closed", both(N_("Put right"))),
        Column("open", both(N_("Still open"))),
        Column("overdue", both(N_("Of them overdue"))),
        Column("returned", both(N_("Sent back once or more"))),
        Column("major", both(N_("Major risks found"))),
        Column("major_closed", both(N_("Of them put right"))),
        Column("rate", both(N_("Share put right")), (("closed",), ("closed", "open"))),
    )
    grids = [
        Grid(
            "by_risk",
            both(N_("Findings by risk")),
            both(N_("Risk")),
            columns,
            risks.lines([(key, both(name)) for key, name in RISK_NAMES.items()], columns, empty=True),
            total=True,
            chart=("closed", "open"),
        ),
        Grid(
            "by_origin",
            both(N_("Findings by where they come from")),
            both(N_("Origin")),
            columns[:4],
            origins.lines([(key, both(name)) for key, name in ORIGIN_NAMES.items()], columns[:4], empty=True),
            total=True,
        ),
    ]
    if span.organization_id is None:
        lines = units.lines(organizations.labels(whose), columns, empty=False)
        title = both(N_("Findings by organization"))
        grids.append(Grid("by_unit", title, both(N_("Organization")), columns, lines, total=True, additive=False))
    lead = both(
        N_(
            "Findings new in the year: %(new)s; open from before: %(carried)s; put right: %(closed)s; still open: %(open)s."
        ),
        **{key: risks.sum(key) for key in ("new", "carried", "closed", "open")},
    )
    return Chapter("findings", both(N_("Findings and rectification")), tuple(grids), lead=lead)
