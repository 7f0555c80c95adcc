"""Reading the register: systems, who stands behind them, what runs where, and the bounds that grading asks for."""

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from datetime import date, datetime
from uuid import UUID

from sqlalchemy import (
    ARRAY,
    ColumnElement,
    String,
    Uuid,
    and_,
    any_,
    bindparam,
    case,
    cast,
    exists,
    false,
    func,
    literal,
    null,
    or_,
    select,
    union_all,
)
from sqlalchemy.dialects.postgresql import INET
from sqlalchemy.orm import InstrumentedAttribute, aliased

from irm.access import narrowing
from irm.access.names import sought
from irm.access.policy import Permission, Principal, Reach, Resource, reach
from irm.db import Tx
from irm.errors import NotFound
from irm.i18n import N_
from irm.rules.facts import Register
from irm.systems.models import SystemPartyRow, SystemResourceRow, SystemRow
from irm.systems.resources import named
from irm.systems.vocabulary import YesNoUnknown

NO_SYSTEM = N_("There is no such system.")
MOST_FOUND = 50


@dataclass(frozen=True)
class System:
    """`cii` is need-to-know: show it only where `Permission.SEE_CII` covers `parties`."""

    id: UUID
    code: str
    name: str
    kind: str
    owner_id: UUID
    operator_id: UUID
    user_ids: frozenset[UUID]
    maintainer_ids: frozenset[UUID]
    level: int | None
    filing_number: str | None
    filing_authority: str | None
    filed_on: date | None
    cii: YesNoUnknown
    protection_department_id: UUID | None
    users: int | None
    personal_records: int | None
    portal_rank: str | None
    important_data: YesNoUnknown
    internet_gov_app: bool
    platform_id: UUID | None
    life_cycle: str
    in_use_from: date | None
    level_fixed_on: date | None = None
    live_on: date | None = None
    certificate_until: date | None = None
    tester_id: UUID | None = None
    retired_at: datetime | None = None
    version: int = 1

    @property
    def parties(self) -> frozenset[UUID]:
        return frozenset({self.owner_id, self.operator_id}) | self.user_ids | self.maintainer_ids

    @property
    def resource(self) -> Resource:
        """For `policy.may(principal, permission, system.resource)`."""
        return Resource(self.parties, systems=frozenset({self.id}))

    @property
    def register(self) -> Register:
        """The bounds of its facts; None is unknown (DESIGN §4)."""
        return Register(
            users=self.users,
            personal_records=self.personal_records,
            portal_rank=self.portal_rank,
            cii=self.cii,
            important_data=self.important_data,
        )


async def system(tx: Tx, system_id: UUID) -> System:
    """Raises NotFound. Retired systems are found too."""
    found = await read_systems(tx, [SystemRow.id == system_id], with_retired=True)
    if not found:
        raise NotFound(NO_SYSTEM)
    return found[0]


async def system_by_code(tx: Tx, code: str) -> System:
    """Raises NotFound."""
    found = await read_systems(tx, [SystemRow.code == code], with_retired=True)
    if not found:
        raise NotFound(NO_SYSTEM)
    return found[0]


async def systems(tx: Tx, ids: Iterable[UUID]) -> dict[UUID, System]:
    """By id; retired ones too."""
    wanted = set(ids)
    return (
        {one.id: one for one in await read_systems(tx, [_one_of(SystemRow.id, wanted)], with_retired=True)}
        if wanted
        else {}
    )


async def register(tx: Tx) -> list[System]:
    """All that is in use, in the order of names' pinyin."""
    return await read_systems(tx, [])


async def systems_of(tx: Tx, organization_ids: Collection[UUID]) -> list[System]:
    """Owned, operated, used or maintained by one of them, in the order of their names' pinyin."""
    return await read_systems(tx, [of_parties(organization_ids)])


