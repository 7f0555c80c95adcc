"""The runs of an incident, drawn: what has happened, what comes if nobody answers, and the limits of its duties as lines."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from uuid import UUID

from irm.access.policy import Permission, Principal, reach
from irm.db import Tx
from irm.i18n import Translator
from irm.incidents.queries import Sight
from irm.notify.views import Delivery
from irm.obligations import queries as obligations
from irm.obligations.views import Obligation
from irm.playbooks.queries import RunStanding
from irm.playbooks.simulator.course import LimitLine, Verdict
from irm.playbooks.simulator.drawing import NARROW
from irm.playbooks.simulator.drawn import Figure, figure
from irm.playbooks.simulator.live_courses import courses_of

GONE = frozenset({"superseded", "waived", "returned"})


async def figures_of(
    tx: Tx,
    sight: Sight,
    by: Principal,
    t: Translator,
    runs: Sequence[RunStanding],
    messages: Sequence[Delivery],
    *,
    now: datetime,
) -> dict[UUID, Figure]:
    """By run; one that cannot be drawn is left out. A reader with a share sees the lanes and limits of his own."""
    if not runs:
        return {}
    owed = await obligations.obligations_of(
        tx, sight.incident.subject, now=now, reach=reach(by, Permission.READ_OBLIGATIONS)
    )
    limits = [limit for one in owed if one.status not in GONE and (limit := limit_of(one)) is not None]
    own = None if sight.everything else sight.organizations
    who = {run.id: _called(run, messages) for run in runs}
    courses = await courses_of(tx, runs, now=now, own=own, limits=_once(limits), who=who)
    return {
        run.id: figure(
            courses[run.id].course,
            t,
            key=f"run-{number}",
            title=t.of(run.title),
            width=NARROW,
            names=courses[run.id].names,
            href=lambda step, run=run: f"/incidents/{sight.incident.number}/paging#step-{run.id}-{step}",  # type: ignore[misc]  # the default binds
        )
        for number, run in enumerate(runs, 1)
        if run.id in courses
    }


def limit_of(one: Obligation) -> LimitLine | None:
    """None where no figure limits it. A draft that is planned says nothing here: only what was handed over counts."""
    at = one.limit_at
    if at is None:
        return None
    verdict: Verdict = "open"
    if one.submitted_at is not None:
        verdict = "handed_in_time" if one.submitted_at <= at else "handed_late"
    return LimitLine(
        at=at,
        rule=one.rule_id,
        title=one.title,
        citation=one.citation,
        standing="internal" if one.due_at is None else one.standing,
        bearer=str(one.bearer.id),
        recipient=one.recipient.kind,
        started_at=one.started_at,
        verdict=verdict,
        ready_at=one.submitted_at,
        href=f"/obligations/{one.id}",
    )


def _once(limits: Sequence[LimitLine]) -> list[LimitLine]:
    """Several recipients of one report have one line while it stands alike with them."""
    found: dict[tuple[object, ...], LimitLine] = {}
    for one in sorted(limits, key=lambda each: (each.at, each.rule)):
        found.setdefault((one.rule, one.at, one.bearer, one.verdict), one)
    return list(found.values())


def _called(run: RunStanding, messages: Sequence[Delivery]) -> Mapping[tuple[str, int, str], list[str]]:
    """Persons by step, rung and organization: those whom a message went to, and those whom the plan means."""
    found: dict[tuple[str, int, str], list[str]] = {}
    for message in messages:
        if message.run_id == run.id and message.step_id and message.name and message.purpose != "report":
            found.setdefault((message.step_id, message.rung, str(message.organization_id)), []).append(message.name)
    for coming in run.coming:
        for asked in coming.asked:
            if asked.person:
                found.setdefault((coming.step, coming.rung, str(asked.organization_id)), []).append(asked.person)
    return found
