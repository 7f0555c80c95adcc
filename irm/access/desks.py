"""How an organization's desk is reached: its own numbers, and addresses that come and go."""

from collections.abc import Mapping
from datetime import date, datetime
from typing import Any, Final
from uuid import UUID

from sqlalchemy import select

from irm.access.models import ContactAddressRow, OrganizationRow, PostRow
from irm.access.service import NO_ORGANIZATION
from irm.actor import Actor
from irm.db import Tx
from irm.errors import FieldError, Invalid, NotFound
from irm.i18n import N_
from irm.ledger import Event, record

LONGEST: Final = 200
NUMBERS: Final = ("telephone", "fax", "email", "postal_address")
"""Fields of a desk; empty means not on record."""
ODD_TEXT: Final = N_("At most 200 characters that can be shown, please.")
NO_MAILBOX: Final = N_("A mail address has the form name@example.gov.")
NO_ADDRESS: Final = N_("This address is not on record here, or has been retired already.")


async def change_desk(
    tx: Tx, organization_id: UUID, stated: Mapping[str, str], *, actor: Actor, now: datetime, checked_on: date
) -> bool:
    """Sets those of `NUMBERS` that `stated` names, and the day on which they were last found right.

    Whether anything but that day changed. Raises Invalid naming the fields.
    """
    row = await tx.get(OrganizationRow, organization_id, with_for_update=True)
    if row is None:
        raise NotFound(NO_ORGANIZATION)
    given = {name: stated[name].strip() for name in NUMBERS if name in stated}
    faults = [
        FieldError(name, ODD_TEXT) for name, text in given.items() if len(text) > LONGEST or not text.isprintable()
    ]
    if (mailbox := given.get("email")) and ("@" not in mailbox or " " in mailbox):
        faults.append(FieldError("email", NO_MAILBOX))
    if faults:
        raise Invalid.of(faults)
    changed = {name: text for name, text in given.items() if (getattr(row, name) or "") != text}
    for name, text in changed.items():
        setattr(row, name, text or None)
    row.desk_checked_on = checked_on
    body: dict[str, Any] = {"changed": sorted(changed), "checked_on": checked_on.isoformat()}
    await record(tx, Event("organization.desk_changed", f"organization/{organization_id}", now, actor, body, changed))
    return bool(changed)


async def retire_address(tx: Tx, organization_id: UUID, address_id: UUID, *, actor: Actor, now: datetime) -> None:
    """Of the organization or one of its posts; nothing is sent there any more. Raises NotFound."""
    row = await tx.scalar(
        select(ContactAddressRow)
        .outerjoin(PostRow, PostRow.id == ContactAddressRow.post_id)
        .where(
            ContactAddressRow.id == address_id,
            ContactAddressRow.disabled_at.is_(None),
            (ContactAddressRow.organization_id == organization_id) | (PostRow.organization_id == organization_id),
        )
        .with_for_update(of=ContactAddressRow)
    )
    if row is None:
        raise NotFound(NO_ADDRESS)
    row.disabled_at = now
    body = {"channel": row.channel, "address": str(row.id)}
    await record(tx, Event("contact_address.retired", f"organization/{organization_id}", now, actor, body))
