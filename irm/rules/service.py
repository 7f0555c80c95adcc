"""Publishing rule packs. What an incident was judged by stays, whatever is published later."""

from datetime import datetime

from sqlalchemy import select
from sqlalchemy.dialects.postgresql import insert

from irm.db import Actor, Tx, uuid7
from irm.errors import Conflict, NotFound
from irm.ledger import Event, record
from irm.positions import LanguageError
from irm.rules.load import builtin_sources, load_pack
from irm.rules.models import RulePackRow
from irm.rules.pack import Pack
from irm.rules.pack_tests import check_pack


async def publish(tx: Tx, source: str, *, file: str, actor: Actor, now: datetime) -> tuple[Pack, bool]:
    """Publish one pack; (pack, False) when exactly this text is published already.

    Raises LanguageError when the file has faults or one of its own tests fails, Conflict when the version was published
    with another text: a correction needs a version of its own.
    """
    pack, check = check_pack(source, file=file)
    if pack is None or check.faults:
        raise LanguageError(check.faults)
    return pack, await _put(tx, pack, actor=actor, now=now)


async def publish_builtin(tx: Tx, *, actor: Actor, now: datetime) -> tuple[str, ...]:
    """Publish the packs that irm brings along where their version is not there yet; returns `id version` of the new ones.

    A version that is there keeps its text, so that an upgrade of irm changes no rule behind anybody's back.
    """
    known = {(row.pack_id, row.version) for row in await tx.execute(select(RulePackRow.pack_id, RulePackRow.version))}
    new = []
    for file, source in builtin_sources().items():
        pack = load_pack(source, file=file)
        if (pack.id, pack.version) not in known and await _put(tx, pack, actor=actor, now=now):
            new.append(f"{pack.id} {pack.version}")
    return tuple(new)


async def withdraw(tx: Tx, pack_id: str, version: str, *, actor: Actor, now: datetime) -> None:
    """New incidents are no longer judged by this version; those that are keep it. Withdrawing twice changes nothing."""
    row = await tx.scalar(
        select(RulePackRow).where(RulePackRow.pack_id == pack_id, RulePackRow.version == version).with_for_update()
    )
    if row is None:
        raise NotFound("There is no such rule pack.")
    if not row.active:
        return
    row.active = False
    body = {"pack": row.pack_id, "version": row.version, "digest": row.digest}
    await record(tx, Event("rules.withdrawn", f"rules/{row.pack_id}", now, actor, body))


async def _put(tx: Tx, pack: Pack, *, actor: Actor, now: datetime) -> bool:
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
            active=True,
        )
        .on_conflict_do_nothing(constraint="uq_rule_pack_version")
        .returning(RulePackRow.id)
    )
    if written is None:
        digest = await tx.scalar(
            select(RulePackRow.digest).where(RulePackRow.pack_id == pack.id, RulePackRow.version == pack.version)
        )
        if digest != pack.digest:
            raise Conflict(
                "Version %(version)s of %(pack)s is published with another text; give the correction a new version.",
                code="version_taken",
                pack=pack.id,
                version=pack.version,
            )
        return False
    body = {"pack": pack.id, "version": pack.version, "digest": pack.digest}
    await record(tx, Event("rules.published", f"rules/{pack.id}", now, actor, body))
    return True
