from datetime import datetime
from uuid import UUID

from sqlalchemy import ForeignKey, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from irm.db import Base, uuid7


class DutyScreenRow(Base):
    """A device that may look at the duty screen of one organization, and at nothing else. Only the token's hash is kept."""

    __tablename__ = "duty_screen"
    __table_args__ = (UniqueConstraint("token_hash", name="uq_duty_screen_token_hash"),)

    id: Mapped[UUID] = mapped_column(primary_key=True, default=uuid7)
    name: Mapped[str]
    """Where it hangs, as people say it."""
    organization_id: Mapped[UUID] = mapped_column(ForeignKey("organization.id"))
    token_hash: Mapped[str]
    created_at: Mapped[datetime]
    created_by: Mapped[UUID | None]
    revoked_at: Mapped[datetime | None]
    last_seen_at: Mapped[datetime | None]
