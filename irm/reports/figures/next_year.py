"""Chapter: what next year brings by what is known today: what is open now, and what the rules will ask for.

What begins later is never stored (DESIGN §2): the pure function that opens duties is asked for a later day, in the snapshot
of the figures, and its answer is frozen with the edition.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any, Final
from uuid import UUID

from sqlalchemy import case, select

from irm.access.models import OrganizationRow
from irm.clock import SHANGHAI
from irm.db import Tx
from irm.findings.models import FindingRow
from irm.i18n import N_
from irm.obligations.forecasting import Forecaster
from irm.obligations.models import ObligationRow
from irm.obligations.periodic import Giver
from irm.reports.figures.certificates import certificates_of
from irm.reports.figures.duties import Organizations, rule_title
from irm.reports.figures.months import month_labels
from irm.reports.span import Span, annual_policy
from irm.reports.tally import Chapter, Column, Grid, Pool, Tally, Texts, both
from irm.systems.models import SystemRow

MOMENT: Final = timedelta(microseconds=1)
OPEN, AHEAD, OTHERS = "open", "ahead", "others"
MATTER_NAMES: Final = {
    "tests": N_("Tests and checks"),
    "filing": N_("Filing and certificates"),
    "drills": N_("Drills and their plans"),
    "papers": N_("Monthly papers"),
    "reports": N_("Yearly reports"),
    OTHERS: N_("Other matters"),
}
"""In this order; which form of submission belongs to which stands in `annual.yaml`."""


@dataclass(frozen=True)
class _Due:
    """One duty with its limit in the year; `state`: open today, or beginning later."""

    rule: str
    form: str
    bearer_id: UUID
    state: str
    due_at: datetime
    record: int

    @property
    def month(self) -> str:
        """A limit at 24:00 belongs to the day that ends with it."""
        return f"{_day(self.due_at):%m}"

    @property
    def matter(self) -> str:
        matters: dict[str, list[str]] = annual_policy()["matters"]
        return next((key for key, forms in matters.items() if self.form in forms), OTHERS)


async def chapter(tx: Tx, span: Span, pool: Pool, organizations: Organizations, givers: Sequence[Giver]) -> Chapter:
    coming = Span(span.year + 1, span.as_of, span.organization_id)
    titles: dict[str, Texts] = {}
    dues = await _open(tx, coming, pool, organizations, titles)
    known = await _known(tx, coming, pool, dues)
    dues += await _ahead(tx, coming, pool, organizations, givers, titles)
    grids = [known, _by_matter(dues, pool), _by_month(dues, pool), _by_rule(dues, titles, pool)]
    if span.organization_id is None:
        grids.append(_by_bearer(dues, pool, organizations))
    lead = both(
        N_(
            "Of what is known today, %(open)s duties already open have their limit in %(year)s; the rules will ask for"
            " %(ahead)s more in the course of that year."
        ),
        year=coming.year,
        open=sum(one.state == OPEN for one in dues),
        ahead=sum(one.state == AHEAD for one in dues),
    )
    return Chapter("next_year", both(N_("Next year")), tuple(grids), lead=lead)


async def _open(tx: Tx, coming: Span, pool: Pool, organizations: Organizations, titles: dict[str, Texts]) -> list[_Due]:
    o = ObligationRow
    rule = case((o.rule_id.contains("/"), o.rule_id), else_=o.pack_id + "/" + o.rule_id).label("rule")
    statement = select(o.id, o.number, o.bearer_id, o.due_at, o.form, o.title, o.citation, rule).where(
        o.exercise.is_(False), o.status == "open", o.due_at > coming.since, o.due_at <= coming.until
    )
    if coming.organization_id is not None:
        statement = statement.where(o.bearer_id == coming.organization_id)
    found = []
    for row in (await tx.execute(statement.order_by(o.due_at, o.id))).all():
        label = f"{row.number} · {organizations.name(row.bearer_id)} · {_day(row.due_at):%Y-%m-%d}"
        record = pool.add(f"/obligations/{row.id}", label)
        titles[row.rule] = rule_title(row.title, row.citation)
        found.append(_Due(row.rule, row.form, row.bearer_id, OPEN, row.due_at, record))
    return found


async def _ahead(
    tx: Tx,
    coming: Span,
    pool: Pool,
    organizations: Organizations,
    givers: Sequence[Giver],
    titles: dict[str, Texts],
) -> list[_Due]:
    """Of those that have joined: what others owe is shown elsewhere and counted nowhere."""
    joined = set(await tx.scalars(select(OrganizationRow.id).where(OrganizationRow.joined)))
    found = []
    for one in await Forecaster(givers).between(tx, coming.since, coming.until, now=coming.as_of):
        if one.bearer not in joined or not coming.is_whose(one.bearer):
            continue
        rule = one.rule_id if "/" in one.rule_id else f"{one.pack_id}/{one.rule_id}"
        if rule not in titles:
            titles[rule] = rule_title(one.title, one.article)
        period = f" · {one.period}" if one.period else ""
        label = f"{one.number} · {organizations.name(one.bearer)} · {_day(one.due_at):%Y-%m-%d}{period}"
        if one.ordinal is not None and one.ordinals is not None and one.ordinals > 1:
            label += f" ({one.ordinal}/{one.ordinals})"
        record = pool.add(one.page, f"{label} · {one.rule_id}")
        found.append(_Due(rule, one.form, one.bearer, AHEAD, one.due_at, record))
    return found


async def _known(tx: Tx, coming: Span, pool: Pool, dues: Iterable[_Due]) -> Grid:
    """What has a day of its own in that year."""
    tally = Tally(pool)
    f, s = FindingRow, SystemRow
    findings = select(f.number, f.title).where(f.status != "closed", f.due_on >= coming.first, f.due_on <= coming.last)
    if coming.organization_id is not None:
        findings = findings.where(f.organization_id == coming.organization_id)
    proofs = await certificates_of(tx, coming, at=coming.as_of)
    ending = {
        id_: proof.until for id_, proof in proofs.items() if proof.until and coming.first <= proof.until <= coming.last
    }
    systems: list[Any] = []
    if ending:
        # All of them and a choice here: ids of ten thousand systems are more than one statement takes.
        rows = await tx.execute(select(s.id, s.code, s.name).where(s.retired_at.is_(None)).order_by(s.code))
        systems = [row for row in rows.all() if row.id in ending]
    for row in sorted(systems, key=lambda row: (ending[row.id], row.code)):
        tally.add(
            "certificates",
            "n",
            pool.add(f"/systems/{row.code}", f"{row.code} · {row.name} · {ending[row.id]:%Y-%m-%d}"),
        )
    for number, title in (await tx.execute(findings.order_by(f.due_on, f.number))).all():
        tally.add("findings", "n", pool.add(f"/findings/{number}", f"{number} · {title}"))
    for one in dues:
        tally.add("duties", "n", one.record)
    columns = (Column("n", both(N_("Count"))),)
    labels = [
        ("certificates", both(N_("Certificates that end"))),
        ("findings", both(N_("Open findings whose day falls in the year"))),
        ("duties", both(N_("Duties open today whose limit falls in the year"))),
    ]
    heading = both(N_("What is known today of %(year)s"), year=coming.year)
    return Grid("known", heading, both(N_("Matter")), columns, tally.lines(labels, columns, empty=True))


def _columns() -> tuple[Column, ...]:
    return Column(OPEN, both(N_("Open today"))), Column(AHEAD, both(N_("Begins later")))


def _by_matter(dues: Iterable[_Due], pool: Pool) -> Grid:
    tally = Tally(pool)
    for one in dues:
        tally.add(one.matter, one.state, one.record)
    columns = _columns()
    return Grid(
        "by_matter",
        both(N_("Duties of next year by matter")),
        both(N_("Matter")),
        columns,
        tally.lines([(key, both(name)) for key, name in MATTER_NAMES.items()], columns, empty=True),
        total=True,
        note=both(
            N_("“Begins later”: what the rules in force will ask for by register and rules as they stand today.")
        ),
    )


def _by_month(dues: Sequence[_Due], pool: Pool) -> Grid:
    tally = Tally(pool)
    for one in dues:
        tally.add(one.month, one.matter, one.record)
    columns = tuple(Column(key, both(name)) for key, name in MATTER_NAMES.items())
    return Grid(
        "by_month",
        both(N_("Duties of next year by month of their limit")),
        both(N_("Month")),
        columns,
        tally.lines(month_labels(), columns, empty=bool(dues)),
        total=True,
        chart=tuple(MATTER_NAMES),
    )


def _by_rule(dues: Iterable[_Due], titles: dict[str, Texts], pool: Pool) -> Grid:
    tally = Tally(pool)
    for one in dues:
        tally.add(one.rule, one.state, one.record)
    columns = _columns()
    lines = tally.lines(sorted(titles.items()), columns, empty=False)
    title = both(N_("Duties of next year by rule"))
    return Grid("by_rule", title, both(N_("Duty and article")), columns, lines, total=True)


def _by_bearer(dues: Iterable[_Due], pool: Pool, organizations: Organizations) -> Grid:
    tally, whose = Tally(pool), set()
    for one in dues:
        whose.add(one.bearer_id)
        tally.add(str(one.bearer_id), one.state, one.record)
    columns = _columns()
    lines = tally.lines(organizations.labels(whose), columns, empty=False)
    title = both(N_("Duties of next year by organization"))
    return Grid("by_bearer", title, both(N_("Organization")), columns, lines, total=True, additive=False)


def _day(due_at: datetime) -> date:
    return (due_at - MOMENT).astimezone(SHANGHAI).date()
