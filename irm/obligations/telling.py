"""How a submission is named: its number, its path in the ledger, what an entry about it says."""

from collections.abc import Iterable
from datetime import datetime
from uuid import UUID

from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncSession

from irm.clock import SHANGHAI
from irm.db import Tx
from irm.obligations.linking import obligations_of, parties_of
from irm.obligations.models import SUBMISSION_SERIAL, SubmissionRow


def path_of(row: SubmissionRow) -> str:
    return f"{row.subject}/submission/{row.id}"


async def body_of(tx: Tx, row: SubmissionRow) -> dict[str, object]:
    """What an entry about a submission says; subscribers read it, so it names everybody by id."""
    return body_with(row, parties=await parties_of(tx, row.id), obligations=await obligations_of(tx, row.id))


def body_with(row: SubmissionRow, *, parties: Iterable[UUID], obligations: Iterable[UUID]) -> dict[str, object]:
    """`body_of` where its ties are known."""
    return {
        "submission": str(row.id),
        "serial": row.serial,
        "form": row.form,
        "organization": str(row.organization_id),
        "for": sorted(str(each) for each in parties),
        "recipient": str(row.recipient_id) if row.recipient_id else None,
        "recipient_kind": row.recipient_kind,
        "recipient_tier": row.recipient_tier,
        "means": row.means,
        "obligations": [str(each) for each in obligations],
        "run_id": str(row.run_id) if row.run_id else None,
        "step_id": row.step_id,
        "exercise": row.exercise,
    }


async def next_serial(tx: AsyncSession, now: datetime) -> str:
    """BS-2026-000123. The year is the one in Shanghai; the number is never used again."""
    return (await next_serials(tx, now, 1))[0]


async def next_serials(tx: AsyncSession, now: datetime, count: int) -> list[str]:
    series = func.generate_series(1, count).table_valued("n")
    numbers = await tx.scalars(select(SUBMISSION_SERIAL.next_value()).select_from(series))
    return [f"BS-{now.astimezone(SHANGHAI).year}-{number:06d}" for number in numbers]
