"""What routes, pages and commands of this room share: who acts for whom, and the files of a change."""

from collections.abc import Sequence
from uuid import UUID

from irm.access.addressed import systems_named
from irm.access.narrowing import before
from irm.access.policy import Permission, Principal
from irm.clock import Clock
from irm.db import Tx
from irm.errors import Forbidden, NotFound
from irm.evidence import service as evidence
from irm.evidence.blobs import StoredBlob
from irm.i18n import N_
from irm.obligations.about_subject import acting_for
from irm.oversight import queries
from irm.oversight.queries import Change
from irm.oversight.schemas import PlanChange
from irm.oversight.service import NewChange, plan_change
from irm.systems.queries import NO_SYSTEM, may_name, system_by_code

NOT_YOURS = N_("Only the organization that carries the change out, or the cloud authority for it, does this.")
NOT_TO_YOU = N_("Only the one to whom the plan went answers it.")
NO_FILE = N_("There is no such file, or it is not yours to see.")


async def plan(tx: Tx, given: PlanChange, principal: Principal, clock: Clock) -> Change:
    """A system that the sender may not name is answered like one that does not exist."""
    named = await systems_named(tx, "system", given.system) if principal.limited else frozenset()
    by = acting_for(before(principal, named), Permission.PLAN_CHANGES, given.by, "by")
    try:
        system = await system_by_code(tx, given.system.replace("\0", ""))
        known = await may_name(tx, principal, system.id)
    except NotFound:
        known = False
    if not known:
        raise NotFound(NO_SYSTEM, field="system")
    change_id = await plan_change(
        tx,
        NewChange(
            title=given.title,
            system_id=system.id,
            by_id=by,
            planned_start=given.planned_start,
            planned_until=given.planned_until,
            kind=given.kind,
            risk=given.risk,
            is_major=given.is_major,
            detail=given.detail,
            contact=given.contact,
        ),
        actor=principal.actor,
        now=clock.now(),
    )
    return await queries.change_by_id(tx, change_id)


async def own_change(tx: Tx, principal: Principal, number: str) -> Change:
    """One that the reader carries out. Raises NotFound, Forbidden."""
    found = await queries.change_by_number(tx, principal, number)
    if not queries.may_plan(principal, found):
        raise Forbidden(NOT_YOURS)
    return found


async def answerable(tx: Tx, principal: Principal, number: str) -> Change:
    found = await queries.change_by_number(tx, principal, number)
    if not queries.may_answer(principal, found):
        raise Forbidden(NOT_TO_YOU)
    return found


async def attach_all(
    tx: Tx, blobs: Sequence[StoredBlob], found: Change, principal: Principal, clock: Clock
) -> list[UUID]:
    return [
        await evidence.attach(
            tx,
            blob,
            subject=found.path,
            organization_id=found.by_id,
            account_id=principal.account_id,
            actor=principal.actor,
            now=clock.now(),
        )
        for blob in blobs
    ]
