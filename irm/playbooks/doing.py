"""Does what the engine wants done, in the run's transaction: messages, drafts, tasks, ledger entries.

Each effect stands in a savepoint of its own. One that fails for a reason of its own is recorded and the night goes on;
only the database's own trouble ends the transaction, and the job tries again.
"""

from collections.abc import Mapping
from datetime import datetime
from functools import singledispatchmethod
from typing import Any, Final
from uuid import UUID

import structlog
from sqlalchemy.exc import DataError, DBAPIError, IntegrityError

from irm.db import SYSTEM, Tx
from irm.i18n import LOCALES, translator
from irm.ledger import Event, record
from irm.notify import queries as directory, service as messages
from irm.notify.matters import for_matter
from irm.notify.messages import About
from irm.notify.plan import Resolution
from irm.notify.targets import Target as Named
from irm.obligations import drafting, queries as reports
from irm.obligations.views import Named as Desk
from irm.obligations.words import whom
from irm.playbooks import calling, duties, signals as s, tasks
from irm.playbooks.models import RunRow
from irm.playbooks.nesting import MOST_DEEP
from irm.playbooks.publishing import active_playbooks
from irm.playbooks.steps import Audience, Call, Facts, Page, Playbook, Until, targets_of
from irm.playbooks.timebase import Timebase

log = structlog.get_logger(__name__)

FAILED: Final = "failed"


