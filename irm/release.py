"""What a release of irm brings along: rule packs, playbooks and the known working days, published when a city begins and after an upgrade.

What stands published under its version is left as it is; a playbook that the city has made its own too.
"""

from datetime import datetime
from uuid import UUID

from sqlalchemy.exc import SQLAlchemyError

from irm.access.queries import is_empty
from irm.db import SYSTEM, Actor, Tx
from irm.ledger import Event
from irm.playbooks.publishing import publish_library
from irm.process import Process
from irm.rules.service import publish_builtin
from irm.rules.work_years import seed


async def publish(tx: Tx, *, actor: Actor, now: datetime) -> None:
    await publish_builtin(tx, actor=actor, now=now)
    await publish_library(tx, actor=actor, now=now)
    await seed(tx, now=now)


async def hear_beginning(tx: Tx, event: Event, _entry_id: UUID) -> None:
    await publish(tx, actor=event.actor, now=event.at)


async def publish_to(me: Process) -> None:
    """By a starting dispatcher, where there is a city. Waits for a database that is away until the process is to stop."""
    while not me.stopping.is_set():
        try:
            async with me.db.transaction(SYSTEM) as tx:
                if not await is_empty(tx):
                    await publish(tx, actor=SYSTEM, now=me.clock.now())
        except (SQLAlchemyError, OSError, TimeoutError):
            await me.pause(1.0)
        else:
            return
