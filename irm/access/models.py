"""Rows of organizations, people, posts, accounts, sessions, links and tokens."""

from datetime import date, datetime
from uuid import UUID

from sqlalchemy import BigInteger, CheckConstraint, ForeignKey, Index, LargeBinary, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column

from irm.access import glass_models  # noqa: F401 - a role taken by break-glass names its row
from irm.access.policy import ADMINISTRATORS, Role
from irm.access.vocabulary import CHANNELS, KINDS, TIERS
from irm.db import Base, uuid7


def _one_of(column: str, values: tuple[str, ...]) -> str:
    return f"{column} IN ({', '.join(repr(value) for value in values)})"


ROLES = tuple(role.value for role in Role)


class OrganizationRow(Base):
    """`joined`: works in this irm; otherwise a listed desk (telephone, fax, address, the day they were last checked)."""

    __tablename__ = "organization"
    __table_args__ = (
        UniqueConstraint("code", name="uq_organization_code"),
        CheckConstraint(_one_of("kind", KINDS), name="kind"),
        CheckConstraint(_one_of("tier", TIERS), name="tier"),
        Index("ix_organization_kind", "kind", "tier"),
        Index("ix_organization_parent", "parent_id"),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True, default=uuid7)
    code: Mapped[str]
    """Short and stable, for people, files and the API; not the credit code."""
    name: Mapped[str]
    short_name: Mapped[str]
    kind: Mapped[str]
    tier: Mapped[str]
    region: Mapped[str]
    """Administrative division code (GB/T 2260, six digits)."""
    parent_id: Mapped[UUID | None] = mapped_column(ForeignKey("organization.id"))
    joined: Mapped[bool]
    credit_code: Mapped[str | None]
    telephone: Mapped[str | None]
    fax: Mapped[str | None]
    postal_address: Mapped[str | None]
    email: Mapped[str | None]
    desk_checked_on: Mapped[date | None]
    in_use_from: Mapped[date | None]
    """Earlier is history: never paged, never overdue (DESIGN §10)."""
    sort_key: Mapped[str]
    search_key: Mapped[str]
    created_at: Mapped[datetime]
    retired_at: Mapped[datetime | None]


class PersonRow(Base):
    __tablename__ = "person"

    id: Mapped[UUID] = mapped_column(primary_key=True, default=uuid7)
    name: Mapped[str]
    title: Mapped[str]
    sort_key: Mapped[str]
    search_key: Mapped[str]
    created_at: Mapped[datetime]
    retired_at: Mapped[datetime | None]


class MembershipRow(Base):
    """One role of one person in one organization, for a time."""

    __tablename__ = "membership"
    __table_args__ = (
        CheckConstraint(_one_of("role", ROLES), name="role"),
        CheckConstraint("until IS NULL OR until >= since", name="order"),
        CheckConstraint("delegation_id IS NULL OR until IS NOT NULL", name="lent_ends"),
        CheckConstraint("cardinality(system_ids) > 0", name="names_systems"),
        CheckConstraint("glass_id IS NULL OR (until IS NOT NULL AND delegation_id IS NULL)", name="taken_ends"),
        Index(
            "uq_membership_one_administrator",
            "person_id",
            unique=True,
            postgresql_where=text(
                f"until IS NULL AND {_one_of('role', tuple(sorted(role.value for role in ADMINISTRATORS)))}"
            ),
        ),
        Index(
            "uq_membership_live",
            "person_id",
            "organization_id",
            "role",
            unique=True,
            postgresql_where=text("until IS NULL"),
        ),
        Index("ix_membership_organization", "organization_id", "role"),
        Index("ix_membership_delegation", "delegation_id"),
        Index("ix_membership_glass", "glass_id", postgresql_where=text("glass_id IS NOT NULL")),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True, default=uuid7)
    person_id: Mapped[UUID] = mapped_column(ForeignKey("person.id"))
    organization_id: Mapped[UUID] = mapped_column(ForeignKey("organization.id"))
    role: Mapped[str]
    since: Mapped[datetime]
    until: Mapped[datetime | None]
    delegation_id: Mapped[UUID | None] = mapped_column(ForeignKey("delegation.id"))
    """Lent by it, from the first so long as its span."""
    glass_id: Mapped[UUID | None] = mapped_column(ForeignKey("break_glass.id"))
    """Taken by break-glass, as long as that runs. Neither: the person's own."""
    system_ids: Mapped[list[UUID] | None]
    """Held for these systems only; None: for all that the role reaches in the organization."""


