"""The ledger as the audit administrator searches it: by whom, of which organization, what, about what, when, from where.

An address stands only behind the entries of signing in, as a salted commitment; its value is read here and nowhere else.
"""

import json
from collections.abc import Collection
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Final
from uuid import UUID

from sqlalchemy import Select, exists, or_, select

from irm.access.actors import acting, actors_called, actors_of, names_of_actors, standing_in
from irm.clock import SHANGHAI
from irm.db import Tx
from irm.errors import Invalid
from irm.evidence.models import LedgerLeafRow
from irm.evidence.queries import FARTHEST, LogEntry, log_entry
from irm.i18n import N_, Translator
from irm.ledger import LedgerEntryRow, LedgerPrivateRow

ADDRESS: Final = "ip"
"""Path of the private value."""
ACTOR_KINDS: Final = ("person", "token", "system", "channel")
BACKWARDS: Final = N_("The last day lies before the first.")


@dataclass(frozen=True)
class Wanted:
    """What is asked for; whatever is empty narrows nothing.

    `action`, `subject`: beginnings of a path (`incident`, `incident.filed`; `incident/<id>`). `who`: part of a name or
    login, or an actor as the ledger writes it (`person/<id>`, `system`). `since`, `until`: days in Shanghai, both
    included. `address`: a whole one, or its beginning with a dot or colon at the end.
    """

    action: str = ""
    subject: str = ""
    who: str = ""
    organization: UUID | None = None
    since: date | None = None
    until: date | None = None
    address: str = ""

    def __post_init__(self) -> None:
        if self.since and self.until and self.until < self.since:
            raise Invalid(BACKWARDS, field="until")


async def entries(
    tx: Tx, wanted: Wanted, *, below: int | None = None, limit: int = 50
) -> tuple[list[LogEntry], int | None]:
    """By place, the newest first; where to go on."""
    which = (
        select(LedgerEntryRow, LedgerLeafRow)
        .join(LedgerLeafRow, LedgerLeafRow.entry_id == LedgerEntryRow.id)
        .order_by(LedgerLeafRow.index.desc())
        .limit(limit + 1)
    )
    if below is not None:
        which = which.where(LedgerLeafRow.index < min(below, FARTHEST))
    rows = (await tx.execute(await _narrowed(tx, which, wanted))).all()
    found = [log_entry(row, leaf) for row, leaf in rows[:limit]]
    return found, (found[-1].index if len(rows) > limit else None)


async def _narrowed(
    tx: Tx, which: Select[LedgerEntryRow, LedgerLeafRow], wanted: Wanted
) -> Select[LedgerEntryRow, LedgerLeafRow]:
    if action := _plain(wanted.action):
        beginning = LedgerEntryRow.action.startswith(f"{action.removesuffix('.')}.", autoescape=True)
        which = which.where(or_(LedgerEntryRow.action == action, beginning))
    if path := _plain(wanted.subject).strip("/"):
        beginning = LedgerEntryRow.subject.startswith(f"{path}/", autoescape=True)
        which = which.where(or_(LedgerEntryRow.subject == path, beginning))
    if who := _plain(wanted.who):
        actors = [who] if who.partition("/")[0] in ACTOR_KINDS else await actors_called(tx, who)
        which = which.where(LedgerEntryRow.actor.in_(actors))
    if wanted.organization is not None:
        which = which.where(LedgerEntryRow.actor.in_(await actors_of(tx, wanted.organization)))
    if wanted.since:
        which = which.where(LedgerEntryRow.at >= _begins(wanted.since))
    if wanted.until:
        which = which.where(LedgerEntryRow.at < _begins(wanted.until + timedelta(days=1)))
    if address := _plain(wanted.address):
        value = LedgerPrivateRow.value
        same = value.startswith(address, autoescape=True) if address[-1] in ".:" else value == address
        behind = (LedgerPrivateRow.entry_id == LedgerEntryRow.id, LedgerPrivateRow.path == ADDRESS, same)
        which = which.where(exists().where(*behind))
    return which


async def names_of_entries(tx: Tx, found: Collection[LogEntry], t: Translator) -> dict[UUID, str]:
    """Entry → who did it, and for whom where duties were handed over (代); what is no person has none."""
    names = await names_of_actors(tx, {one.actor for one in found})
    bodies = {one.id: json.loads(one.body) for one in found}
    acted = names | await standing_in(tx, t, names, [(one.actor, bodies[one.id]) for one in found])
    named = {one.id: acted.get(acting(one.actor, bodies[one.id])) for one in found}
    return {one: name for one, name in named.items() if name}


async def addresses(tx: Tx, ids: Collection[UUID]) -> dict[UUID, str]:
    """Entry → the address behind its commitment, where there is one that nobody has erased."""
    which = select(LedgerPrivateRow.entry_id, LedgerPrivateRow.value).where(
        LedgerPrivateRow.entry_id.in_(ids), LedgerPrivateRow.path == ADDRESS
    )
    return {row.entry_id: row.value for row in await tx.execute(which)}


def _begins(day: date) -> datetime:
    return datetime(day.year, day.month, day.day, tzinfo=SHANGHAI)


def _plain(text: str) -> str:
    return text.replace("\0", "").strip()
