"""Which rule packs are published, and which of them judge an incident."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from sqlalchemy import Select, select

from irm.db import Tx
from irm.errors import NotFound
from irm.rules.load import builtin_packs, load_pack
from irm.rules.models import PackAdoptionRow, RulePackRow
from irm.rules.pack import Pack
from irm.rules.subjects import SubjectKind


@dataclass(frozen=True)
class Life:
    """Who proposed, approved and withdrew a version, when and why; `irm.rules.models.RulePackRow` says what None means."""

    reason: str | None = None
    proposed_at: datetime | None = None
    approved_by: UUID | None = None
    approved_at: datetime | None = None
    withdrawn_by: UUID | None = None
    withdrawn_at: datetime | None = None
    withdrawn_reason: str | None = None
    brought: bool = True


@dataclass(frozen=True)
class Published:
    """`published_by` None: came with irm, or was published at the command line. `newest`: new incidents whose moment it covers are judged by it."""

    pack: Pack
    published_at: datetime
    published_by: UUID | None
    active: bool
    newest: bool
    is_on: bool
    """The city goes by this instrument; another city's model is off until it is adopted."""
    life: Life = Life()

    @property
    def is_waiting(self) -> bool:
        return self.life.proposed_at is not None and self.life.approved_at is None and self.life.withdrawn_at is None

    @property
    def was_declined(self) -> bool:
        """Withdrawn, or replaced by a newer proposal, before anybody approved it."""
        return self.life.proposed_at is not None and self.life.approved_at is None and not self.is_waiting


@dataclass(frozen=True)
class DutyLimit:
    """What a playbook has to fit into. `within` None: a prompt duty without a figure of its own."""

    within: timedelta | None
    start_event: str
    form: str


def people_of(one: Published) -> set[UUID]:
    """Whoever published, approved or withdrew it."""
    return {person for person in (one.published_by, one.life.approved_by, one.life.withdrawn_by) if person is not None}


async def packs_for(
    tx: Tx, frozen: Mapping[str, str], discovered_at: datetime, *, about: SubjectKind | None = None
) -> tuple[Pack, ...]:
    """What judges an incident: the versions in `frozen` (pack id → version), or, when nothing is frozen yet, of the texts
    in force at `discovered_at` the newest published ones that the city goes by. In the order of pack ids. `about`: only
    packs that have something to say about such a subject.

    Until anything is published, the packs that irm brings along. Raises NotFound for a frozen version that is nowhere.
    """
    if frozen:
        return await packs_named(tx, frozen)
    adopted = await _adopted(tx)
    chosen: dict[str, Pack] = {}
    for pack in await published_packs(tx):
        if pack.effective.covers(discovered_at) and adopted.get(pack.id, not pack.is_model):
            chosen.setdefault(pack.id, pack)
    return tuple(chosen[pack_id] for pack_id in sorted(chosen) if about is None or chosen[pack_id].is_about(about))


async def published_packs(tx: Tx) -> list[Pack]:
    """Every version that was not withdrawn, the newest first; until anything is published, those that irm brings along."""
    rows = (await tx.scalars(_newest_first().where(RulePackRow.active))).all()
    return [load_pack(row.source, file=f"{row.pack_id}.yaml") for row in rows] or list(builtin_packs())


async def _adopted(tx: Tx) -> Mapping[str, bool]:
    rows = await tx.execute(select(PackAdoptionRow.pack_id, PackAdoptionRow.adopted))
    return {row.pack_id: row.adopted for row in rows}


async def packs_named(tx: Tx, versions: Mapping[str, str]) -> tuple[Pack, ...]:
    """Exactly these versions, withdrawn ones too, in the order of pack ids."""
    rows = (await tx.scalars(select(RulePackRow).where(RulePackRow.pack_id.in_(versions)))).all()
    found = {
        row.pack_id: load_pack(row.source, file=f"{row.pack_id}.yaml")
        for row in rows
        if row.version == versions[row.pack_id]
    }
    for pack in builtin_packs():
        if pack.id not in found and versions.get(pack.id) == pack.version:
            found[pack.id] = pack
    for pack_id, version in versions.items():
        if pack_id not in found:
            raise NotFound("Rule pack %(pack)s %(version)s is not published.", pack=pack_id, version=version)
    return tuple(found[pack_id] for pack_id in sorted(found))


