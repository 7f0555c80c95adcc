"""Chapter: what happened, by category, level, source and month, and whether every clock was met."""

from typing import Any, Final
from uuid import UUID

from sqlalchemy import select

from irm.categories import categories
from irm.clock import SHANGHAI
from irm.db import Tx
from irm.i18n import LOCALES, N_
from irm.incidents.models import FilingRow, IncidentRow, PartRow
from irm.reports.figures.duties import Duties, Organizations, by_bearer, by_force, by_rule, judged
from irm.reports.figures.months import month_labels
from irm.reports.span import Span
from irm.reports.tally import Chapter, Column, Grid, Pool, Tally, Texts, both
from irm.rules.levels import LEVELS, level_word, settled_level

MEANS_NAMES: Final = {
    "web": N_("Entered in irm"),
    "api": N_("Through the interface"),
    "telephone": N_("By telephone, taken down by the desk"),
    "machine": N_("Reported by a machine"),
}
STATUS_GROUPS: Final = {
    "ongoing": N_("Being handled"),
    "handled": N_("Handled"),
    "closed": N_("Archived"),
    "dismissed": N_("False alarm"),
    "withdrawn": N_("Withdrawn"),
}
GROUP_OF: Final = {
    "reported": "ongoing",
    "open": "ongoing",
    "contained": "ongoing",
    "handled": "handled",
    "closed": "closed",
    "dismissed": "dismissed",
    "withdrawn": "withdrawn",
}
COUNTED: Final = frozenset({"reported", "open", "contained", "handled", "closed"})
"""False alarms and withdrawn ones are listed by state and counted nowhere else."""
UNSTATED: Final = "unstated"


async def chapter(tx: Tx, span: Span, pool: Pool, organizations: Organizations, duties: Duties) -> Chapter:
    """Everybody's incidents once; a unit's are those in which it has a part, by when it knew."""
    found = await _incidents(tx, span)
    sources = await _sources(tx, [row.id for row in found])
    kinds, states, origins, months = Tally(pool), Tally(pool), Tally(pool), Tally(pool)
    for row in found:
        record = pool.add(f"/incidents/{row.number}", f"{row.number} · {row.title}")
        states.add(GROUP_OF[row.status], "incidents", record)
        if row.status not in COUNTED:
            continue
        level = f"level_{settled_level(row.reached, row.assessed)}"
        kinds.add(row.category or UNSTATED, level, record)
        origins.add(sources.get(row.id, "web"), level, record)
        months.add(f"{row.known_at.astimezone(SHANGHAI).month:02d}", level, record)
    levels = tuple(
        Column(f"level_{level}", {locale: level_word(level, locale) for locale in LOCALES}) for level in LEVELS
    )
    each = tuple(column.key for column in levels)
    own = [duty for duty in duties.all if duty.of_incident]
    category_labels: list[tuple[str, Texts]] = [(one.id, dict(one.name)) for one in categories().values()]
    category_labels.append((UNSTATED, both(N_("Category not stated"))))
    one = (Column("incidents", both(N_("Incidents"))),)
    whole_city = span.organization_id is None
    grids = [
        Grid(
            "by_category",
            both(N_("Incidents by category and level")),
            both(N_("Category")),
            levels,
            kinds.lines(category_labels, levels, empty=True),
            total=True,
            chart=each,
            levels=True,
            additive=False,
        ),
        Grid(
            "by_month",
            both(N_("Incidents by month of knowledge")),
            both(N_("Month")),
            levels,
            months.lines(month_labels(), levels, empty=bool(months.total())),
            total=True,
            chart=each,
            levels=True,
            additive=False,
        ),
        Grid(
            "by_source",
            both(N_("Incidents by how they were reported")),
            both(N_("Source")),
            levels,
            origins.lines([(key, both(name)) for key, name in MEANS_NAMES.items()], levels, empty=True),
            total=True,
            additive=False,
        ),
        Grid(
            "by_state",
            both(N_("Incidents by state")),
            both(N_("State")),
            one,
            states.lines([(key, both(name)) for key, name in STATUS_GROUPS.items()], one, empty=True),
            total=True,
            additive=False,
            note=both(
                N_("False alarms and withdrawn incidents stand in this table only; no other figure counts them.")
            ),
        ),
        await _parts(tx, span, pool, organizations),
        by_force(own, pool, N_("Reports to authorities: timeliness by force")),
        by_rule(own, duties.titles, pool, N_("Reports to authorities: timeliness by limit")),
    ]
    if whole_city:
        grids.append(by_bearer(own, pool, organizations, N_("Reports to authorities: timeliness by organization")))
    counts = judged(own)
    lead = both(
        N_(
            "Incidents that became known in the year and count: %(n)s. Limits for reports that were to be judged: %(judged)s,"
            " of which met in time %(in_time)s, late %(late)s, overdue %(overdue)s."
        ),
        n=sum(row.status in COUNTED for row in found),
        judged=sum(counts.values()),
        **counts,
    )
    return Chapter("incidents", both(N_("Incidents and their reporting")), tuple(grids), lead=lead)


