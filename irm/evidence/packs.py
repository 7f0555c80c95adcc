"""Evidence packs that people ask for: made in the worker, step by step, with progress; what they hold is as of the making.

First step: everything recorded so far goes into the tree, the thing's entries and files are read as far as the asker may
see them *now*, and all text is staged and signed. Then the ZIP is filled in steps of seconds.
"""

import shutil
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial
from hashlib import sha256
from pathlib import Path
from typing import Any, Final
from uuid import UUID

from anyio import to_thread
from sqlalchemy import select

from irm import jobs
from irm.access.addressed import systems_named
from irm.access.narrowing import before
from irm.access.policy import Permission, Principal, may
from irm.access.principals import principal_of
from irm.access.queries import organization_names
from irm.clock import SHANGHAI
from irm.config import Settings
from irm.db import SYSTEM, Database, Tx, uuid7
from irm.errors import Forbidden, IrmError, NotFound
from irm.evidence import bag
from irm.evidence.blobs import CHUNK, BlobStore
from irm.evidence.collecting import Gathered, collect, consistency, provider_of
from irm.evidence.keys import signer_of
from irm.evidence.models import PackRow, WitnessingRow
from irm.evidence.sequencer import Signed, Tree, integrate, keep, sign, size_of, tree_at
from irm.i18n import LOCALES, N_, translator
from irm.jobs import CallFailed, Outside, Resources
from irm.ledger import Event, record as record_event

STEP_SECONDS: Final = 10.0
FAILURES: Final = 3
FOLDER: Final = "packs"


@dataclass(frozen=True)
class Gathering:
    pack_id: UUID
    content: bag.Content
    tree: Tree
    at: datetime


@dataclass(frozen=True)
class Filling:
    pack_id: UUID


@dataclass(frozen=True)
class Staged:
    signed: Signed
    total: int


@dataclass(frozen=True)
class Filled:
    """`sha256` and `size` once it is complete."""

    done: int
    sha256: str = ""
    size: int = 0


async def request_pack(
    tx: Tx,
    kind: str,
    name: str,
    by: Principal,
    *,
    locale: str,
    organization: UUID | None = None,
    queued: bool = True,
    now: datetime,
) -> UUID:
    """A pack of what `by` may see of it, made soon; not `queued`: by the caller (`make_now`). Raises NotFound, Forbidden."""
    gathered = await _gathered(tx, kind, name, by, organization, now)
    row = PackRow(
        id=uuid7(),
        kind=kind,
        name=gathered.name,
        subject=gathered.subject,
        organization_id=organization,
        home_id=by.home,
        account_id=by.account_id,
        locale=locale,
        requested_at=now,
    )
    tx.add(row)
    await tx.flush()
    body = {"pack": str(row.id), "kind": kind, "organization": str(by.home) if by.home else None}
    await record_event(tx, Event("evidence.export_requested", gathered.subject, now, by.actor, body))
    if queued:
        args = {"pack": str(row.id)}
        await jobs.schedule(tx, "evidence.make_pack", args, run_at=now, key=f"pack/{row.id}", queue="bulk")
    return row.id


async def _gathered(tx: Tx, kind: str, name: str, by: Principal, organization: UUID | None, now: datetime) -> Gathered:
    if not may(by, Permission.EXPORT_EVIDENCE):
        raise Forbidden(N_("Your roles do not include taking evidence out of irm."))
    by = before(by, await systems_named(tx, kind, name)) if by.limited else by
    return await provider_of(tx, kind).gather(tx, name, by, organization=organization, now=now)


# -- the job


async def claim(tx: Tx, args: dict[str, Any], now: datetime, _attempt: int) -> Gathering | Filling | None:
    row = await tx.get(PackRow, UUID(args["pack"]), with_for_update=True, populate_existing=True)
    if row is None or row.state in {"ready", "failed"}:
        return None
    if row.state == "making":
        return Filling(row.id)
    try:
        return await _gather(tx, row, now)
    except IrmError as error:
        _give_up(row, error.text(translator(row.locale)), now)
        return None