class DelegationRow(Base):
    """Duties handed over to a colleague for a time; which roles, say the memberships that it gives."""

    __tablename__ = "delegation"
    __table_args__ = (
        CheckConstraint("ends_at > begins_at", name="order"),
        CheckConstraint("giver_id <> taker_id", name="two"),
        Index("ix_delegation_giver", "giver_id", "ends_at"),
        Index("ix_delegation_taker", "taker_id", "ends_at"),
        Index("ix_delegation_ends_at", "ends_at"),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True, default=uuid7)
    organization_id: Mapped[UUID] = mapped_column(ForeignKey("organization.id"))
    giver_id: Mapped[UUID] = mapped_column(ForeignKey("person.id"))
    taker_id: Mapped[UUID] = mapped_column(ForeignKey("person.id"))
    reason: Mapped[str]
    begins_at: Mapped[datetime]
    ends_at: Mapped[datetime]
    """As it was meant; ended early, `ended_at` says when."""
    given_at: Mapped[datetime]
    ended_at: Mapped[datetime | None]
    ended_by: Mapped[UUID | None] = mapped_column(ForeignKey("person.id"))
    """None: nobody did; a role that it rests on was taken back."""


class PostRow(Base):
    """A desk or a handset that answers whoever sits there (值班室, 值班手机)."""

    __tablename__ = "post"
    __table_args__ = (UniqueConstraint("organization_id", "name", name="uq_post_name"),)

    id: Mapped[UUID] = mapped_column(primary_key=True, default=uuid7)
    organization_id: Mapped[UUID] = mapped_column(ForeignKey("organization.id"))
    name: Mapped[str]
    retired_at: Mapped[datetime | None]


class ContactAddressRow(Base):
    """Where a person, a post or an organization is reached by one channel; the smallest `preference` first."""

    __tablename__ = "contact_address"
    __table_args__ = (
        CheckConstraint("num_nonnulls(person_id, post_id, organization_id) = 1", name="one_holder"),
        CheckConstraint(_one_of("channel", CHANNELS), name="channel"),
        Index("ix_contact_address_person", "person_id"),
        Index("ix_contact_address_post", "post_id"),
        Index("ix_contact_address_organization", "organization_id"),
        Index("ix_contact_address_reverse", "channel", "address"),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True, default=uuid7)
    person_id: Mapped[UUID | None] = mapped_column(ForeignKey("person.id"))
    post_id: Mapped[UUID | None] = mapped_column(ForeignKey("post.id"))
    organization_id: Mapped[UUID | None] = mapped_column(ForeignKey("organization.id"))
    channel: Mapped[str]
    address: Mapped[str]
    preference: Mapped[int]
    verified_at: Mapped[datetime | None]
    disabled_at: Mapped[datetime | None]


