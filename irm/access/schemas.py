"""Wire types of access."""

from datetime import date, datetime
from uuid import UUID

from msgspec import Struct


class MembershipView(Struct, frozen=True):
    organization: UUID
    code: str
    name: str
    kind: str
    roles: list[str]
    """Held for all that they reach in the organization."""
    limited: list["LimitedView"]
    """Held for named systems only."""


class LimitedView(Struct, frozen=True):
    """`systems`: their names."""

    roles: list[str]
    systems: list[str]


class MeView(Struct, frozen=True):
    account: UUID
    person: UUID
    name: str
    locale: str
    organizations: list[MembershipView]
    permissions: list[str]
    """What may be done somewhere; how far each reaches follows from organization and role."""
    scopes: list[str] | None
    """Of the API token that asks; null for a session."""


class AddressView(Struct, frozen=True):
    channel: str
    address: str


class PostView(Struct, frozen=True):
    name: str
    addresses: list[AddressView]


class OrganizationView(Struct, frozen=True):
    """A desk as it stands in the contact list. `joined`: works in this irm; otherwise it is only listed."""

    id: UUID
    code: str
    name: str
    short_name: str
    kind: str
    tier: str
    region: str
    joined: bool
    telephone: str | None
    fax: str | None
    postal_address: str | None
    email: str | None
    desk_checked_on: date | None
    posts: list[PostView]


class HeldAddress(Struct, frozen=True):
    """`post` is empty for the organization's own; the smallest `preference` is tried first."""

    id: UUID
    channel: str
    address: str
    preference: int
    post: str


class OrganizationDesk(Struct, frozen=True):
    """One organization with every address that messages may go to."""

    organization: OrganizationView
    addresses: list[HeldAddress]


class ChangeDesk(Struct, frozen=True, forbid_unknown_fields=True):
    """Only what is named changes; an empty text takes a number off the record. `checked_on`: today unless stated."""

    telephone: str | None = None
    fax: str | None = None
    email: str | None = None
    postal_address: str | None = None
    checked_on: date | None = None


class AddAddress(Struct, frozen=True, forbid_unknown_fields=True):
    """`post`: name of one of the organization's posts; null for its own."""

    channel: str
    address: str
    post: str | None = None
    preference: int = 1


class AddPost(Struct, frozen=True, forbid_unknown_fields=True):
    name: str


class Made(Struct, frozen=True):
    id: UUID


class OrganizationList(Struct, frozen=True):
    organizations: list[OrganizationView]


class RegisterOrganization(Struct, frozen=True, forbid_unknown_fields=True):
    """`joined`: works in this irm; otherwise a desk that is only listed. `region`: administrative division code."""

    code: str
    name: str
    kind: str
    tier: str
    region: str
    short_name: str = ""
    joined: bool = True
    parent: UUID | None = None
    credit_code: str | None = None
    telephone: str | None = None
    fax: str | None = None
    postal_address: str | None = None
    email: str | None = None
    desk_checked_on: date | None = None
    in_use_from: date | None = None


class RegisteredOrganization(Struct, frozen=True):
    id: UUID
    code: str


class CreateToken(Struct, forbid_unknown_fields=True, frozen=True):
    """`scopes`: values of the permissions; `until` with zone, or null for the longest life that the security profile allows."""

    name: str
    scopes: list[str]
    until: datetime | None = None
    organization: UUID | None = None
    """Act for this organization only."""


class TokenView(Struct, frozen=True):
    id: UUID
    name: str
    scopes: list[str]
    organization: UUID | None
    created_at: datetime
    until: datetime | None
    revoked_at: datetime | None
    last_used_at: datetime | None


class CreatedToken(Struct, frozen=True):
    id: UUID
    token: str
    """Shown this once."""


class TokenList(Struct, frozen=True):
    tokens: list[TokenView]


class ActOnAccount(Struct, forbid_unknown_fields=True):
    """What an act needs: a reason to disable, enable, reset, remove and link; `ends_on` for the last day (empty: none); the id
    of a token, passkey or identity; a session's hash; the identifier at the identity provider as `subject`."""

    reason: str = ""
    ends_on: str = ""
    token: str = ""
    passkey: str = ""
    session: str = ""
    identity: str = ""
    subject: str = ""


class IdentityView(Struct):
    identity: UUID
    issuer: str
    subject: str
    linked_at: datetime
    by_owner: bool
    """Shown by its owner; else entered by a system administrator."""
    used_at: datetime | None


class PasskeyView(Struct):
    passkey: UUID
    name: str
    created_at: datetime
    used_at: datetime | None
    copied_at: datetime | None
    """When its counter did not go up; it is not accepted since."""


class RoleOfAccount(Struct):
    """`systems`: names of those for which alone it is held; empty: for all."""

    organization: str
    role: str
    systems: list[str]


class AccountView(Struct):
    account: UUID
    login: str
    name: str
    state: str
    disabled_why: str | None
    ends_on: date | None
    signed_in_at: datetime | None
    second_factor: bool
    roles: list[RoleOfAccount]


class AccountList(Struct):
    accounts: list[AccountView]
    next: str | None


class Acted(Struct):
    account: UUID
    act: str
    link: str | None = None
    """Of the act `link`: shown this once."""
