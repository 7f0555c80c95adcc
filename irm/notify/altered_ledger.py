"""The look through the ledger found that the past was changed: audit administrator, head and duty officer are called."""

from datetime import datetime
from typing import Any, Final

from irm.access.policy import AUTHORITY
from irm.db import Tx
from irm.notify import own_trouble, queries
from irm.notify.messages import About

CALL: Final = "notify.call_about_altered_ledger"
KEY: Final = "altered-ledger/"
ABOUT: Final = About("irm", None, "/ledger", matter="ledger")
SEVERITY: Final = 1
WHOM: Final = (f"role({AUTHORITY}, audit_administrator)", f"role({AUTHORITY}, unit_head)", f"on_duty({AUTHORITY})")


async def call(tx: Tx, args: dict[str, Any], now: datetime) -> None:
    """Job, told by `ledger.altered`. While one such page waits for an answer, the next look calls nobody anew."""
    if await own_trouble.is_being_called_about(tx, KEY):
        return
    whom = await queries.resolve(tx, WHOM[0], {}, now)
    for target in WHOM[1:]:
        whom += await queries.resolve(tx, target, {}, now)
    key = f"{KEY}{args['entry_id']}"
    await own_trouble.call(tx, key, whom, about=ABOUT, subject="ledger", severity=SEVERITY, now=now)