async def _incidents(tx: Tx, span: Span) -> list[Any]:
    i = IncidentRow
    statement = select(
        i.id,
        i.number,
        i.title,
        i.status,
        i.category,
        i.reached,
        i.assessed,
        (PartRow.known_at if span.organization_id else i.discovered_at).label("known_at"),
    ).where(i.exercise.is_(False), i.status != "merged")
    if span.organization_id is not None:
        statement = statement.join(PartRow, PartRow.incident_id == i.id).where(
            PartRow.organization_id == span.organization_id,
            PartRow.known_at >= span.since,
            PartRow.known_at < span.until,
        )
    else:
        statement = statement.where(i.discovered_at >= span.since, i.discovered_at < span.until)
    return list((await tx.execute(statement.order_by(i.number))).all())


async def _sources(tx: Tx, incidents: list[UUID]) -> dict[UUID, str]:
    """By which means each was told first."""
    found: dict[UUID, str] = {}
    for begin in range(0, len(incidents), 10_000):
        rows = await tx.execute(
            select(FilingRow.incident_id, FilingRow.means)
            .where(FilingRow.incident_id.in_(incidents[begin : begin + 10_000]))
            .order_by(FilingRow.received_at, FilingRow.id)
        )
        for incident_id, means in rows.all():
            found.setdefault(incident_id, means)
    return found


async def _parts(tx: Tx, span: Span, pool: Pool, organizations: Organizations) -> Grid:
    """An incident of two units counts once in the city and once with each of them: this table is the one that adds up."""
    statement = (
        select(IncidentRow.number, IncidentRow.title, PartRow.organization_id)
        .join(PartRow, PartRow.incident_id == IncidentRow.id)
        .where(
            IncidentRow.exercise.is_(False),
            IncidentRow.status.in_(COUNTED),
            PartRow.known_at >= span.since,
            PartRow.known_at < span.until,
        )
        .order_by(IncidentRow.number, PartRow.organization_id)
    )
    if span.organization_id is not None:
        statement = statement.where(PartRow.organization_id == span.organization_id)
    tally, whose = Tally(pool), set()
    for number, title, organization_id in (await tx.execute(statement)).all():
        whose.add(organization_id)
        tally.add(str(organization_id), "parts", pool.add(f"/incidents/{number}", f"{number} · {title}"))
    columns = (Column("parts", both(N_("Incidents with a part of it"))),)
    return Grid(
        "by_organization",
        both(N_("Incidents by organization")),
        both(N_("Organization")),
        columns,
        tally.lines(organizations.labels(whose), columns, empty=False),
        total=True,
        note=both(N_("An incident that concerns several organizations counts with each of them.")),
    )
