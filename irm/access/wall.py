"""Which rows the database shows a reader, whatever a question forgets to ask (ADR 18). Pure."""

from dataclasses import replace
from typing import Final
from uuid import UUID

from irm.access.policy import ADMINISTRATORS, EVERYONE, PERMISSIONS, Permission, Principal, reach

BEHIND_NO_WALL: Final = EVERYONE | frozenset(
    permission for administrator in ADMINISTRATORS for permission in PERMISSIONS[administrator]
)
"""What leads to no row behind the wall: all that an administrator holds is of this kind."""


def behind_its_wall(principal: Principal) -> Principal:
    """For requests that only read. One that changes something stands in front of the wall: there the policy alone decides,
    and what is worked out is worked out from every row. A service that sees too little would not fail, it would be wrong;
    and a report that is written has no party yet."""
    return replace(principal, actor=replace(principal.actor, sees=wall(principal)))


def wall(principal: Principal) -> frozenset[UUID] | None:
    """The organizations to whose incidents and reports the reader gets; None: to all.

    As wide as `reach` is for any permission that leads to such rows, so never narrower than the policy. What widens
    `reach` (a door broken open, somebody who stands in) widens this with it; whoever lets somebody read a row by any other
    way must widen this too, or the row will not be there. Roles held for named systems only count as if they were held for
    the whole organization: which systems an incident concerns, the database's policies do not ask (ADR 19).
    """
    seen: set[UUID] = set()
    for permission in Permission:
        if permission in BEHIND_NO_WALL:
            continue
        far = reach(principal, permission)
        for each in (far, *(one.far for one in far.narrow)):
            if each.everything:
                return None
            seen |= each.organizations | each.sent_to
    return frozenset(seen)
