"""Rows of the playbooks room: published versions, runs with their frozen version and inbox, tasks."""

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import JSON, BigInteger, CheckConstraint, ForeignKey, Identity, Index, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column

from irm.db import Base, uuid7


class PlaybookRow(Base):
    """A version is never changed; publishing writes the next one and moves `active`."""

    __tablename__ = "playbook"
    __table_args__ = (
        UniqueConstraint("playbook_id", "version", name="uq_playbook_version"),
        CheckConstraint("verdict IN ('declined', 'withdrawn', 'overtaken', 'reinstated', 'retired')", name="verdict"),
        Index("uq_playbook_active", "playbook_id", unique=True, postgresql_where=text("active")),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True, default=uuid7)
    playbook_id: Mapped[str]
    version: Mapped[int]
    title: Mapped[dict[str, Any]]
    source: Mapped[str]
    digest: Mapped[str]
    """SHA-256 of the source, hex."""
    published_at: Mapped[datetime]
    published_by: Mapped[str]
    reason: Mapped[str | None]
    """Why; None: it came with irm, or was published before anybody was asked."""
    warnings: Mapped[list[dict[str, Any]] | None]
    """What the linter told whoever published it: [{line, column, texts: {locale: …}}]. None: nobody kept it then."""
    waiting_since: Mapped[datetime | None]
    """Published by one person and not yet approved by another; never active so long. None: it waits for nobody."""
    approved_by: Mapped[str | None]
    approved_at: Mapped[datetime | None]
    active: Mapped[bool]
    used_since: Mapped[datetime | None]
    """When runs could first start with it; None: never yet. Only such a version can be put back into use."""
    verdict: Mapped[str | None]
    """The last word about it that was neither publishing nor approving: declined, withdrawn (by its author), overtaken (by
    another that took its place while it waited), reinstated, retired. The ledger has all of them."""
    verdict_by: Mapped[str | None]
    verdict_at: Mapped[datetime | None]
    verdict_reason: Mapped[str | None]


class RunRow(Base):
    """One playbook on one subject. `state` and `facts` are the engine's, in run time; `next_at` is its next timer, in
    wall time. The timebase: run time = run_anchor + rate × (wall − wall_anchor); rate 0 is paused."""

    __tablename__ = "run"
    __table_args__ = (
        UniqueConstraint("playbook_id", "subject", name="uq_run_playbook_subject"),
        CheckConstraint("status IN ('running', 'finished', 'cancelled', 'joined')", name="status"),
        CheckConstraint("status = 'joined' OR goes_on_in IS NULL", name="joined"),
        CheckConstraint("rate >= 0", name="rate"),
        CheckConstraint("urgency BETWEEN 1 AND 4", name="urgency"),
        Index("ix_run_subject", "subject", postgresql_ops={"subject": "text_pattern_ops"}),
        Index("ix_run_running_next_at", "next_at", postgresql_where=text("status = 'running'")),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True, default=uuid7)
    playbook_row_id: Mapped[UUID] = mapped_column(ForeignKey("playbook.id"))
    playbook_id: Mapped[str]
    subject: Mapped[str]
    """`incident/<id>` or `incident/<id>/obligation/<id>`, as in the ledger."""
    subject_id: Mapped[UUID]
    status: Mapped[str]
    state: Mapped[dict[str, Any] | None]
    """None until the first advance: filing only writes the row, so that no playbook can make a filing fail."""
    facts: Mapped[dict[str, Any]]
    wall_anchor: Mapped[datetime]
    run_anchor: Mapped[datetime]
    rate: Mapped[float] = mapped_column(default=1.0)
    next_at: Mapped[datetime | None]
    started_at: Mapped[datetime]
    finished_at: Mapped[datetime | None]
    goes_on_in: Mapped[UUID | None] = mapped_column(ForeignKey("run.id"))
    """The subject was merged: this run stands still as it is, and what it is told goes to that one."""
    severity: Mapped[int]
    """The level that clocks run by; its messages show it."""
    urgency: Mapped[int]
    """In which order its work and its messages go (`ordering.py`). What an older irm writes beside this one does not say
    it, and is not made to wait."""
    exercise: Mapped[bool]
    turns: Mapped[int] = mapped_column(default=0)
    """How many events the engine has taken."""
    depth: Mapped[int] = mapped_column(default=0)
    """How many playbooks began one another before it; 0: an event began it."""


