"""Papers that vendors hand in every month: what stands, what is missing, handing one in, taking it or returning it.

They are duties and submissions like any other; here they are seen by vendor and month.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, Final
from uuid import UUID

from irm.access.policy import Permission, Principal, Resource, may, reach
from irm.access.queries import organization_names, organizations
from irm.clock import SHANGHAI
from irm.db import Tx
from irm.errors import Conflict, Forbidden, Invalid, NotFound
from irm.evidence.blobs import StoredBlob
from irm.evidence.service import attach
from irm.i18n import N_
from irm.obligations.drafting import draft_again, open_draft
from irm.obligations.handed import handed_over_about
from irm.obligations.handing import INSIDE, submit_report
from irm.obligations.periodic import year_rules
from irm.obligations.queries import obligation
from irm.obligations.receiving import record_receipt
from irm.obligations.views import Obligation, Submission
from irm.obligations.yearly import DutyOfYear, duties_of_year
from irm.oversight.months import PaperState, Tally, is_month, paper_state, tally
from irm.oversight.policy import oversight_policy
from irm.oversight.service import ANSWERS, NO_ANSWER
from irm.oversight.subjects import Organizations
from irm.rules.owed import Owed
from irm.rules.queries import current_packs

VENDOR: Final = "vendor"
NO_PAPER: Final = N_("This is no monthly paper, or it is not yours to see.")
NOT_YOURS: Final = N_("Only the organization that owes the paper hands it in.")
NOT_TO_YOU: Final = N_("Only the one to whom the paper went answers it.")
HANDED_IN: Final = N_("This paper was handed in already.")
NOT_HANDED_IN: Final = N_("No paper waits for an answer.")
NEEDED: Final = N_("This is needed.")
TOO_LONG: Final = N_("At most %(most)s characters.")


@dataclass(frozen=True)
class Paper:
    """One cell. `obligation_id` None: its month has not begun yet (forecast)."""

    month: str
    bearer_id: UUID
    form: str
    title: Mapping[str, Any]
    citation: Mapping[str, Any]
    force: str
    rule_id: str
    due_at: datetime | None
    state: PaperState
    obligation_id: UUID | None = None
    recipient_id: UUID | None = None
    submission: Submission | None = None
    status: str = ""

    @property
    def last_moment(self) -> datetime | None:
        """Of the last day: a limit of 24:00 is that day's, not the next one's."""
        return self.due_at - timedelta(seconds=1) if self.due_at else None

    @property
    def is_returned(self) -> bool:
        return self.submission is not None and self.submission.status in ("returned", "refused")

    @property
    def waits(self) -> bool:
        """For the recipient's answer."""
        return self.submission is not None and self.submission.status == "submitted"


@dataclass(frozen=True)
class Line:
    """One vendor's papers of one form, by month (`2026-11`)."""

    bearer_id: UUID
    bearer: str
    form: str
    title: Mapping[str, Any]
    citation: Mapping[str, Any]
    force: str
    papers: Mapping[str, Paper]
    tally: Tally


async def papers_of_year(tx: Tx, principal: Principal, year: int, *, now: datetime) -> list[Line]:
    """By vendor and form: what stands, and what the rest of the year brings. A constant number of statements."""
    far = reach(principal, Permission.READ_PAPERS)
    forms = await monthly_forms(tx, now=now)
    duties = {form: await duties_of_year(tx, form, year, reach=far) for form in forms}
    subjects = {duty.subject for found in duties.values() for duty in found}
    handed = _by_duty(await handed_over_about(tx, subjects, forms=forms))
    cells: dict[tuple[UUID, str], dict[str, Paper]] = {}
    for form, found in duties.items():
        for duty in found:
            if is_month(duty.period):
                cells.setdefault((duty.bearer_id, form), {})[duty.period] = _paper(duty, form, handed, now)
    vendors = {one.id for one in await organizations(tx, kinds=[VENDOR], joined=True)}
    wanted = {bearer for bearer, _ in cells} | (vendors if far.everything else vendors & far.organizations)
    for one in await _coming(tx, wanted, forms, year, now):
        if one.bearer is not None and one.period is not None:
            cells.setdefault((one.bearer, one.form), {}).setdefault(one.period, _forecast(one, one.bearer))
    names = await organization_names(tx, {bearer for bearer, _ in cells})
    lines = []
    for (bearer, form), papers in cells.items():
        newest = papers[max(papers)]
        lines.append(
            Line(
                bearer,
                names[bearer],
                form,
                newest.title,
                newest.citation,
                newest.force,
                dict(sorted(papers.items())),
                tally([paper.state for paper in papers.values()]),
            )
        )
    return sorted(lines, key=lambda line: (line.bearer, str(line.bearer_id), line.form))


