"""Where a rule asks for the annual report: the approved edition as a submission, like any other."""

from collections.abc import Collection
from datetime import datetime
from typing import Final
from uuid import UUID

from sqlalchemy import any_, literal, select

from irm.db import Actor, Tx
from irm.evidence.blobs import StoredBlob
from irm.evidence.service import attach, attachments_of
from irm.i18n import DEFAULT_LOCALE, translator
from irm.obligations.drafting import open_draft
from irm.obligations.models import ObligationRow, SubmissionRow
from irm.obligations.telling import path_of
from irm.reports.models import EditionRow
from irm.reports.paper import title_of
from irm.reports.span import Span, annual_policy
from irm.reports.tally import Figures

ENCLOSED: Final = ("pdf", "docx")


async def hand_over(
    tx: Tx, row: EditionRow, figures: Figures, files: Collection[str], *, actor: Actor, now: datetime
) -> UUID | None:
    """A draft to whoever the rule names, the documents (`files`: their hashes) beside it; a person sends it. None where no
    rule asks for the report of that year."""
    forms = annual_policy()["meets"]
    span = Span(row.year, now)
    owed = await tx.scalars(
        select(ObligationRow.id)
        .where(
            ObligationRow.bearer_id == row.organization_id,
            ObligationRow.status == "open",
            ObligationRow.exercise.is_(False),
            literal(forms[0]) == any_(ObligationRow.satisfied_by),
            ObligationRow.started_at >= span.since,
            ObligationRow.started_at < span.until,
        )
        .order_by(ObligationRow.id)
    )
    wanted = list(owed)
    if not wanted:
        return None
    t = translator(DEFAULT_LOCALE)
    text = t(
        "%(title)s, edition %(n)s. The report is enclosed. SHA-256 of its figures: %(digest)s.",
        title=title_of(figures, t),
        n=row.number,
        digest=row.figures_sha256,
    )
    drafts = await open_draft(tx, obligations=wanted, form=forms[0], items={"text": text}, actor=actor, now=now)
    for draft in drafts:
        beside = path_of(await tx.get_one(SubmissionRow, draft))
        for one in await attachments_of(tx, f"edition/{row.id}"):
            if one.sha256 in files and one.filename.rpartition(".")[2] in ENCLOSED:
                await attach(
                    tx,
                    StoredBlob(one.sha256, one.size, one.media_type, one.filename),
                    subject=beside,
                    organization_id=row.organization_id,
                    account_id=row.approved_by,
                    actor=actor,
                    now=now,
                )
    return drafts[0] if drafts else None
