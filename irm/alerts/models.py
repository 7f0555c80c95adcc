"""What machines send: sources and their secrets, messages as they came, alerts by fingerprint, what city rules filed."""

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import BigInteger, CheckConstraint, ForeignKey, Index, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column

from irm.alerts.vocabulary import KINDS, SEVERITIES, STATES, VERDICTS
from irm.db import Base, uuid7


def _one_of(column: str, values: tuple[str, ...]) -> str:
    return f"{column} IN ({', '.join(repr(value) for value in values)})"


class AlertSourceRow(Base):
    """A machine that may send. What it sends is 非涉密: `unclassified_by` declared that, and it is kept."""

    __tablename__ = "alert_source"
    __table_args__ = (
        UniqueConstraint("code", name="uq_alert_source_code"),
        CheckConstraint(_one_of("kind", KINDS), name="kind"),
        CheckConstraint("rate_per_minute > 0", name="rate_per_minute"),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True, default=uuid7)
    code: Mapped[str]
    name: Mapped[str]
    kind: Mapped[str]
    organization_id: Mapped[UUID] = mapped_column(ForeignKey("organization.id"))
    system_ids: Mapped[list[UUID]]
    """The systems it may speak of; what it says of others stays without a system."""
    senders: Mapped[list[str]]
    """Of an e-mail source: the addresses, or @domains, whose letters are taken."""
    mapping: Mapped[dict[str, Any]]
    rate_per_minute: Mapped[int]
    is_enabled: Mapped[bool]
    unclassified_by: Mapped[UUID | None] = mapped_column(ForeignKey("person.id"))
    unclassified_at: Mapped[datetime]
    created_at: Mapped[datetime]
    allowance: Mapped[float]
    """Alerts that it may send at `allowance_at` (`allowance.py`)."""
    allowance_at: Mapped[datetime]
    last_seen_at: Mapped[datetime | None]
    taken: Mapped[int] = mapped_column(BigInteger)
    """Alerts, since it was registered; so are the two below."""
    refused: Mapped[int] = mapped_column(BigInteger)
    """For coming too fast."""
    last_refused_at: Mapped[datetime | None]
    faults: Mapped[int] = mapped_column(BigInteger)
    """Messages that were not its own, out of date, or could not be read."""
    last_fault: Mapped[str | None]
    """Code of the last one."""
    last_fault_at: Mapped[datetime | None]


class AlertSecretRow(Base):
    """One secret of a source. The secret itself is nowhere: it follows from this id and a key outside the database."""

    __tablename__ = "alert_secret"
    __table_args__ = (Index("ix_alert_secret_source_id", "source_id"),)

    id: Mapped[UUID] = mapped_column(primary_key=True, default=uuid7)
    source_id: Mapped[UUID] = mapped_column(ForeignKey("alert_source.id"))
    made_at: Mapped[datetime]
    until: Mapped[datetime | None]
    """It was replaced, and is taken until then."""


class AlertMessageRow(Base):
    """One request as it was taken in. `heard` is emptied once it is sorted into groups; the rest stays to know it again."""

    __tablename__ = "alert_message"
    __table_args__ = (
        UniqueConstraint("source_id", "message_id", name="uq_alert_message_source_id_message_id"),
        Index("ix_alert_message_waiting", "id", postgresql_where=text("grouped_at IS NULL")),
        Index("ix_alert_message_received_at", "received_at"),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True)
    source_id: Mapped[UUID] = mapped_column(ForeignKey("alert_source.id"))
    message_id: Mapped[str | None]
    """The sender's own name for it, where there is one."""
    body_hash: Mapped[str]
    received_at: Mapped[datetime]
    n: Mapped[int]
    heard: Mapped[list[dict[str, Any]] | None]
    grouped_at: Mapped[datetime | None]


class AlertSeenRow(Base):
    """One firing or resolving that was counted: sent again, it counts nothing."""

    __tablename__ = "alert_seen"
    __table_args__ = (Index("ix_alert_seen_at", "at"),)

    source_id: Mapped[UUID] = mapped_column(ForeignKey("alert_source.id"), primary_key=True)
    key: Mapped[str] = mapped_column(primary_key=True)
    at: Mapped[datetime]


class AlertRow(Base):
    """All that one source said under one fingerprint."""

    __tablename__ = "alert"
    __table_args__ = (
        UniqueConstraint("source_id", "fingerprint", name="uq_alert_source_id_fingerprint"),
        CheckConstraint(_one_of("severity", SEVERITIES), name="severity"),
        CheckConstraint(_one_of("state", STATES), name="state"),
        CheckConstraint(_one_of("verdict", VERDICTS), name="verdict"),
        Index("ix_alert_source_id_grouping", "source_id", "grouping"),
        Index("ix_alert_open", "source_id", postgresql_where=text("verdict = 'open'")),
        Index("ix_alert_incident_id", "incident_id"),
        Index("ix_alert_last_seen_at", "last_seen_at"),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True)
    source_id: Mapped[UUID] = mapped_column(ForeignKey("alert_source.id"))
    fingerprint: Mapped[str]
    grouping: Mapped[str]
    """What belongs together for a reader: the alert's name, a rule's."""
    title: Mapped[str]
    text: Mapped[str]
    severity: Mapped[str]
    state: Mapped[str]
    system_id: Mapped[UUID | None] = mapped_column(ForeignKey("system.id"))
    resource: Mapped[str]
    category: Mapped[str | None]
    subcategory: Mapped[str | None]
    facts: Mapped[dict[str, Any]]
    count: Mapped[int] = mapped_column(BigInteger)
    """How often it fired; what was merely sent again counts once."""
    first_seen_at: Mapped[datetime]
    last_seen_at: Mapped[datetime]
    since: Mapped[datetime]
    """When it first fired of what waits for, or last had, a judgement."""
    occurred_at: Mapped[datetime | None]
    """When it began, as the machine says."""
    resolved_at: Mapped[datetime | None]
    payload: Mapped[str | None]
    """The last one as it came, bounded; None once the city's days for it have passed."""
    payload_at: Mapped[datetime]
    marker: Mapped[str | None]
    """A secrecy mark in its text: nobody reads it before a person has answered for it."""
    released_at: Mapped[datetime | None]
    """A person has said that the mark is none."""
    rule_id: Mapped[str | None]
    """The city rule that held for it when it fired last."""
    verdict: Mapped[str]
    verdict_at: Mapped[datetime | None]
    verdict_by: Mapped[UUID | None] = mapped_column(ForeignKey("person.id"))
    """None beside a verdict: a city rule."""
    reason: Mapped[str | None]
    muted_until: Mapped[datetime | None]
    incident_id: Mapped[UUID | None] = mapped_column(ForeignKey("incident.id"))


class AlertRulesRow(Base):
    """A version of the city's rules; the newest is in force."""

    __tablename__ = "alert_rules"

    version: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    text: Mapped[str]
    reason: Mapped[str]
    published_by: Mapped[UUID | None] = mapped_column(ForeignKey("person.id"))
    published_at: Mapped[datetime]


class AlertFilingRow(Base):
    """A city rule filed an incident."""

    __tablename__ = "alert_filing"
    __table_args__ = (Index("ix_alert_filing_rule_id_at", "rule_id", "at"),)

    id: Mapped[UUID] = mapped_column(primary_key=True, default=uuid7)
    rule_id: Mapped[str]
    version: Mapped[int]
    source_id: Mapped[UUID] = mapped_column(ForeignKey("alert_source.id"))
    grouping: Mapped[str]
    incident_id: Mapped[UUID] = mapped_column(ForeignKey("incident.id"))
    at: Mapped[datetime]