async def _gather(tx: Tx, row: PackRow, now: datetime) -> Gathering:
    by = await principal_of(tx, row.account_id, now=now)
    if by is None:
        raise NotFound(N_("The account that asked for it is no longer there."))
    gathered = await _gathered(tx, row.kind, row.name, by, row.organization_id, now)
    while await integrate(tx, now, wait=True):
        pass
    tree = await tree_at(tx, await size_of(tx))
    collected = await collect(tx, gathered, tree.size)
    kept = await tx.execute(
        select(WitnessingRow.checkpoint_size, WitnessingRow.witness, WitnessingRow.address)
        .where(WitnessingRow.status == "witnessed", WitnessingRow.checkpoint_size <= tree.size)
        .order_by(WitnessingRow.checkpoint_size.desc())
        .limit(20)
    )
    witnessed = kept.all()
    lines, titles, facts = {}, {}, {}
    for locale in LOCALES:
        t = translator(locale)
        titles[locale], facts[locale] = gathered.title(t), tuple(gathered.facts(t))
        lines[locale] = await gathered.describe(tx, [one.entry for one in collected.entries], t, now)
    row.entries, row.files, row.checkpoint_size = len(collected.entries), len(collected.files), tree.size
    named = await organization_names(tx, [by.home] if by.home else [])
    content = bag.Content(
        pack_id=row.id,
        kind=row.kind,
        name=row.name,
        folder=folder_name(row),
        requested_at=row.requested_at,
        organization=named.get(by.home, "") if by.home else "",
        titles=titles,
        facts=facts,
        lines=lines,
        collected=collected,
        consistency={
            size: await consistency(tx, size, tree.size) for size in sorted({one.checkpoint_size for one in witnessed})
        },
        witnesses=tuple(f"{one.checkpoint_size} · {one.address}" for one in witnessed[:3]),
    )
    return Gathering(row.id, content, tree, now)


def folder_name(row: PackRow) -> str:
    """ASCII, so that every unzipper agrees."""
    plain = "".join(char if char.isascii() and (char.isalnum() or char in "-_") else "-" for char in row.name)
    day = row.requested_at.astimezone(SHANGHAI).strftime("%Y%m%d")
    return f"irm-{row.kind}-{plain.strip('-') or 'pack'}-{day}-{str(row.id)[-6:]}"


async def call(work: Gathering | Filling, resources: Resources) -> Staged | Filled:
    return await to_thread.run_sync(step, work, resources.settings)


def step(work: Gathering | Filling, settings: Settings) -> Staged | Filled:
    """One step on the disk; takes some seconds."""
    folder = settings.home / FOLDER
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    staged, part, store = (
        folder / str(work.pack_id),
        folder / f"{work.pack_id}.part",
        BlobStore(settings.home / "blobs"),
    )
    if isinstance(work, Gathering):
        signer = signer_of(settings.home)
        made = sign(work.tree, signer, work.at)
        shutil.rmtree(staged, ignore_errors=True)
        part.unlink(missing_ok=True)
        plan = bag.stage(staged, work.content, made, signer, store)
        return Staged(made, plan.total)
    path = pack_path(settings.home, work.pack_id)
    if not path.exists():
        plan = bag.Plan.read(staged)
        done = bag.fill(part, staged, plan, store, seconds=STEP_SECONDS)
        if done < len(plan.members):
            return Filled(sum(one.size for one in plan.members[:done]))
        part.replace(path)
    path.chmod(0o400)
    shutil.rmtree(staged, ignore_errors=True)
    return Filled(path.stat().st_size, _sha256(path), path.stat().st_size)


def _sha256(path: Path) -> str:
    made = sha256()
    with path.open("rb") as file:
        for piece in iter(lambda: file.read(CHUNK), b""):
            made.update(piece)
    return made.hexdigest()


