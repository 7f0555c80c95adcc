"""What every room must know of a drill: which subjects belong to one, its clock, and the only people it may reach.

The drills room writes it (`open_exercise`, `add_subject`, …), the rooms below read it: messages ask `obstacle` at the last
moment before anything is sent, playbook runs and duties take their clock from it.
"""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final
from uuid import UUID

from sqlalchemy import ForeignKey, delete, select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Mapped, mapped_column

from irm.db import Base, Tx
from irm.exercise_clock import ExerciseClock, clock_of

NO_DRILL: Final = "no_drill"
DRILL_OVER: Final = "drill_over"
NOT_PARTICIPANT: Final = "not_participant"
OWN: Final = "drill/"
"""Subjects that are the drill itself, not what happens in it."""


class ExerciseRow(Base):
    """One drill that was begun. `id` is the drill's."""

    __tablename__ = "exercise"

    id: Mapped[UUID] = mapped_column(primary_key=True)
    clock: Mapped[list[dict[str, Any]]]
    ended_at: Mapped[datetime | None]


class ExerciseSubjectRow(Base):
    """`incident/<id>` or `drill/<id>`: what lies under it belongs to the drill, for ever."""

    __tablename__ = "exercise_subject"

    subject: Mapped[str] = mapped_column(primary_key=True)
    exercise_id: Mapped[UUID] = mapped_column(ForeignKey("exercise.id"), index=True)


class ExerciseMemberRow(Base):
    __tablename__ = "exercise_member"

    exercise_id: Mapped[UUID] = mapped_column(ForeignKey("exercise.id"), primary_key=True)
    person_id: Mapped[UUID] = mapped_column(ForeignKey("person.id"), primary_key=True)


@dataclass(frozen=True)
class Exercise:
    id: UUID
    clock: ExerciseClock
    members: frozenset[UUID]
    is_over: bool


def obstacle(exercise: Exercise | None, person_id: UUID | None, *, marked: bool) -> str | None:
    """Why a message must not leave, or None. Pure; when in doubt nothing leaves.

    `marked`: whoever planned the message calls it an exercise. A person is reached only as a participant of a drill that
    is not over; a desk or a post, which has no person, never is.
    """
    if exercise is None:
        return NO_DRILL if marked else None
    if exercise.is_over:
        return DRILL_OVER
    return None if person_id in exercise.members else NOT_PARTICIPANT


def root_of(subject: str) -> str:
    """`incident/<id>` of whatever lies under it."""
    return "/".join(subject.split("/")[:2])


async def exercise_of(tx: Tx, subject: str) -> Exercise | None:
    """The drill that a subject belongs to; None for everything real."""
    row = await tx.scalar(
        select(ExerciseRow)
        .join(ExerciseSubjectRow, ExerciseSubjectRow.exercise_id == ExerciseRow.id)
        .where(ExerciseSubjectRow.subject == root_of(subject))
        .execution_options(populate_existing=True)
    )
    if row is None:
        return None
    # That it is over, and what is to be evaluated, is still told to those who took part.
    is_over = row.ended_at is not None and not subject.startswith(OWN)
    members = await tx.scalars(select(ExerciseMemberRow.person_id).where(ExerciseMemberRow.exercise_id == row.id))
    return Exercise(row.id, clock_of(row.clock), frozenset(members), is_over)


async def clocks_of(tx: Tx, subjects: Collection[str]) -> dict[str, ExerciseClock]:
    """The drill's clock of each subject that belongs to one, by the subject as it was given."""
    roots = {one: root_of(one) for one in subjects}
    if not roots:
        return {}
    rows = await tx.execute(
        select(ExerciseSubjectRow.subject, ExerciseRow.clock)
        .join(ExerciseRow, ExerciseRow.id == ExerciseSubjectRow.exercise_id)
        .where(ExerciseSubjectRow.subject.in_(set(roots.values())))
    )
    clocks = {subject: clock_of(clock) for subject, clock in rows.all()}
    return {one: clocks[root] for one, root in roots.items() if root in clocks}


async def subjects_of(tx: Tx, exercise_id: UUID) -> list[str]:
    rows = await tx.scalars(
        select(ExerciseSubjectRow.subject)
        .where(ExerciseSubjectRow.exercise_id == exercise_id)
        .order_by(ExerciseSubjectRow.subject)
    )
    return list(rows)


async def open_exercise(tx: Tx, exercise_id: UUID, clock: ExerciseClock, *, subject: str) -> None:
    tx.add(ExerciseRow(id=exercise_id, clock=clock.to_json(), ended_at=None))
    await tx.flush()
    await add_subject(tx, exercise_id, subject)


async def add_subject(tx: Tx, exercise_id: UUID, subject: str) -> None:
    row = insert(ExerciseSubjectRow).values(subject=subject, exercise_id=exercise_id)
    await tx.execute(row.on_conflict_do_nothing(index_elements=["subject"]))


async def set_members(tx: Tx, exercise_id: UUID, people: frozenset[UUID]) -> None:
    """Replaces them."""
    await tx.execute(delete(ExerciseMemberRow).where(ExerciseMemberRow.exercise_id == exercise_id))
    if people:
        rows = [{"exercise_id": exercise_id, "person_id": one} for one in sorted(people)]
        await tx.execute(insert(ExerciseMemberRow), rows)


async def set_clock(tx: Tx, exercise_id: UUID, clock: ExerciseClock) -> None:
    row = await tx.get_one(ExerciseRow, exercise_id)
    row.clock = clock.to_json()
    await tx.flush()


async def end_exercise(tx: Tx, exercise_id: UUID, now: datetime) -> None:
    """From now on nothing of it reaches anybody."""
    row = await tx.get_one(ExerciseRow, exercise_id)
    row.ended_at = now
    await tx.flush()
