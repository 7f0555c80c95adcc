"""代行职责: whether a role may be handed over to a colleague for a time, and what is done by it. Pure; `now` is an argument.

Duties are handed over, never accounts: whoever takes them signs in as himself, and every entry names the hand-over by
which he acted. Nobody hands over an administrator's role, or what was handed over to him; and whoever stands in for
somebody is never the second person to him (`second.may_be_second`).
"""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final
from uuid import UUID

from irm.access.policy import ADMINISTRATORS, Permission, Principal, Role, granted
from irm.actor import Lent
from irm.errors import FieldError
from irm.i18n import N_

LONGEST_REASON: Final = 500

NO_ROLE: Final = N_("Choose at least one role.")
NOT_HELD: Final = N_("You can hand over only roles that you hold yourself in this organization.")
NO_ADMINISTRATION: Final = N_(
    "An administrator's role is not handed over; the security administrator gives it to somebody."
)
NOT_TO_ONESELF: Final = N_("Choose a colleague.")
NO_COLLEAGUE: Final = N_("Only somebody who holds a role of their own in the same organization can take it over.")
TO_ADMINISTRATOR: Final = N_("An administrator takes over no business role: nobody is to have both in hand.")
HAS_IT: Final = N_("This colleague holds the role already.")
BACKWARDS: Final = N_("The end lies after the beginning.")
OVER: Final = N_("This moment has passed.")
TOO_LONG: Final = N_("At most %(days)s days; for longer the security administrator gives the role.")
WHY: Final = N_("Say why: leave, a business trip …")
TOO_MUCH: Final = N_("At most %(most)s characters, please.")


@dataclass(frozen=True)
class Handing:
    """Who wants to hand over which roles of one organization to whom, from when until when."""

    giver: UUID
    taker: UUID
    roles: frozenset[Role]
    begins_at: datetime
    ends_at: datetime
    reason: str


@dataclass(frozen=True)
class Parties:
    """What both hold: in the organization concerned as their own, and the taker anywhere at all."""

    giver_holds: Collection[Role]
    taker_holds: Collection[Role]
    taker_holds_anywhere: Collection[Role]


def faults(of: Handing, parties: Parties, *, longest: timedelta, now: datetime) -> list[FieldError]:
    """All that forbids it, by the field of the form; none: it may be handed over. `longest`: by the city's profile."""
    found = [*_of_roles(of, parties), *_of_people(of, parties), *_of_span(of, longest=longest, now=now)]
    if not of.reason.strip():
        found.append(FieldError("reason", WHY))
    elif len(of.reason) > LONGEST_REASON:
        found.append(FieldError("reason", TOO_MUCH, {"most": LONGEST_REASON}))
    return found


def _of_roles(of: Handing, parties: Parties) -> list[FieldError]:
    if not of.roles:
        return [FieldError("roles", NO_ROLE)]
    if of.roles & ADMINISTRATORS:
        return [FieldError("roles", NO_ADMINISTRATION)]
    if not of.roles <= set(parties.giver_holds):
        return [FieldError("roles", NOT_HELD)]
    return [FieldError("roles", HAS_IT)] if of.roles & set(parties.taker_holds) else []


def _of_people(of: Handing, parties: Parties) -> list[FieldError]:
    if of.taker == of.giver:
        return [FieldError("taker", NOT_TO_ONESELF)]
    if not parties.taker_holds:
        return [FieldError("taker", NO_COLLEAGUE)]
    return [FieldError("taker", TO_ADMINISTRATOR)] if ADMINISTRATORS.intersection(parties.taker_holds_anywhere) else []


def _of_span(of: Handing, *, longest: timedelta, now: datetime) -> list[FieldError]:
    if of.ends_at <= of.begins_at:
        return [FieldError("ends_at", BACKWARDS)]
    if of.ends_at <= now:
        return [FieldError("ends_at", OVER)]
    if of.ends_at - of.begins_at > longest:
        return [FieldError("ends_at", TOO_LONG, {"days": longest.days})]
    return []


def acts_by(principal: Principal, wanted: Collection[Permission]) -> Lent | None:
    """What alone gives the reader one of `wanted` in its organization: the oldest hand-over, or what they took by
    break-glass; None: their own roles do.

    Whoever holds the permission as his own in another organization is named with it all the same: rather once too often.
    """
    if principal.scopes is not None:
        return None  # a token has none of what was handed over
    for one in principal.actor.lent:
        lent = {
            role for each in principal.actor.lent if each.organization_id == one.organization_id for role in each.roles
        }
        kind = principal.kinds.get(one.organization_id, "other")
        held = principal.memberships.get(one.organization_id, frozenset()).union(
            *(each.roles for each in principal.limited if each.organization_id == one.organization_id)
        )
        own = granted(held - {Role(role) for role in lent}, kind)
        if (granted(frozenset(Role(role) for role in one.roles), kind) - own).intersection(wanted):
            return one
    return None
