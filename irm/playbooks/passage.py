"""What a run's playbook asks for, step by step, beside what became of it; and which playbooks did not start, and why."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Literal
from uuid import UUID

from sqlalchemy import select

from irm.db import Tx
from irm.playbooks.calling import CallStanding, calls_of
from irm.playbooks.models import PlaybookRow, RunRow
from irm.playbooks.publishing import active_playbooks, frozen
from irm.playbooks.queries import RunStanding, StepStanding, Texts, runs_of
from irm.playbooks.steps import Facts, Page, Playbook, Step, Target, targets_of


@dataclass(frozen=True)
class RungAsked:
    """`due_at`: when it is, or was, to begin if nobody answers before; None while its step has not begun."""

    number: int
    targets: tuple[Target, ...]
    via: tuple[str, ...]
    every: timedelta | None
    within: timedelta
    due_at: datetime | None


@dataclass(frozen=True)
class Passage:
    """One step: what is written, and where it stands. `rungs` of a page, `targets` of all else; what a call brought."""

    standing: StepStanding
    rungs: tuple[RungAsked, ...]
    targets: tuple[Target, ...]
    call: CallStanding | None
    playbook: Playbook


@dataclass(frozen=True)
class RunPassage:
    run: RunStanding
    passages: tuple[Passage, ...]


@dataclass(frozen=True)
class Unstarted:
    """An active playbook for incidents that runs on none of these subjects. `reason`: `not_verified` (nobody has
    confirmed the incident yet), `condition` (`when` does not hold), `fallback` (another one answers)."""

    playbook: str
    version: int
    title: Texts
    reason: Literal["not_verified", "condition", "fallback"]
    when: str | None


async def passages_of(tx: Tx, subject: str, *, now: datetime, own: Collection[UUID] | None = None) -> list[RunPassage]:
    """Every run of the subject and of what lies under it; `own` as in `queries.runs_of`."""
    runs = await runs_of(tx, subject, now=now, own=own)
    rows = await tx.execute(
        select(RunRow.id, PlaybookRow)
        .join(PlaybookRow, PlaybookRow.id == RunRow.playbook_row_id)
        .where(RunRow.id.in_([run.id for run in runs]))
    )
    playbooks = {run_id: frozen(row.id, row.source) for run_id, row in rows.all()}
    asking = [run.id for run in runs if any(step.kind == "call" for step in run.steps)]
    calls = await calls_of(tx, asking) if asking else {}
    return [RunPassage(run, tuple(_passages(run, playbooks[run.id], calls))) for run in runs]


def _passages(run: RunStanding, playbook: Playbook, calls: Mapping[tuple[UUID, str], CallStanding]) -> list[Passage]:
    found = []
    for standing in run.steps:
        step = playbook.step(standing.id)
        if step is None:
            continue
        rungs = rungs_of(step, standing.opened_at)
        call = calls.get((run.id, standing.id))
        found.append(Passage(standing, rungs, () if rungs else targets_of(step.action), call, playbook))
    return found


def rungs_of(step: Step, opened_at: datetime | None) -> tuple[RungAsked, ...]:
    """In order; each is due once those before it have had their time. Pure. In a drill whose clock runs faster, the
    moments are those of the drill's own clock."""
    if not isinstance(step.action, Page):
        return ()
    found: list[RungAsked] = []
    at = opened_at
    for number, rung in enumerate(step.action.rungs, 1):
        found.append(RungAsked(number, rung.to, rung.via, rung.every, rung.within, at))
        at = at + rung.within if at is not None else None
    return tuple(found)


async def unstarted(tx: Tx, *, facts: Facts, running: Collection[str], happened: Sequence[str]) -> list[Unstarted]:
    """`running`: ids of the playbooks that have a run; `happened`: start events that have happened so far."""
    found: list[Unstarted] = []
    for row, playbook in await active_playbooks(tx):
        if playbook.id in running or not any(event.startswith("incident.") for event in playbook.start.on):
            continue
        reason: Literal["not_verified", "condition", "fallback"] = "not_verified"
        if set(playbook.start.on) & set(happened):
            reason = "fallback" if playbook.start.fallback and _holds(playbook, facts) else "condition"
        found.append(Unstarted(playbook.id, row.version, dict(row.title), reason, playbook.start.when_source))
    return found


def _holds(playbook: Playbook, facts: Facts) -> bool:
    try:
        return playbook.start.when is None or playbook.start.when(facts)
    except Exception:  # noqa: BLE001 - a condition that cannot be judged starts its playbook, so it is not why none runs
        return True
