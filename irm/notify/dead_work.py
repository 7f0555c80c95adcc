"""A task that irm gave up after its last attempt: the cloud authority's duty officer is called, once.

Called from a job of its own, so that trouble with calling cannot undo the record of the death. What dies while calling
about a death calls nobody: the board shows it, and `irm doctor`.
"""

from datetime import datetime, timedelta
from typing import Any, Final
from uuid import UUID

from sqlalchemy import select

from irm.db import Tx
from irm.jobs import JobRow
from irm.notify import own_trouble, service
from irm.notify.messages import About
from irm.notify.models import DeliveryRow
from irm.notify.views import WORK
from irm.notify.writing import DELIVER

CALL: Final = "notify.call_about_dead_work"
KEY: Final = "dead-work/"
ABOUT: Final = About("irm", None, "/", matter="work")
SEVERITY: Final = 3
ONE_CALL_FOR: Final = timedelta(hours=1)
"""Where much dies at once, one page that nobody has confirmed yet speaks for all of it; the board names each."""


async def call(tx: Tx, args: dict[str, Any], now: datetime) -> None:
    """Job, told by `job.dead`."""
    job_id = UUID(args["subject"].removeprefix(WORK))
    if await _is_about_a_call(tx, args["body"]["name"], job_id):
        return
    if await own_trouble.is_being_called_about(tx, KEY, since=now - ONE_CALL_FOR):
        return
    whom = await own_trouble.duty_officer(tx, now)
    key, subject = f"{KEY}{args['entry_id']}", f"{WORK}{job_id}"
    await own_trouble.call(tx, key, whom, about=ABOUT, subject=subject, severity=SEVERITY, now=now)


async def stop_calling(tx: Tx, job_id: UUID, *, now: datetime) -> None:
    """Somebody has taken the task up again."""
    about_it = DeliveryRow.subject == f"{WORK}{job_id}"
    keys = await tx.scalars(select(DeliveryRow.page_key).where(*own_trouble.unanswered(KEY), about_it).distinct())
    for key in list(keys):
        await service.close_page(tx, key, now=now)


async def _is_about_a_call(tx: Tx, name: str, job_id: UUID) -> bool:
    if name == CALL:
        return True
    if name != DELIVER:
        return False
    job = await tx.get(JobRow, job_id)
    known = job.args.get("delivery") if job else None  # what travels with others is never about a death
    row = await tx.get(DeliveryRow, UUID(known)) if known else None
    return row is not None and row.page_key.startswith(KEY)
