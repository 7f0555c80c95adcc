"""Evaluators fill in the sheet of A.9, blind to each other until all have handed in or the director has closed."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.dialects.postgresql import insert

from irm.access import queries as access
from irm.access.policy import Principal
from irm.db import Tx
from irm.drills.access import locked, part_of
from irm.drills.models import DrillEvaluationRow, DrillParticipantRow, DrillRow
from irm.drills.planning import tell, text_faults
from irm.drills.policy import drill_policy
from irm.drills.schemas import Score
from irm.drills.scoring import Result, Sheet, faults_of, is_complete, may_read, result_of
from irm.drills.vocabulary import HELD, Part, Status
from irm.errors import Conflict, FieldError, Forbidden, Invalid
from irm.i18n import N_

OPEN = (Status.RUNNING, Status.ENDED)


@dataclass(frozen=True)
class SheetOf:
    person: UUID
    name: str
    handed_in_at: datetime | None
    scores: Mapping[str, Any]
    advice: Mapping[str, str]
    overall: str


@dataclass(frozen=True)
class Evaluation:
    """What the reader may see: his own sheet, and everybody's with the result once it is closed."""

    evaluators: int
    handed_in: int
    is_closed: bool
    sheets: tuple[SheetOf, ...]
    result: Result | None

    @property
    def waiting_for(self) -> int:
        return self.evaluators - self.handed_in


async def write_sheet(tx: Tx, row: DrillRow, given: Score, *, by: Principal, now: datetime) -> None:
    """Keep one's own sheet; with `hand_in` it is final. When the last one is handed in the evaluation closes. Locks the
    drill."""
    row = await locked(tx, row.id)
    if await part_of(tx, row.id, by.person_id) is not Part.EVALUATOR:
        raise Forbidden(N_("Only evaluators of this drill fill in the sheet."))
    if Status(row.status) not in OPEN:
        raise Conflict(
            N_("The evaluation is closed.") if Status(row.status) in HELD else N_("The drill has not begun.")
        )
    if given.hand_in and row.status != Status.ENDED:
        raise Conflict(N_("The drill is still under way; hand in when it is over."))
    own = await tx.get(DrillEvaluationRow, (row.id, by.person_id))
    if own is not None and own.handed_in_at is not None:
        raise Conflict(N_("You have handed in your sheet."))
    _check(given)
    values = {
        "scores": dict(given.scores),
        "advice": {item: text.strip() for item, text in given.advice.items() if text.strip()},
        "overall": given.overall.strip(),
        "written_at": now,
        "handed_in_at": now if given.hand_in else None,
    }
    await tx.execute(
        insert(DrillEvaluationRow)
        .values(drill_id=row.id, person_id=by.person_id, **values)
        .on_conflict_do_update(index_elements=["drill_id", "person_id"], set_=values)
    )
    if not given.hand_in:
        return
    await tell(tx, "drill.sheet_handed_in", row, by=by, now=now)
    evaluators, handed_in = await _counted(tx, row.id)
    if is_complete(evaluators, handed_in):
        await _close(tx, row, by=by, now=now)


async def close_evaluation(tx: Tx, row: DrillRow, *, by: Principal, now: datetime) -> None:
    """The director does not wait for the rest. The caller has asked whether he directs it."""
    row = await locked(tx, row.id)
    if row.status != Status.ENDED:
        raise Conflict(N_("Only the evaluation of a drill that is over can be closed."))
    await _close(tx, row, by=by, now=now)


async def evaluation_of(tx: Tx, row: DrillRow, by: Principal) -> Evaluation:
    is_closed = row.evaluated_at is not None
    rows = list(
        await tx.scalars(
            select(DrillEvaluationRow)
            .where(DrillEvaluationRow.drill_id == row.id)
            .order_by(DrillEvaluationRow.person_id)
            .execution_options(populate_existing=True)
        )
    )
    evaluators, handed_in = await _counted(tx, row.id)
    seen = [
        one
        for one in rows
        if may_read(is_own=one.person_id == by.person_id, is_closed=is_closed)
        and (one.handed_in_at is not None or one.person_id == by.person_id)
    ]
    names = await access.person_names(tx, [one.person_id for one in seen])
    sheets = tuple(
        SheetOf(one.person_id, names.get(one.person_id, ""), one.handed_in_at, one.scores, one.advice, one.overall)
        for one in seen
    )
    result = result_of(Sheet(one.scores, one.handed_in_at is not None) for one in rows) if is_closed and rows else None
    return Evaluation(evaluators, handed_in, is_closed, sheets, result)


async def _close(tx: Tx, row: DrillRow, *, by: Principal, now: datetime) -> None:
    row.status, row.evaluated_at = Status.EVALUATED.value, now
    await tx.flush()
    evaluators, handed_in = await _counted(tx, row.id)
    await tell(tx, "drill.evaluated", row, by=by, now=now, evaluators=evaluators, handed_in=handed_in)


async def _counted(tx: Tx, drill_id: UUID) -> tuple[int, int]:
    evaluators = set(
        await tx.scalars(
            select(DrillParticipantRow.person_id).where(
                DrillParticipantRow.drill_id == drill_id, DrillParticipantRow.part == Part.EVALUATOR.value
            )
        )
    )
    handed = set(
        await tx.scalars(
            select(DrillEvaluationRow.person_id).where(
                DrillEvaluationRow.drill_id == drill_id, DrillEvaluationRow.handed_in_at.is_not(None)
            )
        )
    )
    return len(evaluators), len(evaluators & handed)


def _check(given: Score) -> None:
    faults = [
        FieldError(f"scores.{item}", words) for item, words in faults_of(given.scores, whole=given.hand_in).items()
    ]
    most = drill_policy().longest_text
    texts = {"overall": given.overall, **{f"advice.{item}": text for item, text in given.advice.items()}}
    faults += text_faults(texts, dict.fromkeys(texts, most))
    if faults:
        raise Invalid(N_("Please correct what is marked."), errors=faults)
