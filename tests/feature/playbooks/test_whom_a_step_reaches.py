"""Whom a step reaches is read from the facts as they stand when it opens."""

from sqlalchemy import select

from irm.access.policy import Role
from irm.notify.models import DeliveryRow
from irm.notify.plan import NO_CHANNEL
from irm.playbooks import inbox, signals
from irm.playbooks.models import RunRow
from tests import make
from tests.conftest import Drain
from tests.feature.playbooks.conftest import Night

TWO_NOTICES = """
  - {id: first, notice: {to: on_duty(incident.using_units), text: {zh-CN: 告知}}}
  - {id: second, after: [], when: incident.crime_suspected, notice: {to: on_duty(incident.using_units), text: {zh-CN: 再告知}}}
"""


async def test_who_is_told_follows_the_facts_within_one_advance(night: Night, drain: Drain) -> None:
    """A desk is looked up once for all steps that call it; another unit that comes in meanwhile is another desk."""
    async with night.db.transaction() as tx:
        other = await make.organization(tx, "using_unit")
        await make.duty(tx, other, (await make.account(tx, other, Role.DUTY_OFFICER)).person_id)
    run_id = await night.begin(TWO_NOTICES)
    async with night.db.transaction() as tx:
        facts = night.facts(crime_suspected=True)
        known = facts | {"organizations": facts["organizations"] | {"using_units": [str(other)]}}
        await inbox.append(tx, await tx.get_one(RunRow, run_id), signals.FactsChanged(known), now=night.clock.now())
    await drain()
    async with night.db.transaction() as tx:
        rows = await tx.scalars(select(DeliveryRow).where(DeliveryRow.run_id == run_id))
        told = {(row.step_id, row.organization_id) for row in rows if row.channel != NO_CHANNEL}
    assert told == {("first", night.unit), ("second", other)}
