"""Versions of playbooks: the built-in library, a city's own, and the one that is active."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from hashlib import sha256
from importlib.resources import files
from typing import Any, Final, Literal
from uuid import UUID

import structlog
from sqlalchemy import func, select, update

from irm.access.policy import Permission
from irm.access.second import candidate
from irm.access.seconds import refuse_no_second
from irm.db import Actor, Tx, uuid7
from irm.errors import Conflict, Invalid, NotFound
from irm.i18n import LOCALES, N_, translator
from irm.ledger import Event, record
from irm.one_at_a_time import be_alone
from irm.playbooks.check import Checked, City, check
from irm.playbooks.known import NEW
from irm.playbooks.language import read_playbook
from irm.playbooks.models import PlaybookRow
from irm.playbooks.steps import Playbook
from irm.playbooks.version_messages import tell_at_once, tell_author, tell_overtaken, tell_waiting
from irm.positions import Fault, LanguageError

log = structlog.get_logger(__name__)

ACTIVE = "active_playbooks"
"""In `Tx.info`; whoever changes what is active takes it out."""
Verdict = Literal["declined", "withdrawn", "overtaken", "reinstated", "retired"]
BROUGHT: Final = "irm"
"""`published_by` of what comes with irm."""
RESERVED: Final = frozenset({NEW, "check", "schema", "cacao", "simulate"})
"""They are pages beside the playbooks' own."""
SAME_PERSON: Final = N_("Whoever publishes a version does not approve it. A second person is needed.")
LONGEST_REASON: Final = 500
PUBLISHING: Final = "playbooks are published"
"""Lock: version numbers are given one after the other."""


@dataclass(frozen=True)
class Published:
    id: UUID
    playbook_id: str
    version: int
    is_new: bool
    """False: the active version, or the one that waits, already reads so."""
    waits: bool = False
    """For another person's approval."""


def library() -> dict[str, str]:
    """Built-in playbooks: file name → text."""
    folder = files("irm.playbooks") / "library"
    return {
        entry.name: entry.read_text("utf-8")
        for entry in sorted(folder.iterdir(), key=lambda entry: entry.name)
        if entry.name.endswith(".yaml")
    }


async def publish(
    tx: Tx,
    text: str,
    *,
    file: str,
    city: City,
    actor: Actor,
    now: datetime,
    person: UUID | None = None,
    reason: str = "",
    waits: bool | None = None,
    of: str | None = None,
) -> tuple[Published, Checked]:
    """Make it the active version for runs that start from now on; running ones keep theirs.

    `person`: who publishes it, himself or by a token. He says why (Invalid, naming the field, where he doesn't), and his
    version waits until another person approves it; the one before stays active so long. Without, whoever has the
    machine has published it: `waits` says whether it waits too (True) or is used at once and everybody who could have
    approved it is told so (False). `of` as in `check`. Raises LanguageError where the linter finds an error; warnings are
    handed back and stay with the version. The same text twice changes nothing.
    """
    checked = check(text, file=file, city=city, of=of)
    if checked.playbook is None or checked.errors:
        raise LanguageError(checked.errors)
    if checked.playbook.id in RESERVED:
        raise Conflict("No playbook can be called “%(name)s”.", code="reserved", name=checked.playbook.id)
    why = reason_of(reason, needed=person is not None)
    by = f"person/{person}" if person is not None else None
    held = person is not None or bool(waits)
    made = await _store(
        tx,
        checked.playbook,
        text,
        actor=actor,
        now=now,
        by=by,
        reason=why,
        waits=held,
        warnings=[told_of(one) for one in checked.warnings],
    )
    if made.is_new:
        row = await tx.get_one(PlaybookRow, made.id)
        if held:
            await tell_waiting(tx, row, now=now)
        elif waits is False:
            await tell_at_once(tx, row, now=now)
    return made, checked


def told_of(fault: Fault) -> dict[str, Any]:
    """A warning as it stays with the version: its place, and its words in every language."""
    return {
        "line": fault.line,
        "column": fault.column,
        "texts": {locale: fault.read(translator(locale)) for locale in LOCALES},
    }