class RunInboxRow(Base):
    """Events in the order in which they are consumed; kept, so that a run can be replayed."""

    __tablename__ = "run_inbox"
    __table_args__ = (
        UniqueConstraint("run_id", "key", name="uq_run_inbox_key"),
        Index("ix_run_inbox_waiting", "run_id", "seq", postgresql_where=text("consumed_at IS NULL")),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True, default=uuid7)
    run_id: Mapped[UUID] = mapped_column(ForeignKey("run.id"))
    seq: Mapped[int] = mapped_column(BigInteger, Identity(always=True), unique=True)
    kind: Mapped[str]
    body: Mapped[dict[str, Any]]
    key: Mapped[str | None]
    """Told twice under one key, it is kept once."""
    at: Mapped[datetime]
    consumed_at: Mapped[datetime | None]
    """Run time at which the engine took it."""
    turn: Mapped[int | None]
    """Order in which the engine took it. Ticks that did something are kept too: turns in order are what a replay needs."""


class TaskRow(Base):
    """Something to be done by one organization; a draft report has its own place, the submission."""

    __tablename__ = "task"
    __table_args__ = (
        UniqueConstraint("run_id", "step_id", "audience", name="uq_task_step_audience"),
        CheckConstraint("status IN ('open', 'done', 'cancelled')", name="status"),
        CheckConstraint("kind IN ('task', 'decide')", name="kind"),
        CheckConstraint("(status = 'done') = (done_at IS NOT NULL)", name="done_at"),
        Index("ix_task_incident_id", "incident_id"),
        Index("ix_task_open_organization", "organization_id", "due_at", postgresql_where=text("status = 'open'")),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True, default=uuid7)
    run_id: Mapped[UUID] = mapped_column(ForeignKey("run.id"))
    step_id: Mapped[str]
    audience: Mapped[str]
    """The engine's key for whose task it is."""
    kind: Mapped[str]
    subject: Mapped[str]
    incident_id: Mapped[UUID | None] = mapped_column(ForeignKey("incident.id"))
    title: Mapped[dict[str, Any]]
    checklist: Mapped[list[dict[str, Any]]]
    """[{text: {locale: …}, done: bool}]"""
    options: Mapped[dict[str, Any]] = mapped_column(JSON)
    """Of a decision: option → {locale: text}, in the playbook's order: `json` keeps it, `jsonb` would sort it. Empty for a
    task."""
    organization_id: Mapped[UUID | None] = mapped_column(ForeignKey("organization.id"))
    person_id: Mapped[UUID | None] = mapped_column(ForeignKey("person.id"))
    created_at: Mapped[datetime]
    due_at: Mapped[datetime | None]
    status: Mapped[str]
    done_at: Mapped[datetime | None]
    done_by: Mapped[UUID | None]
    """Account."""
    choice: Mapped[str | None]
    note: Mapped[str | None]
    evidence_required: Mapped[bool] = mapped_column(default=False)
    """Done with a file at `<subject>/task/<id>`, or with a reason."""
    no_evidence_reason: Mapped[str | None]
    exercise: Mapped[bool]


class CallRow(Base):
    """A call of an endpoint, and the answer as far as it is kept. Names no address and no secret: those are settings."""

    __tablename__ = "placed_call"
    __table_args__ = (
        UniqueConstraint("run_id", "step_id", name="uq_placed_call_step"),
        CheckConstraint(
            "status IN ('waiting', 'answered', 'refused', 'no_answer', 'not_configured', 'exercise_skipped')",
            name="status",
        ),
        CheckConstraint("(status = 'waiting') = (ended_at IS NULL)", name="ended_at"),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True, default=uuid7)
    """Also the idempotency key: the same through all attempts."""
    run_id: Mapped[UUID] = mapped_column(ForeignKey("run.id"))
    step_id: Mapped[str]
    endpoint: Mapped[str]
    body: Mapped[str]
    """As it is sent, to the byte."""
    exercise: Mapped[bool]
    placed_at: Mapped[datetime]
    status: Mapped[str]
    tries: Mapped[int] = mapped_column(default=0)
    last_error: Mapped[str | None]
    """What kind of trouble the last attempt without an answer had."""
    http_status: Mapped[int | None]
    headers: Mapped[dict[str, Any] | None]
    answer: Mapped[str | None]
    answer_sha256: Mapped[str | None]
    """Of the bytes that were kept, hex."""
    answer_cut: Mapped[bool] = mapped_column(default=False)
    answered_at: Mapped[datetime | None]
    """Also where the answer came after the step was over."""
    ended_at: Mapped[datetime | None]
