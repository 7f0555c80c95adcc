"""Rows of identities at the city's provider that accounts are linked to, and of sign-ins there that are under way."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import CheckConstraint, ForeignKey, Index, LargeBinary, UniqueConstraint
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
        CheckConstraint("purpose IN ('sign_in', 'link', 'prove')", name="purpose"),
        CheckConstraint("(purpose <> 'sign_in') = (account_id IS NOT NULL)", name="whose"),
        CheckConstraint("(purpose = 'prove') = (session_hash IS NOT NULL)", name="session"),
        Index("ix_identity_request_until", "until"),
    )

    state_hash: Mapped[str] = mapped_column(primary_key=True)
    purpose: Mapped[str]
    account_id: Mapped[UUID | None] = mapped_column(ForeignKey("account.id"))
    back: Mapped[str]
    """The page of irm on which the person was; of a proof, the address of the act that waits for it."""
    session_hash: Mapped[str | None]
    """The session that has to be proven."""
    kept: Mapped[bytes | None] = mapped_column(LargeBinary)
    """What was typed for the act, sealed (`proving_there.py`); gone with the row."""
    created_at: Mapped[datetime]
    until: Mapped[datetime]


class TakenLogoutTokenRow(Base):
    """A logout token of the provider was taken; brought again it is refused (Back-Channel Logout 1.0 §2.6, 7)."""

    __tablename__ = "taken_logout_token"
    __table_args__ = (Index("ix_taken_logout_token_until", "until"),)

    token_hash: Mapped[str] = mapped_column(primary_key=True)
    """SHA-256 of issuer and `jti`."""
    until: Mapped[datetime]
    """Afterwards the token is too old to be taken anyway."""
