"""Editions for readers."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Final
from uuid import UUID

from sqlalchemy import ColumnElement, select, true

from irm.access import queries as access
from irm.access.models import AccountRow, PersonRow
from irm.access.policy import Permission, Principal, Reach, Resource, reach
from irm.db import Tx
from irm.errors import NotFound
from irm.reports.models import EditionRow
from irm.reports.rendering import Edition
from irm.reports.service import NO_EDITION, STEPS, documents_of, figures_of, subject_of
from irm.reports.tally import Figures

MOST: Final = 200


@dataclass(frozen=True)
class EditionView:
    id: UUID
    year: int
    scope: str
    organization_id: UUID
    organization: str
    number: int
    status: str
    as_of: datetime | None
    figures_sha256: str | None
    checkpoint_size: int | None
    commentary: Mapping[str, str]
    version: int
    done: int
    steps: int
    reason: str | None
    requested_by: str
    requested_by_id: UUID | None
    requested_at: datetime
    approved_by: str
    approved_at: datetime | None
    submission_id: UUID | None
    documents: Mapping[str, str]
    """Format → SHA-256 of what is kept in the official language."""


async def editions(tx: Tx, by: Principal, *, year: int | None = None) -> list[EditionView]:
    """Newest first, those of the reader's organizations."""
    far = reach(by, Permission.READ_ANNUAL_REPORTS)
    statement = select(EditionRow).where(_within(far))
    if year is not None:
        statement = statement.where(EditionRow.year == year)
    newest = statement.order_by(EditionRow.year.desc(), EditionRow.requested_at.desc(), EditionRow.id.desc())
    return await _views(tx, list(await tx.scalars(newest.limit(MOST))))


async def edition(tx: Tx, by: Principal, edition_id: UUID) -> EditionView:
    """Raises NotFound, also for what is not the reader's."""
    (found,) = await _views(tx, [await readable(tx, by, edition_id)], with_documents=True)
    return found


async def readable(tx: Tx, by: Principal, edition_id: UUID) -> EditionRow:
    row = await tx.get(EditionRow, edition_id)
    far = reach(by, Permission.READ_ANNUAL_REPORTS)
    if row is None or not far.covers(Resource(frozenset({row.organization_id}))):
        raise NotFound(NO_EDITION)
    return row


async def contents(tx: Tx, by: Principal, edition_id: UUID) -> Edition:
    """All that its documents are made of. Raises NotFound also where its figures are not taken yet."""
    row = await readable(tx, by, edition_id)
    if row.figures_sha256 is None:
        raise NotFound("The figures of this edition are not taken yet.")
    return Edition(row.number, await figures_of(tx, row), dict(row.commentary))


async def before(tx: Tx, by: Principal, edition_id: UUID) -> tuple[int, Figures] | None:
    """Number and figures of the edition of the same report that came before."""
    row = await readable(tx, by, edition_id)
    older = await tx.scalar(
        select(EditionRow)
        .where(
            EditionRow.year == row.year,
            EditionRow.scope == row.scope,
            EditionRow.organization_id == row.organization_id,
            EditionRow.number < row.number,
            EditionRow.figures_sha256.is_not(None),
        )
        .order_by(EditionRow.number.desc())
        .limit(1)
    )
    return (older.number, await figures_of(tx, older)) if older else None


async def subjects_of_year(tx: Tx, year: int, organization_ids: Collection[UUID] | None) -> list[str]:
    """Ledger paths of the editions of that year; None: everybody's. For the year's evidence pack."""
    statement = select(EditionRow.id).where(EditionRow.year == year).order_by(EditionRow.id)
    if organization_ids is not None:
        statement = statement.where(EditionRow.organization_id.in_(organization_ids))
    return [subject_of(each) for each in await tx.scalars(statement)]


async def titles_of(tx: Tx, ids: Collection[UUID]) -> dict[UUID, tuple[str, str]]:
    """Id → (whose report, of which year), for those that exist."""
    rows = list(await tx.scalars(select(EditionRow).where(EditionRow.id.in_(ids))))
    names = await access.organization_names(tx, {row.organization_id for row in rows})
    return {row.id: (names[row.organization_id], str(row.year)) for row in rows}


async def _views(tx: Tx, rows: list[EditionRow], *, with_documents: bool = False) -> list[EditionView]:
    names = await access.organization_names(tx, {row.organization_id for row in rows})
    named = await names_of_accounts(tx, {row.requested_by for row in rows} | {row.approved_by for row in rows})
    found = []
    for row in rows:
        documents = {form: one.sha256 for form, one in (await documents_of(tx, row)).items()} if with_documents else {}
        found.append(
            EditionView(
                row.id,
                row.year,
                row.scope,
                row.organization_id,
                names.get(row.organization_id, ""),
                row.number,
                row.status,
                row.as_of,
                row.figures_sha256,
                row.checkpoint_size,
                dict(row.commentary),
                row.version,
                row.done,
                STEPS,
                row.reason,
                named.get(row.requested_by, ""),
                row.requested_by,
                row.requested_at,
                named.get(row.approved_by, ""),
                row.approved_at,
                row.submission_id,
                documents,
            )
        )
    return found


async def names_of_accounts(tx: Tx, accounts: set[UUID | None]) -> Mapping[UUID | None, str]:
    people = await tx.execute(
        select(AccountRow.id, PersonRow.name)
        .join(PersonRow, PersonRow.id == AccountRow.person_id)
        .where(AccountRow.id.in_(accounts - {None}))
    )
    return {row.id: row.name for row in people.all()}


def _within(far: Reach) -> ColumnElement[bool]:
    return true() if far.everything else EditionRow.organization_id.in_(far.organizations)
