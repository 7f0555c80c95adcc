"""Publishing rule packs. What an incident was judged by stays, whatever is published later.

Whoever changes a rule proposes a version, and it takes effect when another person approves it; only at the command line it
may take effect at once, and the record says so. Either way its own tests must pass.
"""

from datetime import datetime
from typing import Final
from uuid import UUID

from sqlalchemy import func, select
from sqlalchemy.dialects.postgresql import insert

from irm.access.policy import Permission
from irm.access.second import candidate
from irm.access.seconds import refuse_no_second
from irm.db import Actor, Tx, uuid7
from irm.errors import Conflict, NotFound
from irm.i18n import N_
from irm.ledger import Event, record
from irm.one_at_a_time import be_alone
from irm.positions import LanguageError
from irm.rules.drafting import renamed
from irm.rules.load import builtin_sources, load_pack
from irm.rules.models import RulePackRow
from irm.rules.pack import Pack
from irm.rules.pack_tests import check_pack
from irm.rules.policies import reason_of

SAME_PERSON: Final = N_("Whoever publishes a version does not approve it. A second person is needed.")
PUBLISHING: Final = "rule packs are published"
"""Lock: one version of a pack is proposed, approved or withdrawn after the other."""


async def publish(
    tx: Tx, source: str, *, file: str, actor: Actor, now: datetime, reason: str | None = None
) -> tuple[Pack, bool]:
    """Publish one pack; (pack, False) when exactly this text is published already.

    Raises LanguageError when the file has faults or one of its own tests fails, Conflict when the version was published
    with another text: a correction needs a version of its own.
    """
    pack = _sound(source, file)
    return pack, await _put(tx, pack, actor=actor, now=now, reason=reason_of(reason) if reason else None)


async def propose(
    tx: Tx,
    source: str,
    *,
    file: str,
    person: UUID | None,
    actor: Actor,
    now: datetime,
    reason: str,
    pack_id: str | None = None,
) -> tuple[Pack, bool]:
    """Put a version before a second person; the one in use stays so long. What waited for that pack waits no longer.

    `person` None: at the command line, where a terminal names nobody. `pack_id`: whose next version it is; None: a pack
    that there is not yet. (pack, False) when exactly this text waits or is published already. Raises LanguageError for faults and red tests, Invalid naming `reason`, Conflict when the version is taken.
    """
    pack = _sound(source, file)
    if pack_id is not None and pack.id != pack_id:
        raise LanguageError([renamed(source, pack_id, file)])
    why = reason_of(reason)
    await be_alone(tx, PUBLISHING)
    mine = (await tx.scalars(select(RulePackRow).where(RulePackRow.pack_id == pack.id))).all()
    if pack_id is None and mine:
        raise Conflict("There is a rule pack called %(pack)s already; edit that one.", code="pack_exists", pack=pack.id)
    waiting = [row for row in mine if is_waiting(row)]
    if any(row.version == pack.version and row.digest == pack.digest for row in mine if row.active or row in waiting):
        return pack, False
    if any(row.version == pack.version for row in mine):
        raise _taken(pack)
    for row in waiting:
        row.withdrawn_at, row.withdrawn_by = now, person
    tx.add(
        RulePackRow(
            id=uuid7(),
            pack_id=pack.id,
            version=pack.version,
            source=pack.source,
            digest=pack.digest,
            published_at=now,
            published_by=person,
            active=False,
            reason=why,
            proposed_at=now,
            brought=False,
        )
    )
    await tx.flush()
    body = {"pack": pack.id, "version": pack.version, "digest": pack.digest}
    await record(tx, Event("rules.proposed", f"rules/{pack.id}", now, actor, body))
    return pack, True


async def approve(tx: Tx, pack_id: str, version: str, *, person: UUID, actor: Actor, now: datetime) -> Pack:
    """The second pair of eyes: from now on the version judges what happens new.

    Raises NotFound, Conflict (it does not wait), Forbidden (this person has proposed it), and LanguageError where irm, asked
    again, finds a fault by now.
    """
    row = await _row(tx, pack_id, version)
    if not is_waiting(row):
        raise Conflict("This version waits for nobody's approval.", code="not_waiting")
    await refuse_no_second(
        tx, [row.published_by], candidate(actor, person), Permission.APPROVE_RULES, why=SAME_PERSON, now=now
    )
    pack = _sound(row.source, f"{pack_id}.yaml")
    row.active, row.published_at = True, now
    row.approved_by, row.approved_at = person, now
    await tx.flush()
    body = {"pack": row.pack_id, "version": row.version, "digest": row.digest}
    await record(tx, Event("rules.approved", f"rules/{row.pack_id}", now, actor, body))
    return pack


