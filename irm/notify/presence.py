"""What a starting process tells the database about the channels that its settings know."""

from sqlalchemy.exc import SQLAlchemyError

from irm.db import SYSTEM
from irm.notify.channels import configured, interfaces
from irm.notify.health import note_interfaces
from irm.notify.service import note_channels
from irm.process import Process


async def note_channels_of(me: Process) -> None:
    """Returns when it is written; waits for a database that is away, gives up when the process is to stop."""
    while not me.stopping.is_set():
        try:
            async with me.db.transaction(SYSTEM) as tx:
                await note_channels(tx, configured(me.settings), now=me.clock.now())
                await note_interfaces(tx, interfaces(me.settings))
        except (SQLAlchemyError, OSError, TimeoutError):
            await me.pause(1.0)
        else:
            return
