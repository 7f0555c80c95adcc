"""Calling people about irm itself: a task given up, something missed, a ledger that was changed, a channel that fell silent
(`dead_work.py`, `missed_work.py`, `altered_ledger.py`, `silent_channels.py`). Each is called about once; while that page may still reach somebody and nobody has
confirmed it, it speaks for what comes after it. The board names each."""

from datetime import datetime
from typing import Final

from sqlalchemy import ColumnElement, exists, select

from irm.access.policy import AUTHORITY
from irm.db import Tx
from irm.notify import queries, service
from irm.notify.messages import About
from irm.notify.models import DeliveryRow
from irm.notify.plan import Resolution

VIA: Final = ("sms", "email", "in_app")


def unanswered(key: str) -> tuple[ColumnElement[bool], ...]:
    """Pages whose keys begin so. One that failed everywhere is none of them: it speaks for nothing."""
    return (
        DeliveryRow.purpose == "page",
        DeliveryRow.page_key.startswith(key),
        DeliveryRow.acknowledged_at.is_(None),
        DeliveryRow.closed_at.is_(None),
        DeliveryRow.status.in_(queries.HOPEFUL),
    )


async def is_being_called_about(tx: Tx, key: str, *, since: datetime | None = None) -> bool:
    """`since`: a page older than this has been heard by nobody and speaks for nothing new."""
    lately = (DeliveryRow.created_at > since,) if since else ()
    return bool(await tx.scalar(select(exists().where(*unanswered(key), *lately))))


async def duty_officer(tx: Tx, now: datetime) -> Resolution:
    """The cloud authority's, or where nobody is on duty its duty leaders."""
    found = await queries.resolve(tx, f"on_duty({AUTHORITY})", {}, now)
    if not found.recipients:
        found += await queries.resolve(tx, f"role({AUTHORITY}, duty_leader)", {}, now)
    return found


async def call(
    tx: Tx,
    key: str,
    targets: Resolution,
    *,
    about: About,
    subject: str,
    severity: int,
    now: datetime,
    via: tuple[str, ...] = VIA,
) -> None:
    await service.page(tx, key=key, targets=targets, via=via, about=about, subject=subject, now=now, severity=severity)