async def publish_builtin(tx: Tx, *, actor: Actor, now: datetime) -> tuple[str, ...]:
    """Publish the packs that irm brings along where their version is not there yet; returns `id version` of the new ones.

    A version that is there keeps its text, so that an upgrade of irm changes no rule behind anybody's back. Where the
    city goes by a text of its own, the one that comes with irm waits until a person approves it.
    """
    rows = (await tx.scalars(select(RulePackRow).order_by(RulePackRow.published_at))).all()
    known = {(row.pack_id, row.version) for row in rows}
    own = {row.pack_id: not _is_brought(row) for row in rows if row.active}
    new = []
    for file, source in builtin_sources().items():
        pack = load_pack(source, file=file)
        waits = own.get(pack.id, False)
        if (pack.id, pack.version) not in known and await _put(
            tx, pack, actor=actor, now=now, brought=True, waits=waits
        ):
            new.append(f"{pack.id} {pack.version}")
    return tuple(new)


async def withdraw(
    tx: Tx,
    pack_id: str,
    version: str,
    *,
    actor: Actor,
    now: datetime,
    person: UUID | None = None,
    reason: str | None = None,
) -> bool:
    """New incidents are no longer judged by this version; those that are keep it. One that waits is declined so.

    Withdrawing twice changes nothing (False). `person` says why (Invalid). Raises Conflict where a national instrument would be
    left without a text: it binds; a correction is a version of its own.
    """
    row = await _row(tx, pack_id, version)
    why = reason_of(reason or "") if person is not None or reason else None
    waited = is_waiting(row)
    if not row.active and not waited:
        return False
    if (person is not None or why) and row.active and await _is_the_last_of_the_nation(tx, row):
        raise Conflict(
            "National instruments bind: publish another version before this one is withdrawn.", code="national"
        )
    row.active = False
    row.withdrawn_at, row.withdrawn_by, row.withdrawn_reason = now, person, why
    await tx.flush()
    body = {"pack": row.pack_id, "version": row.version, "digest": row.digest}
    await record(tx, Event("rules.declined" if waited else "rules.withdrawn", f"rules/{row.pack_id}", now, actor, body))
    return True


def is_waiting(row: RulePackRow) -> bool:
    return row.proposed_at is not None and row.approved_at is None and row.withdrawn_at is None


def _is_brought(row: RulePackRow) -> bool:
    return row.published_by is None if row.brought is None else row.brought


async def _is_the_last_of_the_nation(tx: Tx, row: RulePackRow) -> bool:
    if load_pack(row.source, file=f"{row.pack_id}.yaml").jurisdiction != "national":
        return False
    others = select(func.count()).where(
        RulePackRow.pack_id == row.pack_id, RulePackRow.active, RulePackRow.id != row.id
    )
    return not await tx.scalar(others)


async def _row(tx: Tx, pack_id: str, version: str) -> RulePackRow:
    await be_alone(tx, PUBLISHING)
    row = await tx.scalar(
        select(RulePackRow)
        .where(RulePackRow.pack_id == pack_id, RulePackRow.version == version)
        .with_for_update()
        .execution_options(populate_existing=True)
    )
    if row is None:
        raise NotFound("There is no such rule pack.")
    return row


def _sound(source: str, file: str) -> Pack:
    pack, check = check_pack(source, file=file)
    if pack is None or check.faults:
        raise LanguageError(check.faults)
    return pack


def _taken(pack: Pack) -> Conflict:
    return Conflict(
        "Version %(version)s of %(pack)s is published with another text; give the correction a new version.",
        code="version_taken",
        pack=pack.id,
        version=pack.version,
    )


async def _put(
    tx: Tx,
    pack: Pack,
    *,
    actor: Actor,
    now: datetime,
    reason: str | None = None,
    brought: bool = False,
    waits: bool = False,
) -> bool:
    written = await tx.scalar(
        insert(RulePackRow)
        .values(
            id=uuid7(),
            pack_id=pack.id,
            version=pack.version,
            source=pack.source,
            digest=pack.digest,
            published_at=now,
            published_by=actor.id if actor.kind == "person" else None,
            active=not waits,
            reason=reason,
            proposed_at=now if waits else None,
            brought=brought,
        )
        .on_conflict_do_nothing(constraint="uq_rule_pack_version")
        .returning(RulePackRow.id)
    )
    if written is None:
        digest = await tx.scalar(
            select(RulePackRow.digest).where(RulePackRow.pack_id == pack.id, RulePackRow.version == pack.version)
        )
        if digest != pack.digest:
            raise _taken(pack)
        return False
    body = {"pack": pack.id, "version": pack.version, "digest": pack.digest}
    action = "rules.proposed" if waits else "rules.published"
    await record(tx, Event(action, f"rules/{pack.id}", now, actor, body))
    return True
