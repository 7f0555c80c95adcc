"""All figures of one edition, taken in one snapshot. These modules read everybody's rows and change none."""

import gc
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC
from uuid import UUID

from sqlalchemy import select

from irm.access.models import OrganizationRow
from irm.db import Tx
from irm.evidence.models import LedgerCheckpointRow
from irm.i18n import N_
from irm.obligations.periodic import Giver
from irm.reports.figures import (
    assessments,
    drills,
    findings,
    incidents,
    next_year,
    not_collected,
    organization,
    systems,
)
from irm.reports.figures.duties import Organizations, by_bearer, by_force, by_rule, duties_of
from irm.reports.span import Span, annual_policy
from irm.reports.tally import Chapter, Checkpoint, Figures, Pool, both


async def take(tx: Tx, span: Span, organization_id: UUID, givers: Sequence[Giver] = ()) -> Figures:
    """`organization_id`: who reports; `givers`: who knows the subjects that will owe something next year. Call in a
    transaction that sees one snapshot; equal data give equal figures."""
    with _collector_at_rest():
        return await _take(tx, span, organization_id, givers)


@contextmanager
def _collector_at_rest() -> Iterator[None]:
    """400,000 records are tuples that all stay: the collector would walk them again and again (9.6 s of CPU; without 2.1)."""
    was_on = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_on:
            gc.enable()


async def _take(tx: Tx, span: Span, organization_id: UUID, givers: Sequence[Giver]) -> Figures:
    pool = Pool()
    rows = (
        await tx.execute(select(OrganizationRow.id, OrganizationRow.short_name).order_by(OrganizationRow.sort_key))
    ).all()
    organizations = Organizations({row.id: row.short_name for row in rows})
    duties = await duties_of(tx, span, pool, organizations)
    forms = annual_policy()["forms"]
    papers = [duty for duty in duties.all if not duty.of_incident and duty.form in forms["papers"]]
    elsewhere = {form for chapter in forms.values() for form in chapter}
    others = [duty for duty in duties.all if not duty.of_incident and duty.form not in elsewhere]
    chapters = [
        await organization.chapter(tx, span, pool, organization_id),
        await systems.chapter(tx, span, pool, organizations),
        await assessments.chapter(tx, span, pool, duties),
        await findings.chapter(tx, span, pool, organizations),
        await incidents.chapter(tx, span, pool, organizations, duties),
        await drills.chapter(tx, span, pool, duties),
    ]
    grids = [by_rule(papers, duties.titles, pool, N_("Papers by kind"))]
    if span.organization_id is None:
        grids.append(by_bearer(papers, pool, organizations, N_("Papers by organization")))
    chapters.append(Chapter("papers", both(N_("Monthly papers and change plans")), tuple(grids)))
    if others:
        grids = [
            by_force(others, pool, N_("Other duties by force")),
            by_rule(others, duties.titles, pool, N_("Other duties by rule")),
        ]
        chapters.append(Chapter("others", both(N_("Other duties")), tuple(grids)))
    chapters.append(await next_year.chapter(tx, span, pool, organizations, givers))
    chapters.append(not_collected.chapter())
    one = await tx.get_one(OrganizationRow, organization_id)
    del duties, papers, others
    return Figures(
        template=annual_policy()["template"],
        year=span.year,
        scope="city" if span.organization_id is None else "organization",
        organization=one.name,
        code=one.code,
        as_of=span.as_of.astimezone(UTC).isoformat(),
        checkpoint=await _checkpoint(tx),
        chapters=tuple(chapters),
        pool=pool.records(),
    )


async def _checkpoint(tx: Tx) -> Checkpoint | None:
    row = await tx.scalar(select(LedgerCheckpointRow).order_by(LedgerCheckpointRow.size.desc()).limit(1))
    return Checkpoint(row.size, row.root.hex(), row.key) if row else None
