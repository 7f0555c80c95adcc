"""Wire types of planned changes and monthly papers."""

from datetime import datetime
from typing import Any
from uuid import UUID

from msgspec import Struct

from irm.i18n import Translator
from irm.obligations.words import citation_text
from irm.oversight.lifecycle import STATE_NAMES
from irm.oversight.months import PAPER_NAMES
from irm.oversight.papers import Line, Paper
from irm.oversight.queries import Change, Lateness


class PlanChange(Struct, frozen=True, forbid_unknown_fields=True):
    """`system` by code. `by`: who carries it out; default: the sender's own organization."""

    title: str
    system: str
    planned_start: datetime
    contact: str
    planned_until: datetime | None = None
    kind: str = "upgrade"
    risk: str = "medium"
    is_major: bool = True
    detail: str = ""
    by: UUID | None = None


class MoveStart(Struct, frozen=True, forbid_unknown_fields=True):
    planned_start: datetime
    reason: str
    planned_until: datetime | None = None
    version: int | None = None


class HandInPlan(Struct, frozen=True, forbid_unknown_fields=True):
    """`attachments`: files of the change that go with it; none: all of them."""

    text: str
    attachments: list[UUID] = []


class TellUsers(Struct, frozen=True, forbid_unknown_fields=True):
    text: str


class Answer(Struct, frozen=True, forbid_unknown_fields=True):
    """`outcome`: received | returned; returned says why in `note`."""

    outcome: str
    note: str = ""
    complete_by: datetime | None = None


class EndChange(Struct, frozen=True, forbid_unknown_fields=True):
    remark: str = ""


class LimitView(Struct, frozen=True):
    """By when the plan is due, by which article, and by how much it is or was late."""

    obligation: UUID
    due_at: datetime | None
    article: str
    is_late: bool
    late_seconds: int


class ChangeView(Struct, frozen=True):
    id: UUID
    number: str
    title: str
    detail: str
    system: str
    system_name: str
    by: UUID
    by_name: str
    kind: str
    risk: str
    is_major: bool
    planned_start: datetime
    planned_until: datetime | None
    contact: str
    registered_at: datetime
    state: str
    state_word: str
    remark: str | None
    version: int
    plan: UUID | None
    limit: LimitView | None


class ChangeList(Struct, frozen=True):
    changes: list[ChangeView]
    next_cursor: str | None


class Told(Struct, frozen=True):
    units: int


class HandedIn(Struct, frozen=True):
    submission: UUID


class StoredFile(Struct, frozen=True):
    id: UUID
    name: str
    sha256: str


class PaperView(Struct, frozen=True):
    """`state`: in_time | late | missing | open | coming (forecast, then without `obligation`)."""

    month: str
    form: str
    organization: UUID
    title: str
    article: str
    force: str
    due_at: datetime | None
    state: str
    state_word: str
    obligation: UUID | None
    submission: UUID | None
    answer: str | None
    """Status of the submission: submitted | receipted | returned."""


class PaperList(Struct, frozen=True):
    year: int
    papers: list[PaperView]


def change_view(one: Change, late: Lateness | None, t: Translator) -> ChangeView:
    return ChangeView(
        id=one.id,
        number=one.number,
        title=one.title,
        detail=one.detail,
        system=one.system.code,
        system_name=one.system.name,
        by=one.by_id,
        by_name=one.by_name,
        kind=one.kind,
        risk=one.risk,
        is_major=one.is_major,
        planned_start=one.planned_start,
        planned_until=one.planned_until,
        contact=one.contact,
        registered_at=one.registered_at,
        state=one.state.value,
        state_word=t(STATE_NAMES[one.state]),
        remark=one.remark,
        version=one.version,
        plan=one.plan.id if one.plan else None,
        limit=LimitView(
            late.duty.id,
            late.duty.due_at,
            citation_text(late.duty.citation, t),
            late.is_late,
            int(late.over.total_seconds()),
        )
        if late
        else None,
    )


def paper_view(one: Paper, t: Translator) -> PaperView:
    citation: Any = one.citation
    return PaperView(
        month=one.month,
        form=one.form,
        organization=one.bearer_id,
        title=t.of(dict(one.title)),
        article=citation_text(citation, t),
        force=one.force,
        due_at=one.due_at,
        state=one.state.value,
        state_word=t(PAPER_NAMES[one.state]),
        obligation=one.obligation_id,
        submission=one.submission.id if one.submission else None,
        answer=one.submission.status if one.submission else None,
    )


def paper_list(year: int, lines: list[Line], t: Translator) -> PaperList:
    return PaperList(year, [paper_view(one, t) for line in lines for one in line.papers.values()])
