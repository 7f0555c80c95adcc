"""Rows of the register: systems and platforms, who stands behind them, and what runs on what."""

from datetime import date, datetime
from typing import Any
from uuid import UUID

from sqlalchemy import BigInteger, CheckConstraint, ForeignKey, Index, Sequence, Text, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column

from irm.db import Base, uuid7
from irm.rules.facts import PORTAL_RANKS
from irm.systems.vocabulary import YesNoUnknown


class SystemRow(Base):
    """A bound that nobody has stated (`users`, `personal_records`, `portal_rank`) is NULL: unknown, not nought."""

    __tablename__ = "system"
    __table_args__ = (
        UniqueConstraint("code", name="uq_system_code"),
        CheckConstraint("kind IN ('system', 'platform')", name="kind"),
        CheckConstraint("level IS NULL OR level BETWEEN 1 AND 5", name="level"),
        CheckConstraint("cii IN ('yes', 'no', 'unknown')", name="cii"),
        CheckConstraint("users IS NULL OR users >= 0", name="users"),
        CheckConstraint("personal_records IS NULL OR personal_records >= 0", name="personal_records"),
        CheckConstraint("important_data IN ('yes', 'no', 'unknown')", name="important_data"),
        CheckConstraint(f"portal_rank IN ({', '.join(map(repr, PORTAL_RANKS))})", name="portal_rank"),
        CheckConstraint("life_cycle IN ('planned', 'building', 'trial', 'live', 'retired')", name="life_cycle"),
        CheckConstraint("platform_id IS NULL OR platform_id <> id", name="not_on_itself"),
        Index("ix_system_owner", "owner_id"),
        Index("ix_system_operator", "operator_id"),
        Index("ix_system_platform", "platform_id"),
        Index("ix_system_sort", "sort_key", "id", postgresql_where=text("retired_at IS NULL")),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True, default=uuid7)
    code: Mapped[str]
    name: Mapped[str]
    kind: Mapped[str]
    owner_id: Mapped[UUID] = mapped_column(ForeignKey("organization.id"))
    """主管: the unit that answers for it."""
    operator_id: Mapped[UUID] = mapped_column(ForeignKey("organization.id"))
    """运营者: the one that reports (CAC 2025 Art. 4)."""
    level: Mapped[int | None]
    """Protection level 1–5; NULL: not yet graded."""
    filing_number: Mapped[str | None]
    filing_authority: Mapped[str | None]
    filed_on: Mapped[date | None]
    level_fixed_on: Mapped[date | None]
    """定级: from here a running system's filing is counted (公通字〔2007〕43号 Art. 15)."""
    live_on: Mapped[date | None]
    """投入运行; a new system's filing is counted from here."""
    certificate_until: Mapped[date | None]
    """As the certificate itself says, where somebody typed it in; NULL: computed (`certificates.py`)."""
    tester_id: Mapped[UUID | None] = mapped_column(ForeignKey("organization.id"))
    """测评机构 that tests it this year."""
    cii: Mapped[YesNoUnknown] = mapped_column(Text)
    protection_department_id: Mapped[UUID | None] = mapped_column(ForeignKey("organization.id"))
    users: Mapped[int | None] = mapped_column(BigInteger)
    personal_records: Mapped[int | None] = mapped_column(BigInteger)
    portal_rank: Mapped[str | None]
    """none | county | prefecture | provincial | national | provincial_news | central_news; NULL: not stated."""
    important_data: Mapped[YesNoUnknown] = mapped_column(Text)
    internet_gov_app: Mapped[bool]
    """政务应用程序 on the internet (gov-internet-apps-2024)."""
    platform_id: Mapped[UUID | None] = mapped_column(ForeignKey("system.id"))
    """The platform that hosts it."""
    life_cycle: Mapped[str]
    in_use_from: Mapped[date | None]
    sort_key: Mapped[str]
    search_key: Mapped[str]
    created_at: Mapped[datetime]
    updated_at: Mapped[datetime | None]
    version: Mapped[int] = mapped_column(default=1)
    """Counts changes; a stale edit is a conflict."""
    retired_at: Mapped[datetime | None]


class SystemPartyRow(Base):
    """Owner and operator stand in the system's own row; these are the many."""

    __tablename__ = "system_party"
    __table_args__ = (
        CheckConstraint("role IN ('user', 'maintainer')", name="role"),
        Index("ix_system_party_organization", "organization_id"),
    )

    system_id: Mapped[UUID] = mapped_column(ForeignKey("system.id"), primary_key=True)
    organization_id: Mapped[UUID] = mapped_column(ForeignKey("organization.id"), primary_key=True)
    role: Mapped[str] = mapped_column(primary_key=True)


class SystemResourceRow(Base):
    """What an alert or a caller names: a host, an address or network, a domain; in lower case."""

    __tablename__ = "system_resource"
    __table_args__ = (
        UniqueConstraint("system_id", "kind", "value", name="uq_system_resource_value"),
        CheckConstraint("kind IN ('host', 'address', 'domain')", name="kind"),
        Index("ix_system_resource_value", "value"),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True, default=uuid7)
    system_id: Mapped[UUID] = mapped_column(ForeignKey("system.id"))
    kind: Mapped[str]
    value: Mapped[str]


