"""What the made-up city keeps through the year: papers, tests, findings, and the rest of what is owed."""

import random
from collections.abc import Mapping
from datetime import date, timedelta
from typing import Any, Final
from uuid import UUID

from irm.access.policy import Reach
from irm.clock import SHANGHAI
from irm.db import SYSTEM, Tx
from irm.demo.past import Act, Past
from irm.demo.reporting import bearer, hand_over
from irm.findings import proposals as finding_proposals, service as findings
from irm.findings.service import NewFinding
from irm.obligations.periodic import bring_in_line
from irm.obligations.queries import ObligationFilter, obligations
from irm.obligations.receiving import record_receipt
from irm.oversight import papers
from irm.oversight.change_subjects import Changes
from irm.oversight.months import is_month
from irm.oversight.subjects import Organizations
from irm.systems import assessing, assessment_filing
from irm.systems.queries import system
from irm.systems.subjects import Systems

EVERYTHING: Final = Reach(everything=True)
AUTHORITY: Final = "cloud-authority"
POLICE: Final = "police"
MOST: Final = 1000
OWN_STORY: Final = frozenset({"assessment_report", "drill_report", "change_plan", "change_notice", "rectification"})
"""Forms whose handing over is told by its own scene."""


def add_keeping(past: Past, story: Mapping[str, Any]) -> None:
    chance = random.Random(story["seed"])  # noqa: S311 - the same city every time
    seen: set[UUID] = set()
    month = past.began.astimezone(SHANGHAI).date().replace(day=1)
    past.add(past.began + timedelta(minutes=5), "what is owed", _in_line(past, story, chance, seen), needed=True)
    while month <= past.today:
        month = (month + timedelta(days=32)).replace(day=1)
        at = past.moment((past.today - month).days, "00:10")
        past.add(at, f"owed {month}", _in_line(past, story, chance, seen), needed=True)
    for one in story["assessments"]:
        past.add(past.working(one["planned"]), f"test of {one['system']}", _tested(past, one, story))
    for one in story["findings"]:
        past.add(past.moment(one["days"], "11:00"), f"finding {one['title']}", _found(past, one))
    past.add(past.now, "owed now", _in_line(past, story, chance, seen), needed=True)
    past.add(past.now, "proposals", _proposed(past))


def _in_line(past: Past, story: Mapping[str, Any], chance: random.Random, seen: set[UUID]) -> Act:
    async def act(tx: Tx) -> None:
        now = past.clock.now()
        for giver in (Systems(), Organizations(), Changes()):
            await bring_in_line(tx, await giver.batch(tx, None, MOST), actor=SYSTEM, now=now)
        monthly = await papers.monthly_forms(tx, now=now)
        cursor = None
        while True:
            found = await obligations(
                tx, EVERYTHING, now=now, wanted=ObligationFilter(state="open"), cursor=cursor, limit=200
            )
            for duty in found.entries:
                if duty.id in seen or duty.due_at is None or duty.subject.startswith("incident/"):
                    continue
                seen.add(duty.id)
                if duty.form in monthly and is_month(duty.period):
                    _paper(past, story["papers"], duty.id, duty.form, duty.period or "", duty.due_at)
                elif duty.form not in OWN_STORY and duty.recipient.id is not None:
                    _other(past, story["duties"], chance, duty)
            cursor = found.next_cursor
            if cursor is None:
                return

    return act


def _paper(past: Past, story: Mapping[str, Any], duty: UUID, form: str, period: str, due_at: Any) -> None:
    month = int(period.partition("-")[2])
    delay = story["delays"].get(form, [])[month - 1] if form in story["delays"] else -1
    if delay is None:
        return
    at = due_at + timedelta(days=delay, hours=-8)
    past.add(at, f"paper {form} {period}", _handed_in(past, story, duty, form, period))
    wrong = story["returned"]
    returned = wrong["form"] == form and wrong["month"] == month
    answer = _answered(past, story, duty, note=wrong["note"] if returned else "")
    past.add(at + timedelta(days=1, hours=3), f"answer to {form} {period}", answer)
    if returned:
        past.add(at + timedelta(days=3), f"again {form} {period}", _handed_in(past, story, duty, form, period))
        past.add(at + timedelta(days=4), f"answer to {form} {period}", _answered(past, story, duty, note=""))


