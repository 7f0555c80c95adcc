"""What irm brings along is there when a city begins, and publishing it again changes nothing."""

from irm import release
from irm.access import beginning
from irm.access.security import security_policy
from irm.clock import FixedClock
from irm.db import SYSTEM, Database
from irm.playbooks.publishing import active_playbooks
from irm.rules.queries import published


async def test_a_city_that_begins_has_rules_and_playbooks(db: Database, clock: FixedClock) -> None:
    async with db.transaction(SYSTEM) as tx:
        await beginning.begin(tx, city="Test", region="990100", policy=security_policy(), actor=SYSTEM, now=clock.now())
    async with db.transaction(SYSTEM) as tx:
        packs, playbooks = await published(tx, now=clock.now()), await active_playbooks(tx)
        assert {"cac-2025-reporting", "gbt-20986-2023", "police-147", "city-chain"} <= {one.pack.id for one in packs}
        assert {"report-chain", "owed-default"} <= {row.playbook_id for row, _ in playbooks}
    clock.tick(days=1)
    async with db.transaction(SYSTEM) as tx:
        await release.publish(tx, actor=SYSTEM, now=clock.now())
        assert len(await published(tx, now=clock.now())) == len(packs)
        assert [row.version for row, _ in await active_playbooks(tx)] == [row.version for row, _ in playbooks]
