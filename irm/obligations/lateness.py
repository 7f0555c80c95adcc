"""迟报说明: a duty that was born late, or whose limit passed unreported, asks why; the answers are kept and shown."""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final
from uuid import UUID

from sqlalchemy import select

from irm.access.policy import Reach
from irm.db import Actor, Tx, uuid7
from irm.errors import Conflict, Forbidden, Invalid
from irm.i18n import N_
from irm.ledger import Event, record
from irm.obligations import queries
from irm.obligations.directory import person_names
from irm.obligations.item_texts import check_line
from irm.obligations.lateness_models import LatenessRow
from irm.obligations.models import ObligationRow
from irm.obligations.policy import entry_policy
from irm.obligations.settling import body_of, path_of
from irm.obligations.views import Obligation

BORN_LATE: Final = N_("Its limit had passed before irm could know of it. Why did it come to light only then?")
OVERDUE: Final = N_("It was not handed over within its limit. Why?")
NOT_LATE: Final = N_("This duty is not late; there is nothing to explain.")
NOT_YOURS: Final = N_("Only whoever owes it, or the cloud authority, says why it was late.")


@dataclass(frozen=True)
class Answer:
    id: UUID
    reason: str
    at: datetime
    by: str


def question(one: Obligation, *, now: datetime) -> str | None:
    """Msgid of what the duty asks; None where it was never late. Advice is never late. Pure."""
    if one.standing == "advice":
        return None
    if one.born_late:
        return BORN_LATE
    passed = one.status == "open" and one.due_at is not None and one.due_at <= now
    return OVERDUE if one.overdue_at is not None or passed else None


async def explain(
    tx: Tx, obligation_id: UUID, *, reason: str, seen: Reach, sight: Reach, actor: Actor, now: datetime
) -> UUID:
    """Keep an answer. `seen`: whose duties the writer may read, `sight`: for whom he may speak. Raises NotFound,
    Forbidden, Conflict where nothing was late, Invalid naming `reason`."""
    one = await queries.obligation(tx, obligation_id, now=now, reach=seen)
    if not (sight.everything or one.bearer.id in sight.organizations):
        raise Forbidden(NOT_YOURS)
    if question(one, now=now) is None:
        raise Conflict(NOT_LATE, code="not_late")
    text = check_line("reason", reason, longest=entry_policy().longest_text)
    if not text:
        raise Invalid("This is needed.", field="reason")
    duty = await tx.get_one(ObligationRow, obligation_id)
    row = LatenessRow(id=uuid7(), obligation_id=obligation_id, reason=text, at=now, stated_by=actor.id)
    tx.add(row)
    await tx.flush()
    body = {**body_of(duty), "lateness": str(row.id)}
    await record(tx, Event("obligation.explained", path_of(duty), now, actor, body, {"reason": text}))
    return row.id


async def answers_of(tx: Tx, obligations: Iterable[UUID]) -> dict[UUID, list[Answer]]:
    """By duty, oldest first."""
    rows = list(
        await tx.scalars(
            select(LatenessRow)
            .where(LatenessRow.obligation_id.in_(list(obligations)))
            .order_by(LatenessRow.at, LatenessRow.id)
        )
    )
    names = await person_names(tx, [row.stated_by for row in rows])
    found: dict[UUID, list[Answer]] = defaultdict(list)
    for row in rows:
        by = names.get(row.stated_by, "") if row.stated_by else ""
        found[row.obligation_id].append(Answer(row.id, row.reason, row.at, by))
    return found


async def unanswered(tx: Tx, duties: Sequence[Obligation], *, now: datetime) -> list[Obligation]:
    """Those of these that ask why and that nobody has answered."""
    asking = [one for one in duties if question(one, now=now)]
    answered = await answers_of(tx, [one.id for one in asking])
    return [one for one in asking if not answered.get(one.id)]