class AccountRow(Base):
    __tablename__ = "account"
    __table_args__ = (
        UniqueConstraint("login", name="uq_account_login"),
        CheckConstraint("login = lower(login)", name="login_lower"),
        CheckConstraint("disabled_why IN ('administrator', 'contract_end', 'unused')", name="disabled_why"),
        Index("ix_account_person", "person_id"),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True, default=uuid7)
    person_id: Mapped[UUID] = mapped_column(ForeignKey("person.id"))
    login: Mapped[str]
    password_hash: Mapped[str | None]
    """argon2id in PHC form; None: no password yet, only a one-time link opens the account."""
    locale: Mapped[str]
    failed_count: Mapped[int]
    """Wrong passwords in a row since the last right one or the last lock."""
    locked_until: Mapped[datetime | None]
    disabled_at: Mapped[datetime | None]
    password_changed_at: Mapped[datetime | None]
    disabled_why: Mapped[str | None]
    ends_on: Mapped[date | None]
    """Last day on which it may be used: the end of a contract."""
    end_warned: Mapped[int | None]
    """How many days before it those were told who can extend it, last."""
    used_at: Mapped[datetime | None]
    """From when on days without use count: the last sign-in, or when the account was opened or enabled; None: its making."""
    signed_in_at: Mapped[datetime | None]
    signed_in_from: Mapped[str | None]
    wrong_since: Mapped[int | None]
    """Wrong passwords and codes since the last sign-in; its owner reads it at the next."""
    factor_due_at: Mapped[datetime | None]
    """From when on sign-ins without a second factor lead nowhere; None while none is needed or one is there."""
    created_at: Mapped[datetime]


class SessionRow(Base):
    """The cookie's token is never stored, only its SHA-256; an id chosen by the client never becomes a session."""

    __tablename__ = "session"
    __table_args__ = (Index("ix_session_account", "account_id"), Index("ix_session_until", "until"))

    token_hash: Mapped[str] = mapped_column(primary_key=True)
    account_id: Mapped[UUID] = mapped_column(ForeignKey("account.id"))
    created_at: Mapped[datetime]
    last_seen_at: Mapped[datetime]
    idle_until: Mapped[datetime]
    until: Mapped[datetime]
    csrf_token: Mapped[str]
    before_at: Mapped[datetime | None]
    """The account's sign-in before this one, from where, and what was wrong in between."""
    before_from: Mapped[str | None]
    wrong_before: Mapped[int | None]
    proven_at: Mapped[datetime | None]
    """When its owner last showed who they are; None: in a session from before this was asked."""
    ip: Mapped[str]
    user_agent: Mapped[str]
    mark_hash: Mapped[str | None]
    """Of the browser (`KnownDeviceRow`); None: in a session from before this was kept."""
    identity_id: Mapped[UUID | None]
    """By which it was opened (`LinkedIdentityRow`, which may be gone); None: by password or passkey."""
    factor_there: Mapped[bool | None]
    """The second factor was shown to the identity provider."""
    provider_sid: Mapped[str | None]
    """`sid`: the provider's session that it was opened from; None: it named none, or did not vouch."""
    revoked_at: Mapped[datetime | None]


class HalfSignInRow(Base):
    """The password was right, or the identity provider vouched; the second factor is still to come. The cookie's token is
    stored as SHA-256."""

    __tablename__ = "half_sign_in"
    __table_args__ = (Index("ix_half_sign_in_until", "until"),)

    token_hash: Mapped[str] = mapped_column(primary_key=True)
    account_id: Mapped[UUID] = mapped_column(ForeignKey("account.id"))
    created_at: Mapped[datetime]
    until: Mapped[datetime]
    used_at: Mapped[datetime | None]
    identity_id: Mapped[UUID | None]
    """Whom the provider vouched for; None: the password was given."""
    provider_sid: Mapped[str | None]


class SecondFactorRow(Base):
    """The one-time codes of an account; not confirmed: being set up."""

    __tablename__ = "second_factor"

    account_id: Mapped[UUID] = mapped_column(ForeignKey("account.id"), primary_key=True)
    secret: Mapped[bytes] = mapped_column(LargeBinary)
    """Sealed (irm/sealing.py)."""
    created_at: Mapped[datetime]
    confirmed_at: Mapped[datetime | None]
    last_step: Mapped[int | None] = mapped_column(BigInteger)
    """Whose code was taken last; neither it nor an earlier one is taken again."""


class RecoveryCodeRow(Base):
    __tablename__ = "recovery_code"

    account_id: Mapped[UUID] = mapped_column(ForeignKey("account.id"), primary_key=True)
    code_hash: Mapped[str] = mapped_column(primary_key=True)
    used_at: Mapped[datetime | None]


