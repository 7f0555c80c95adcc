"""What a run and its steps are called, for whoever retells them: the ledger keeps only their keys."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Final
from uuid import UUID

from sqlalchemy import select

from irm.db import Tx
from irm.i18n import N_, Translator
from irm.playbooks.models import PlaybookRow, RunRow
from irm.playbooks.publishing import frozen
from irm.playbooks.wording import OUTCOMES

Texts = Mapping[str, str]

RUN_NAMES: Final[Mapping[str, str]] = {
    "run.started": N_("Playbook started"),
    "run.step_opened": N_("Step began"),
    "run.step_done": N_("Step done"),
    "run.exhausted": N_("Nobody answered"),
    "run.expired": N_("Confirmed and let lie; called again"),
    "run.let_lie": N_("Confirmed again and again, and let lie"),
    "run.call_answered": N_("Call of another system"),
    "run.not_begun": N_("A further playbook could not begin"),
    "run.overran": N_("Not done in time"),
    "run.noted": N_("Remark"),
    "run.effect_failed": N_("A step could not be carried out"),
    "run.finished": N_("Playbook finished"),
    "run.joined": N_("Playbook goes on in the main incident"),
    "run.parted": N_("Playbook goes on here again"),
}
"""What the ledger keeps of a run, as a timeline says it."""
LOUD: Final = ("run.exhausted", "run.let_lie", "run.not_begun", "run.effect_failed")
"""What nobody may overlook in it."""
NOT_BEGUN: Final[Mapping[str, str]] = {
    "too_deep": N_("too many playbooks have begun one another"),
    "no_playbook": N_("the city has no such playbook in use"),
}


@dataclass(frozen=True)
class RunTitles:
    """In the words of the version that ran."""

    playbook: Texts
    steps: Mapping[str, Texts]


async def titles_of(tx: Tx, bodies: Iterable[Mapping[str, Any]]) -> Mapping[str, RunTitles]:
    """Of the runs that these bodies of entries name, by id as the ledger writes it."""
    wanted = {UUID(str(body["run"])) for body in bodies if body.get("run")}
    if not wanted:
        return {}
    rows = await tx.execute(
        select(RunRow.id, PlaybookRow.id, PlaybookRow.title, PlaybookRow.source)
        .join(PlaybookRow, PlaybookRow.id == RunRow.playbook_row_id)
        .where(RunRow.id.in_(wanted))
    )
    return {
        str(run): RunTitles(title, {step.id: step.title for step in frozen(row, source).steps})
        for run, row, title, source in rows.all()
    }


def run_words(t: Translator, body: Mapping[str, Any], runs: Mapping[str, RunTitles]) -> str:
    """The step that an entry `run.*` is about, else its playbook; by its key where nobody knows the run any more. Of a call
    also what came back."""
    step, run = str(body.get("step") or ""), runs.get(str(body.get("run")))
    about = step or str(body.get("playbook") or "")
    if run is not None:
        about = t.of(run.steps.get(step, step) if step else run.playbook)
    if "call" in body:
        return " · ".join([about, *answer_words(t, body)])
    if "other" in body:
        reason = str(body.get("reason"))
        return " · ".join([about, str(body["other"]), t(NOT_BEGUN[reason]) if reason in NOT_BEGUN else reason])
    return about


def answer_words(t: Translator, body: Mapping[str, Any]) -> list[str]:
    """How a call ended, by the entry `run.call_answered`."""
    outcome = str(body.get("outcome"))
    said = [t(OUTCOMES[outcome]) if outcome in OUTCOMES else outcome]
    if body.get("http"):
        said.append(f"HTTP {body['http']}")
    if body.get("late"):
        said.append(t("came after the step was over"))
    return said
