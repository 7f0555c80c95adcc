"""The day on a finding is a duty like any other: owed by the responsible unit to whoever verifies (DESIGN §2)."""

from datetime import date, datetime, time
from typing import Any
from uuid import UUID

from irm.clock import SHANGHAI
from irm.db import Actor, Tx
from irm.findings.models import FindingRow
from irm.findings.policy import finding_policy
from irm.obligations.opening import Lowering, reconcile
from irm.obligations.subjects import Subject
from irm.rules.duties import Owed
from irm.rules.moments import end_of
from irm.rules.pack import Citation


def path_of(finding_id: UUID) -> str:
    return f"finding/{finding_id}"


def subject_of(row: FindingRow) -> Subject:
    return Subject(path_of(row.id), row.number, f"/findings/{row.number}")


async def keep_duty(
    tx: Tx, row: FindingRow, *, actor: Actor, now: datetime, recipient: tuple[str, str], lowering: Lowering | None
) -> None:
    """Open the duty for the finding's day, or set it to another day. `recipient`: kind and tier of the verifier."""
    if row.due_on is None:
        return
    await reconcile(
        tx, [_owed(row, row.due_on, recipient)], subject=subject_of(row), actor=actor, now=now, lowering=lowering
    )


def _owed(row: FindingRow, due_on: date, recipient: tuple[str, str]) -> Owed:
    duty = finding_policy().duty
    given = duty["directive" if row.due_set_by else "internal"]
    article = dict(given["citation"]["article"])
    if row.due_document:
        article = {locale: f"{text} · {row.due_document}" for locale, text in article.items()}
    why: tuple[tuple[str, Any], ...] = (("finding.risk", row.risk), ("finding.due_on", due_on.isoformat()))
    return Owed(
        rule_id=given["rule_id"],
        pack_id=given["rule_id"].partition("/")[0],
        pack_version="1",
        title=duty["title"],
        citation=Citation(given["citation"]["instrument"], article, row.due_document or "1"),
        force=given["force"],
        status=given["status"],
        interpretation=None,
        kind="timed",
        form=duty["form"],
        satisfied_by=(duty["form"],),
        bearer=row.organization_id,
        bearer_kind=None,
        recipient=row.verifier_id,
        recipient_kind=recipient[0],
        recipient_tier=recipient[1],
        start_event="found",
        started_at=datetime.combine(row.found_on, time(), SHANGHAI),
        due_at=end_of(due_on),
        internal_due_at=None,
        why=why,
        information_only=False,
    )