def _handed_in(past: Past, story: Mapping[str, Any], duty: UUID, form: str, period: str) -> Act:
    async def act(tx: Tx) -> None:
        by = await past.principal(tx, story["by"])
        blob = await past.file(f"{story['names'][form]}-{period}.pdf")
        words = story["text"].get(form) or next(iter(story["text"].values()))
        await papers.hand_in_paper(tx, duty, [blob], text=words, by=by, now=past.clock.now())

    return act


def _answered(past: Past, story: Mapping[str, Any], duty: UUID, *, note: str) -> Act:
    async def act(tx: Tx) -> None:
        by = await past.principal(tx, story["answer_by"])
        outcome = "returned" if note else "received"
        await papers.answer_paper(tx, duty, outcome=outcome, note=note, by=by, now=past.clock.now())

    return act


def _other(past: Past, story: Mapping[str, Any], chance: random.Random, duty: Any) -> None:
    """A plain paper: before its day, seldom after, rarely never."""
    lot = chance.randrange(100)
    yearly = (duty.due_at - duty.started_at) > timedelta(days=200)
    first, last = story["yearly_ahead_days" if yearly else "ahead_days"]
    days = chance.randint(first, last)
    if lot < story["never_percent"]:
        return
    late = lot < story["never_percent"] + story["late_percent"]
    at = duty.due_at + timedelta(days=2 + days % 9) if late else duty.due_at - timedelta(days=days, hours=-2)
    at = max(at, past.clock.now() + timedelta(days=1))
    past.add(at, f"{duty.form} of {duty.bearer.name}", _plain(past, duty, story["text"]))


def _plain(past: Past, duty: Any, words: str) -> Act:
    async def act(tx: Tx) -> None:
        await hand_over(tx, past, duty, {"text": words})

    return act


def _tested(past: Past, one: Mapping[str, Any], story: Mapping[str, Any]) -> Act:
    system_id, tester = past.city.systems[one["system"]], past.city.organizations[story["tester"]]

    async def act(tx: Tx) -> None:
        now = past.clock.now()
        made = await assessing.plan_assessment(
            tx,
            assessing.NewAssessment(system_id, past.today.year, _day(past, one.get("started", -30)), tester_id=tester),
            actor=SYSTEM,
            now=now,
        )
        for name, step in (("started", _started), ("reported", _reported), ("filed", _filed)):
            if name in one:
                past.add(past.moment(one[name], "15:00"), f"{name} {one['system']}", step(past, made, one, story))

    return act


def _started(past: Past, assessment: UUID, one: Mapping[str, Any], _story: Mapping[str, Any]) -> Act:
    async def act(tx: Tx) -> None:
        await assessing.start(tx, assessment, started_on=_day(past, one["started"]), actor=SYSTEM, now=past.clock.now())

    return act


def _reported(past: Past, assessment: UUID, one: Mapping[str, Any], story: Mapping[str, Any]) -> Act:
    async def act(tx: Tx) -> None:
        by = await past.principal(tx, story["tester_login"])
        tested = await system(tx, past.city.systems[one["system"]])
        await assessing.record_report(
            tx,
            assessment,
            assessing.NewReport(
                cover_on=_day(past, one["reported"]),
                conclusion=one["conclusion"],
                rate=one["rate"],
                major=one["major"],
                rectified_major=one["rectified"],
                high=one["high"],
                medium=one["medium"],
            ),
            await past.file(story["files"]["assessment"].format(system=tested.name)),
            readable=True,
            organization_id=past.city.organizations[story["tester"]],
            account_id=by.account_id,
            actor=by.actor,
            now=past.clock.now(),
        )

    return act


