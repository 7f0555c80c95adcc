"""Which rows the database shows a reader, whatever a question forgets to ask (ADR 18). Pure."""

from typing import Final
from uuid import UUID

from irm.access.policy import ADMINISTRATORS, EVERYONE, PERMISSIONS, Permission, Principal, reach

BEHIND_NO_WALL: Final = EVERYONE | frozenset(
    permission for administrator in ADMINISTRATORS for permission in PERMISSIONS[administrator]
)
"""What leads to no row behind the wall: all that an administrator holds is of this kind."""


def wall(principal: Principal) -> frozenset[UUID] | None:
    """The organizations to whose incidents and reports the reader gets; None: to all.

    As wide as `reach` is for any permission that leads to such rows, so never narrower than the policy. What widens
    `reach` (a door broken open, somebody who stands in) widens this with it; whoever lets somebody read a row by any other
    way must widen this too, or the row will not be there.
    """
    seen: set[UUID] = set()
    for permission in Permission:
        if permission in BEHIND_NO_WALL:
            continue
        far = reach(principal, permission)
        if far.everything:
            return None
        seen |= far.organizations | far.sent_to
    return frozenset(seen)
