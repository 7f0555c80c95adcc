"""A report that was handed over may itself start a duty: what it left out is to be supplied (Art. 7, paragraph 2)."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any, Final
from uuid import UUID

from irm.db import SYSTEM, Tx
from irm.incidents.grading import Cause, regrade
from irm.incidents.models import IncidentRow

KIND: Final = "incident"


async def look_again(tx: Tx, args: Mapping[str, Any], now: datetime) -> None:
    """The job that `submission.submitted` writes. Not in its transaction: grading locks the incident before its duties,
    handing over locks them the other way round.
    """
    kind, _, rest = str(args["subject"]).partition("/")
    if kind != KIND or args["body"].get("form") != "initial":
        return
    incident = await tx.get(IncidentRow, UUID(rest.partition("/")[0]), with_for_update={"key_share": True})
    if incident is not None:
        await regrade(tx, incident, actor=SYSTEM, now=now, cause=Cause.REPORTED)
