"""A drill is planned, approved by somebody else, or cancelled (A.1, A.2)."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import delete, select

from irm.access import queries as access
from irm.access.policy import Permission, Principal, Resource, may, reach
from irm.access.second import reader
from irm.access.seconds import refuse_no_second
from irm.clock import SHANGHAI
from irm.db import SYSTEM, Tx, uuid7
from irm.drills.access import locked
from irm.drills.making_up import counts_for_year
from irm.drills.models import DRILL_NUMBERS, DrillOrganizationRow, DrillParticipantRow, DrillRow
from irm.drills.policy import drill_policy
from irm.drills.scenario import Scenario, library, read_scenario
from irm.drills.schemas import Participant, PlanDrill
from irm.drills.vocabulary import REACHED, Part, Status
from irm.errors import Conflict, FieldError, Forbidden, Invalid, NotFound
from irm.i18n import N_
from irm.ledger import Event, record
from irm.notify import contacts
from irm.notify.plan import obstacle
from irm.notify.planning import channels_off
from irm.systems import queries as register

FILE = "scenario.yaml"
INSIDE = "in_app"

NEEDED = N_("This is needed.")
TOO_LONG = N_("At most %(most)s characters.")
NOT_TEXT = N_("The text holds a character that cannot be stored.")
NO_SCENARIO = N_("There is no such scenario.")
NO_SYSTEM = N_("There is no such system, or it is not yours to name.")
NO_ORGANIZATION = N_("There is no such organization.")
NOT_YOURS = N_("This is not one of your organizations.")
NO_PERSON = N_("%(name)s has no role in the organizations that take part.")
TWICE = N_("This person is named twice.")
NO_DIRECTOR = N_("A drill needs a director.")
NO_PLAYER = N_("A drill needs somebody who plays.")
NO_CHANNEL = N_("%(name)s cannot be reached: no address for a channel that works here.")
REFUSED = N_("The plan was not accepted; nothing was stored.")
BEGUN = N_("The drill has begun or is over; its plan stays.")
STALE = N_("Somebody changed this plan meanwhile; look at it again.")


@dataclass(frozen=True)
class Plan:
    """What was checked and looked up."""

    organization: UUID
    organizations: frozenset[UUID]
    system_id: UUID | None
    scenario: Scenario | None
    source: str | None
    people: tuple[tuple[UUID, UUID, Part], ...]
    """(person, organization, part)."""
    year: int
    makeup_reason: str | None


async def plan_drill(tx: Tx, given: PlanDrill, *, by: Principal, now: datetime) -> DrillRow:
    """Raises Invalid with all faults (a scenario's with file, line and column); nothing is written then."""
    plan = await _checked(tx, given, by, now=now)
    serial: int = (await tx.execute(DRILL_NUMBERS.next_value().select())).scalar_one()
    row = DrillRow(
        id=uuid7(),
        number=f"YL-{now.astimezone(SHANGHAI).year}-{serial:04d}",
        status=Status.PLANNED.value,
        created_at=now,
        created_by=by.account_id,
        report={},
        **_values(given, plan),
    )
    tx.add(row)
    await tx.flush()
    await _write_people(tx, row.id, plan)
    await tell(tx, "drill.planned", row, by=by, now=now, people=len(plan.people))
    return row


async def change_plan(tx: Tx, row: DrillRow, given: PlanDrill, *, by: Principal, now: datetime) -> DrillRow:
    """Replaces the plan; one that was approved must be approved again, by somebody who did not change it. Where nothing
    differs nothing is written. Locks it. Raises Conflict for a version that is not the newest, Invalid with every fault."""
    row = await locked(tx, row.id)
    if Status(row.status) not in (Status.PLANNED, Status.APPROVED):
        raise Conflict(BEGUN)
    if given.version is not None and given.version != row.version:
        raise Conflict(STALE, field="version")
    plan = await _checked(tx, given, by, now=now)
    values = _values(given, plan)
    changed = {name for name, value in values.items() if getattr(row, name) != value}
    if {(one.person_id, one.organization_id, Part(one.part)) for one in await people_of(tx, row.id)} != set(
        plan.people
    ):
        changed.add("participants")
    if await _organizations_of(tx, row.id) != plan.organizations:
        changed.add("organizations")
    if not changed:
        return row
    for name, value in values.items():
        setattr(row, name, value)
    row.status, row.approved_at, row.approved_by = Status.PLANNED.value, None, None
    row.changed_by = by.account_id
    row.version += 1
    await tx.flush()
    for table in (DrillOrganizationRow, DrillParticipantRow):
        await tx.execute(delete(table).where(table.drill_id == row.id))
    await _write_people(tx, row.id, plan)
    await tell(tx, "drill.plan_changed", row, by=by, now=now, people=len(plan.people), changed=sorted(changed))
    return row


async def approve_plan(tx: Tx, row: DrillRow, *, by: Principal, now: datetime) -> None:
    """By somebody other than the planner, for the organization that holds it."""
    row = await locked(tx, row.id)
    if not may(by, Permission.APPROVE_DRILLS, Resource(frozenset({row.organization_id}))):
        raise Forbidden(N_("You do not approve drills of this organization."))
    if row.status != Status.PLANNED:
        raise Conflict(N_("Only a plan that waits for it can be approved."))
    await refuse_no_second(
        tx,
        [row.created_by, row.changed_by],
        reader(by),
        Permission.APPROVE_DRILLS,
        why=N_("Somebody other than the planner approves the plan."),
        units=[row.organization_id],
        now=now,
    )
    await refuse_unreachable(tx, await people_of(tx, row.id))
    row.status, row.approved_at, row.approved_by = Status.APPROVED.value, now, by.account_id
    await tx.flush()
    await tell(tx, "drill.approved", row, by=by, now=now)


async def cancel_drill(tx: Tx, row: DrillRow, *, reason: str, by: Principal, now: datetime) -> None:
    row = await locked(tx, row.id)
    if Status(row.status) not in (Status.PLANNED, Status.APPROVED):
        raise Conflict(N_("Only a drill that has not begun can be cancelled."))
    if faults := text_faults({"reason": reason}, {"reason": drill_policy().longest_text}, needed=("reason",)):
        raise Invalid(N_("Please correct what is marked."), errors=faults)
    row.status, row.reason = Status.CANCELLED.value, reason.strip()
    await tx.flush()
    await tell(tx, "drill.cancelled", row, by=by, now=now, private={"reason": row.reason})


async def people_of(tx: Tx, drill_id: UUID) -> list[DrillParticipantRow]:
    rows = await tx.scalars(
        select(DrillParticipantRow)
        .where(DrillParticipantRow.drill_id == drill_id)
        .order_by(DrillParticipantRow.part, DrillParticipantRow.person_id)
    )
    return list(rows)


async def refuse_unreachable(tx: Tx, people: Collection[DrillParticipantRow]) -> None:
    """Raises Invalid with everybody who should get messages and cannot."""
    wanted = [one.person_id for one in people if Part(one.part) in REACHED]
    faults = [
        FieldError("participants", NO_CHANNEL, {"name": name}) for name in (await unreachable(tx, wanted)).values()
    ]
    if faults:
        raise Invalid(N_("Somebody who takes part cannot be reached."), errors=faults)


async def unreachable(tx: Tx, people: Collection[UUID]) -> dict[UUID, str]:
    """Those without an address of a channel that works here, by name. Being told inside irm alone reaches nobody."""
    off = await channels_off(tx)
    found = await contacts.people(tx, people)
    names = await access.person_names(tx, people)
    return {
        one: names.get(one, "")
        for one in people
        if one not in found
        or not any(each.channel != INSIDE and obstacle(each.channel, off) is None for each in found[one].addresses)
    }


def text_faults(
    values: Mapping[str, str], limits: Mapping[str, int], *, needed: Sequence[str] = ()
) -> list[FieldError]:
    faults = []
    for name, text in values.items():
        if "\x00" in text:
            faults.append(FieldError(name, NOT_TEXT))
        elif len(text) > limits[name]:
            faults.append(FieldError(name, TOO_LONG, {"most": limits[name]}))
        elif name in needed and not text.strip():
            faults.append(FieldError(name, NEEDED))
    return faults


async def tell(
    tx: Tx,
    action: str,
    row: DrillRow,
    *,
    by: Principal | None,
    now: datetime,
    private: Mapping[str, str] | None = None,
    **more: Any,
) -> None:
    """One ledger entry about the drill."""
    body = {"number": row.number, "organization": str(row.organization_id), "year": row.year, **more}
    actor = by.actor if by is not None else SYSTEM
    await record(tx, Event(action, f"drill/{row.id}", now, actor, body, private or {}))


async def _checked(tx: Tx, given: PlanDrill, by: Principal, *, now: datetime) -> Plan:
    most = drill_policy()
    faults = text_faults(
        {
            "title": given.title,
            "objectives": given.objectives,
            "place": given.place,
            "makeup_reason": given.makeup_reason,
        },
        {
            "title": most.longest_title,
            "objectives": most.longest_text,
            "place": most.longest_title,
            "makeup_reason": most.longest_text,
        },
        needed=("title",),
    )
    for name in ("planned_from", "planned_until"):
        if getattr(given, name).tzinfo is None:
            faults.append(FieldError(name, N_("The moment needs its time zone.")))
    if not faults and given.planned_until <= given.planned_from:
        faults.append(FieldError("planned_until", N_("The end lies after the beginning.")))
    year, makeup_reason = counts_for_year(given.planned_from, given.year, given.makeup_reason, faults)
    organization = holder(given.organization, by, Permission.PLAN_DRILLS, faults)
    system_id = await system_named(tx, given.system, by, faults)
    scenario, source = _scenario(given, faults)
    own = {organization} if organization else set()
    organizations = await organizations_named(tx, own | set(given.organizations), faults)
    people = await people_named(tx, given.participants, organizations, now=now, faults=faults)
    wanted = [person for person, _, part in people if part in REACHED]
    missing = await unreachable(tx, wanted)
    faults += [
        FieldError(f"participants.{index}", NO_CHANNEL, {"name": missing[one.person]})
        for index, one in enumerate(given.participants)
        if one.person in missing
    ]
    if faults or organization is None:
        raise Invalid(REFUSED, errors=faults)
    return Plan(organization, organizations, system_id, scenario, source, people, year, makeup_reason)


def holder(given: UUID | None, by: Principal, permission: Permission, faults: list[FieldError]) -> UUID | None:
    """The organization that holds it: the one named, one's own, or the only one there is."""
    own = reach(by, permission)
    if given is not None:
        if own.everything or given in own.organizations:
            return given
        faults.append(FieldError("organization", NOT_YOURS))
        return None
    mine = own.organizations & by.organizations
    if by.home in mine:
        return by.home
    if len(mine) == 1:
        return next(iter(mine))
    faults.append(FieldError("organization", N_("You belong to several organizations: say which one holds the drill.")))
    return None


async def system_named(tx: Tx, given: str | None, by: Principal, faults: list[FieldError]) -> UUID | None:
    """By code or id; a system of strangers is answered like one that does not exist."""
    if not given or not given.strip():
        return None
    try:
        try:
            found = await register.system(tx, UUID(given))
        except ValueError:
            found = await register.system_by_code(tx, given.strip().replace("\x00", ""))
    except NotFound:
        faults.append(FieldError("system", NO_SYSTEM))
        return None
    if not await register.may_name(tx, by, found.id):
        faults.append(FieldError("system", NO_SYSTEM))
        return None
    return found.id


def _scenario(given: PlanDrill, faults: list[FieldError]) -> tuple[Scenario | None, str | None]:
    if given.scenario_source and given.scenario_source.strip():
        try:
            return read_scenario(given.scenario_source, file=FILE), given.scenario_source
        except Invalid as refused:
            faults.append(FieldError("scenario_source", N_("The scenario has faults; they are listed by line.")))
            faults += [FieldError(one.field, one.message, one.context) for one in refused.errors]
            return None, None
    if not given.scenario:
        faults.append(FieldError("scenario", NEEDED))
        return None, None
    if given.scenario not in library():
        faults.append(FieldError("scenario", NO_SCENARIO))
        return None, None
    return library()[given.scenario]


async def organizations_named(tx: Tx, ids: set[UUID], faults: list[FieldError]) -> frozenset[UUID]:
    known = {one.id for one in await access.organizations(tx, ids=ids)}
    if ids - known:
        faults.append(FieldError("organizations", NO_ORGANIZATION))
    return frozenset(known)


async def people_named(
    tx: Tx,
    given: Sequence[Participant],
    organizations: frozenset[UUID],
    *,
    now: datetime,
    faults: list[FieldError],
    playing: bool = True,
) -> tuple[tuple[UUID, UUID, Part], ...]:
    """Everybody belongs to an organization that takes part; somebody directs, somebody plays, nobody is named twice."""
    names = await access.person_names(tx, [one.person for one in given])
    held: dict[UUID, list[UUID]] = {}
    for member in await access.members(tx, organizations, now=now):
        held.setdefault(member.person.id, []).append(member.organization_id)
    people: dict[UUID, tuple[UUID, UUID, Part]] = {}
    for index, one in enumerate(given):
        where = held.get(one.person, [])
        if one.person in people:
            faults.append(FieldError(f"participants.{index}", TWICE))
        elif not where or (one.organization is not None and one.organization not in where):
            faults.append(
                FieldError(f"participants.{index}", NO_PERSON, {"name": names.get(one.person, str(one.person))})
            )
        else:
            people[one.person] = (one.person, one.organization or where[0], Part(one.part))
    parts = {part for _, _, part in people.values()}
    if playing and Part.DIRECTOR not in parts:
        faults.append(FieldError("participants", NO_DIRECTOR))
    if playing and Part.PLAYER not in parts:
        faults.append(FieldError("participants", NO_PLAYER))
    return tuple(people.values())


def _values(given: PlanDrill, plan: Plan) -> dict[str, Any]:
    return {
        "title": given.title.strip(),
        "year": plan.year,
        "makeup_reason": plan.makeup_reason,
        "kind": given.kind,
        "range": given.range,
        "content": given.content,
        "objectives": given.objectives.replace("\r\n", "\n").strip(),
        "place": given.place.strip(),
        "planned_from": given.planned_from,
        "planned_until": given.planned_until,
        "organization_id": plan.organization,
        "system_id": plan.system_id,
        "scenario_id": plan.scenario.id if plan.scenario else None,
        "scenario": plan.source,
    }


async def _organizations_of(tx: Tx, drill_id: UUID) -> frozenset[UUID]:
    rows = await tx.scalars(
        select(DrillOrganizationRow.organization_id).where(DrillOrganizationRow.drill_id == drill_id)
    )
    return frozenset(rows)


async def _write_people(tx: Tx, drill_id: UUID, plan: Plan) -> None:
    tx.add_all(
        DrillOrganizationRow(drill_id=drill_id, organization_id=one) for one in sorted(plan.organizations, key=str)
    )
    tx.add_all(
        DrillParticipantRow(drill_id=drill_id, person_id=person, organization_id=organization, part=part.value)
        for person, organization, part in sorted(plan.people, key=lambda one: str(one[0]))
    )
    await tx.flush()
