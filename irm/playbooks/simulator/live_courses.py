"""The courses of runs that are under way: what has happened, by their turns taken again, and what comes if nobody answers.

The past is not put together from messages: the engine that gave it gives it once more, as `irm playbook replay` does.
"""

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from uuid import UUID

from sqlalchemy import select

from irm.access.queries import organization_names
from irm.db import Tx
from irm.playbooks import engine, signals as s
from irm.playbooks.models import PlaybookRow, RunInboxRow, RunRow
from irm.playbooks.publishing import frozen
from irm.playbooks.queries import RunStanding
from irm.playbooks.replaying import STARTED, Turn
from irm.playbooks.runner import state_of, timebase_of
from irm.playbooks.simulator.course import ITSELF, Course, LimitLine, in_order, reader_of, unbegun
from irm.playbooks.simulator.timeline import MOST_TICKS, Line
from irm.playbooks.state import RunState
from irm.playbooks.steps import Playbook, Report

Who = Mapping[tuple[str, int, str], Sequence[str]]
"""(step, rung, organization) → names of those who were or will be called."""


@dataclass(frozen=True)
class LiveCourse:
    course: Course
    names: Mapping[str, str]
    """Organizations by id."""


async def courses_of(
    tx: Tx,
    runs: Sequence[RunStanding],
    *,
    now: datetime,
    own: Collection[UUID] | None,
    limits: Sequence[LimitLine] = (),
    who: Mapping[UUID, Who] | None = None,
) -> dict[UUID, LiveCourse]:
    """By run; without those that have not begun, or whose past cannot be taken again. `own`: only what concerns these
    organizations. `limits` stand in the courses of playbooks that report, or, where none does, in the first."""
    rows = await tx.execute(
        select(RunRow, PlaybookRow)
        .join(PlaybookRow, PlaybookRow.id == RunRow.playbook_row_id)
        .where(RunRow.id.in_([run.id for run in runs]))
    )
    known = {run.id: (run, frozen(row.id, row.source)) for run, row in rows.all()}
    turns = await _turns(tx, list(known))
    found: dict[UUID, Course] = {}
    for run in runs:
        row, playbook = known[run.id]
        course = _course(row, playbook, turns.get(run.id, []), now)
        if course is not None:
            shown = frozenset(step.id for step in run.steps)
            found[run.id] = _of_reader(course, shown, own, (who or {}).get(run.id, {}))
    reporting = [run for run in found if _reports(known[run][1])] or list(found)[:1]
    names = await _names(tx, found.values(), limits)
    return {
        run: LiveCourse(replace(course, limits=tuple(limits) if run in reporting else ()), names)
        for run, course in found.items()
    }


def live_course(playbook: Playbook, lines: Sequence[Line], state: RunState, *, now: datetime) -> Course | None:
    """Pure; all in run time: the wall's, or in a drill that of its clock. None where nothing was done or will be."""
    ahead, last = _ahead(playbook, state, now)
    reader = reader_of(playbook, [*lines, *ahead])
    spans = [replace(span, has_happened=span.begin <= now) for span in reader.spans(last)]
    if not spans:
        return None
    titles = {step.id: step.title for step in playbook.steps}
    begin = min(span.begin for span in spans)
    return Course(begin, in_order(spans), unbegun=unbegun(playbook, last), now=now, titles=titles)


def past_of(playbook: Playbook, turns: Sequence[Turn]) -> tuple[Line, ...]:
    """What the turns had done, in order. Raises whatever a past raises that was tampered with."""
    lines: list[Line] = []
    state: RunState | None = None
    for turn in turns:
        if turn.kind == STARTED:
            step = engine.start(playbook, turn.body["facts"], turn.at)
        elif state is not None:
            step = engine.advance(playbook, state, s.event_from_json(turn.kind, turn.body), turn.at)
        else:
            continue
        state = step.state
        lines += (Line(turn.at, effect) for effect in step.effects)
    return tuple(lines)


def _ahead(playbook: Playbook, state: RunState, now: datetime) -> tuple[list[Line], RunState]:
    """If nobody answers and nothing changes."""
    lines: list[Line] = []
    last = now
    for _ in range(MOST_TICKS):
        if state.status != "running" or state.next_at is None:
            break
        last = max(state.next_at, last)
        step = engine.advance(playbook, state, s.Tick(), last)
        lines += (Line(last, effect) for effect in step.effects)
        state = step.state
    return lines, state


def _course(run: RunRow, playbook: Playbook, turns: Sequence[Turn], now: datetime) -> Course | None:
    state = state_of(run)
    if state is None:
        return None
    try:
        past = past_of(playbook, turns)
    except Exception:  # noqa: BLE001 - a past that was tampered with may be anything; the page of the replay names it
        return None
    return live_course(playbook, past, state, now=timebase_of(run).run(now))


def _of_reader(course: Course, shown: frozenset[str], own: Collection[UUID] | None, who: Who) -> Course:
    lanes = None if own is None else {ITSELF, *(str(one) for one in own)}
    spans = tuple(
        replace(span, who=tuple(dict.fromkeys(who.get((span.step, span.rung, span.lane), ()))))
        for span in course.spans
        if span.step in shown and (lanes is None or span.lane in lanes)
    )
    return replace(course, spans=spans, unbegun=tuple(one for one in course.unbegun if one.step in shown))


def _reports(playbook: Playbook) -> bool:
    return any(isinstance(step.action, Report) for step in playbook.steps)


async def _turns(tx: Tx, runs: Sequence[UUID]) -> dict[UUID, list[Turn]]:
    rows = await tx.scalars(
        select(RunInboxRow)
        .where(RunInboxRow.run_id.in_(runs), RunInboxRow.turn.is_not(None))
        .order_by(RunInboxRow.run_id, RunInboxRow.turn)
    )
    found: dict[UUID, list[Turn]] = {}
    for row in rows:
        found.setdefault(row.run_id, []).append(Turn(row.turn or 0, row.kind, row.body, row.consumed_at or row.at))
    return found


async def _names(tx: Tx, courses: Collection[Course], limits: Sequence[LimitLine]) -> Mapping[str, str]:
    lanes = {span.lane for course in courses for span in course.spans} | {one.bearer for one in limits}
    ids = set(_ids(lanes))
    return {str(one): name for one, name in (await organization_names(tx, ids)).items()}


def _ids(lanes: Collection[str]) -> Iterator[UUID]:
    for lane in lanes:
        try:
            yield UUID(lane)
        except ValueError:
            continue
