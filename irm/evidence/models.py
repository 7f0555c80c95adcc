"""Rows of files kept by content. The content itself lies on disk, named by its hash."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import BigInteger, CheckConstraint, ForeignKey, Index
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
