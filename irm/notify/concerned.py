"""Who is passed over because the matter concerns none of the systems for which they work. Pure.

A role may be held for named systems only (`irm/access/narrowing.py`). Whoever is meant by role, by roster or as somebody of an
organization is told of what concerns these; a person who is named himself (`basis` person) is always told.
"""

from collections.abc import Collection, Mapping
from typing import Final
from uuid import UUID

from irm.notify.plan import NobodyToTell, Recipient, Resolution

NAMED: Final = "person"
Limits = Mapping[tuple[UUID, UUID], frozenset[UUID]]
"""By person and organization, of those who hold no role there without limit: the systems of all their roles together."""


def for_these(found: Resolution, limits: Limits, systems: Collection[UUID]) -> Resolution:
    """Without whoever works for other systems than `systems`; an organization of which nobody is left is a gap."""
    told = tuple(one for one in found.recipients if _is_told(one, limits, systems))
    left = {one.organization_id for one in told}
    gone = dict.fromkeys(
        (one.organization_id, one.basis)
        for one in found.recipients
        if one not in told and one.organization_id not in left
    )
    gaps = tuple(NobodyToTell("other_systems", basis, organization) for organization, basis in gone)
    return Resolution(told, (*found.gaps, *gaps))


def _is_told(one: Recipient, limits: Limits, systems: Collection[UUID]) -> bool:
    if one.person_id is None or one.organization_id is None or one.basis == NAMED:
        return True
    limit = limits.get((one.person_id, one.organization_id))
    return limit is None or not limit.isdisjoint(systems)