async def approve(
    tx: Tx, playbook_id: str, version: int, *, person: UUID, city: City, actor: Actor, now: datetime
) -> Published:
    """The second pair of eyes: the version that waits becomes the active one.

    Raises NotFound, Conflict (it does not wait), Forbidden (this person has published it), and LanguageError where the linter,
    asked again, finds an error by now.
    """
    await be_alone(tx, PUBLISHING)
    row = await version_row(tx, playbook_id, version)
    if row.waiting_since is None:
        raise Conflict("This version waits for nobody's approval.", code="not_waiting")
    await refuse_no_second(
        tx, [author(row.published_by)], candidate(actor, person), Permission.PUBLISH_PLAYBOOK, why=SAME_PERSON, now=now
    )
    checked = check(row.source, file=f"{playbook_id}.yaml", city=city)
    if checked.errors:
        raise LanguageError(checked.errors)
    await put_into_use(tx, row, by=f"person/{person}", actor=actor, now=now)
    row.approved_by, row.approved_at = f"person/{person}", now
    await tx.flush()
    await tell_author(tx, row, "approved", by=person, now=now)
    body = {"playbook": playbook_id, "version": version, "digest": row.digest}
    await record(tx, Event("playbook.approved", f"playbook/{playbook_id}", now, actor, body))
    return Published(row.id, row.playbook_id, row.version, is_new=True)


def author(published_by: str) -> UUID | None:
    """None: no person published it."""
    kind, _, who = published_by.partition("/")
    return UUID(who) if kind == "person" else None


async def version_row(tx: Tx, playbook_id: str, version: int) -> PlaybookRow:
    """Raises NotFound."""
    row = await tx.scalar(
        select(PlaybookRow)
        .where(PlaybookRow.playbook_id == playbook_id, PlaybookRow.version == version)
        .execution_options(populate_existing=True)
    )
    if row is None:
        raise NotFound("There is no such version of this playbook.")
    return row


async def put_into_use(tx: Tx, row: PlaybookRow, *, by: str, actor: Actor, now: datetime) -> None:
    """In the place of the one that was; whatever waited was written against that one. `by` as `published_by`."""
    await _overtake(tx, row, by=by, actor=actor, now=now)
    await tx.execute(
        update(PlaybookRow).where(PlaybookRow.playbook_id == row.playbook_id, PlaybookRow.active).values(active=False)
    )
    row.active, row.waiting_since = True, None
    row.used_since = row.used_since or now
    tx.add(row)
    await tx.flush()
    tx.info.pop(ACTIVE, None)


async def _overtake(tx: Tx, newer: PlaybookRow, *, by: str, actor: Actor, now: datetime) -> None:
    """What waited is approved no longer, for `newer` took its place; its author is told, unless he did it himself."""
    waited = await tx.scalars(
        select(PlaybookRow).where(
            PlaybookRow.playbook_id == newer.playbook_id,
            PlaybookRow.waiting_since.is_not(None),
            PlaybookRow.id != newer.id,
        )
    )
    for row in waited.all():
        row.waiting_since = None
        await judge(tx, row, "overtaken", by=by, reason=None, actor=actor, now=now)
        await tell_overtaken(tx, row, newer.version, by=by, now=now)


async def judge(
    tx: Tx, row: PlaybookRow, verdict: Verdict, *, by: str, reason: str | None, actor: Actor, now: datetime
) -> None:
    """Say it of the version, and in the ledger. `by` as `published_by`."""
    row.verdict, row.verdict_by, row.verdict_at, row.verdict_reason = verdict, by, now, reason
    await tx.flush()
    body = {"playbook": row.playbook_id, "version": row.version, "digest": row.digest}
    private = {"reason": reason} if reason else {}
    await record(tx, Event(f"playbook.{verdict}", f"playbook/{row.playbook_id}", now, actor, body, private))


def reason_of(text: str, *, needed: bool) -> str | None:
    """Raises Invalid naming the field."""
    why = text.strip()
    if not why and needed:
        raise Invalid("Say why.", field="reason")
    if len(why) > LONGEST_REASON or "\x00" in why:
        raise Invalid("At most %(most)s characters.", field="reason", most=LONGEST_REASON)
    return why or None