async def parts_of(
    tx: Tx, organization_ids: Collection[UUID]
) -> dict[UUID, tuple[frozenset[tuple[str, str]], int | None]]:
    """By organization: in which roles (owner, operator, user, maintainer) it stands behind which kinds of systems, and
    the highest level of those that it owns. One statement, however many systems."""
    s, party = SystemRow, SystemPartyRow
    every = union_all(
        select(s.owner_id.label("organization_id"), literal("owner").label("role"), s.kind, s.level).where(
            s.retired_at.is_(None), s.owner_id.in_(organization_ids)
        ),
        select(s.operator_id, literal("operator"), s.kind, null()).where(
            s.retired_at.is_(None), s.operator_id.in_(organization_ids)
        ),
        select(party.organization_id, party.role, s.kind, null())
        .join(s, s.id == party.system_id)
        .where(s.retired_at.is_(None), party.organization_id.in_(organization_ids)),
    ).subquery()
    asked = select(every.c.organization_id, every.c.role, every.c.kind, func.max(every.c.level).label("level"))
    roles: dict[UUID, set[tuple[str, str]]] = {one: set() for one in organization_ids}
    levels: dict[UUID, list[int]] = {one: [] for one in organization_ids}
    for row in await tx.execute(asked.group_by(every.c.organization_id, every.c.role, every.c.kind)):
        roles[row.organization_id].add((row.role, row.kind))
        if row.level is not None:
            levels[row.organization_id].append(row.level)
    return {one: (frozenset(roles[one]), max(levels[one], default=None)) for one in organization_ids}


async def levels_answered_for(tx: Tx, organization_ids: Collection[UUID]) -> dict[UUID, int]:
    """By organization, the highest protection level of the systems that it owns or operates.

    Whoever has none, or only such as have no level yet, is not in it.
    """
    s = SystemRow
    every = union_all(
        *(
            select(bearer.label("organization_id"), s.level).where(
                s.retired_at.is_(None), s.level.is_not(None), bearer.in_(organization_ids)
            )
            for bearer in (s.owner_id, s.operator_id)
        )
    ).subquery()
    asked = select(every.c.organization_id, func.max(every.c.level).label("level")).group_by(every.c.organization_id)
    return {row.organization_id: row.level for row in await tx.execute(asked)}


async def systems_in_reach(
    tx: Tx,
    principal: Principal,
    *,
    permission: Permission = Permission.READ_SYSTEMS,
    text: str = "",
    kind: str | None = None,
    most: int | None = MOST_FOUND,
) -> list[System]:
    """What the reader may name or see: all, or those of their organizations and the platforms under them.

    `text` finds part of a name or code, of its pinyin, or its initials.
    """
    which = [within(reach(principal, permission))]
    if text.strip():
        which.append(SystemRow.search_key.contains(sought(text), autoescape=True))
    if kind is not None:
        which.append(SystemRow.kind == kind)
    return await read_systems(tx, which, most=most)


async def may_name(tx: Tx, principal: Principal, system_id: UUID) -> bool:
    """May the reader file about this system? A foreign one and an unknown one are the same answer."""
    far = reach(principal, Permission.READ_SYSTEMS)
    return bool(await tx.scalar(select(exists().where(SystemRow.id == system_id, within(far)))))


async def systems_at(tx: Tx, resource: str, *, with_hosted: bool = True) -> list[System]:
    """The systems that a host, address, domain or URL belongs to, and those that run on them (`with_hosted`).

    An address lies in every network that holds it, a domain under every domain above it. Unknown: an empty list.
    """
    asked = named(resource)
    if asked.address is not None:
        address = case((SystemResourceRow.kind == "address", cast(SystemResourceRow.value, INET)), else_=None)
        held: ColumnElement[bool] = address.op(">>=")(cast(literal(asked.address, String), INET))
    elif asked.names:
        whole, *rest = asked.names
        held = or_(
            and_(SystemResourceRow.kind == "domain", SystemResourceRow.value.in_([whole, *rest])),
            and_(SystemResourceRow.kind == "host", SystemResourceRow.value.in_([whole, whole.partition(".")[0]])),
        )
    else:
        return []
    direct = set(await tx.scalars(select(SystemResourceRow.system_id).where(held)))
    if not direct:
        return []
    which = SystemRow.id.in_(direct)
    return await read_systems(tx, [or_(which, SystemRow.platform_id.in_(direct)) if with_hosted else which])


