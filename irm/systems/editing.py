"""Who may change which system: the unit that answers for it, and the cloud authority."""

from irm.access.policy import Permission, Principal, Resource, may
from irm.db import Tx
from irm.errors import Forbidden, NotFound
from irm.i18n import N_
from irm.systems.entry import Entry
from irm.systems.queries import NO_SYSTEM, System, may_name, system_by_code

NOT_YOURS = N_("Only the unit that answers for a system, or the cloud authority, changes it.")
FOREIGN_OWNER = N_("You register systems of your own unit; the cloud authority registers any.")


def may_change(principal: Principal, one: System) -> bool:
    return may(principal, Permission.EDIT_SYSTEMS, Resource(frozenset({one.owner_id, one.operator_id})))


async def changeable(tx: Tx, principal: Principal, code: str) -> System:
    """Raises NotFound for what the reader may not even name, Forbidden for what others answer for."""
    found = await system_by_code(tx, code.replace("\0", ""))
    if may_change(principal, found):
        return found
    if may(principal, Permission.READ_SYSTEMS, found.resource) or await may_name(tx, principal, found.id):
        raise Forbidden(NOT_YOURS)
    raise NotFound(NO_SYSTEM)


async def refuse_foreign_owner(tx: Tx, principal: Principal, wanted: Entry) -> None:
    """A system is never registered for, or given away to, somebody else; platforms one may not name are no platforms."""
    if not may(principal, Permission.EDIT_SYSTEMS, Resource(frozenset({wanted.owner_id}))):
        raise Forbidden(FOREIGN_OWNER, field="owner")
    if wanted.platform_id is not None and not await may_name(tx, principal, wanted.platform_id):
        raise NotFound(NO_SYSTEM, field="platform")
