"""Whose a roster is: who reads how it is made, and who may change it.

Who is on duty at the city's cloud authority is told to everybody on /duty. How a roster is made – leave, its reasons,
telephones – is its own organization's and of whoever looks after that one. To anybody else it looks as if it were not
there, whether they read it or would change it (DESIGN §11, 5).
"""

from typing import Final
from uuid import UUID

from irm.access import queries as access
from irm.access.policy import Permission, Principal, Resource, may
from irm.db import Tx
from irm.errors import Forbidden, NotFound
from irm.i18n import N_
from irm.notify.rosters.checks import NO_ROSTER, roster_on_record
from irm.notify.rosters.models import LeaveRow, OverrideRow, RotationRow

NO_SUCH_DESK: Final = N_("There is no roster of this organization.")
NO_ORDER: Final = N_("This order does not exist.")
NO_CHANGE: Final = N_("This change does not exist.")
NO_LEAVE: Final = N_("This leave does not exist.")
NOT_YOURS: Final = N_("Whoever keeps this organization's roster changes it.")


def may_read(principal: Principal, organization_id: UUID) -> bool:
    return may(principal, Permission.READ_ROSTER, Resource(frozenset({organization_id})))


def may_edit(principal: Principal, organization_id: UUID) -> bool:
    """A city's authority keeps its own roster, not that of every unit that it sees."""
    return (
        organization_id in principal.organizations
        and may(principal, Permission.EDIT_ROSTER, Resource(frozenset({organization_id})))
        and (principal.limited_to in (None, organization_id))
    )


async def readable_organization(tx: Tx, principal: Principal, code: str) -> access.Organization:
    """Raises NotFound for what the reader may not see, as for what is not there."""
    try:
        found = await access.organization_by_code(tx, code)
    except NotFound:
        raise NotFound(NO_SUCH_DESK) from None
    if not may_read(principal, found.id):
        raise NotFound(NO_SUCH_DESK)
    return found


async def editable_organization(tx: Tx, principal: Principal, code: str) -> access.Organization:
    """Raises NotFound, or Forbidden for who may only read."""
    found = await readable_organization(tx, principal, code)
    _check(principal, found.id, NO_SUCH_DESK)
    return found


async def own_roster(tx: Tx, principal: Principal, roster_id: UUID) -> None:
    """Raises NotFound, Forbidden."""
    await _own(tx, principal, roster_id, NO_ROSTER)


async def own_rotation(tx: Tx, principal: Principal, rotation_id: UUID) -> None:
    """Raises NotFound, Forbidden."""
    row = await tx.get(RotationRow, rotation_id)
    if row is None:
        raise NotFound(NO_ORDER)
    await _own(tx, principal, row.roster_id, NO_ORDER)


async def own_override(tx: Tx, principal: Principal, override_id: UUID) -> None:
    """Raises NotFound, Forbidden."""
    row = await tx.get(OverrideRow, override_id)
    if row is None:
        raise NotFound(NO_CHANGE)
    await _own(tx, principal, row.roster_id, NO_CHANGE)


async def own_leave(tx: Tx, principal: Principal, leave_id: UUID) -> None:
    """Raises NotFound, Forbidden."""
    row = await tx.get(LeaveRow, leave_id)
    if row is None:
        raise NotFound(NO_LEAVE)
    _check(principal, row.organization_id, NO_LEAVE)


async def _own(tx: Tx, principal: Principal, roster_id: UUID, not_there: str) -> None:
    try:
        found = await roster_on_record(tx, roster_id)
    except NotFound:
        raise NotFound(not_there) from None
    _check(principal, found.organization_id, not_there)


def _check(principal: Principal, organization_id: UUID, not_there: str) -> None:
    """Raises NotFound as for what was never there, Forbidden for who may read it."""
    if not may_read(principal, organization_id):
        raise NotFound(not_there)
    if not may_edit(principal, organization_id):
        raise Forbidden(NOT_YOURS)