def pack_path(home: Path, pack_id: UUID) -> Path:
    return home / FOLDER / f"{pack_id}.zip"


async def record(
    tx: Tx,
    args: dict[str, Any],
    _work: Gathering | Filling,
    outcome: Staged | Filled | CallFailed,
    now: datetime,
    _attempt: int,
    is_current: bool,
) -> timedelta | None:
    row = await tx.get(PackRow, UUID(args["pack"]), with_for_update=True, populate_existing=True)
    if row is None or not is_current or row.state in {"ready", "failed"}:
        return None
    tx.info.setdefault("subjects", set()).add(f"pack/{row.id}")  # the asker's page moves
    match outcome:
        case Staged():
            await keep(tx, outcome.signed)
            row.state, row.done, row.total = "making", 0, outcome.total
            return timedelta(0)
        case Filled(sha256=""):
            row.done = outcome.done
            return timedelta(0)
        case Filled():
            row.state, row.done, row.finished_at = "ready", row.total, now
            row.filename, row.sha256, row.size = f"{folder_name(row)}.zip", outcome.sha256, outcome.size
            body = {
                "pack": str(row.id),
                "kind": row.kind,
                "sha256": outcome.sha256,
                "entries": row.entries,
                "files": row.files,
                "checkpoint": row.checkpoint_size,
                "organization": str(row.home_id) if row.home_id else None,
            }
            await record_event(tx, Event("evidence.exported", row.subject, now, SYSTEM, body))
            return None
        case CallFailed():
            row.failures += 1
            if row.failures < FAILURES:
                row.state = "waiting"  # from the beginning: whatever lies on the disk may be half of something
                return timedelta(seconds=5)
            _give_up(row, outcome.error, now)
            return None


def _give_up(row: PackRow, reason: str, now: datetime) -> None:
    row.state, row.reason, row.finished_at = "failed", reason[:500], now


MAKE: Final = Outside(claim=claim, call=call, record=record, timeout=29.0)


# -- reading


async def packs_of(tx: Tx, by: Principal, *, limit: int = 50) -> list[PackRow]:
    """What the reader asked for, newest first."""
    rows = await tx.scalars(
        select(PackRow)
        .where(PackRow.account_id == by.account_id)
        .order_by(PackRow.requested_at.desc(), PackRow.id.desc())
        .limit(limit)
    )
    return list(rows)


async def pack(tx: Tx, pack_id: UUID, by: Principal) -> PackRow:
    """Only who asked for it: what another may see can be less. Raises NotFound."""
    row = await tx.get(PackRow, pack_id)
    if row is None or row.account_id != by.account_id:
        raise NotFound(N_("There is no such pack, or it is not yours."))
    return row


async def take_pack(tx: Tx, pack_id: UUID, by: Principal, home: Path, *, now: datetime) -> PackRow:
    """Every taking is an entry. Raises NotFound also while it is being made, and when its file is gone."""
    row = await pack(tx, pack_id, by)
    if row.state != "ready":
        raise NotFound(N_("The pack is not ready yet."))
    if not pack_path(home, row.id).is_file():
        raise NotFound(N_("The pack's file is no longer there. Ask for a new one."))
    body = {"pack": str(row.id), "sha256": row.sha256, "organization": str(by.home) if by.home else None}
    await record_event(tx, Event("evidence.pack_taken", row.subject, now, by.actor, body))
    return row


async def make_now(db: Database, pack_id: UUID, settings: Settings) -> None:
    """All steps here, for commands. Raises what a step raises; a pack that could not be made says so in its row."""
    attempt = 0
    while True:
        attempt += 1
        args = {"pack": str(pack_id)}
        async with db.transaction(SYSTEM) as tx:
            work = await claim(tx, args, db.clock.now(), attempt)
        if work is None:
            return
        outcome = await to_thread.run_sync(partial(step, work, settings))
        async with db.transaction(SYSTEM) as tx:
            await record(tx, args, work, outcome, db.clock.now(), attempt, is_current=True)
