"""Chapter: what next year brings by what is known today: certificates that end, days of findings, duties with their limit."""

from sqlalchemy import select

from irm.db import Tx
from irm.findings.models import FindingRow
from irm.i18n import N_
from irm.obligations.models import ObligationRow
from irm.reports.figures.duties import Organizations
from irm.reports.span import Span
from irm.reports.tally import Chapter, Column, Grid, Pool, Tally, both
from irm.systems.models import SystemRow


async def chapter(tx: Tx, span: Span, pool: Pool, organizations: Organizations) -> Chapter:
    coming = Span(span.year + 1, span.as_of, span.organization_id)
    tally = Tally(pool)
    s, f, o = SystemRow, FindingRow, ObligationRow
    systems = select(s.code, s.name).where(
        s.retired_at.is_(None), s.certificate_until >= coming.first, s.certificate_until <= coming.last
    )
    findings = select(f.number, f.title).where(f.status != "closed", f.due_on >= coming.first, f.due_on <= coming.last)
    duties = select(o.id, o.number, o.bearer_id, o.due_at).where(
        o.exercise.is_(False), o.status == "open", o.due_at >= coming.since, o.due_at < coming.until
    )
    if span.organization_id is not None:
        systems = systems.where(s.owner_id == span.organization_id)
        findings = findings.where(f.organization_id == span.organization_id)
        duties = duties.where(o.bearer_id == span.organization_id)
    for code, name in (await tx.execute(systems.order_by(s.certificate_until, s.code))).all():
        tally.add("certificates", "n", pool.add(f"/systems/{code}", f"{code} · {name}"))
    for number, title in (await tx.execute(findings.order_by(f.due_on, f.number))).all():
        tally.add("findings", "n", pool.add(f"/findings/{number}", f"{number} · {title}"))
    for id_, number, bearer, due_at in (await tx.execute(duties.order_by(o.due_at, o.id))).all():
        label = f"{number} · {organizations.name(bearer)} · {due_at:%Y-%m-%d}"
        tally.add("duties", "n", pool.add(f"/obligations/{id_}", label))
    columns = (Column("n", both(N_("Count"))),)
    labels = [
        ("certificates", both(N_("Certificates that end"))),
        ("findings", both(N_("Open findings whose day falls in the year"))),
        ("duties", both(N_("Duties open today whose limit falls in the year"))),
    ]
    heading = both(N_("What is known today of %(year)s"), year=span.year + 1)
    grid = Grid("known", heading, both(N_("Matter")), columns, tally.lines(labels, columns, empty=True))
    return Chapter("next_year", both(N_("Next year")), (grid,))
