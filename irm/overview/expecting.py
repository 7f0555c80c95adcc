"""What the rooms' own records say should have happened by now: marks, timers, messages, tasks, the ledger's tree."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any, Final, cast
from uuid import UUID

from sqlalchemy import Text, and_, case, cast as as_type, exists, func, literal, or_, select

from irm.db import Tx
from irm.exercise import clocks_of
from irm.jobs import JobRow
from irm.ledger import LedgerEntryRow, LedgerPendingRow
from irm.notify.models import DeliveryRow
from irm.notify.writing import DELIVER
from irm.obligations import owed
from irm.obligations.models import ObligationRow
from irm.obligations.policy import entry_policy, standing_of
from irm.obligations.settling import REMIND
from irm.overview.auditing import Expected, Kind, Owing, of_duty
from irm.overview.policy import figures
from irm.playbooks.inbox import ADVANCE
from irm.playbooks.models import RunInboxRow, RunRow

JUDGED_BY_THEIR_RECORDS: Final = (REMIND, ADVANCE, DELIVER)
"""Jobs whose lack or delay the mark, the timer or the message itself tells."""


@dataclass(frozen=True)
class Gathered:
    """`full`: kinds of which there may be more than were read; what is not among these is not known to be done."""

    expected: Sequence[Expected]
    full: frozenset[Kind]


async def gather(tx: Tx, now: datetime) -> Gathered:
    """Everything whose moment has come and of which nobody recorded that it happened."""
    parts = (
        await _duties(tx, now),
        await _runs(tx, now),
        await _late_messages(tx, now),
        await _lost_messages(tx, now),
        await _work(tx, now),
        await _recurring(tx, now),
        await _tree(tx),
    )
    full = {one.kind for part in parts if len(part) >= figures().most for one in part}
    return Gathered([one for part in parts for one in part], frozenset(full))


async def _duties(tx: Tx, now: datetime) -> list[Expected]:
    """Only those whose first mark may have come are read, and of these only those that have one to be told."""
    policy = entry_policy().clocks
    spans = [span for each in policy.long for span in (*each.before, each.from_days)]
    limit_at = func.coalesce(ObligationRow.due_at, ObligationRow.internal_due_at)
    is_told = or_(
        literal(owed.DUE_MARK) == ObligationRow.reminded.any_(),
        and_(ObligationRow.due_at.is_(None), literal(owed.INTERNAL_MARK) == ObligationRow.reminded.any_()),
    )
    rows = (
        await tx.execute(
            select(
                ObligationRow.id,
                ObligationRow.subject,
                ObligationRow.kind,
                ObligationRow.force,
                ObligationRow.started_at,
                ObligationRow.arose_at,
                ObligationRow.due_at,
                ObligationRow.internal_due_at,
                ObligationRow.reminded,
                ObligationRow.overdue_at,
                ObligationRow.exercise,
            ).where(
                ObligationRow.status == "open",
                limit_at <= now + max(spans, default=timedelta(0)),
                ~is_told,
            )
        )
    ).all()
    clocks = await clocks_of(tx, {row.subject for row in rows if row.exercise})
    owing = []
    for row in rows:
        if row.exercise and (clock := clocks.get(row.subject)) is not None and clock.is_paused:
            continue  # while a drill's clock stands nobody is reminded
        term = owed.Term(
            kind=cast("owed.Kind", row.kind),
            standing=standing_of(row.force),
            started_at=row.started_at,
            arose_at=row.arose_at,
            due_at=row.due_at,
            internal_due_at=row.internal_due_at,
        )
        one = Owing(row.id, term, row.reminded, row.overdue_at, row.exercise)
        if of_duty(one, policy, now) is not None:
            owing.append(one)
    owing = owing[: figures().most]
    set_at = await _timers_set_at(tx, owing)
    found = [of_duty(replace(one, timers_set_at=set_at.get(one.id)), policy, now) for one in owing]
    return [one for one in found if one is not None]


async def _timers_set_at(tx: Tx, owing: Sequence[Owing]) -> dict[UUID, datetime]:
    """When the last of each one's reminders was written."""
    policy = entry_policy().clocks
    keys = [f"{REMIND}:{one.id}:{mark.name}" for one in owing for mark in owed.marks(one.term, policy)]
    found: dict[UUID, datetime] = {}
    rows = await tx.execute(select(JobRow.key, JobRow.created_at).where(JobRow.key.in_(keys)))
    for key, at in rows.all():
        known = UUID(str(key).split(":")[1])
        found[known] = max(at, found.get(known, at))
    return found


