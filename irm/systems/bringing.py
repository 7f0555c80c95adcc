"""A list is brought, looked at, confirmed: the life of one import. The long work of it is the worker's (`list_work.py`).

    looking ──→ looked ──→ writing ──→ written
       │          ↑           │
       └→ failed  └───────────┘  what was looked at is not what stands there any more: look again

Who brings it may say what its headings mean (`say_headings`); then it is looked at anew.

An import is its bringer's own: nobody else sees it, and it is written with the rights of the session or token that
confirms it.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from hashlib import sha256
from typing import Any, Final
from uuid import UUID

from sqlalchemy import select

from irm import jobs
from irm.access.policy import Principal
from irm.access.principals import known_scopes, principal_of
from irm.db import Tx, uuid7
from irm.documents.headings import Called
from irm.errors import Conflict, Invalid, NotFound
from irm.evidence.blobs import StoredBlob
from irm.evidence.service import attach
from irm.i18n import N_
from irm.systems.importing import CHANGED_SINCE, FAULTY, NOTHING_TO_DO, ListRead
from irm.systems.list_headings import remember, shown, understood
from irm.systems.lists import KINDS, MOST_SHOWN, Kind, Plan, by_language
from irm.systems.models import ListImportRow

LOOK: Final = "systems.look_at_list"
WRITE: Final = "systems.write_list"
NO_LIST: Final = N_("This list is no longer here. Bring it again.")
NOT_LOOKED: Final = N_("What the list would do is not known yet. Wait until it is, then confirm.")
TOO_LATE: Final = N_("This list is written already, or was given up. Bring it again.")
NOTHING_SAID: Final = N_("Say of at least one heading what it means.")
GIVEN_UP: Final = N_("The list could not be taken. Nothing was written. Bring it again, or bring it in parts.")
WITHOUT_RIGHTS: Final = N_("Who brought the list may not write it any more. Nothing was written.")
STATES: Final = ("looking", "looked", "writing", "written", "failed")


@dataclass(frozen=True)
class Import:
    """One import as its bringer sees it. `lines`, `faults`: the first of them, in both languages."""

    id: UUID
    kind: Kind
    state: str
    filename: str
    brought_at: datetime
    seen: str
    is_stale: bool
    done: int
    """Percent of what is under way."""
    new: int
    changed: int
    unchanged: int
    fault_count: int
    lines: Sequence[dict[str, Any]]
    faults: Sequence[dict[str, Any]]
    reason: str
    headings: Sequence[dict[str, Any]] = ()
    """The row of titles and what each was taken for (`list_headings.shown`)."""
    missing: Sequence[tuple[str, str]] = ()
    """The first (code, name) of what stands here, where the list speaks of it, and not in the list."""
    missing_count: int = 0

    @property
    def is_under_way(self) -> bool:
        return self.state in {"looking", "writing"}

    @property
    def rows(self) -> int:
        """That do something."""
        return self.new + self.changed


async def bring(tx: Tx, kind: Kind, blob: StoredBlob, *, by: Principal, now: datetime) -> UUID:
    """Keep the file and have it looked at; nothing of it is written."""
    row = ListImportRow(
        id=uuid7(),
        kind=kind.name,
        state="looking",
        filename=blob.filename,
        sha256=blob.sha256,
        account_id=by.account_id,
        brought_at=now,
        lines=[],
        faults=[],
        **_rights(by),
    )
    # First the file: the row names it.
    await attach(
        tx,
        blob,
        subject=draft_place(row),
        organization_id=by.home,
        account_id=by.account_id,
        actor=by.actor,
        now=now,
    )
    tx.add(row)
    await tx.flush()
    await jobs.schedule(tx, LOOK, {"list": str(row.id)}, run_at=now, key=f"{LOOK}:{row.id}")
    return row.id


async def say_headings(
    tx: Tx, kind: Kind, import_id: UUID, said: Mapping[str, str | None], *, by: Principal, now: datetime
) -> None:
    """What headings of the list mean (heading → column, None: not to be taken), in place of what was understood. It is
    looked at anew, and remembered for the next list of this kind that the bringer's organization brings.

    Raises NotFound, Invalid naming each heading at fault, Conflict unless it was looked at and is not being written.
    """
    row = await _own(tx, kind, import_id, by, locked=True)
    if row.state != "looked":
        raise Conflict(NOT_LOOKED if row.state == "looking" else TOO_LATE, code="not_ready")
    wanted = understood(said, row.headings, kind.columns)
    if not wanted:
        raise Invalid(NOTHING_SAID, field="headings")
    row.called = {**row.called, **wanted}
    row.state, row.seen, row.is_stale, row.done, row.looks = "looking", "", False, 0, row.looks + 1
    await tx.flush()
    if by.home is not None:
        await remember(tx, by.home, kind.name, wanted, actor=by.actor, now=now)
    args = {"list": str(row.id)}
    await jobs.schedule(tx, LOOK, args, run_at=now, key=f"{LOOK}:{row.id}:{row.looks}")


async def confirm(tx: Tx, kind: Kind, import_id: UUID, *, seen: str, by: Principal, now: datetime) -> None:
    """Have it written as it was looked at. Twice is once.

    Raises NotFound, Invalid (faults; nothing to do; not looked at yet), Conflict when `seen` is not what it would do now.
    """
    row = await _own(tx, kind, import_id, by, locked=True)
    if row.state in {"writing", "written"} and seen == row.seen:
        return
    if row.state == "failed":
        raise Invalid(row.reason or GIVEN_UP)
    if row.state == "looking":
        raise Conflict(NOT_LOOKED, code="not_ready")
    if seen != row.seen:
        raise Conflict(CHANGED_SINCE, field="seen")
    if row.fault_count:
        raise Invalid(FAULTY)
    if not row.new and not row.changed:
        raise Invalid(NOTHING_TO_DO, field="file")
    row.state, row.is_stale, row.done, row.confirmations = "writing", False, 0, row.confirmations + 1
    for name, value in _rights(by).items():
        setattr(row, name, value)
    await tx.flush()
    args = {"list": str(row.id)}
    await jobs.schedule(tx, WRITE, args, run_at=now, key=f"{WRITE}:{row.id}:{row.confirmations}")


async def import_of(tx: Tx, kind: Kind, import_id: UUID, by: Principal) -> Import:
    """Raises NotFound, also for what somebody else brought."""
    row = await _own(tx, kind, import_id, by)
    return Import(
        row.id,
        kind,
        row.state,
        row.filename,
        row.brought_at,
        row.seen,
        row.is_stale,
        row.done,
        row.new,
        row.changed,
        row.unchanged,
        row.fault_count,
        row.lines,
        row.faults,
        row.reason,
        row.headings,
        [(code, name) for code, name in row.missing],
        row.missing_count,
    )


async def _own(tx: Tx, kind: Kind, import_id: UUID, by: Principal, *, locked: bool = False) -> ListImportRow:
    which = select(ListImportRow).where(
        ListImportRow.id == import_id, ListImportRow.kind == kind.name, ListImportRow.account_id == by.account_id
    )
    row = await tx.scalar(which.with_for_update() if locked else which)
    if row is None or row.limited_to != by.limited_to:
        raise NotFound(NO_LIST)
    return row


def _rights(by: Principal) -> dict[str, Any]:
    """What a session or token may, to be had again when the worker's turn comes."""
    return {
        "token_id": by.actor.id if by.actor.kind == "token" else None,
        "limited_to": by.limited_to,
        "scopes": sorted(by.scopes) if by.scopes is not None else None,
    }


