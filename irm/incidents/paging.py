"""Why was nobody paged? Every planned step of every run: when it was due, who was to be reached by what rule, who claimed
each message, what the provider answered, who confirmed it, or why it was left out. In the reader's words."""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from uuid import UUID

from irm.absence import Absence, absences, fell_into
from irm.access import queries as access
from irm.db import Tx
from irm.i18n import N_, Translator
from irm.incidents.lifecycle import Status
from irm.incidents.models import IncidentRow
from irm.incidents.paging_schemas import (
    AttemptLine,
    CallLine,
    MessageLine,
    NotStarted,
    PagingView,
    RungLine,
    RunLine,
    StepLine,
)
from irm.incidents.picture import picture_of
from irm.incidents.queries import Sight
from irm.incidents.run_facts import run_facts, told_by
from irm.notify.queries import HOPEFUL, deliveries_of
from irm.notify.views import UNTOLD, Delivery
from irm.notify.words import ATTEMPT_NAMES, CHANNEL_NAMES, MEANS_NAMES, PURPOSE_NAMES, STATUS_NAMES, reason_of
from irm.playbooks import wording
from irm.playbooks.calling import CallStanding
from irm.playbooks.passage import Passage, RungAsked, RunPassage, passages_of, unstarted
from irm.playbooks.steps import Target
from irm.playbooks.versions import origin_words
from irm.web.wording import duration

LATE_AFTER = timedelta(seconds=30)
"""A rung that is called for so much after its moment is said to be late; what is less is the dispatcher's own pace."""
BY_RULE = {
    "on_duty": N_("by the roster of that moment"),
    "role": N_("by role"),
    "person": N_("by name"),
    "organization": N_("by the organization's own desk"),
}
WHY_NOT_STARTED = {
    "not_verified": N_("the incident is not verified yet"),
    "condition": N_("its condition does not hold"),
    "fallback": N_("another playbook answers instead"),
}


async def paging_of(tx: Tx, sight: Sight, t: Translator, *, now: datetime) -> PagingView:
    """As far as the reader sees: own organizations' share, for the cloud authority all, and what did not start at all."""
    own = None if sight.everything else sight.organizations
    runs = [one for subject in sight.subjects for one in await passages_of(tx, subject, now=now, own=own)]
    sent = [each for subject in sight.subjects for each in await deliveries_of(tx, subject)]
    sent = [one for one in sent if sight.sees(one.organization_id)]
    names = await access.person_names(tx, {one.acknowledged_by for one in sent if one.acknowledged_by})
    known = {one.run.id for one in runs}
    began = min((one.run.started_at for one in runs), default=now)
    told = _Telling(t, now, names, await absences(tx, since=began), sees_all=sight.everything)
    return PagingView(
        number=sight.incident.number,
        as_of=now,
        reached=any(one.purpose == "page" and (one.status in HOPEFUL or one.acknowledged_at) for one in sent),
        runs=[told.run(one, [each for each in sent if each.run_id == one.run.id]) for one in runs],
        others=[told.message(one) for one in sent if one.run_id not in known],
        not_started=await _not_started(tx, sight, runs, t) if sight.everything else [],
    )


async def _not_started(tx: Tx, sight: Sight, runs: Sequence[RunPassage], t: Translator) -> list[NotStarted]:
    row = await tx.get_one(IncidentRow, sight.incident.id)
    facts = run_facts(await picture_of(tx, row, lock=False), told_by=await told_by(tx, row))
    happened = ["incident.reported"]
    if Status(row.status) is not Status.REPORTED:
        happened.append("incident.graded")
    found = await unstarted(tx, facts=facts, running={one.run.playbook for one in runs}, happened=happened)
    return [
        NotStarted(
            one.playbook,
            one.version,
            t.of(one.title),
            one.reason,
            t(WHY_NOT_STARTED[one.reason]),
            (wording.condition_words(one.when, t) or one.when) if one.when else "",
        )
        for one in found
    ]