class PasskeyRow(Base):
    """A key pair of a person's device (WebAuthn); only its public half is here, which opens nothing."""

    __tablename__ = "passkey"
    __table_args__ = (
        UniqueConstraint("credential_id", name="uq_passkey_credential"),
        Index("ix_passkey_account", "account_id"),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True, default=uuid7)
    account_id: Mapped[UUID] = mapped_column(ForeignKey("account.id"))
    name: Mapped[str]
    """What its owner calls the device."""
    credential_id: Mapped[bytes] = mapped_column(LargeBinary)
    public_key: Mapped[bytes] = mapped_column(LargeBinary)
    """COSE."""
    relying_party: Mapped[str]
    """The name that irm had when it was made; under another the browser does not offer it."""
    sign_count: Mapped[int] = mapped_column(BigInteger)
    created_at: Mapped[datetime]
    used_at: Mapped[datetime | None]
    copied_at: Mapped[datetime | None]
    """When its counter did not go up; it is not accepted since."""


class PasskeyChallengeRow(Base):
    """Random bytes that a passkey has to sign, once; kept as SHA-256 until they are answered, rightly or wrongly."""

    __tablename__ = "passkey_challenge"
    __table_args__ = (
        CheckConstraint("purpose IN ('add', 'sign_in', 'second_step', 'prove')", name="purpose"),
        Index("ix_passkey_challenge_until", "until"),
    )

    challenge_hash: Mapped[str] = mapped_column(primary_key=True)
    purpose: Mapped[str]
    bound_to: Mapped[str]
    """SHA-256 of the cookie of the browser that asked; of the name of the session that proves itself."""
    created_at: Mapped[datetime]
    until: Mapped[datetime]


class KnownDeviceRow(Base):
    """A browser that an account was signed in to from; known by the mark in its cookie, kept as SHA-256."""

    __tablename__ = "known_device"
    __table_args__ = (Index("ix_known_device_mark", "mark_hash"), Index("ix_known_device_last_at", "last_at"))

    account_id: Mapped[UUID] = mapped_column(ForeignKey("account.id"), primary_key=True)
    mark_hash: Mapped[str] = mapped_column(primary_key=True)
    first_at: Mapped[datetime]
    last_at: Mapped[datetime]
    forgotten_at: Mapped[datetime | None]
    """Since when a sign-in from it is told like one from a new browser. The row stays: an account without any is silent."""


class OneTimeLinkRow(Base):
    __tablename__ = "one_time_link"
    __table_args__ = (
        CheckConstraint("purpose IN ('set_password')", name="purpose"),
        Index("ix_one_time_link_account", "account_id"),
    )

    token_hash: Mapped[str] = mapped_column(primary_key=True)
    account_id: Mapped[UUID] = mapped_column(ForeignKey("account.id"))
    purpose: Mapped[str]
    created_at: Mapped[datetime]
    until: Mapped[datetime]
    used_at: Mapped[datetime | None]


class ApiTokenRow(Base):
    """Acts for an account with fewer rights: its scopes, and one organization if it names one."""

    __tablename__ = "api_token"
    __table_args__ = (
        UniqueConstraint("token_hash", name="uq_api_token_hash"),
        Index("ix_api_token_account", "account_id"),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True, default=uuid7)
    token_hash: Mapped[str]
    name: Mapped[str]
    account_id: Mapped[UUID] = mapped_column(ForeignKey("account.id"))
    organization_id: Mapped[UUID | None] = mapped_column(ForeignKey("organization.id"))
    scopes: Mapped[list[str]]
    created_at: Mapped[datetime]
    until: Mapped[datetime | None]
    revoked_at: Mapped[datetime | None]
    last_used_at: Mapped[datetime | None]


class RateWindowRow(Base):
    """Attempts of somebody (hashed) within one window, counted here while Valkey is away; housekeeping removes them."""

    __tablename__ = "rate_window"
    __table_args__ = (Index("ix_rate_window_began", "began"),)

    key: Mapped[str] = mapped_column(primary_key=True)
    began: Mapped[datetime] = mapped_column(primary_key=True)
    hits: Mapped[int]
