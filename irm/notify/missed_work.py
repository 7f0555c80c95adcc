"""The auditor found something that should have happened and did not: the cloud authority's duty officer is called, once.

Called from a job of its own, as about a task that was given up (`dead_work.py`). What a drill misses calls nobody.
"""

from datetime import datetime, timedelta
from typing import Any, Final

from irm.db import Tx
from irm.notify import own_trouble
from irm.notify.messages import About
from irm.one_at_a_time import be_alone

CALL: Final = "notify.call_about_missed_work"
KEY: Final = "missed-work/"
ABOUT: Final = About("irm", None, "/", matter="missed")
SEVERITY: Final = 2
ONE_CALL_FOR: Final = timedelta(hours=1)


async def call(tx: Tx, args: dict[str, Any], now: datetime) -> None:
    """Job, told by `audit.missed`."""
    if args["body"]["exercise"]:
        return
    # Many are found in one look: whoever comes second sees the page of the first.
    await be_alone(tx, CALL)
    if await own_trouble.is_being_called_about(tx, KEY, since=now - ONE_CALL_FOR):
        return
    whom = await own_trouble.duty_officer(tx, now)
    key, subject = f"{KEY}{args['entry_id']}", args["subject"]
    await own_trouble.call(tx, key, whom, about=ABOUT, subject=subject, severity=SEVERITY, now=now)