class _Telling:
    """One reader's language and moment."""

    def __init__(
        self, t: Translator, now: datetime, names: Mapping[UUID, str], away: Sequence[Absence], *, sees_all: bool
    ) -> None:
        self.t = t
        self.sees_all = sees_all
        self.now = now
        self.names = names
        self.absences = away

    def run(self, one: RunPassage, sent: Sequence[Delivery]) -> RunLine:
        run = one.run
        titles = {step.id: self.t.of(step.title) or step.id for step in run.steps}
        return RunLine(
            id=run.id,
            playbook=run.playbook,
            version=run.version,
            origin=origin_words(run.origin, self.t),
            title=self.t.of(run.title),
            status=run.status,
            status_words=self.t(wording.STATUSES.get(run.status, wording.STAGES.get(run.status, run.status))),
            exercise=run.exercise,
            started_at=run.started_at,
            finished_at=run.finished_at,
            steps=[
                self.step(each, one, [row for row in sent if row.step_id == each.standing.id], titles)
                for each in one.passages
            ],
        )

    def step(self, one: Passage, run: RunPassage, sent: Sequence[Delivery], titles: dict[str, str]) -> StepLine:
        t, standing = self.t, one.standing
        coming = [each for each in run.run.coming if each.step == standing.id]
        waits = next((each.waits_for for each in coming if each.at is None), "")
        due = standing.opened_at or min((each.at for each in coming if each.at is not None), default=None)
        paged = [each for each in sent if each.purpose == "page"]
        return StepLine(
            id=standing.id,
            kind=standing.kind,
            kind_words=t(wording.KINDS.get(standing.kind, standing.kind)),
            title=titles[standing.id],
            stage=standing.stage,
            words=wording.stage_words(standing.stage, standing.outcome, t, late=standing.late),
            due_at=due,
            opened_at=standing.opened_at,
            done_at=standing.done_at,
            within_until=standing.due_at,
            late=standing.late,
            why=self._why(one, waits, titles),
            to=[self.target(each) for each in one.targets],
            rungs=[self.rung(each, one, [row for row in paged if row.rung == each.number]) for each in one.rungs],
            messages=[self.message(each) for each in sent if each.purpose != "page" or not one.rungs],
            call=self.call(one.call) if one.call else None,
        )

    def call(self, one: CallStanding) -> CallLine:
        return CallLine(
            endpoint=one.endpoint,
            status=one.status,
            words=self.t(wording.OUTCOMES.get(one.status, wording.STAGES["active"])),
            placed_at=one.placed_at,
            tries=one.tries,
            http_status=one.http_status,
            answered_at=one.answered_at,
            trouble=one.last_error,
            headers=dict(one.headers) if self.sees_all else {},
            answer=one.answer if self.sees_all else "",
            sha256=one.sha256,
            cut=one.is_cut,
            erased=one.is_erased,
        )

    def rung(self, one: RungAsked, passage: Passage, sent: Sequence[Delivery]) -> RungLine:
        first = min((each.created_at for each in sent), default=None)
        late = bool(one.due_at and first and first - one.due_at > LATE_AFTER)
        return RungLine(
            number=one.number,
            to=[self.target(each) for each in one.targets],
            via=[self._channel(each) for each in one.via],
            every_seconds=int(one.every.total_seconds()) if one.every else None,
            within_seconds=int(one.within.total_seconds()),
            due_at=one.due_at,
            called_at=first,
            late=late,
            away=late and fell_into(self.absences, one.due_at) is not None,
            why="" if sent else self._why_no_rung(one, passage),
            messages=[self.message(each, due_at=self._round_due(each, one)) for each in sent],
        )

    def _round_due(self, sent: Delivery, rung: RungAsked) -> datetime | None:
        """When a repetition was to go; the rung itself says it of its first round."""
        if rung.due_at is None or rung.every is None or sent.round <= 1:
            return None
        return rung.due_at + (sent.round - 1) * rung.every

    def message(self, one: Delivery, *, due_at: datetime | None = None) -> MessageLine:
        t = self.t
        missed = fell_into(self.absences, due_at) if one.status not in UNTOLD else None
        answered = ""
        if one.acknowledged_at is not None:
            who = self.names.get(one.acknowledged_by) if one.acknowledged_by else None
            means = t(MEANS_NAMES.get(one.acknowledged_means or "", one.acknowledged_means or ""))
            answered = t("%(name)s, %(means)s", name=who or one.name, means=means)
        untold = one.reason if one.status in {"skipped", "cancelled", "failed", "would_have"} else None
        return MessageLine(
            id=one.id,
            title=t.of(one.titles),
            purpose=t(PURPOSE_NAMES[one.purpose]),
            to=one.name,
            organization=one.organization,
            channel=t(CHANNEL_NAMES.get(one.channel, one.channel)),
            round=one.round,
            planned_at=one.created_at,
            sent_at=one.sent_at,
            status=one.status,
            status_words=t(STATUS_NAMES[one.status]),
            reason=untold,
            reason_words=t(reason_of(untold)) if untold else "",
            answered_at=one.acknowledged_at,
            answered=answered,
            received=one.status == "delivered",
            crossed=one.crossed,
            possibly_duplicate=one.possibly_duplicate,
            away=one.away is not None or (missed is not None and one.created_at >= missed.until),
            carried_with=one.carried_with,
            attempts=[
                AttemptLine(
                    each.attempt,
                    each.started_at,
                    each.finished_at,
                    each.claimed_by,
                    each.outcome,
                    t(ATTEMPT_NAMES[each.outcome]) if each.outcome else t("no outcome recorded: it may have gone out"),
                    each.detail or "",
                    each.late,
                )
                for each in one.attempts
            ],
        )

    def target(self, one: Target) -> str:
        return self.t("%(whom)s (%(rule)s)", whom=wording.target_words(one, self.t), rule=self.t(BY_RULE[one.kind]))

    def _channel(self, name: str) -> str:
        return self.t(wording.PREFERRED if name == "preferred" else CHANNEL_NAMES.get(name, name))

    def _why(self, one: Passage, waits: str, titles: dict[str, str]) -> str:
        """Why the step has not begun, or what put it aside; empty where it did its work."""
        standing, t = one.standing, self.t
        if standing.when is not None and (standing.stage == "dormant" or standing.outcome == "condition"):
            words = wording.condition_words(standing.when, t, one.playbook) or standing.when
            return t("its condition does not hold: %(condition)s", condition=words)
        if standing.stage in {"waiting", "dormant"} and waits:
            return wording.waits_words(waits, titles, t)
        return ""

    def _why_no_rung(self, one: RungAsked, passage: Passage) -> str:
        """Why nobody was called on this rung."""
        standing, t = passage.standing, self.t
        if standing.opened_at is None:
            return t("its step has not begun")
        if standing.done_at is not None or standing.stage in {"done", "skipped", "cancelled"}:
            if standing.outcome in {"acknowledged", "received"} and one.number > 1:
                return t("not called: somebody had answered before")
            words = wording.stage_words(standing.stage, standing.outcome, t)
            return t("not called: %(words)s", words=words)
        if one.due_at is not None and one.due_at > self.now:
            return t("not due yet: in %(span)s, if nobody answers before", span=duration(one.due_at - self.now, t))
        return t("due, and not called yet")