class Doing:
    """The hands of one run during one transaction."""

    def __init__(self, tx: Tx, run: RunRow, playbook: Playbook, base: Timebase, now: datetime) -> None:
        self.tx = tx
        self.run = run
        self.playbook = playbook
        self.base = base
        self.now = now
        self._reached: dict[Audience, Resolution] = {}

    async def all(self, effects: tuple[s.Effect, ...]) -> list[s.Event]:
        """In order. What comes back is what the run has to be told about it."""
        told: list[s.Event] = []
        for effect in effects:
            try:
                async with self.tx.begin_nested():
                    told += await self.do(effect)
            except DBAPIError as failure:
                if not isinstance(failure, IntegrityError | DataError):
                    raise
                told += await self.failed(effect, failure)
            except Exception as failure:  # noqa: BLE001 - one effect must not end the escalation
                told += await self.failed(effect, failure)
        return told

    async def failed(self, effect: s.Effect, failure: Exception) -> list[s.Event]:
        log.error("an effect failed", run=str(self.run.id), effect=type(effect).__name__, exc_info=failure)
        step = getattr(effect, "step", None)
        await self.tell("run.effect_failed", step=step, effect=type(effect).__name__, error=type(failure).__name__)
        if isinstance(effect, s.PageRung):
            return [s.Unreached(effect.step, effect.rung, tuple(a.key for a in effect.audiences), FAILED)]
        if isinstance(effect, s.PlaceCall):
            return [s.CallAnswered(effect.step, FAILED, call=FAILED)]
        return []

    async def existing_obligations(self) -> list[s.Event]:
        """What was owed before the run began."""
        return await duties.told_so_far(self.tx, self.run)

    # -- one effect each

    @singledispatchmethod
    async def do(self, effect: s.Effect) -> list[s.Event]:
        raise TypeError(effect)

    @do.register
    async def _(self, effect: s.StepOpened) -> list[s.Event]:
        await self.tell("run.step_opened", step=effect.step, kind=effect.kind)
        return []

    @do.register
    async def _(self, effect: s.StepDone) -> list[s.Event]:
        await self.tell("run.step_done", step=effect.step, outcome=effect.outcome)
        await tasks.close_step(self.tx, self.run.id, effect.step, now=self.now)
        step = self.playbook.step(effect.step)
        if step is not None and isinstance(step.action, Call):
            await calling.give_up(self.tx, self.run.id, now=self.now, step=step.id)
        return []

    @do.register
    async def _(self, effect: s.Exhausted) -> list[s.Event]:
        await self.tell("run.exhausted", step=effect.step)
        return []

    @do.register
    async def _(self, effect: s.Expired) -> list[s.Event]:
        await self.tell("run.expired", step=effect.step, time=effect.time)
        return []

    @do.register
    async def _(self, effect: s.LetLie) -> list[s.Event]:
        await self.tell("run.let_lie", step=effect.step)
        return []

    @do.register
    async def _(self, effect: s.Overran) -> list[s.Event]:
        await self.tell("run.overran", step=effect.step)
        step = self.playbook.step(effect.step)
        found = Resolution()
        for audience in effect.audiences:
            found += await self.resolve(audience)
        key = f"{effect.step}/overran/{self.run.turns}"
        await self.notice(key, effect.step, found, title=step.title if step else {})
        return []

    @do.register
    async def _(self, effect: s.Noted) -> list[s.Event]:
        detail = {key: value for key, value in effect.detail.items() if isinstance(value, str | int | bool | list)}
        await self.tell("run.noted", step=effect.step, reason=effect.reason, detail=detail)
        return []

    @do.register
    async def _(self, effect: s.Finished) -> list[s.Event]:
        for step in self.playbook.steps:
            if isinstance(step.action, Page):
                for key in self.page_keys(step.id, self.asked(step.id)):
                    await messages.close_page(self.tx, key, now=self.now)
        await tasks.close_run(self.tx, self.run.id, now=self.now)
        await calling.give_up(self.tx, self.run.id, now=self.now)
        await self.tell("run.finished", status=effect.status)
        return []

    @do.register
    async def _(self, effect: s.PageRung) -> list[s.Event]:
        step = self.playbook.step(effect.step)
        told: list[s.Event] = []
        unreached: dict[str, str] = {}
        for audience in effect.audiences:
            found = await self.resolve(audience)
            planned = await messages.page(
                self.tx,
                key=self.page_key(effect.step, audience.key, effect.until),
                targets=found,
                via=_via(effect.via),
                about=self.about(step.title if step else {}),
                subject=self.run.subject,
                now=self.now,
                run_id=self.run.id,
                step_id=effect.step,
                rung=effect.rung,
                round_=effect.round,
                # Each audience of “by all” has a page of its own, closed by the first of its people.
                until="acknowledged" if effect.until is Until.ACKNOWLEDGED_BY_ALL else _until(effect.until),
                severity=self.run.severity,
                urgency=self.run.urgency,
                exercise=self.run.exercise,
            )
            if not planned.reached and not planned.repeated:
                unreached[audience.key] = found.gaps[0].reason if found.gaps else "no_working_address"
        for reason in dict.fromkeys(unreached.values()):
            keys = tuple(key for key, why in unreached.items() if why == reason)
            told.append(s.Unreached(effect.step, effect.rung, keys, reason))
        return told

    @do.register
    async def _(self, effect: s.StopPaging) -> list[s.Event]:
        for key in self.page_keys(effect.step, effect.keys or self.asked(effect.step)):
            await messages.close_page(self.tx, key, now=self.now)
        return []

    @do.register
    async def _(self, effect: s.SendNotice) -> list[s.Event]:
        step = self.playbook.step(effect.step)
        found = Resolution()
        for audience in effect.audiences:
            found += await self.resolve(audience)
        await self.notice(
            effect.step, effect.step, found, title=step.title if step else {}, body=effect.text, via=_via(effect.via)
        )
        return []

    @do.register
    async def _(self, effect: s.OpenReport) -> list[s.Event]:
        drafts = await drafting.open_draft(
            self.tx,
            obligations=[UUID(key) for key in effect.obligations],
            form=effect.form,
            run_id=self.run.id,
            step_id=effect.step,
            actor=SYSTEM,
            now=self.now,
        )
        step = self.playbook.step(effect.step)
        found = Resolution()
        for audience in effect.by:
            found += await self.resolve(audience)
        # With the step's own moment: a report that was refused is asked for again in a message of its own.
        key = f"{effect.step}/draft/{'.'.join(sorted(effect.obligations))}/{effect.due_at.isoformat()}"
        title = step.title if step else {}
        if not drafts:
            await self.notice(key, effect.step, found, title=title)
        # To one person these become one message, which names every recipient, always in the same order.
        named = [((await reports.submission(self.tx, draft)).recipient, draft) for draft in drafts]
        for recipient, draft in sorted(named, key=lambda each: (each[0].name, each[1])):
            await self.notice(f"{key}/{draft}", effect.step, found, title=title, body=_to_whom(title, recipient))
        return []

    @do.register
    async def _(self, effect: s.OpenTask) -> list[s.Event]:
        found = await self.resolve(effect.audience)
        await tasks.open_task(
            self.tx,
            self.run,
            step_id=effect.step,
            audience=effect.audience,
            title=effect.title,
            checklist=effect.checklist,
            person_id=found.recipients[0].person_id if len(found.recipients) == 1 else None,
            due_at=self.base.wall(effect.due_at),
            now=self.now,
            evidence=effect.evidence,
        )
        await self.notice(f"{effect.step}/{effect.audience.key}", effect.step, found, title=effect.title)
        return []

    @do.register
    async def _(self, effect: s.AskDecision) -> list[s.Event]:
        for audience in effect.audiences:
            await tasks.open_task(
                self.tx,
                self.run,
                step_id=effect.step,
                audience=audience,
                title=effect.title,
                checklist=(),
                options=effect.options,
                person_id=None,
                due_at=self.base.wall(effect.due_at),
                now=self.now,
            )
            found = await self.resolve(audience)
            await self.notice(f"{effect.step}/{audience.key}", effect.step, found, title=effect.title)
        return []

    @do.register
    async def _(self, effect: s.PlaceCall) -> list[s.Event]:
        await calling.place(self.tx, self.run, effect.step, effect.endpoint, self.about({}), now=self.now)
        return []

    @do.register
    async def _(self, effect: s.StartRun) -> list[s.Event]:
        from irm.playbooks.starting import start_runs  # noqa: PLC0415 - it wakes runs, which end here

        rows = [row for row, playbook in await active_playbooks(self.tx) if playbook.id == effect.playbook]
        if not rows or self.run.depth >= MOST_DEEP:
            reason = "too_deep" if rows else "no_playbook"
            await self.tell("run.not_begun", step=effect.step, reason=reason, other=effect.playbook)
            return []
        begun = await start_runs(
            self.tx,
            rows,
            subject=self.run.subject,
            subject_id=self.run.subject_id,
            facts=self.run.facts,
            actor=SYSTEM,
            now=self.now,
            depth=self.run.depth + 1,
        )
        if not begun:
            await self.tell("run.noted", step=effect.step, reason="begun_before", detail={"playbook": effect.playbook})
        return []

    # -- ways and means

    def about(self, title: Mapping[str, str]) -> About:
        if "drill" in self.run.facts:
            drill = self.run.facts["drill"]
            return About(drill["number"], None, f"/drills/{drill['number']}", title, title, matter="drill")
        if "incident" in self.run.facts:
            return About.incident(self.run.facts, body=title)
        return duties.about(self.run.facts["obligation"], title)

    async def resolve(self, audience: Audience) -> Resolution:
        """Several steps call the same desk at one moment: it is looked up once."""
        if audience not in self._reached:
            named = Named(audience.kind, audience.organization or audience.person or "", audience.role)
            found = await directory.resolve(self.tx, named, self.run.facts, self.now)
            self._reached[audience] = await for_matter(self.tx, found, self.run.subject, self.now)
        return self._reached[audience]

    async def notice(
        self,
        key: str,
        step_id: str,
        found: Resolution,
        *,
        title: Mapping[str, str],
        body: Mapping[str, str] | None = None,
        via: Any = "preferred",
    ) -> None:
        about = self.about(body or title)
        await messages.notice(
            self.tx,
            key=f"{self.run.id}/{key}",
            targets=found,
            via=via,
            about=about,
            subject=self.run.subject,
            now=self.now,
            run_id=self.run.id,
            step_id=step_id,
            severity=self.run.severity,
            urgency=self.run.urgency,
            exercise=self.run.exercise,
        )

    def page_key(self, step: str, audience: str, until: Until) -> str:
        """One page for all who are asked, or one each where each has to answer."""
        return f"{self.run.id}/{step}/{audience}" if until is Until.ACKNOWLEDGED_BY_ALL else f"{self.run.id}/{step}"

    def page_keys(self, step_id: str, audiences: tuple[str, ...]) -> list[str]:
        step = self.playbook.step(step_id)
        if step is None or not isinstance(step.action, Page):
            return []
        return list(dict.fromkeys(self.page_key(step_id, each, step.action.until) for each in audiences or ("",)))

    def asked(self, step_id: str) -> tuple[str, ...]:
        state: Mapping[str, Any] = (self.run.state or {}).get("steps", {}).get(step_id, {})
        return tuple(state.get("asked", ()))

    async def tell(self, action: str, **body: Any) -> None:
        path = f"{self.run.subject}/run/{self.run.id}"
        await record(self.tx, Event(action, path, self.now, SYSTEM, {"run": str(self.run.id), **body}))


def _to_whom(title: Mapping[str, str], recipient: Desk) -> dict[str, str]:
    return {
        locale: t("%(what)s (to %(whom)s)", what=t.of(title), whom=whom(recipient, t))
        for locale, t in ((each, translator(each)) for each in LOCALES)
    }


def _until(until: Until) -> messages.Until:
    return until.value


def _via(via: tuple[str, ...]) -> Any:
    return "preferred" if via == ("preferred",) else via


async def named_organizations(tx: Tx, playbook: Playbook, facts: Facts, now: datetime) -> dict[str, Any]:
    """The facts' organizations, and those that the playbook names by code or by their part in the city."""
    found: dict[str, Any] = dict(facts.get("organizations") or {})
    for who in {target.who for step in playbook.steps for target in targets_of(step.action) if target.kind != "person"}:
        if who in found or who.startswith(("incident.", "obligation.")):
            continue
        resolved = await directory.resolve(tx, Named("organization", who), {}, now)
        found[who] = [str(each.organization_id) for each in resolved.recipients if each.organization_id]
    return found
