"""What becomes of a published version beside its approval: declined, put back into use, or retired with its playbook.

Approving and declining need another person than the author; withdrawing what waits is the author's own. Putting back what
was in use before needs one person, who says why: it was looked at by two before, and at night the way back must be short.
Everybody who may approve reads it at once. What was never in use is never put into use so.
"""

from datetime import datetime
from uuid import UUID

from sqlalchemy import select

from irm.access.second import candidate, is_first
from irm.db import Actor, Tx
from irm.errors import Conflict, Invalid, NotFound
from irm.one_at_a_time import be_alone
from irm.playbooks.check import City, check
from irm.playbooks.models import PlaybookRow
from irm.playbooks.publishing import (
    ACTIVE,
    PUBLISHING,
    Verdict,
    author,
    frozen,
    judge,
    put_into_use,
    reason_of,
    version_row,
)
from irm.playbooks.version_messages import PERSON, tell_all, tell_author
from irm.positions import LanguageError


async def decline(
    tx: Tx, playbook_id: str, version: int, *, person: UUID, reason: str, actor: Actor, now: datetime
) -> Verdict:
    """The version that waits is not to be used; by its author it is withdrawn. The one in use stays.

    Raises NotFound, Conflict where it does not wait, Invalid naming `reason`.
    """
    why = reason_of(reason, needed=True)
    await be_alone(tx, PUBLISHING)
    row = await version_row(tx, playbook_id, version)
    if row.waiting_since is None:
        raise Conflict("This version waits for nobody's approval.", code="not_waiting")
    verdict: Verdict = "withdrawn" if is_first([author(row.published_by)], candidate(actor, person)) else "declined"
    row.waiting_since = None
    await judge(tx, row, verdict, by=f"{PERSON}{person}", reason=why, actor=actor, now=now)
    if verdict == "declined":
        await tell_author(tx, row, "declined", by=person, reason=why, now=now)
    return verdict


async def activate(
    tx: Tx,
    playbook_id: str,
    version: int,
    *,
    reason: str,
    city: City,
    actor: Actor,
    now: datetime,
    person: UUID | None = None,
) -> PlaybookRow:
    """Go back to a version that was in use before, or forward again; in use already, nothing changes.

    `person` None: whoever has the machine. Raises NotFound, Conflict (it waits, or was never in use), Invalid naming
    `reason`, and LanguageError where the linter, asked again, finds an error by now.
    """
    why = reason_of(reason, needed=True)
    await be_alone(tx, PUBLISHING)
    row = await version_row(tx, playbook_id, version)
    if row.active:
        return row
    if row.waiting_since is not None:
        raise Conflict("A second person has to approve this version first.", code="waiting")
    if row.used_since is None:
        raise Conflict(
            "This version was never in use. Publish its text again, so that a second person approves it.",
            code="never_used",
        )
    checked = check(row.source, file=f"{playbook_id}.yaml", city=city)
    if checked.errors:
        raise LanguageError(checked.errors)
    by = f"{PERSON}{person}" if person is not None else str(actor)
    await put_into_use(tx, row, by=by, actor=actor, now=now)
    await judge(tx, row, "reinstated", by=by, reason=why, actor=actor, now=now)
    await tell_all(tx, row, "reinstated", by=by, reason=why, now=now)
    return row


async def retire(
    tx: Tx, playbook_id: str, *, reason: str, actor: Actor, now: datetime, person: UUID | None = None
) -> PlaybookRow:
    """No run starts by it any more; those under way go on. A version that waits stays and may still be approved.

    Raises NotFound where none is in use, Invalid naming `reason`. The fallback for obligations cannot be retired: a clock
    would run out in silence.
    """
    why = reason_of(reason, needed=True)
    await be_alone(tx, PUBLISHING)
    row = await tx.scalar(select(PlaybookRow).where(PlaybookRow.playbook_id == playbook_id, PlaybookRow.active))
    if row is None:
        raise NotFound("There is no such playbook.")
    if frozen(row.id, row.source).start.fallback:
        raise Invalid("This playbook answers what no other answers; it can be replaced, not retired.")
    row.active = False
    by = f"{PERSON}{person}" if person is not None else str(actor)
    await judge(tx, row, "retired", by=by, reason=why, actor=actor, now=now)
    await tell_all(tx, row, "retired", by=by, reason=why, now=now)
    tx.info.pop(ACTIVE, None)
    return row