def _filed(past: Past, assessment: UUID, one: Mapping[str, Any], _story: Mapping[str, Any]) -> Act:
    async def act(tx: Tx) -> None:
        row = await assessing.locked(tx, assessment)
        (given,) = await Systems().some(tx, [row.system_id])
        (operator,) = given.subject.organizations["operator"]
        police = past.city.organizations[POLICE]
        submitted = await assessment_filing.file_report(
            tx,
            assessment,
            assessment_filing.Filing(police, "paper"),
            organization_id=operator,
            account_id=None,
            actor=bearer(past, operator),
            now=past.clock.now(),
        )
        await record_receipt(
            tx,
            submitted,
            outcome="received",
            means="letter",
            number=f"{one['system'].upper()}-{past.today.year}",
            actor=bearer(past, operator),
            now=past.clock.now(),
        )

    return act


def _found(past: Past, one: Mapping[str, Any]) -> Act:
    async def act(tx: Tx) -> None:
        now, city = past.clock.now(), past.city
        found_on = now.astimezone(SHANGHAI).date()
        due_on = found_on + timedelta(days=one["due"])
        set_by = city.organizations[one["set_by"]] if "set_by" in one else None
        finding = await findings.raise_finding(
            tx,
            NewFinding(
                title=one["title"],
                organization_id=city.organizations[one["unit"]],
                verifier_id=city.organizations[AUTHORITY],
                found_on=found_on,
                risk=one["risk"],
                origin=one.get("origin", "assessment"),
                clause=one["clause"],
                is_major=one.get("major", False),
                person_id=city.people[one["by"]],
                due_on=due_on if set_by else None,
                due_set_by=set_by,
                due_document=one.get("document"),
                system_ids=frozenset({city.systems[one["of"]]}),
            ),
            actor=SYSTEM,
            now=now,
        )
        if "plan" in one:
            past.add(now + timedelta(days=2), f"plan {one['title']}", _planned(past, finding, one, due_on))
        steps = [("handed", _rectified), ("returned", _refused), ("handed_again", _rectified), ("verified", _verified)]
        for name, step in steps:
            if name in one:
                past.add(now + timedelta(days=one[name], hours=4), f"{name} {one['title']}", step(past, finding, one))

    return act


def _planned(past: Past, finding: UUID, one: Mapping[str, Any], due_on: date) -> Act:
    async def act(tx: Tx) -> None:
        by = await past.principal(tx, one["by"])
        await findings.plan(
            tx,
            finding,
            text=one["plan"],
            person_id=by.person_id,
            due_on=due_on,
            actor=by.actor,
            now=past.clock.now(),
        )

    return act


def _rectified(past: Past, finding: UUID, one: Mapping[str, Any]) -> Act:
    async def act(tx: Tx) -> None:
        by = await past.principal(tx, one["by"])
        now = past.clock.now()
        await findings.record_work(tx, finding, text=one["plan"], actor=by.actor, now=now)
        await findings.hand_in(tx, finding, text=one["plan"], account_id=by.account_id, actor=by.actor, now=now)

    return act


def _refused(past: Past, finding: UUID, one: Mapping[str, Any]) -> Act:
    return _judged(past, finding, accepted=False, reason=one["note"])


def _verified(past: Past, finding: UUID, _one: Mapping[str, Any]) -> Act:
    return _judged(past, finding, accepted=True, reason="")


def _judged(past: Past, finding: UUID, *, accepted: bool, reason: str) -> Act:
    async def act(tx: Tx) -> None:
        by = await past.principal(tx, "compliance")
        await findings.verify(
            tx,
            finding,
            accepted=accepted,
            reason=reason,
            account_id=by.account_id,
            actor=by.actor,
            now=past.clock.now(),
        )

    return act


def _proposed(past: Past) -> Act:
    async def act(tx: Tx) -> None:
        await finding_proposals.propose(tx, now=past.clock.now())

    return act


def _day(past: Past, days: int) -> date:
    return past.today - timedelta(days=days)