def checked_year(year: int) -> int:
    """Raises Invalid for what is no year of ours."""
    if not 2000 <= year <= 2100:  # noqa: PLR2004 - years that anybody keeps papers of
        raise Invalid(N_("This is no year."), field="year")
    return year


async def monthly_forms(tx: Tx, *, now: datetime) -> list[str]:
    """Forms that the city's rules ask of organizations every month."""
    return sorted(
        {
            rule.form
            for pack in await current_packs(tx, now=now)
            for rule in pack.duties
            if rule.subject == "organization" and rule.every is not None and rule.every.months == 1
        }
    )


async def paper(tx: Tx, principal: Principal, obligation_id: UUID, *, now: datetime) -> tuple[Paper, Obligation]:
    """Raises NotFound for what is no monthly paper, and for what is not the reader's to see."""
    far = reach(principal, Permission.READ_PAPERS)
    try:
        owed = await obligation(tx, obligation_id, now=now, reach=far)
    except NotFound as unknown:
        raise NotFound(NO_PAPER) from unknown
    forms = await monthly_forms(tx, now=now)
    if owed.form not in forms or owed.bearer.id is None or owed.status in ("superseded", "waived"):
        raise NotFound(NO_PAPER)
    handed = await handed_over_about(tx, [owed.subject], forms=[owed.form])
    found = Paper(
        month=owed.period or "",
        bearer_id=owed.bearer.id,
        form=owed.form,
        title=owed.title,
        citation=owed.citation,
        force=owed.force,
        rule_id=owed.rule_id,
        due_at=owed.due_at,
        state=paper_state(owed.status, owed.due_at, owed.overdue_at, now),
        obligation_id=owed.id,
        recipient_id=owed.recipient.id,
        submission=_by_duty(handed).get(owed.id),
        status=owed.status,
    )
    return found, owed


async def own_paper(tx: Tx, principal: Principal, obligation_id: UUID, *, now: datetime) -> Paper:
    """One that the reader hands in. Raises NotFound, Forbidden."""
    one, _ = await paper(tx, principal, obligation_id, now=now)
    if not may_hand_in(principal, one):
        raise Forbidden(NOT_YOURS)
    return one


def may_hand_in(principal: Principal, one: Paper) -> bool:
    return may(principal, Permission.HAND_IN_PAPERS, Resource(frozenset({one.bearer_id})))


def may_answer(principal: Principal, one: Paper) -> bool:
    """Whoever works for the recipient; nobody answers a paper of one's own organization."""
    return (
        one.recipient_id is not None
        and one.recipient_id in principal.organizations
        and one.recipient_id != one.bearer_id
        and may(principal, Permission.ANSWER_PAPERS, Resource(frozenset({one.recipient_id})))
    )


def may_export(principal: Principal, one: Paper) -> bool:
    """Both sides keep its evidence."""
    sides = frozenset(each for each in (one.bearer_id, one.recipient_id) if each is not None)
    return may(principal, Permission.EXPORT_EVIDENCE, Resource(sides))


async def hand_in_paper(
    tx: Tx,
    obligation_id: UUID,
    blobs: Sequence[StoredBlob],
    *,
    text: str,
    by: Principal,
    now: datetime,
    stated_at: datetime | None = None,
) -> UUID:
    """The paper with its files to its recipient; the submission. A returned one is handed in once more, to complete it.

    In irm where the recipient works in it, else as handed over on paper at `stated_at`. Raises NotFound, Forbidden,
    Conflict for what was handed in, Invalid naming the field.
    """
    one, owed = await paper(tx, by, obligation_id, now=now)
    if not may_hand_in(by, one):
        raise Forbidden(NOT_YOURS)
    if not (owed.status == "open" or one.is_returned):
        raise Conflict(HANDED_IN)
    items = {"text": _text(text, "text")}
    if not blobs:
        raise Invalid(NEEDED, field="file")
    if one.is_returned and one.submission is not None:
        draft = await draft_again(tx, one.submission.id, actor=by.actor, now=now)
    else:
        (draft,) = await open_draft(tx, obligations=[owed.id], items=items, actor=by.actor, now=now)
    subject = f"{owed.subject}/submission/{draft}"
    files = [
        await attach(
            tx,
            blob,
            subject=subject,
            organization_id=one.bearer_id,
            account_id=by.account_id,
            actor=by.actor,
            now=now,
        )
        for blob in blobs
    ]
    means = INSIDE if owed.recipient.joined else "paper"
    await submit_report(
        tx,
        draft,
        means=means,
        items=items,
        attachments=files,
        stated_at=stated_at if means != INSIDE else None,
        actor=by.actor,
        now=now,
    )
    return draft


