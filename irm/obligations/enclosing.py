"""Files that go with a report: chosen by its sender, each tied by its hash."""

from collections.abc import Collection, Mapping, Sequence
from typing import Any
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.dialects.postgresql import insert

from irm.access.policy import Reach
from irm.db import Tx
from irm.errors import FieldError, Invalid
from irm.evidence.service import Attachment, attachments_of
from irm.obligations.models import SubmissionFileRow, SubmissionRow
from irm.obligations.policy import entry_policy
from irm.obligations.telling import path_of


async def files_for(tx: Tx, row: SubmissionRow, sight: Reach | None = None) -> list[Attachment]:
    """Files that may go with it: kept with the report itself or with what it is about, as far as the sender sees them."""
    found = [*await attachments_of(tx, path_of(row)), *await attachments_of(tx, row.subject)]
    return [each for each in found if sight is None or sight.everything or each.organization_id in sight.organizations]


async def enclose(tx: Tx, row: SubmissionRow, chosen: Collection[UUID], sight: Reach | None) -> None:
    """Raises Invalid naming what is no file, or is not the sender's to see."""
    if not chosen:
        return
    there = {each.id: each for each in await files_for(tx, row, sight)}
    strangers = [
        FieldError(f"attachments.{place}", "There is no such file.")
        for place, each in enumerate(chosen)
        if each not in there
    ]
    if strangers:
        raise Invalid("Please correct what is marked.", errors=strangers)
    rows = [
        {"submission_id": row.id, "attachment_id": each, "sha256": there[each].sha256} for each in dict.fromkeys(chosen)
    ]
    await tx.execute(insert(SubmissionFileRow).on_conflict_do_nothing(), rows)


async def enclosed(tx: Tx, row: SubmissionRow) -> list[Attachment]:
    """In the order in which they were attached."""
    chosen = set(
        await tx.scalars(select(SubmissionFileRow.attachment_id).where(SubmissionFileRow.submission_id == row.id))
    )
    return [each for each in await files_for(tx, row) if each.id in chosen]


def for_mail(files: Sequence[Attachment]) -> list[Mapping[str, Any]]:
    """Raises Invalid where they are too much for a mail."""
    most = entry_policy().mail_megabytes
    if sum(each.size for each in files) > most * 1_000_000:
        raise Invalid(
            "The files are larger than %(most)s MB together: too much for a mail. Send fewer, or hand them over on paper.",
            field="attachments",
            most=most,
        )
    return [{"name": each.filename, "media_type": each.media_type, "sha256": each.sha256} for each in files]
