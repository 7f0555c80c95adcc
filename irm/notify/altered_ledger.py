"""The look through the ledger found that the past was changed: audit administrator, head and duty officer are called."""

from datetime import datetime
from typing import Any, Final

from sqlalchemy import exists, select

from irm.access.policy import AUTHORITY
from irm.db import Tx
from irm.notify import queries, service
from irm.notify.messages import About
from irm.notify.models import DeliveryRow

CALL: Final = "notify.call_about_altered_ledger"
KEY: Final = "altered-ledger/"
ABOUT: Final = About("irm", None, "/ledger", matter="ledger")
VIA: Final = ("sms", "email", "in_app")
SEVERITY: Final = 1
WHOM: Final = (f"role({AUTHORITY}, audit_administrator)", f"role({AUTHORITY}, unit_head)", f"on_duty({AUTHORITY})")


async def call(tx: Tx, args: dict[str, Any], now: datetime) -> None:
    """Job, told by `ledger.altered`. While one such page waits for an answer, the next look calls nobody anew."""
    waiting = (
        DeliveryRow.purpose == "page",
        DeliveryRow.page_key.startswith(KEY),
        DeliveryRow.acknowledged_at.is_(None),
        DeliveryRow.closed_at.is_(None),
        DeliveryRow.status.in_(queries.HOPEFUL),
    )
    if await tx.scalar(select(exists().where(*waiting))):
        return
    found = await queries.resolve(tx, WHOM[0], {}, now)
    for target in WHOM[1:]:
        found += await queries.resolve(tx, target, {}, now)
    await service.page(
        tx,
        key=f"{KEY}{args['entry_id']}",
        targets=found,
        via=VIA,
        about=ABOUT,
        subject="ledger",
        now=now,
        severity=SEVERITY,
    )
