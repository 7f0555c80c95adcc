"""应急启权 (break-glass): which role somebody may take at night when nobody who holds it can be reached. Pure.

Roles are taken by a named person who has signed in, by virtue of roles of their own; never an administrator's role, never
by an administrator, a program or an account. Which roles, by whom and for how long is data (`break_glass.yaml`). Whoever
takes a role stays the same person: second to himself he is by it no more than before (`second.may_be_second`).
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cache
from importlib.resources import files
from typing import Any, Final
from uuid import UUID

from ruamel.yaml import YAML

from irm.access.policy import ADMINISTRATORS, AUTHORITY, Principal, Role
from irm.access.vocabulary import KINDS, ROLE_NAMES
from irm.errors import FieldError
from irm.i18n import N_

LONGEST_REASON: Final = 500
LONGEST: Final = timedelta(hours=24)

NOT_OFFERED: Final = N_("This role is not offered to you: you hold it, or the city's rules give it to others.")
WHY: Final = N_("Say what has happened, and whom you could not reach.")
TOO_MUCH: Final = N_("At most %(most)s characters, please.")


@dataclass(frozen=True)
class Way:
    """`role` may be taken in an organization of `kind`, for `lasts`, by whoever holds one of `by` there; `from_below`: in
    an organization under it."""

    kind: str
    role: Role
    by: frozenset[Role]
    lasts: timedelta
    from_below: bool = False


@dataclass(frozen=True)
class GlassPolicy:
    ways: tuple[Way, ...]
    review_within: timedelta
    """After the end."""


@dataclass(frozen=True, order=True)
class Offer:
    organization_id: UUID
    role: Role
    lasts: timedelta


@cache
def glass_policy() -> GlassPolicy:
    return read_policy(YAML(typ="safe").load((files("irm.access") / "break_glass.yaml").read_text("utf-8")))


def read_policy(given: Mapping[str, Any]) -> GlassPolicy:
    """Raises ValueError where it offers what nobody may take, KeyError for an incomplete one."""
    ways = tuple(
        Way(
            one["in"],
            Role(one["role"]),
            frozenset(Role(each) for each in one["by"]),
            timedelta(hours=one["hours"]),
            bool(one.get("from_below", False)),
        )
        for one in given["take"]
    )
    for way in ways:
        wrong = (
            (way.kind not in KINDS, f"{way.kind} is no kind of organization"),
            (way.role in ADMINISTRATORS, f"{way.role}: an administrator's role is never taken"),
            (bool(way.by & ADMINISTRATORS), f"{way.role}: an administrator takes no role"),
            (not way.by or way.role in way.by, f"{way.role}: name who may take it, and not whoever holds it"),
            (not timedelta(0) < way.lasts <= LONGEST, f"{way.role}: between 1 and 24 hours"),
            (way.from_below and way.kind != AUTHORITY, f"{way.role}: only a cloud authority has units below it"),
        )
        for is_wrong, message in wrong:
            if is_wrong:
                raise ValueError(message)
    within = timedelta(hours=given["review_hours"])
    if within <= timedelta(0):
        message = "review_hours: more than 0"
        raise ValueError(message)
    return GlassPolicy(ways, within)


def offers(
    own: Mapping[UUID, frozenset[Role]],
    held: Mapping[UUID, frozenset[Role]],
    kinds: Mapping[UUID, str],
    above: Mapping[UUID, Collection[UUID]],
    policy: GlassPolicy,
) -> tuple[Offer, ...]:
    """What somebody may take now, each role of an organization once and for the longest that is offered.

    `own`: roles of their own by organization; `held`: those together with what was handed over or taken; `kinds`: of all
    these organizations and of those in `above`, the cloud authorities over each of them.
    """
    if any(roles & ADMINISTRATORS for roles in own.values()):
        return ()
    found: dict[tuple[UUID, Role], timedelta] = {}
    for organization_id, roles in own.items():
        for way in policy.ways:
            if not way.by & roles:
                continue
            places = above.get(organization_id, ()) if way.from_below else (organization_id,)
            for place in places:
                if kinds.get(place) == way.kind and way.role not in held.get(place, frozenset()):
                    found[place, way.role] = max(way.lasts, found.get((place, way.role), timedelta(0)))
    return tuple(sorted(Offer(place, role, lasts) for (place, role), lasts in found.items()))


def taken_roles(principal: Principal) -> tuple[tuple[str, datetime | None], ...]:
    """Msgids of the roles that the reader has taken and that run, and until when."""
    return tuple(
        (ROLE_NAMES[Role(role)], one.until) for one in principal.actor.lent if one.taken for role in sorted(one.roles)
    )


def chosen(offered: Sequence[Offer], organization_id: UUID, role: Role) -> Offer | None:
    return next((one for one in offered if (one.organization_id, one.role) == (organization_id, role)), None)


def faults(offer: Offer | None, reason: str) -> list[FieldError]:
    """By the field of the form; `offer` None: what was chosen is not offered."""
    found = [] if offer else [FieldError("role", NOT_OFFERED)]
    if not reason.strip():
        found.append(FieldError("reason", WHY))
    elif len(reason) > LONGEST_REASON:
        found.append(FieldError("reason", TOO_MUCH, {"most": LONGEST_REASON}))
    return found