async def publish_library(tx: Tx, *, actor: Actor, now: datetime) -> list[Published]:
    """At install and after an upgrade. What the city has published itself, or has retired, is left as it is."""
    published = []
    retired = select(PlaybookRow.playbook_id).where(PlaybookRow.verdict == "retired", ~PlaybookRow.active)
    put_away = set(await tx.scalars(retired))
    for file, text in library().items():
        playbook = _read_once(text, file=file)
        newest = await tx.scalar(select(PlaybookRow).where(PlaybookRow.playbook_id == playbook.id, PlaybookRow.active))
        if newest is None and playbook.id in put_away:
            continue
        if newest is None or newest.published_by == BROUGHT:
            published.append(await _store(tx, playbook, text, actor=actor, now=now, by=BROUGHT))
    return published


async def _store(
    tx: Tx,
    playbook: Playbook,
    text: str,
    *,
    actor: Actor,
    now: datetime,
    by: str | None = None,
    reason: str | None = None,
    waits: bool = False,
    warnings: Sequence[dict[str, Any]] = (),
) -> Published:
    digest = sha256(text.encode()).hexdigest()
    await be_alone(tx, PUBLISHING)
    active = await tx.scalar(select(PlaybookRow).where(PlaybookRow.playbook_id == playbook.id, PlaybookRow.active))
    if active is not None and active.digest == digest:
        return Published(active.id, active.playbook_id, active.version, is_new=False)
    waiting = await tx.scalar(
        select(PlaybookRow).where(PlaybookRow.playbook_id == playbook.id, PlaybookRow.waiting_since.is_not(None))
    )
    if waits and waiting is not None and waiting.digest == digest:
        return Published(waiting.id, waiting.playbook_id, waiting.version, is_new=False, waits=True)
    newest = await tx.scalar(select(func.max(PlaybookRow.version)).where(PlaybookRow.playbook_id == playbook.id))
    row = PlaybookRow(
        id=uuid7(),
        playbook_id=playbook.id,
        version=(newest or 0) + 1,
        title=dict(playbook.title),
        source=text,
        digest=digest,
        published_at=now,
        published_by=by or str(actor),
        reason=reason,
        warnings=list(warnings),
        active=False,
        waiting_since=now if waits else None,
    )
    tx.add(row)
    await tx.flush()
    if waits:
        await _overtake(tx, row, by=row.published_by, actor=actor, now=now)
    else:
        await put_into_use(tx, row, by=row.published_by, actor=actor, now=now)
    body: dict[str, Any] = {"playbook": playbook.id, "version": row.version, "digest": digest, "waits": waits}
    if not waits and row.published_by != BROUGHT:
        body["without_approval"] = True
    if warnings:
        body["warnings"] = len(warnings)
    await record(tx, Event("playbook.published", f"playbook/{playbook.id}", now, actor, body))
    return Published(row.id, row.playbook_id, row.version, is_new=True, waits=waits)


async def active_playbooks(tx: Tx) -> list[tuple[PlaybookRow, Playbook]]:
    """Those that this version of irm can read; one that it cannot must not make a filing fail, so it is logged.

    Read once in a transaction: every duty that a filing opens asks for them.
    """
    known: list[tuple[PlaybookRow, Playbook]] | None = tx.info.get(ACTIVE)
    if known is not None:
        return known
    found: list[tuple[PlaybookRow, Playbook]] = []
    for row in await tx.scalars(select(PlaybookRow).where(PlaybookRow.active).order_by(PlaybookRow.playbook_id)):
        try:
            found.append((row, frozen(row.id, row.source)))
        except LanguageError:
            log.exception("an active playbook cannot be read", playbook=row.playbook_id, version=row.version)
    tx.info[ACTIVE] = found
    return found


def frozen(row_id: UUID, source: str) -> Playbook:
    """A stored version. It was checked when it was published."""
    return _read_once(source, file=str(row_id))


def _read_once(text: str, *, file: str) -> Playbook:
    """In a process, by whatever name the same text comes again; `file` is for what is wrong with it."""
    known = _READ.get(text)
    if known is None:
        known = read_playbook(text, file=file).playbook
        if len(_READ) >= MOST_READ:
            _READ.clear()
        _READ[text] = known
    return known


MOST_READ: Final = 256
_READ: Final[dict[str, Playbook]] = {}
