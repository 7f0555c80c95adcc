"""Who of those whom a target means is told of a matter: the rules are `concerned.py`."""

from datetime import datetime
from typing import Final

from irm.access.addressed import systems_of
from irm.access.limits import limits_of
from irm.db import Tx
from irm.notify.concerned import for_these
from irm.notify.plan import Resolution

MATTERS: Final = frozenset({"incident", "system", "finding", "assessment", "change", "alert", "organization"})
"""Kinds of subjects of which one is told as somebody of an organization; news of the own account, a roster or a drill in which
one takes part are told whatever systems one works for."""


async def for_matter(tx: Tx, found: Resolution, subject: str, now: datetime) -> Resolution:
    """Without whoever holds roles of the organization for other systems only than those that `subject` concerns."""
    if subject.partition("/")[0] not in MATTERS:
        return found
    people = {one.person_id for one in found.recipients if one.person_id is not None}
    limits = await limits_of(tx, people, now=now) if people else {}
    return for_these(found, limits, await systems_of(tx, subject)) if limits else found
