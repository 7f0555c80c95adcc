"""/api/v1: why a duty was late, and what was answered."""

from datetime import datetime
from typing import Final
from uuid import UUID

from litestar import get, post
from litestar.di import NamedDependency
from litestar.params import FromPath, JSONBody
from litestar.status_codes import HTTP_201_CREATED
from msgspec import Struct

from irm.access.policy import Permission, Principal, allow, reach
from irm.clock import Clock
from irm.db import Database, Tx
from irm.i18n import Translator
from irm.obligations import lateness, queries

TAGS: Final = ["obligations"]


class Explain(Struct, forbid_unknown_fields=True, frozen=True):
    reason: str


class LatenessAnswer(Struct, frozen=True):
    id: UUID
    reason: str
    at: datetime
    by: str


class LatenessView(Struct, frozen=True):
    """`question` is null where the duty was never late."""

    question: str | None
    answers: list[LatenessAnswer]
    """Oldest first; none is ever changed."""


@get(
    "/api/v1/obligations/{obligation_id:uuid}/lateness",
    opt=allow(Permission.READ_OBLIGATIONS),
    tags=TAGS,
    operation_id="get_lateness",
)
async def get_lateness(
    obligation_id: FromPath[UUID],
    principal: NamedDependency[Principal],
    db: NamedDependency[Database],
    clock: NamedDependency[Clock],
    t: NamedDependency[Translator],
) -> LatenessView:
    """What a late duty asks, and what was answered."""
    async with db.transaction(principal.actor) as tx:
        return await _view(tx, obligation_id, principal, now=clock.now(), t=t)


@post(
    "/api/v1/obligations/{obligation_id:uuid}/lateness",
    opt=allow(Permission.SUBMIT_REPORT),
    status_code=HTTP_201_CREATED,
    tags=TAGS,
    operation_id="explain_lateness",
)
async def explain_lateness(
    obligation_id: FromPath[UUID],
    principal: NamedDependency[Principal],
    db: NamedDependency[Database],
    clock: NamedDependency[Clock],
    t: NamedDependency[Translator],
    data: JSONBody[Explain],
) -> LatenessView:
    """Say why it was late. What was not late answers 409."""
    now = clock.now()
    async with db.transaction(principal.actor) as tx:
        await lateness.explain(
            tx,
            obligation_id,
            reason=data.reason,
            seen=reach(principal, Permission.READ_OBLIGATIONS),
            sight=reach(principal, Permission.SUBMIT_REPORT),
            actor=principal.actor,
            now=now,
        )
        return await _view(tx, obligation_id, principal, now=now, t=t)


async def _view(tx: Tx, obligation_id: UUID, principal: Principal, *, now: datetime, t: Translator) -> LatenessView:
    far = reach(principal, Permission.READ_OBLIGATIONS)
    one = await queries.obligation(tx, obligation_id, now=now, reach=far)
    asked = lateness.question(one, now=now)
    answers = (await lateness.answers_of(tx, [one.id])).get(one.id, [])
    return LatenessView(
        t(asked) if asked else None, [LatenessAnswer(each.id, each.reason, each.at, each.by) for each in answers]
    )


ROUTES: Final = [get_lateness, explain_lateness]
