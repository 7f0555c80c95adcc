"""A task that irm gave up after its last attempt: the cloud authority's duty officer is called, once.

Called from a job of its own, so that trouble with calling cannot undo the record of the death. What dies while calling
about a death calls nobody: the board shows it, and `irm doctor`.
"""

from datetime import datetime, timedelta
from typing import Any, Final
from uuid import UUID

from sqlalchemy import exists, select

from irm.access.policy import AUTHORITY
from irm.db import Tx
from irm.jobs import JobRow
from irm.notify import queries, service
from irm.notify.messages import About
from irm.notify.models import DeliveryRow
from irm.notify.planning import DELIVER
from irm.notify.views import WORK

CALL: Final = "notify.call_about_dead_work"
KEY: Final = "dead-work/"
ABOUT: Final = About("irm", None, "/", matter="work")
VIA: Final = ("sms", "email", "in_app")
SEVERITY: Final = 3
ONE_CALL_FOR: Final = timedelta(hours=1)
"""Where much dies at once, one page that nobody has confirmed yet speaks for all of it; the board names each."""


async def call(tx: Tx, args: dict[str, Any], now: datetime) -> None:
    """Job, told by `job.dead`."""
    job_id = UUID(args["subject"].removeprefix(WORK))
    if await _is_about_a_call(tx, args["body"]["name"], job_id):
        return
    if await tx.scalar(select(exists().where(*_open(), DeliveryRow.created_at > now - ONE_CALL_FOR))):
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
        subject=f"{WORK}{job_id}",
        now=now,
        severity=SEVERITY,
    )


async def stop_calling(tx: Tx, job_id: UUID, *, now: datetime) -> None:
    """Somebody has taken the task up again."""
    keys = await tx.scalars(
        select(DeliveryRow.page_key).where(*_open(), DeliveryRow.subject == f"{WORK}{job_id}").distinct()
    )
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


def _open() -> tuple[Any, ...]:
    return (
        DeliveryRow.purpose == "page",
        DeliveryRow.page_key.startswith(KEY),
        DeliveryRow.acknowledged_at.is_(None),
        DeliveryRow.closed_at.is_(None),
        DeliveryRow.status.in_(queries.HOPEFUL),
    )
