"""Rows of identities at the city's provider that accounts are linked to, and of sign-ins there that are under way."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import CheckConstraint, ForeignKey, Index, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from irm.db import Base, uuid7


class LinkedIdentityRow(Base):
    """Whom the provider names so may sign in to this account."""

    __tablename__ = "linked_identity"
    __table_args__ = (
        UniqueConstraint("issuer", "subject", name="uq_linked_identity_subject"),
        Index("ix_linked_identity_account", "account_id"),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True, default=uuid7)
    account_id: Mapped[UUID] = mapped_column(ForeignKey("account.id"))
    issuer: Mapped[str]
    subject: Mapped[str]
    """`sub`: never given to anybody else by this issuer (OpenID Connect Core 1.0 §2)."""
    linked_at: Mapped[datetime]
    by_owner: Mapped[bool]
    """Shown by the owner, signed in there; else entered by the system administrator."""
    used_at: Mapped[datetime | None]


class IdentityRequestRow(Base):
    """A browser was led to the provider; its answer is taken once. What proves it (state, nonce, the PKCE verifier) is
    worked out from the cookie (`oidc_metadata.Asking`) and is written nowhere."""

    __tablename__ = "identity_request"
    __table_args__ = (
        CheckConstraint("purpose IN ('sign_in', 'link')", name="purpose"),
        CheckConstraint("(purpose = 'link') = (account_id IS NOT NULL)", name="whose"),
        Index("ix_identity_request_until", "until"),
    )

    state_hash: Mapped[str] = mapped_column(primary_key=True)
    purpose: Mapped[str]
    account_id: Mapped[UUID | None] = mapped_column(ForeignKey("account.id"))
    back: Mapped[str]
    """The page of irm on which the person was."""
    created_at: Mapped[datetime]
    until: Mapped[datetime]