async def hosted_on(tx: Tx, platform_id: UUID) -> list[System]:
    return await read_systems(tx, [SystemRow.platform_id == platform_id])


def shown_cii(one: System, principal: Principal) -> str | None:
    """None when the reader need not know."""
    return one.cii if reach(principal, Permission.SEE_CII).covers(one.resource) else None


def of_parties(organization_ids: Collection[UUID]) -> ColumnElement[bool]:
    if not organization_ids:
        return false()
    return or_(
        SystemRow.owner_id.in_(organization_ids),
        SystemRow.operator_id.in_(organization_ids),
        SystemRow.id.in_(select(SystemPartyRow.system_id).where(SystemPartyRow.organization_id.in_(organization_ids))),
    )


def within(far: Reach) -> ColumnElement[bool]:
    return narrowing.within(far, _of_reach, SystemRow.id)


def _of_reach(far: Reach) -> ColumnElement[bool]:
    if far.everything:
        return SystemRow.id.is_not(None)
    if not far.organizations:
        return false()
    hosted = aliased(SystemRow)
    theirs = select(SystemPartyRow.system_id).where(SystemPartyRow.organization_id.in_(far.organizations))
    # Not correlated and without a join: a vendor may have a part in every system of the city.
    hosts_theirs = select(hosted.platform_id).where(
        hosted.platform_id.is_not(None),
        or_(
            hosted.owner_id.in_(far.organizations),
            hosted.operator_id.in_(far.organizations),
            hosted.id.in_(theirs),
        ),
    )
    return or_(of_parties(far.organizations), SystemRow.id.in_(hosts_theirs))


async def read_systems(
    tx: Tx, which: Collection[ColumnElement[bool]], *, with_retired: bool = False, most: int | None = None
) -> list[System]:
    asked = select(SystemRow).where(*which).order_by(SystemRow.sort_key, SystemRow.id).limit(most)
    if not with_retired:
        asked = asked.where(SystemRow.retired_at.is_(None))
    rows = list(await tx.scalars(asked))
    parties: dict[UUID, dict[str, set[UUID]]] = {row.id: {"user": set(), "maintainer": set()} for row in rows}
    for party in await tx.scalars(select(SystemPartyRow).where(_one_of(SystemPartyRow.system_id, parties))):
        parties[party.system_id][party.role].add(party.organization_id)
    return [_system(row, parties[row.id]) for row in rows]


def _one_of(column: InstrumentedAttribute[UUID], ids: Collection[UUID]) -> ColumnElement[bool]:
    """As one parameter: the database takes no more than 32,767 of them, and a city may have 50,000 systems."""
    return column == any_(bindparam("ids", list(ids), type_=ARRAY(Uuid()), unique=True))


def _system(row: SystemRow, parties: dict[str, set[UUID]]) -> System:
    return System(
        id=row.id,
        code=row.code,
        name=row.name,
        kind=row.kind,
        owner_id=row.owner_id,
        operator_id=row.operator_id,
        user_ids=frozenset(parties["user"]),
        maintainer_ids=frozenset(parties["maintainer"]),
        level=row.level,
        filing_number=row.filing_number,
        filing_authority=row.filing_authority,
        filed_on=row.filed_on,
        cii=row.cii,
        protection_department_id=row.protection_department_id,
        users=row.users,
        personal_records=row.personal_records,
        portal_rank=row.portal_rank,
        important_data=row.important_data,
        internet_gov_app=row.internet_gov_app,
        platform_id=row.platform_id,
        life_cycle=row.life_cycle,
        in_use_from=row.in_use_from,
        level_fixed_on=row.level_fixed_on,
        live_on=row.live_on,
        certificate_until=row.certificate_until,
        tester_id=row.tester_id,
        retired_at=row.retired_at,
        version=row.version,
    )
