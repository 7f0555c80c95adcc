"""Drafts: what somebody typed into a form and has not sent."""

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import ForeignKey, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from irm.db import Base


class DraftRow(Base):
    __tablename__ = "draft"
    __table_args__ = (UniqueConstraint("account_id", "form", name="uq_draft_account_form"),)

    id: Mapped[UUID] = mapped_column(primary_key=True)
    account_id: Mapped[UUID] = mapped_column(ForeignKey("account.id"))
    form: Mapped[str]
    body: Mapped[dict[str, Any]]
    updated_at: Mapped[datetime]
