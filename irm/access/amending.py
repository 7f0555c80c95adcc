"""What stands on record of an organization changes here: its names, where it belongs, its numbers."""

from collections.abc import Mapping
from datetime import date, datetime
from typing import Any, Final
from uuid import UUID

from sqlalchemy import select

from irm.access.desks import LONGEST, NO_MAILBOX, NUMBERS, ODD_TEXT
from irm.access.models import OrganizationRow
from irm.access.names import search_key, sort_key
from irm.access.policy import AUTHORITY
from irm.access.queries import members
from irm.access.service import (
    EMPTY_NAME,
    LONGEST_NAME,
    NO_ORGANIZATION,
    ODD_REGION,
    REGION,
    UNKNOWN_KIND,
    UNKNOWN_TIER,
)
from irm.access.vocabulary import KINDS, TIERS
from irm.actor import Actor
from irm.db import Tx
from irm.errors import FieldError, Invalid, NotFound
from irm.i18n import N_
from irm.ledger import Event, record

AMENDABLE: Final = ("name", "short_name", "kind", "tier", "region", "joined", *NUMBERS, "in_use_from")
CODED: Final = frozenset({"kind", "tier", "region", "joined", "in_use_from"})
"""What the ledger says openly; names and numbers stand there as commitments."""
AUTHORITY_STAYS: Final = N_(
    "What is a cloud authority stays one, and nothing else becomes one: its people's rights hang on it."
)
PEOPLE_WORK_HERE: Final = N_("People hold roles here; end those first, or they could not sign in any more.")


def fault_in(field: str, value: Any) -> str:
    """What is wrong with a value by itself; empty: nothing. Pure."""
    if field in {"name", "short_name"}:
        return "" if value and value.strip() else EMPTY_NAME
    if field == "kind":
        return "" if value in KINDS else UNKNOWN_KIND
    if field == "tier":
        return "" if value in TIERS else UNKNOWN_TIER
    if field == "region":
        return "" if REGION.fullmatch(value or "") else ODD_REGION
    if field == "email" and value and ("@" not in value or " " in value):
        return NO_MAILBOX
    if field in NUMBERS and value and (len(value) > LONGEST or not value.isprintable()):
        return ODD_TEXT
    return ""


def refusal(field: str, before: Any, after: Any, *, has_people: bool) -> str:
    """Why this change is not made, whoever asks; empty: it is. Pure."""
    if field == "kind" and AUTHORITY in {before, after}:
        return AUTHORITY_STAYS
    if field == "joined" and not after and has_people:
        return PEOPLE_WORK_HERE
    return ""


async def change_organization(
    tx: Tx, organization_id: UUID, stated: Mapping[str, Any], *, actor: Actor, now: datetime
) -> frozenset[str]:
    """Sets those of `AMENDABLE` that `stated` names, and says which of them differed. Raises Invalid with every fault."""
    row = await tx.scalar(select(OrganizationRow).where(OrganizationRow.id == organization_id).with_for_update())
    if row is None:
        raise NotFound(NO_ORGANIZATION)
    changed = {name: (getattr(row, name), stated[name]) for name in AMENDABLE if name in stated}
    changed = {name: pair for name, pair in changed.items() if pair[0] != pair[1]}
    has_people = "joined" in changed and bool(await members(tx, [organization_id], now=now))
    faults = [
        FieldError(name, wrong)
        for name, (before, after) in changed.items()
        if (wrong := fault_in(name, after) or refusal(name, before, after, has_people=has_people))
    ]
    faults += [
        FieldError(name, ODD_TEXT)
        for name in ("name", "short_name")
        if name in changed and (len(changed[name][1]) > LONGEST_NAME or not changed[name][1].isprintable())
    ]
    if faults:
        raise Invalid.of(faults)
    if not changed:
        return frozenset()
    for name, (_, after) in changed.items():
        setattr(row, name, after)
    row.sort_key, row.search_key = sort_key(row.name), search_key(row.name, row.short_name, row.code)
    await tx.flush()
    body = {
        "changed": {name: [_plain(one) for one in pair] if name in CODED else None for name, pair in changed.items()}
    }
    private = {name: str(after or "") for name, (_, after) in changed.items() if name not in CODED}
    await record(tx, Event("organization.changed", f"organization/{organization_id}", now, actor, body, private))
    return frozenset(changed)


def _plain(value: Any) -> Any:
    return value.isoformat() if isinstance(value, date) else value
