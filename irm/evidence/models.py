"""Rows of files kept by content (the content itself lies on disk, named by its hash), of the log's tree and its witnesses,
and of evidence packs."""

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import BigInteger, CheckConstraint, ForeignKey, Index, LargeBinary, SmallInteger, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from irm.db import Base, uuid7


class BlobRow(Base):
    __tablename__ = "blob"
    __table_args__ = (
        CheckConstraint("size >= 0", name="size"),
        CheckConstraint("sha256 ~ '^[0-9a-f]{64}$'", name="sha256"),
    )

    sha256: Mapped[str] = mapped_column(primary_key=True)
    size: Mapped[int] = mapped_column(BigInteger)
    media_type: Mapped[str]
    stored_at: Mapped[datetime]


class AttachmentRow(Base):
    """One file name at one subject ("incident/<id>", "submission/<id>" …) pointing at a blob."""

    __tablename__ = "attachment"
    __table_args__ = (
        Index("ix_attachment_subject", "subject"),
        Index("ix_attachment_blob_sha256", "blob_sha256"),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True, default=uuid7)
    blob_sha256: Mapped[str] = mapped_column(ForeignKey("blob.sha256"))
    subject: Mapped[str]
    filename: Mapped[str]
    organization_id: Mapped[UUID | None] = mapped_column(ForeignKey("organization.id"))
    uploaded_by: Mapped[UUID | None] = mapped_column(ForeignKey("account.id"))
    uploaded_at: Mapped[datetime]
    holder_organization_id: Mapped[UUID | None] = mapped_column(ForeignKey("organization.id"))
    """Handed over to and not yet returned; None: irm's own keeping. The chain itself stands in the ledger."""
    holder_name: Mapped[str | None]
    held_since: Mapped[datetime | None]


class LedgerLeafRow(Base):
    """Entry → its place in the tree. Order is that of integration, not of time (DESIGN §8)."""

    __tablename__ = "ledger_leaf"
    __table_args__ = (UniqueConstraint("entry_id", name="uq_ledger_leaf_entry"),)

    index: Mapped[int] = mapped_column(BigInteger, primary_key=True, autoincrement=False)
    entry_id: Mapped[UUID] = mapped_column(ForeignKey("ledger_entry.id"))
    integrated_at: Mapped[datetime]


class LedgerNodeRow(Base):
    """Complete nodes of the tree, each written once. Level 0 repeats the leaf hashes: what was integrated, beside what
    the entry says today, so that a changed entry is named and not only noticed."""

    __tablename__ = "ledger_node"

    level: Mapped[int] = mapped_column(SmallInteger, primary_key=True, autoincrement=False)
    index: Mapped[int] = mapped_column(BigInteger, primary_key=True, autoincrement=False)
    hash: Mapped[bytes] = mapped_column(LargeBinary)


class LedgerCheckpointRow(Base):
    """A signed note over the first `size` entries, which is also its number: append-only like the entries."""

    __tablename__ = "ledger_checkpoint"

    size: Mapped[int] = mapped_column(BigInteger, primary_key=True, autoincrement=False)
    root: Mapped[bytes] = mapped_column(LargeBinary)
    note: Mapped[str]
    key: Mapped[str]
    """Verifier key of the signature."""
    signed_at: Mapped[datetime]


class WitnessingRow(Base):
    """One checkpoint on its way to one witness outside irm."""

    __tablename__ = "witnessing"
    __table_args__ = (
        UniqueConstraint("checkpoint_size", "witness", name="uq_witnessing_checkpoint_witness"),
        CheckConstraint("witness IN ('mail', 'file', 'webhook')", name="witness"),
        CheckConstraint("status IN ('waiting', 'witnessed', 'failed')", name="status"),
        Index("ix_witnessing_witness", "witness", "status", "checkpoint_size"),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True, default=uuid7)
    checkpoint_size: Mapped[int] = mapped_column(ForeignKey("ledger_checkpoint.size"))
    witness: Mapped[str]
    address: Mapped[str]
    """Whom it went to: mail addresses, folder, or address of the webhook."""
    status: Mapped[str]
    attempts: Mapped[int]
    detail: Mapped[str | None]
    """What the witness answered, or why it failed."""
    at: Mapped[datetime]


class LedgerVerificationRow(Base):
    """The whole log looked through: up to where, against which checkpoints, and what was found."""

    __tablename__ = "ledger_verification"
    __table_args__ = (Index("ix_ledger_verification_at", "at"),)

    id: Mapped[UUID] = mapped_column(primary_key=True, default=uuid7)
    at: Mapped[datetime]
    size: Mapped[int] = mapped_column(BigInteger)
    checkpoint_size: Mapped[int | None] = mapped_column(BigInteger)
    witnessed_size: Mapped[int | None] = mapped_column(BigInteger)
    faults: Mapped[list[Any]]
    took_ms: Mapped[int]


class PackRow(Base):
    """An evidence pack that somebody asked for; the file lies in IRM_HOME/packs under its id."""

    __tablename__ = "pack"
    __table_args__ = (
        CheckConstraint("state IN ('waiting', 'making', 'ready', 'failed')", name="state"),
        Index("ix_pack_account", "account_id", "requested_at"),
        Index("ix_pack_subject", "subject"),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True, default=uuid7)
    kind: Mapped[str]
    name: Mapped[str]
    """Incident number, system code, obligation id or year."""
    subject: Mapped[str]
    """Where its making is recorded in the ledger."""
    organization_id: Mapped[UUID | None] = mapped_column(ForeignKey("organization.id"))
    """Of a year: whose; None the asker's, or the whole city."""
    home_id: Mapped[UUID | None] = mapped_column(ForeignKey("organization.id"))
    """For which organization the asker acted."""
    account_id: Mapped[UUID] = mapped_column(ForeignKey("account.id"))
    locale: Mapped[str]
    state: Mapped[str] = mapped_column(default="waiting")
    done: Mapped[int] = mapped_column(BigInteger, default=0)
    total: Mapped[int] = mapped_column(BigInteger, default=0)
    failures: Mapped[int] = mapped_column(default=0)
    filename: Mapped[str | None]
    size: Mapped[int | None] = mapped_column(BigInteger)
    sha256: Mapped[str | None]
    entries: Mapped[int | None]
    files: Mapped[int | None]
    checkpoint_size: Mapped[int | None] = mapped_column(BigInteger)
    reason: Mapped[str | None]
    """Why it could not be made."""
    requested_at: Mapped[datetime]
    finished_at: Mapped[datetime | None]
