"""Tasks that irm gave up: what each was for, in words, and where its subject is found; trying one again."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, Final
from uuid import UUID

from sqlalchemy import select

from irm import performing
from irm.access.policy import Permission, Principal, may, reach
from irm.db import Actor, Tx
from irm.i18n import LOCALES, N_, translator
from irm.incidents.models import IncidentRow
from irm.jobs import JobRow
from irm.notify import dead_work
from irm.notify.models import DeliveryRow
from irm.obligations.models import ObligationRow, SubmissionRow
from irm.overview.board import Need
from irm.playbooks.models import RunRow

MOST: Final = 50
ADVICE: Final = N_("irm tried many times and gave up. Do it by hand where it cannot wait, then have it tried again.")
ANY_WORK: Final = N_("A task in the background was given up")
WORK_NAMES: Final[Mapping[str, str]] = {
    "notify.deliver": N_("A message could not be handed out"),
    dead_work.CALL: N_("Nobody could be called about a task that was given up"),
    "playbooks.advance": N_("An escalation does not go on: nobody further is paged"),
    "incidents.look_again": N_("What a report left out was not looked at again"),
    "obligations.remind": N_("A reminder of a time limit was not sent"),
    "obligations.receipt_alarm": N_("A reminder of a missing receipt was not sent"),
}
"""Msgids by job name; what stands idle, not the machine's word for it."""

Place = tuple[str, str]
"""(number of the subject as people say it, page)."""


async def dead_tasks(tx: Tx, principal: Principal) -> list[Need]:
    """For whoever may have them tried again. The subject is named only to whom may read incidents everywhere."""
    if not may(principal, Permission.RETRY_WORK):
        return []
    rows = list(
        await tx.scalars(
            select(JobRow).where(JobRow.outcome == "dead").order_by(JobRow.done_at.desc(), JobRow.id.desc()).limit(MOST)
        )
    )
    places = await _places(tx, rows) if reach(principal, Permission.READ_INCIDENTS).everything else {}
    needs = []
    for row in rows:
        about, href = places.get(row.id, ("", "/"))
        words = WORK_NAMES.get(row.name, ANY_WORK)
        needs.append(
            Need(
                "dead",
                row.id,
                {locale: translator(locale)(words) for locale in LOCALES},
                about,
                href,
                row.done_at,
                detail="" if row.name in WORK_NAMES else row.name,
                advice=ADVICE,
                acute=True,
            )
        )
    return needs


async def try_again(tx: Tx, job_id: UUID, *, now: datetime, actor: Actor) -> None:
    """The task has all its attempts again; nobody is called about its death any more."""
    await performing.revive(tx, job_id, now=now, actor=actor)
    await dead_work.stop_calling(tx, job_id, now=now)


async def _places(tx: Tx, rows: Sequence[JobRow]) -> dict[UUID, Place]:
    found: dict[UUID, Place] = {}
    for row in rows:
        place = await place_of(tx, row.args)
        if place is not None:
            found[row.id] = place
    return found


async def place_of(tx: Tx, args: Mapping[str, Any]) -> Place | None:
    """From whatever the job was told to work on."""
    if (key := _id(args, "delivery")) and (delivery := await tx.get(DeliveryRow, key)):
        return delivery.about, delivery.path
    if (key := _id(args, "obligation")) and (owed := await tx.get(ObligationRow, key)):
        return owed.number, f"/obligations/{owed.id}"
    if (key := _id(args, "submission")) and (sent := await tx.get(SubmissionRow, key)):
        return sent.number, f"/submissions/{sent.id}"
    subject = str(args.get("subject") or "")
    if (key := _id(args, "run")) and (run := await tx.get(RunRow, key)):
        subject = run.subject
    kind, _, rest = subject.partition("/")
    if kind == "incident" and (key := _uuid(rest.partition("/")[0])) and (one := await tx.get(IncidentRow, key)):
        return one.number, f"/incidents/{one.number}"
    return None


def _id(args: Mapping[str, Any], name: str) -> UUID | None:
    return _uuid(args.get(name))


def _uuid(value: object) -> UUID | None:
    try:
        return UUID(str(value))
    except ValueError:
        return None
