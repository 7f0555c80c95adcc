"""A run as lanes: one a step, with what was sent, who answered, and what is going to happen. Pure."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Final

from irm.i18n import Translator
from irm.notify.views import Delivery
from irm.notify.words import CHANNEL_NAMES
from irm.playbooks.queries import RunStanding, StepStanding
from irm.playbooks.wording import PREFERRED
from irm.web.charts import MarkState, PlanLane, PlanMark

FALLBACK: Final = "sent"


def lanes_of(run: RunStanding, deliveries: Sequence[Delivery], t: Translator) -> list[PlanLane]:
    """In the order of the playbook's steps; a lane without marks says why nothing happens in it."""
    titles = {step.id: t.of(step.title) or step.id for step in run.steps}
    return [
        _lane(run, step, [one for one in deliveries if one.run_id == run.id and one.step_id == step.id], titles, t)
        for step in run.steps
    ]


def _lane(
    run: RunStanding, step: StepStanding, sent: Sequence[Delivery], titles: Mapping[str, str], t: Translator
) -> PlanLane:
    marks = [
        PlanMark(
            one.sent_at or one.created_at, _state(one), one.name or one.organization, detail=_channel(one.channel, t)
        )
        for one in sent
        if one.purpose != "report"
    ]
    if not sent and step.opened_at is not None:
        # A report, a task or a wait: it began, and perhaps is done.
        state: MarkState = "acknowledged" if step.done_at else "waiting"
        marks.append(PlanMark(step.opened_at, state, t.of(step.title) or step.id, until=step.done_at))
    note = ""
    for one in run.coming:
        if one.step != step.id:
            continue
        if one.at is None:
            note = _waits(one.waits_for, titles, t)
            continue
        who = t(", ").join(asked.person or asked.organization for asked in one.asked) or t.of(one.title) or step.id
        marks.append(PlanMark(one.at, "planned", who, detail=t(", ").join(_channel(via, t) for via in one.via)))
    if not marks and not note:
        note = _outcome(step, t)
    return PlanLane(t.of(step.title) or step.id, sorted(marks, key=_at), note)


def _at(mark: PlanMark) -> datetime:
    return mark.at


def _channel(name: str, t: Translator) -> str:
    return t(PREFERRED if name == "preferred" else CHANNEL_NAMES.get(name, name))


def _state(one: Delivery) -> MarkState:
    if one.acknowledged_at is not None:
        return "acknowledged"
    match one.status:
        case "failed" | "skipped" | "cancelled":
            return one.status
        case _:
            return "waiting" if one.awaits else FALLBACK


def _waits(what: str, titles: Mapping[str, str], t: Translator) -> str:
    match what:
        case "condition":
            return t("sleeps until its condition holds")
        case "nothing_owed":
            return t("nothing owed yet")
        case "incident.handled":
            return t("waits for the end of handling")
        case _:
            return t("after “%(step)s”", step=titles.get(what, what))


def _outcome(step: StepStanding, t: Translator) -> str:
    return {
        "skipped": t("not needed"),
        "superseded": t("no longer needed"),
        "exhausted": t("nobody answered"),
    }.get(step.outcome or "", t("done") if step.done_at else "")