async def answer_paper(
    tx: Tx,
    obligation_id: UUID,
    *,
    outcome: str,
    note: str,
    by: Principal,
    now: datetime,
    complete_by: datetime | None = None,
) -> UUID:
    """Take it on file, or return it (退回补正): handed in in time stays in time, what is missing is owed anew."""
    one, _ = await paper(tx, by, obligation_id, now=now)
    if not may_answer(by, one):
        raise Forbidden(NOT_TO_YOU)
    if outcome not in ANSWERS:
        raise Invalid(NO_ANSWER, field="outcome")
    if not one.waits or one.submission is None:
        raise Conflict(NOT_HANDED_IN)
    returned = outcome != ANSWERS[0]
    await record_receipt(
        tx,
        one.submission.id,
        outcome=outcome,
        means=INSIDE,
        note=_text(note, "note", needed=returned) or None,
        complete_by=complete_by if returned else None,
        for_recipient=True,
        person_id=by.account_id,
        actor=by.actor,
        now=now,
    )
    return one.submission.id


def _by_duty(handed: Mapping[str, Sequence[tuple[str | None, Submission]]]) -> dict[UUID, Submission]:
    """The newest for each duty. A completion is tied to the completion's duty: it stands for what it completes."""
    found: dict[UUID, Submission] = {}
    duties: dict[UUID, tuple[UUID, ...]] = {}
    for several in handed.values():
        for _, one in several:
            ties = (*one.obligations, *(duties.get(one.follows_id, ()) if one.follows_id else ()))
            duties[one.id] = ties
            found |= dict.fromkeys(ties, one)
    return found


async def _coming(tx: Tx, organizations_: set[UUID], forms: list[str], year: int, now: datetime) -> list[Owed]:
    """What the rest of the year will ask of them, by the same rules."""
    until = datetime(year + 1, 1, 1, tzinfo=SHANGHAI).astimezone(UTC)
    if not forms or not organizations_ or until <= now:
        return []
    rules = await year_rules(tx, now=now)
    return [
        one
        for given in await Organizations().some(tx, sorted(organizations_))
        for one in rules.owed(given.subject, now=now, until=until)
        if one.form in forms and is_month(one.period) and (one.period or "").startswith(f"{year}-")
    ]


def _paper(duty: DutyOfYear, form: str, handed: Mapping[UUID, Submission], now: datetime) -> Paper:
    return Paper(
        month=duty.period,
        bearer_id=duty.bearer_id,
        form=form,
        title=duty.title,
        citation=duty.citation,
        force=duty.force,
        rule_id=duty.rule_id,
        due_at=duty.due_at,
        state=paper_state(duty.status, duty.due_at, duty.overdue_at, now),
        obligation_id=duty.id,
        recipient_id=duty.recipient_id,
        submission=handed.get(duty.id),
        status=duty.status,
    )


def _forecast(one: Owed, bearer: UUID) -> Paper:
    return Paper(
        month=one.period or "",
        bearer_id=bearer,
        form=one.form,
        title=one.title,
        citation=one.citation.as_json(),
        force=one.force,
        rule_id=one.rule_id,
        due_at=one.due_at,
        state=PaperState.COMING,
        recipient_id=one.recipient,
    )


def _text(text: str, name: str, *, needed: bool = True) -> str:
    text, most = text.replace("\r\n", "\n").strip(), oversight_policy().longest_text
    if needed and not text:
        raise Invalid(NEEDED, field=name)
    if len(text) > most or "\x00" in text:
        raise Invalid(TOO_LONG, field=name, most=most)
    return text