async def bringer(tx: Tx, row: ListImportRow, now: datetime) -> Principal | None:
    """With the rights that they have now, never more than they had when they brought or confirmed it."""
    by = await principal_of(
        tx,
        row.account_id,
        now=now,
        scopes=known_scopes(row.scopes) if row.scopes is not None else None,
        token_id=row.token_id,
        only=row.limited_to,
    )
    return by if by is not None and KINDS[row.kind].may_be_brought_by(by) else None


def draft_place(row: ListImportRow) -> str:
    """Where the file lies until it is written."""
    return f"account/{row.account_id}/register/{row.id}"


def place(row: ListImportRow) -> str:
    return f"register/{row.id}"


def seen_of(made: Plan, called: Called) -> str:
    """What is confirmed: this plan of a list whose headings mean this."""
    if not called:
        return made.digest
    return sha256(f"{made.digest}\n{json.dumps(called, sort_keys=True)}".encode()).hexdigest()


def looked(row: ListImportRow, made: Plan, read: ListRead, called: Called) -> None:
    """What the list would do stands there to be looked at."""
    row.state, row.seen, row.called = "looked", seen_of(made, called), dict(called)
    row.headings = shown(read.sheet.headings, called)
    row.new, row.changed, row.unchanged = len(made.new), len(made.changed), made.unchanged
    row.fault_count = made.fault_count
    row.faults = [{"cell": one.field, "message": by_language(one.text)} for one in made.faults]
    row.lines = [
        {"row": one.row, "code": one.code, "name": one.name, "is_new": one.is_new, "changes": list(one.changes)}
        for one in KINDS[row.kind].lines(made)
    ]
    # A row that is at fault was not understood: whether it is missing, nobody knows yet.
    missing = [] if made.faults else made.missing
    row.missing, row.missing_count = [list(one) for one in missing[:MOST_SHOWN]], len(missing)


def written(row: ListImportRow, now: datetime) -> None:
    """The register and the ledger have it now; what was shown of it is not kept a second time."""
    row.state, row.written_at, row.lines, row.faults, row.missing = "written", now, [], [], []


def give_up(row: ListImportRow, reason: str) -> None:
    row.state, row.reason = "failed", reason
