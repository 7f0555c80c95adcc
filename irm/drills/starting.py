"""A drill in one step: one's own organization, whoever is on duty there, a scenario of the library."""

from datetime import datetime
from uuid import UUID

from irm.access import queries as access
from irm.access.policy import Permission, Principal, Role
from irm.db import Tx
from irm.drills.access import locked
from irm.drills.models import DrillRow
from irm.drills.planning import holder, plan_drill, tell, unreachable
from irm.drills.policy import drill_policy
from irm.drills.running import start_drill
from irm.drills.scenario import library
from irm.drills.schemas import Participant, PlanDrill, StartNow
from irm.drills.vocabulary import Status
from irm.errors import FieldError, Forbidden, Invalid
from irm.i18n import DEFAULT_LOCALE, N_, localized
from irm.notify.duty import duty_at

CALLED = frozenset({Role.DUTY_OFFICER, Role.DUTY_LEADER, Role.HANDLER})
NOBODY = N_("Nobody else of this organization can be reached: there is nobody to drill with.")


async def start_now(tx: Tx, given: StartNow, *, by: Principal, now: datetime) -> DrillRow:
    """Planned, approved by the city's standing approval, begun. Who asks directs it; who is on duty plays."""
    if not drill_policy().standing_approval:
        raise Forbidden(N_("This city asks for an approved plan before every drill."))
    faults: list[FieldError] = []
    organization = holder(given.organization, by, Permission.DIRECT_DRILLS, faults)
    if given.scenario not in library():
        faults.append(FieldError("scenario", N_("There is no such scenario.")))
    if faults or organization is None:
        raise Invalid(N_("The drill was not begun."), errors=faults)
    scenario, _ = library()[given.scenario]
    players = [one for one in await on_duty_in(tx, organization, now) if one != by.person_id]
    players = players or [one for one in await _called(tx, organization, now) if one != by.person_id]
    silent = await unreachable(tx, [by.person_id, *players])
    players = [one for one in players if one not in silent]
    if not players:
        raise Invalid(NOBODY, field="organization")
    if by.person_id in silent:
        raise Invalid(
            N_("You cannot be reached yourself: no address for a channel that works here."), field="organization"
        )
    own = {one.person.id for one in await access.members(tx, [organization], now=now)}
    if by.person_id not in own:
        raise Invalid(
            N_("Only somebody of the organization directs a drill that begins at once."), field="organization"
        )
    people = [Participant(by.person_id, "director", organization)]
    people += [Participant(one, "player", organization) for one in players]
    plan = PlanDrill(
        title=localized(scenario.title, DEFAULT_LOCALE),
        kind="practical",
        content=scenario.content.value,
        planned_from=now,
        planned_until=now + scenario.lasts,
        participants=people,
        objectives="\n".join(localized(one, DEFAULT_LOCALE) for one in scenario.objectives),
        organization=organization,
        system=given.system,
        scenario=given.scenario,
    )
    row = await locked(tx, (await plan_drill(tx, plan, by=by, now=now)).id)
    row.status, row.approved_at = Status.APPROVED.value, now
    await tx.flush()
    await tell(tx, "drill.approved", row, by=by, now=now, standing=True)
    await start_drill(tx, row, by=by, now=now, rate=given.rate)
    return await locked(tx, row.id)


async def on_duty_in(tx: Tx, organization: UUID, now: datetime) -> list[UUID]:
    """People on shift now, first and backup."""
    found = (await duty_at(tx, [organization], now)).get(organization)
    shift = [one.person.person_id for one in found.on_shift if one.person] if found else []
    return list(dict.fromkeys(one for one in shift if one is not None))


async def _called(tx: Tx, organization: UUID, now: datetime) -> list[UUID]:
    """Whoever answers for the night there, on shift or not."""
    return [one.person.id for one in await access.members(tx, [organization], now=now) if one.roles & CALLED]