async def published(tx: Tx, *, now: datetime) -> tuple[Published, ...]:
    """Every version, those that wait or were withdrawn too, by pack, the newest first."""
    rows = (await tx.scalars(_newest_first())).all()
    adopted = await _adopted(tx)
    current: set[str] = set()
    found = []
    for row in rows:
        pack = load_pack(row.source, file=f"{row.pack_id}.yaml")
        newest = row.active and row.pack_id not in current and pack.effective.covers(now)
        if newest:
            current.add(row.pack_id)
        is_on = adopted.get(pack.id, not pack.is_model)
        life = Life(
            row.reason,
            row.proposed_at,
            row.approved_by,
            row.approved_at,
            row.withdrawn_by,
            row.withdrawn_at,
            row.withdrawn_reason,
            row.published_by is None if row.brought is None else row.brought,
        )
        found.append(Published(pack, row.published_at, row.published_by, row.active, newest, is_on, life))
    return tuple(sorted(found, key=lambda one: (one.pack.id, -one.published_at.timestamp())))


@dataclass(frozen=True)
class Waiting:
    """A version that another person has to approve. `by` None: irm brought it along, or it came from the command line."""

    id: UUID
    pack: Pack
    since: datetime
    by: UUID | None
    reason: str | None


async def waiting_versions(tx: Tx) -> list[Waiting]:
    """The longest waiting first."""
    r = RulePackRow
    waits = (r.proposed_at.is_not(None), r.approved_at.is_(None), r.withdrawn_at.is_(None))
    rows = (await tx.scalars(select(r).where(*waits).order_by(r.proposed_at, r.id))).all()
    return [
        Waiting(
            row.id, load_pack(row.source, file=f"{row.pack_id}.yaml"), row.published_at, row.published_by, row.reason
        )
        for row in rows
    ]


def chosen(packs: tuple[Published, ...], pack_id: str, version: str) -> Published:
    """That version, or without one the version in use, or the newest that was. Raises NotFound."""
    mine = sorted((one for one in packs if one.pack.id == pack_id), key=lambda one: (not one.newest, not one.active))
    if not mine:
        raise NotFound("There is no such rule pack.")
    found = next((one for one in mine if version in {"", one.pack.version}), None)
    if found is None:
        raise NotFound("There is no such version of this rule pack.")
    return found


async def current_packs(tx: Tx, *, now: datetime) -> tuple[Pack, ...]:
    """What anything that happens now is judged by."""
    return await packs_for(tx, {}, now)


def duty_limits(packs: Iterable[Pack]) -> dict[str, DutyLimit]:
    """Qualified rule id → what a report step for it must fit into; standing duties are none, and what is about
    a subject that irm does not manage is never opened."""
    return {
        rule.id: DutyLimit(rule.limit.shortest if rule.limit else None, rule.start_event, rule.form)
        for pack in packs
        for rule in pack.duties
        if rule.kind != "standing" and rule.is_managed
    }


def filing_allowance(packs: Iterable[Pack]) -> timedelta:
    """The time that the city gives from knowledge to filing; none set is nought."""
    given = [pack.policy.filing_allowance for pack in packs if pack.policy and pack.policy.filing_allowance]
    return max((limit.shortest for limit in given), default=timedelta())


def receipt_alarm(packs: Iterable[Pack]) -> timedelta | None:
    """How long a submission may stay without receipt before that is an alarm of its own; None: the city set nothing."""
    given = [pack.policy.receipt_alarm for pack in packs if pack.policy and pack.policy.receipt_alarm]
    return min((limit.shortest for limit in given), default=None)


def _newest_first() -> Select[RulePackRow]:
    return select(RulePackRow).order_by(RulePackRow.published_at.desc(), RulePackRow.id.desc())
