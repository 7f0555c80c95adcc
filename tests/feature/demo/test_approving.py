"""From its first day in use the made-up cloud authority has its reports approved, under a document that is on record."""

from irm.clock import FixedClock
from irm.config import Settings
from irm.db import SYSTEM, Database
from irm.demo import city
from irm.demo.approving import have_reports_approved
from irm.obligations.approval_rules import chain_for
from irm.obligations.authorizing import in_force
from tests import make


async def test_the_chain_and_the_document(db: Database, clock: FixedClock, settings: Settings) -> None:
    async with db.transaction(SYSTEM) as tx:
        authority = await make.organization(tx, "cloud_authority", code="cloud-authority")
    await have_reports_approved(db, settings, authority, city._read()["authorization"], clock)
    async with db.transaction() as tx:
        chain = await chain_for(tx, authority, "closing", now=clock.now())
        assert chain is not None
        assert [role for role, _ in chain.rungs] == ["duty_leader", "deputy", "unit_head"]
        assert await in_force(tx, authority, "initial", now=clock.now()) is not None
        assert await in_force(tx, authority, "closing", now=clock.now()) is None