async def _runs(tx: Tx, now: datetime) -> list[Expected]:
    """A timer that has come, an answer that was not read, a beginning that nobody made."""
    told = (
        select(RunInboxRow.run_id, func.min(RunInboxRow.at).label("at"))
        .where(RunInboxRow.consumed_at.is_(None))
        .group_by(RunInboxRow.run_id)
        .subquery()
    )
    # `least` passes over what is NULL.
    moments = func.least(RunRow.next_at, told.c.at, case((RunRow.state.is_(None), RunRow.started_at)))
    rows = await tx.execute(
        select(RunRow.id, moments.label("at"), RunRow.exercise)
        .outerjoin(told, told.c.run_id == RunRow.id)
        .where(RunRow.status == "running", moments <= now)
        .order_by(moments)
        .limit(figures().most)
    )
    return [Expected("run", str(run), at, "", {"run": str(run)}, exercise=exercise) for run, at, exercise in rows.all()]


async def _late_messages(tx: Tx, now: datetime) -> list[Expected]:
    """Those whose turn has come and that have not left; what is being sent at this moment has its turn."""
    rows = (
        await tx.execute(
            select(JobRow.args, func.greatest(JobRow.run_at, JobRow.lease_until))
            .where(JobRow.name == DELIVER, *_comes_and_waits(now))
            .order_by(JobRow.run_at)
            .limit(figures().most)
        )
    ).all()
    alone = {UUID(args["delivery"]): at for args, at in rows if "delivery" in args}
    bundled = {UUID(args["bundle"]): at for args, at in rows if "bundle" in args}
    carried = await tx.execute(
        select(DeliveryRow.id, DeliveryRow.bundle_id, DeliveryRow.exercise)
        .where(or_(DeliveryRow.id.in_(alone), DeliveryRow.bundle_id.in_(bundled)))
        .order_by(DeliveryRow.id)
    )
    found: dict[UUID, Expected] = {}
    for delivery, bundle, exercise in carried.all():
        message = delivery if delivery in alone or bundle is None else bundle
        at = alone.get(message) or bundled[message]
        place = {"delivery": str(delivery)}
        found.setdefault(message, Expected("page", str(message), at, "", place, exercise=exercise))
    return list(found.values())


async def _lost_messages(tx: Tx, now: datetime) -> list[Expected]:
    """Those that nothing is going to send any more. What irm gave up stands on the board already."""
    key = literal(f"{DELIVER}/") + func.coalesce(
        literal("bundle/") + as_type(DeliveryRow.bundle_id, Text), as_type(DeliveryRow.id, Text)
    )
    rows = await tx.execute(
        select(DeliveryRow.id, DeliveryRow.due_at, DeliveryRow.exercise)
        .where(
            or_(
                DeliveryRow.status == "waiting",
                and_(
                    DeliveryRow.status == "sending",
                    DeliveryRow.created_at > now - timedelta(days=figures().sending_days),
                ),
            ),
            DeliveryRow.due_at <= now,
            ~exists().where(
                JobRow.key == key,
                JobRow.outcome.is_distinct_from("cancelled"),
                or_(JobRow.done_at.is_(None), JobRow.outcome == "dead"),
            ),
        )
        .order_by(DeliveryRow.due_at)
        .limit(figures().most)
    )
    return [
        Expected("page", str(delivery), at, "lost", {"delivery": str(delivery)}, exercise=exercise)
        for delivery, at, exercise in rows.all()
    ]


async def _work(tx: Tx, now: datetime) -> list[Expected]:
    rows = await tx.execute(
        select(JobRow.id, JobRow.name, JobRow.args, JobRow.queue, func.greatest(JobRow.run_at, JobRow.lease_until))
        .where(JobRow.name.not_in(JUDGED_BY_THEIR_RECORDS), *_comes_and_waits(now))
        .order_by(JobRow.run_at)
        .limit(figures().most)
    )
    return [
        Expected("work", str(job), at, name, _place(args), is_bulk=queue == "bulk")
        for job, name, args, queue, at in rows.all()
    ]


def _comes_and_waits(now: datetime) -> tuple[Any, ...]:
    free = or_(JobRow.lease_until.is_(None), JobRow.lease_until <= now)
    return (JobRow.done_at.is_(None), JobRow.run_at <= now, free)


def _place(args: dict[str, Any]) -> dict[str, str]:
    names = ("delivery", "obligation", "submission", "run", "subject")
    return {name: args[name] for name in names if isinstance(args.get(name), str)}


async def _recurring(tx: Tx, now: datetime) -> list[Expected]:
    """Occurrences that have come and that no dispatcher wrote. Of what asks first whether there is anything to do, this
    cannot be known; of the ledger's tree `_tree` tells."""
    come = {
        each.key(at := each.every.latest(now)): (each.name, at) for each in tx.wiring.recurring if each.when is None
    }
    written = set(await tx.scalars(select(JobRow.key).where(JobRow.key.in_(come))))
    return [Expected("recurring", name, at, name) for key, (name, at) in come.items() if key not in written]


async def _tree(tx: Tx) -> list[Expected]:
    """The entry that has waited longest for its place."""
    at = await tx.scalar(
        select(func.min(LedgerEntryRow.at)).join(LedgerPendingRow, LedgerPendingRow.entry_id == LedgerEntryRow.id)
    )
    return [] if at is None else [Expected("ledger", "tree", at)]