class ListImportRow(Base):
    """A list that somebody brought as a file: what it would do, and whether it was written (`bringing.py`)."""

    __tablename__ = "list_import"
    __table_args__ = (
        CheckConstraint("kind IN ('systems', 'organizations', 'people', 'liaisons', 'staff', 'posts')", name="kind"),
        CheckConstraint("state IN ('looking', 'looked', 'writing', 'written', 'failed')", name="state"),
        CheckConstraint("(state = 'written') = (written_at IS NOT NULL)", name="written"),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True, default=uuid7)
    kind: Mapped[str]
    state: Mapped[str]
    filename: Mapped[str]
    sha256: Mapped[str] = mapped_column(ForeignKey("blob.sha256"))
    account_id: Mapped[UUID] = mapped_column(ForeignKey("account.id"))
    token_id: Mapped[UUID | None]
    """With `limited_to` and `scopes`: the token that brought or confirmed it, and how far that reaches."""
    limited_to: Mapped[UUID | None]
    scopes: Mapped[list[str] | None]
    brought_at: Mapped[datetime]
    seen: Mapped[str] = mapped_column(default="")
    """Digest of what it would do, as it was last looked at."""
    is_stale: Mapped[bool] = mapped_column(default=False)
    """It was confirmed, and was to do something else by then: it is to be looked at again."""
    confirmations: Mapped[int] = mapped_column(default=0)
    done: Mapped[int] = mapped_column(default=0)
    """Percent of the work that is under way."""
    new: Mapped[int] = mapped_column(default=0)
    changed: Mapped[int] = mapped_column(default=0)
    unchanged: Mapped[int] = mapped_column(default=0)
    fault_count: Mapped[int] = mapped_column(default=0)
    lines: Mapped[list[Any]]
    """The first of the rows that do something, in words of both languages."""
    faults: Mapped[list[Any]]
    reason: Mapped[str] = mapped_column(default="")
    """Why it was given up (msgid)."""
    written_at: Mapped[datetime | None]
    looks: Mapped[int] = mapped_column(default=0)
    """How often it was said anew what its headings mean; each time it is looked at again."""
    called: Mapped[dict[str, Any]] = mapped_column(default=dict)
    """Folded heading → column, as it was read: what was said of this list, over what was remembered."""
    headings: Mapped[list[Any]] = mapped_column(default=list)
    """The row of titles, each with the column that it was taken for and by what right."""
    missing: Mapped[list[Any]] = mapped_column(default=list)
    """The first (code, name) of what stands here and not in the list."""
    missing_count: Mapped[int] = mapped_column(default=0)


class ListHeadingRow(Base):
    """What an organization's lists of one kind call a column, as somebody of it said once; the next list is read by it."""

    __tablename__ = "list_heading"

    organization_id: Mapped[UUID] = mapped_column(ForeignKey("organization.id"), primary_key=True)
    kind: Mapped[str] = mapped_column(primary_key=True)
    heading: Mapped[str] = mapped_column(primary_key=True)
    """Folded (`documents/headings.py`)."""
    column: Mapped[str | None]
    """None: it is not taken."""
    said_at: Mapped[datetime]


ASSESSMENT_NUMBERS = Sequence("assessment_number_seq", metadata=Base.metadata)


class AssessmentRow(Base):
    """One test or check of one system, from plan to filed report. What the report states counts; what irm computes flags."""

    __tablename__ = "assessment"
    __table_args__ = (
        UniqueConstraint("number", name="uq_assessment_number"),
        CheckConstraint("kind IN ('mlps', 'self_check', 'crypto', 'risk')", name="kind"),
        CheckConstraint("status IN ('planned', 'under_way', 'reported', 'filed', 'cancelled')", name="status"),
        CheckConstraint("compliance IS NULL OR compliance BETWEEN 0 AND 10000", name="compliance"),
        CheckConstraint("rectified_major IS NULL OR rectified_major <= major", name="rectified_major"),
        Index("ix_assessment_system", "system_id", "year"),
        Index("ix_assessment_year", "year", "status"),
        Index(
            "ix_assessment_completed",
            "system_id",
            "cover_on",
            postgresql_where=text("kind = 'mlps' AND status IN ('reported', 'filed') AND cover_on IS NOT NULL"),
        ),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True, default=uuid7)
    number: Mapped[str]
    system_id: Mapped[UUID] = mapped_column(ForeignKey("system.id"))
    kind: Mapped[str]
    year: Mapped[int]
    status: Mapped[str] = mapped_column(default="planned")
    planned_on: Mapped[date]
    tester_id: Mapped[UUID | None] = mapped_column(ForeignKey("organization.id"))
    started_on: Mapped[date | None]
    cover_on: Mapped[date | None]
    """Date on the report's cover: picks the template (1846号 Q21)."""
    template: Mapped[str | None]
    attachment_id: Mapped[UUID | None] = mapped_column(ForeignKey("attachment.id"))
    compliance: Mapped[int | None]
    """符合率 (or score of the 2021 template) in hundredths of a percent."""
    major: Mapped[int | None]
    """重大风险隐患 before rectification (1846号 Q22)."""
    rectified_major: Mapped[int | None]
    high: Mapped[int | None]
    """High risks; decides under the 2021 template."""
    medium: Mapped[int | None]
    conclusion: Mapped[str | None]
    """As the report states it."""
    computed: Mapped[str | None]
    """What the figures give; `judge`: 待人工认定."""
    filed_on: Mapped[date | None]
    submission_id: Mapped[UUID | None] = mapped_column(ForeignKey("submission.id"))
    reason: Mapped[str | None]
    """Why it was cancelled."""
    version: Mapped[int] = mapped_column(default=1)
    created_at: Mapped[datetime]
    created_by: Mapped[UUID | None]
