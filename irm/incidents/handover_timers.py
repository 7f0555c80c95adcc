"""When somebody is called about a hand-over that nobody has taken: jobs written and taken back."""

from datetime import datetime
from typing import Final
from uuid import UUID

from irm import jobs
from irm.db import Tx
from irm.incidents.desk_models import IncidentHandoverRow
from irm.incidents.desk_policy import desk_policy
from irm.notify import service as messages

CALL: Final = "incidents.call_next_shift"


def page_key(handover_id: UUID) -> str:
    return f"handover/{handover_id}"


async def schedule_call(tx: Tx, row: IncidentHandoverRow, place: int, now: datetime) -> None:
    """The call of that place in the city's list (`desk.yaml`), if there is one. Again: changes nothing."""
    calls = desk_policy().calls
    if place < len(calls):
        await jobs.schedule(
            tx,
            CALL,
            {"handover": str(row.id), "call": place},
            run_at=max(row.given_at + calls[place].after, now),
            key=f"{page_key(row.id)}/{place}",
            queue="urgent",
        )


async def stop_calling(tx: Tx, handover_id: UUID, now: datetime) -> None:
    await jobs.cancel_prefix(tx, f"{page_key(handover_id)}/")
    await messages.close_page(tx, page_key(handover_id), now=now)
