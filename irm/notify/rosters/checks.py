"""What every change of a roster is asked first."""

from collections.abc import Iterable
from datetime import datetime
from typing import Final
from uuid import UUID

from irm.access import queries as access
from irm.clock import SHANGHAI
from irm.db import Actor, Tx
from irm.errors import Invalid, NotFound
from irm.i18n import N_
from irm.notify.models import RosterRow
from irm.notify.rosters.definitions import Roster, roster_of
from irm.notify.rosters.rotation import Seat

LONGEST_NOTE: Final = 300
NO_ROSTER: Final = N_("This roster does not exist.")
NOT_HERE: Final = N_("Only people and posts of the organization serve on its roster.")
OVER: Final = N_("This is over.")


async def roster_on_record(tx: Tx, roster_id: UUID) -> Roster:
    """Raises NotFound; retired ones are no longer there."""
    row = await tx.get(RosterRow, roster_id)
    if row is None or row.retired_at is not None:
        raise NotFound(NO_ROSTER)
    return roster_of(row)


async def belong(tx: Tx, organization_id: UUID, seats: Iterable[Seat], now: datetime, field: str) -> None:
    """Raises Invalid naming `field` for whoever is not the organization's."""
    wanted = list(seats)
    people = {each.person_id for each in wanted if each.person_id}
    posts = {each.post_id for each in wanted if each.post_id}
    members = {each.person.id for each in await access.members(tx, [organization_id], now=now)} if people else set()
    known = {each.id for each in await access.posts(tx, organization_ids=[organization_id])} if posts else set()
    if people - members or posts - known:
        raise Invalid(NOT_HERE, field=field)


def note_checked(text: str) -> str:
    """Raises Invalid naming `note`."""
    text = text.strip()
    if len(text) > LONGEST_NOTE or "\x00" in text:
        raise Invalid("At most %(n)s characters.", field="note", n=LONGEST_NOTE)
    return text


def person_of(actor: Actor) -> UUID | None:
    """Who did it, where it was a person."""
    return actor.id if actor.kind == "person" else None


def kept_private(note: str) -> dict[str, str]:
    """Free text for the ledger: it stands there as a commitment only."""
    return {"note": note} if note else {}


def clock_of(moment: datetime) -> str:
    """As a refusal names it: 11-21 08:00, the city's time."""
    return f"{moment.astimezone(SHANGHAI):%m-%d %H:%M}"
