"""The auditor found something that should have happened and did not: the cloud authority's duty officer is called, once.

Called from a job of its own, as about a task that was given up (`dead_work.py`). While one such page waits for an answer it
speaks for what is found after it; the board names each. What a drill misses calls nobody.
"""

from datetime import datetime, timedelta
from typing import Any, Final

from sqlalchemy import exists, func, select

from irm.access.policy import AUTHORITY
from irm.db import Tx
from irm.notify import queries, service
from irm.notify.messages import About
from irm.notify.models import DeliveryRow

CALL: Final = "notify.call_about_missed_work"
KEY: Final = "missed-work/"
ABOUT: Final = About("irm", None, "/", matter="missed")
VIA: Final = ("sms", "email", "in_app")
SEVERITY: Final = 2
ONE_CALL_FOR: Final = timedelta(hours=1)


async def call(tx: Tx, args: dict[str, Any], now: datetime) -> None:
    """Job, told by `audit.missed`."""
    if args["body"]["exercise"]:
        return
    # Many are found in one look: whoever comes second sees the page of the first.
    await tx.execute(select(func.pg_advisory_xact_lock(func.hashtextextended(CALL, 0))))
    waiting = (
        DeliveryRow.purpose == "page",
        DeliveryRow.page_key.startswith(KEY),
        DeliveryRow.acknowledged_at.is_(None),
        DeliveryRow.closed_at.is_(None),
        DeliveryRow.created_at > now - ONE_CALL_FOR,
    )
    if await tx.scalar(select(exists().where(*waiting))):
        return
    found = await queries.resolve(tx, f"on_duty({AUTHORITY})", {}, now)
    if not found.recipients:
        found += await queries.resolve(tx, f"role({AUTHORITY}, duty_leader)", {}, now)
    await service.page(
        tx,
        key=f"{KEY}{args['entry_id']}",
        targets=found,
        via=VIA,
        about=ABOUT,
        subject=args["subject"],
        now=now,
        severity=SEVERITY,
    )
